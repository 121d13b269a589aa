import Bytes
import Columnar
import JSON
import Ledger

/// The values of a packed row by column, for people to read.
enum RowValues {
  /// A JSON object; columns without a value are left out.
  ///
  /// - Parameter texts: The source's texts by code.
  static func json(
    _ row: UnsafeRawPointer, _ columns: [PhysicalColumn], texts: ByteColumn
  ) -> [UInt8] {
    var members: [(String, JSONValue)] = []
    for column in columns where column.isPresent && column.field.name != Self.ordinal {
      if let value = value(row, column, texts) { members.append((column.field.name, value)) }
    }
    return Array(JSONValue.object(JSONObject(members)).description.utf8)
  }

  private static let ordinal = "source_ordinal"

  private static func value(
    _ row: UnsafeRawPointer, _ column: PhysicalColumn, _ texts: ByteColumn
  ) -> JSONValue? {
    // The remainder is read with its time.
    if case .nanosecondRemainder = column.origin { return nil }
    guard let field = column.origin.field, field.hasValue(row) else { return nil }
    switch column.origin {
    case .absent, .nanosecondRemainder: return nil
    case .integer, .wide: return StoredValue.number(field.integer(row), column.field.type)
    case .microseconds, .json:
      return .string(
        TimeText.iso(nanoseconds: Int64(truncatingIfNeeded: field.integer(row)), digits: 9))
    case .double: return .string("\(Double(bitPattern: row.loadLE(field.offset, as: UInt64.self)))")
    case .character:
      return .string(String(UnicodeScalar(row.loadLE(field.offset, as: UInt8.self))))
    case .fixedText:
      let bytes = UnsafeRawBufferPointer(start: row + field.offset, count: field.form.byteCount)
      return .string(String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self))
    case .text:
      let code = Int(row.loadLE(field.offset, as: UInt32.self))
      return code < texts.count ? .string(texts[code]) : nil
    }
  }
}

extension RowField {
  /// The value of any field that is a whole number.
  fileprivate func integer(_ row: UnsafeRawPointer) -> Int128 {
    switch form {
    case .int8: Int128(row.loadLE(offset, as: Int8.self))
    case .uint8, .character: Int128(row.loadLE(offset, as: UInt8.self))
    case .int16: Int128(row.loadLE(offset, as: Int16.self))
    case .uint16: Int128(row.loadLE(offset, as: UInt16.self))
    case .int32: Int128(row.loadLE(offset, as: Int32.self))
    case .uint32, .text: Int128(row.loadLE(offset, as: UInt32.self))
    case .int128: row.loadLE(offset, as: Int128.self)
    case .int64, .timestamp: Int128(row.loadLE(offset, as: Int64.self))
    case .uint64, .double, .fixedText: Int128(row.loadLE(offset, as: UInt64.self))
    }
  }
}
