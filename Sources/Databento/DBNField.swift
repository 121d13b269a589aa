import Columnar

/// One field of a record, as the vendor names and prints it.
public struct DBNField: Hashable, Sendable {
  /// The vendor's name; levels of a book are numbered, `bid_px_00`.
  public let name: String
  /// Bytes from the start of the record.
  public let offset: Int
  /// How the value lies in the record.
  public let form: RowFieldForm
  /// The bits that mean "no value", at the field's width; nil where every value is a value.
  public let nullSentinel: UInt64?
  /// A price in units of 1e-9.
  public let isPrice: Bool
  /// Nanoseconds since 1970-01-01 UTC.
  public let isTimestamp: Bool
  /// Where the vendor's JSON puts the field.
  public let group: Group

  /// The nesting of a field in the vendor's JSON.
  public enum Group: Hashable, Sendable {
    case top, header
    /// Level of the book, from 0.
    case level(Int)
  }

  /// The name inside its group: `bid_px` for `bid_px_00`.
  public var memberName: String {
    if case .level = group { return String(name.dropLast(3)) }
    return name
  }
}

extension DBNField {
  /// The field as part of a packed row: a record is one as it lies in the stream.
  public var rowField: RowField {
    let null: RowNull = nullSentinel.map { .sentinel($0) } ?? .never
    return RowField(name, form, offset: offset, null: null)
  }
}
