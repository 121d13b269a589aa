import Columnar

/// One field of a record, as the vendor names and prints it.
public struct DBNField: Hashable, Sendable {
  /// The vendor's name; levels of a book are numbered, `bid_px_00`.
  public let name: String
  /// Offset in the record.
  public let offset: Int
  /// How the value is stored.
  public let form: RowFieldForm
  /// The bits that mean null, at the field's width; nil if there are none.
  public let nullSentinel: UInt64?
  /// Whether it is a price in units of 1e-9.
  public let isPrice: Bool
  /// Whether it is in nanoseconds since 1970-01-01 UTC.
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
  /// The field in a packed row: a record in a stream is one.
  public var rowField: RowField {
    let null: RowNull = nullSentinel.map { .sentinel($0) } ?? .never
    return RowField(name, form, offset: offset, null: null)
  }
}
