/// What a person asks of a table.
public struct QueryRequest: Sendable {
  /// The name of a table, or the path of a folder or file.
  public var table: String
  public var symbols: [String] = []
  public var start: String?
  public var end: String?
  /// Names of the columns to print; empty means the default ones.
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

  public init(table: String) { self.table = table }
}
