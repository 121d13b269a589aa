/// How records are printed.
public struct DBNTextOptions: Sendable {
  /// The output formats.
  public enum Format: String, CaseIterable, Sendable { case csv, jsonl }

  /// The output format.
  public var format = Format.csv
  /// Whether integers are printed as stored; else decimal prices and ISO times.
  public var isRaw = false
  /// Whether a CSV has a header line.
  public var hasHeader = true
  /// Prints only records of this schema.
  public var schema: RecordKind?
  /// Prints at most this many records.
  public var limit: Int?

  /// CSV with a header, prices as decimals.
  public init() {}
}
