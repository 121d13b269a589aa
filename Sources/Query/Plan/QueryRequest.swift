/// What a person asks of a table.
public struct QueryRequest: Sendable {
  /// The name of a table, or the path of a folder or file.
  public var table: String
  public var symbols: [String] = []
  public var start: String?
  public var end: String?
  /// Whether pages that carry a CRC-32 are checked against it.
  public var verifiesChecksums = true
  /// Columns to print: each a name, or names with commas between them, as `ColumnList` reads them; empty
  /// means the default ones.
  public var columns: [String] = []
  public var filter: String?
  public var limit: Int?
  /// Zone of bare dates and times in the request; nil is the zone of the table's partitions.
  public var timezone: String?
  public var version: Int?
  /// Milliseconds since 1970 UTC.
  public var asOf: Int64?
  /// Whether data files that a log names outside its table's folder are read.
  public var allowsOutside = false
  /// Digits of a second that every time prints at least; nil: as many as the column's times have.
  public var timeDigits: TimeDigits?

  public init(table: String) { self.table = table }
}

/// A stretch of time in which a name by which rows were asked for (`ES.v.0`) was a symbol of the table.
public struct NamedStretch: Hashable, Sendable {
  public var symbol: String
  /// Index times in ns since 1970 UTC, half-open.
  public var interval: Range<Int64>

  public init(symbol: String, interval: Range<Int64>) {
    self.symbol = symbol
    self.interval = interval
  }
}
