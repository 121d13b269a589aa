import Bytes
import Columnar

/// One value of a row, as two rows are held against each other.
enum ComparedValue: Equatable {
  case null
  /// A whole number, decimal, date or time, in the unit of its column.
  case number(Int128)
  case double(Double)
  case text(UnsafeRawBufferPointer)

  static func == (one: ComparedValue, other: ComparedValue) -> Bool {
    switch (one, other) {
    case (.null, .null): true
    case (.number(let a), .number(let b)): a == b
    case (.double(let a), .double(let b)): a == b || a.isNaN && b.isNaN
    case (.text(let a), .text(let b)): a.elementsEqual(b)
    default: false
    }
  }
}

/// Reads the values of binary rows, column by column.
struct ComparedColumn {
  let column: QueryColumn
  /// Decimals of its numbers; nil for doubles and texts.
  let scale: Int?

  init(_ column: QueryColumn) {
    self.column = column
    scale = ValueDomain.scale(of: column) ?? (column.type == .date ? 0 : nil)
  }

  /// Decodes the value at an offset, and advances it past the column.
  func take(_ bytes: UnsafeRawPointer, _ at: inout Int) -> ComparedValue {
    let main = Self.take(column.type, isUnsigned: column.isUnsigned64, bytes, &at)
    guard column.isPair else { return main }
    let plus = Self.take(.short, isUnsigned: false, bytes, &at)
    guard case .number(let value) = main else { return main }
    if case .number(let rest) = plus { return .number(value * 1000 + rest) }
    return .number(value * 1000)
  }

  private static func take(
    _ type: ColumnType, isUnsigned: Bool, _ bytes: UnsafeRawPointer, _ at: inout Int
  ) -> ComparedValue {
    let isValid = bytes.loadLE(at, as: UInt8.self)
    at += 1
    if isValid == 0 { return .null }
    switch type.storage {
    case .integers:
      let value = bytes.loadLE(at, as: Int64.self)
      at += 8
      return .number(isUnsigned ? Int128(UInt64(bitPattern: value)) : Int128(value))
    case .doubles:
      defer { at += 8 }
      return .double(Double(bitPattern: bytes.loadLE(at, as: UInt64.self)))
    case .wide:
      defer { at += 16 }
      return .number(bytes.loadLE(at, as: Int128.self))
    case .bytes:
      let count = Int(bytes.loadLE(at, as: UInt32.self))
      defer { at += 4 + count }
      return .text(UnsafeRawBufferPointer(start: bytes + at + 4, count: count))
    }
  }

  /// The value as text, for people.
  func text(_ value: ComparedValue) -> String {
    switch value {
    case .null: return ""
    case .double(let number): return "\(number)"
    case .text(let bytes): return String(decoding: bytes, as: UTF8.self)
    case .number(let number):
      switch column.type {
      case .date: return CivilDate(daysSinceEpoch: Int(clamping: number)).iso
      case .timestamp:
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(
          by: DecimalText.powersOfTen[9 - (scale ?? 9)])
        guard !overflow, let time = Int64(exactly: nanoseconds) else { return "\(number)" }
        return TimeText.iso(nanoseconds: time, digits: time % 1_000_000_000 == 0 ? 0 : 9)
      case .boolean: return number == 0 ? "false" : "true"
      default: return DecimalText.format(number, scale: scale ?? 0, trimmed: true)
      }
    }
  }
}

/// How far two values of one column are apart.
enum Distance: Equatable {
  case equal
  /// As a share of the larger one.
  case relative(Double)
  /// One is missing, or they are no numbers.
  case other
}

/// Holds values of two columns of one name against each other.
struct PairedColumn {
  let left: ComparedColumn
  let right: ComparedColumn
  private let factors: (left: Int128, right: Int128)?

  /// nil where the two have nothing in common, like texts and numbers.
  init?(_ left: QueryColumn, _ right: QueryColumn) {
    self.left = ComparedColumn(left)
    self.right = ComparedColumn(right)
    let (one, other) = (self.left, self.right)
    if let a = one.scale, let b = other.scale {
      let common = max(a, b)
      factors = (DecimalText.powersOfTen[common - a], DecimalText.powersOfTen[common - b])
      guard left.isTime == right.isTime, (left.type == .date) == (right.type == .date) else {
        return nil
      }
    } else {
      factors = nil
      let isText = (left.type.storage == .bytes, right.type.storage == .bytes)
      guard isText.0 == isText.1 else { return nil }
      if !isText.0, left.isTime || right.isTime { return nil }
    }
  }

  func distance(_ one: ComparedValue, _ other: ComparedValue) -> Distance {
    switch (one, other) {
    case (.null, .null): return .equal
    case (.null, _), (_, .null): return .other
    case (.text(let a), .text(let b)): return a.elementsEqual(b) ? .equal : .other
    case (.number(let a), .number(let b)):
      if let factors {
        let (scaledA, overA) = a.multipliedReportingOverflow(by: factors.left)
        let (scaledB, overB) = b.multipliedReportingOverflow(by: factors.right)
        if !overA, !overB, scaledA == scaledB { return .equal }
      }
      if left.column.isTime { return .other }
      return relative(number(one, left), number(other, right))
    default:
      let (a, b) = (number(one, left), number(other, right))
      if a == b || a.isNaN && b.isNaN { return .equal }
      return relative(a, b)
    }
  }

  private func number(_ value: ComparedValue, _ column: ComparedColumn) -> Double {
    switch value {
    case .number(let number): Double(number) / Double(DecimalText.powersOfTen[column.scale ?? 0])
    case .double(let number): number
    default: .nan
    }
  }

  private func relative(_ a: Double, _ b: Double) -> Distance {
    let larger = max(abs(a), abs(b))
    guard larger.isFinite else { return .other }
    return .relative(abs(a - b) / larger)
  }
}
