/// How records are printed.
public struct DBNTextOptions: Sendable {
  /// The form of a line.
  public enum Format: String, CaseIterable, Sendable { case csv, jsonl }

  /// The form of the lines.
  public var format = Format.csv
  /// Integers as they lie in the file; else decimal prices and ISO times.
  public var isRaw = false
  /// The CSV's first line.
  public var hasHeader = true
  /// Print records of this schema only.
  public var schema: RecordKind?
  /// Print at most this many records.
  public var limit: Int?

  /// CSV with a header, prices as decimals.
  public init() {}
}
