/// How records are printed.
public struct DBNTextOptions: Sendable {
  public enum Format: String, CaseIterable, Sendable { case csv, jsonl }

  public var format = Format.csv
  /// Integers as they lie in the file; else decimal prices and ISO times.
  public var isRaw = false
  /// The CSV's first line.
  public var hasHeader = true
  /// Print records of this schema only.
  public var schema: RecordKind?
  /// Print at most this many records.
  public var limit: Int?

  public init() {}
}
