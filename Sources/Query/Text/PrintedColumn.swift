import Columnar

/// How a value of a column becomes text.
enum CellKind: UInt8 {
  /// The same text for every row.
  case constant
  case integer, unsigned, boolean
  /// Unscaled × 10^−9, × 10^−(0…9), and the rest.
  case decimal9, decimal, deepDecimal, wideDecimal
  case double, float
  case date, timestamp, timestampPair, timeOfDay
  /// Texts made once per dictionary entry; texts made from each row's bytes.
  case coded, text, binary, uuid, interval
  /// JSON that is written as it is among JSON lines.
  case nested
}

/// One column of the rows being formatted: where its values are and how they are printed. A plain value, so
/// that the row loop touches no reference count.
struct PrintedColumn {
  var kind = CellKind.constant
  var digits = TimeDigits.seconds
  /// 1 if the value is in quotes (times and text in JSON).
  var quoteCount = 0
  /// 1 for a local time, which has no `Z`.
  var trimCount = 0
  /// Decimal scale.
  var scale = 0
  /// 10^scale and 10^(9 − scale), or units a second.
  var power: UInt64 = 1
  var lift: UInt64 = 1

  /// The values: Int64, Int128, Double, Int32 codes, or Int32 offsets.
  var values = PrintedColumn.nowhere
  /// Nanoseconds beside the microseconds of a pair (Int64), or the bytes under the offsets.
  var extra: UnsafeRawPointer?
  var validity: UnsafePointer<UInt8>?
  var extraValidity: UnsafePointer<UInt8>?

  /// The text between the previous value and this one.
  var prefix: SIMD2<UInt64> = .zero
  var prefixCount = 0
  /// The whole prefix, if longer than 16 bytes.
  var longPrefix: UnsafeRawPointer?

  /// Texts of the dictionary: offsets and bytes; a constant is a single entry.
  var textOffsets: UnsafePointer<Int32>?
  var texts: UnsafeRawPointer?

  /// The previous value and its text (`0` at first): prices often repeat.
  var cachedValue: Int64 = 0
  var cachedCount = 1
  var cached: SIMD4<UInt64> = [0x30, 0, 0, 0]
  var minute = MinuteText()
}

/// How rows are laid out as text.
enum RowLayoutKind: Sendable, Hashable {
  case delimited(separator: UInt8)
  case jsonLines
  /// What `BinaryRows` writes.
  case binary

  static let csv = RowLayoutKind.delimited(separator: 0x2C)
  static let tsv = RowLayoutKind.delimited(separator: 0x09)

  /// The text of a null. Empty in a delimited format; but in a row of one field it is `""`, since readers skip
  /// empty lines.
  func null(columnCount: Int) -> (word: UInt32, count: Int) {
    if self == .jsonLines { return (0x6C6C_756E, 4) }
    return columnCount == 1 ? (0x2222, 2) : (0, 0)
  }

  /// The separator of a delimited form; 0 for JSON lines.
  var separator: UInt8 {
    switch self {
    case .delimited(let separator): separator
    case .jsonLines, .binary: 0
    }
  }
}

extension PrintedColumn {
  /// Where the values of a column without values are.
  nonisolated(unsafe) private static let nowhere = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16))

  /// The longest text of one value of fixed width, quotes and prefix included.
  static let fixedByteCountMax = 96

  /// Sets the kind for a column type, except for text, which depends on the values.
  init(type: ColumnType, isPair: Bool, digits: TimeDigits, layout: RowLayoutKind) {
    self.init()
    self.digits = digits
    let isJSON = layout == .jsonLines
    switch type {
    case .boolean: kind = .boolean
    case .integer(64, false): kind = .unsigned
    case .integer: kind = .integer
    case .float16, .float: kind = .float
    case .double: kind = .double
    case .decimal(let precision, let scale): setDecimal(precision, scale)
    case .string, .json, .enumeration: kind = .text
    case .binary: kind = .binary
    case .uuid: kind = .uuid
    case .interval: kind = .interval
    case .date: kind = .date
    case .time(let unit, _):
      kind = .timeOfDay
      power = UInt64(unit.perSecond)
    case .timestamp(let unit, let isUTC):
      kind = isPair ? .timestampPair : .timestamp
      trimCount = isUTC ? 0 : 1
      power = UInt64(unit.perSecond)
    case .null: kind = .constant
    }
    switch kind {
    case .date, .timestamp, .timestampPair, .timeOfDay, .binary, .uuid, .interval:
      quoteCount = isJSON ? 1 : 0
    default: break
    }
  }

  private mutating func setDecimal(_ precision: Int, _ scale: Int) {
    self.scale = scale
    if precision > 18 {
      kind = .wideDecimal
    } else if scale == 9 {
      kind = .decimal9
    } else if scale >= 0, scale <= 9 {
      kind = .decimal
      power = Self.powerOfTen(scale)
      lift = Self.powerOfTen(9 - scale)
    } else {
      kind = .deepDecimal
    }
  }

  private static func powerOfTen(_ exponent: Int) -> UInt64 {
    var power: UInt64 = 1
    for _ in 0..<exponent { power *= 10 }
    return power
  }
}
