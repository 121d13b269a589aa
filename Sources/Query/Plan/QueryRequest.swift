/// A query as the user stated it.
public struct QueryRequest: Sendable {
  /// The name of a table, or the path of a folder or file.
  public var table: String
  /// Symbols whose rows are wanted, or names by which they were asked for; empty for all.
  public var symbols: [String] = []
  /// First instant, as typed; nil for as early as there are rows. See `TimeRange.parse`.
  public var start: String?
  /// End, as typed: exclusive, but a bare date means that whole day. nil for as late as there are rows.
  public var end: String?
  /// Whether pages that carry a CRC-32 are checked against it.
  public var verifiesChecksums = true
  /// Columns to print: each a name, or names with commas between them, as `ColumnList` reads them; empty
  /// means the default ones.
  public var columns: [String] = []
  /// The expression of `--where`; nil keeps all rows.
  public var filter: String?
  /// Rows that are printed at most; nil for all.
  public var limit: Int?
  /// The order of the rows: each a list of columns, with `:desc` behind one that descends; empty for the usual order.
  public var order: [String] = []
  /// Only so many rows from the end of the order; nil for all. Not with `limit`.
  public var tail: Int?
  /// Zone of bare dates and times in the request; nil is the zone of the table's partitions.
  public var timezone: String?
  /// Version of the table; nil for the newest, or the one at `asOf`.
  public var version: Int?
  /// Milliseconds since 1970 UTC.
  public var asOf: Int64?
  /// Whether data files that a log names outside its table's folder are read.
  public var allowsOutside = false
  /// Fraction digits that every time is printed with at least; nil: as many as the column's unit has.
  public var timeDigits: TimeDigits?

  /// All rows of a table in its newest version.
  public init(table: String) { self.table = table }
}

/// A period in which a requested name (`ES.v.0`) stood for a symbol of the table.
public struct NamedStretch: Hashable, Sendable {
  /// The symbol that the name stood for.
  public var symbol: String
  /// Index times in ns since 1970 UTC, half-open.
  public var interval: Range<Int64>

  /// A stretch; `interval` is half-open, in ns.
  public init(symbol: String, interval: Range<Int64>) {
    self.symbol = symbol
    self.interval = interval
  }
}
