import Bytes
import Columnar
import JSON
import Parquet

/// One value of a Parquet column as text: for columns that are rare, and for rejected rows.
enum ParquetCell {
  /// nil where the value is null, or a NaN, which stands for null in frames.
  static func text(_ column: Column, _ row: Int) -> String? {
    if column.isNull(row) { return nil }
    switch column.storage {
    case .integers(let values): return text(values[row], column.type)
    case .wide(let values):
      guard case .decimal(_, let scale) = column.type else { return "\(values[row])" }
      return DecimalText.format(values[row], scale: scale, trimmed: true)
    case .doubles(let values):
      let value = values[row]
      if value.isNaN { return nil }
      return column.type == .double ? plain(value) : plain(Float(value))
    case .bytes(let texts): return text(texts, row, column.type)
    case .codes(let codes, let texts): return text(texts, Int(codes[row]), column.type)
    }
  }

  /// The value as a column of the schema takes it: bytes to which no type gives a meaning are text there.
  ///
  /// - Returns: nil where the value is null; `isText` is false for bytes that are no UTF-8.
  static func words(_ column: Column, _ row: Int) -> (text: String, isText: Bool)? {
    if column.isNull(row) { return nil }
    if column.type == .binary {
      switch column.storage {
      case .bytes(let values): return words(values.bytes[values.byteRange(row)])
      case .codes(let codes, let values):
        return words(values.bytes[values.byteRange(Int(codes[row]))])
      default: break
      }
    }
    return text(column, row).map { ($0, true) }
  }

  private static func words(_ bytes: ArraySlice<UInt8>) -> (text: String, isText: Bool) {
    if let text = String(validating: bytes, as: UTF8.self) { return (text, true) }
    return (Base64.encode(bytes), false)
  }

  private static func text(_ value: Int64, _ type: ColumnType) -> String {
    switch type {
    case .boolean: return value != 0 ? "true" : "false"
    case .integer(_, false): return "\(UInt64(bitPattern: value))"
    case .decimal(_, let scale):
      return DecimalText.format(Int128(value), scale: scale, trimmed: true)
    case .date: return CivilDate(daysSinceEpoch: Int(value)).iso
    case .time(let unit, _):
      let scale = 1_000_000_000 / unit.perSecond
      let (nanoseconds, overflow) = value.multipliedReportingOverflow(by: scale)
      guard !overflow, nanoseconds >= 0, nanoseconds < CivilDate.nanosecondsPerDay else {
        return "\(value)"
      }
      return TimeText.clock(nanoseconds: nanoseconds, digits: unit.fractionDigits)
    case .timestamp(let unit, let isUTC):
      let scale = 1_000_000_000 / unit.perSecond
      let (nanoseconds, overflow) = value.multipliedReportingOverflow(by: scale)
      if overflow { return "\(value)" }
      let text = TimeText.iso(nanoseconds: nanoseconds, digits: unit.fractionDigits)
      return isUTC ? text : String(text.dropLast())
    default: return "\(value)"
    }
  }

  private static func text(_ texts: ByteColumn, _ index: Int, _ type: ColumnType) -> String {
    switch type {
    case .binary, .uuid, .interval, .decimal:
      return Base64.encode(texts.bytes[texts.byteRange(index)])
    default: return texts[index]
    }
  }

  /// The shortest digits that read back as the same number, without an exponent where it is short.
  static func plain(_ value: some BinaryFloatingPoint & CustomStringConvertible) -> String {
    let text = value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// Appends the value as JSON; false where it is null.
  static func appendJSON(_ column: Column, _ row: Int, to bytes: inout [UInt8]) -> Bool {
    guard let text = text(column, row) else { return false }
    let isBare: Bool
    switch column.type {
    case .boolean, .integer, .decimal: isBare = true
    case .double, .float, .float16:
      isBare = text.utf8.last.map { $0 >= 0x30 && $0 <= 0x39 } ?? false
    default: isBare = false
    }
    if isBare {
      bytes.append(contentsOf: text.utf8)
    } else {
      JSONWriter.appendQuoted(text, to: &bytes)
    }
    return true
  }
}

extension TimeUnit {
  fileprivate var fractionDigits: Int {
    switch self {
    case .milliseconds: 3
    case .microseconds: 6
    case .nanoseconds: 9
    }
  }
}
