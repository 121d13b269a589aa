import Columnar
import Market

/// The schema of a record kind: columns, order, key and rules, read from a schema file.
public struct TableSchema: Hashable, Sendable {
  /// The record kind, like `mbp-1`.
  public internal(set) var kind: String
  /// All kinds that the file describes.
  public let kinds: [String]
  /// Path of the file in a lake; nil for a built-in one.
  public let path: String?
  /// What the rows are, in a sentence.
  public let description: String
  /// The only layer for its tables; nil for any.
  public let layer: String?
  /// The index column: it orders and partitions the table, and `--start` and `--end` apply to it; never null.
  public let indexColumn: String
  /// Sort columns; rows that are equal in them keep the order of the source.
  public internal(set) var sortColumns: [String]
  /// Columns that identify a row; empty if identical rows are genuine.
  public internal(set) var keyColumns: [String]
  /// In physical order: symbol, index, key columns, the vendor's others in their order, lake's own.
  public internal(set) var columns: [SchemaColumn]
  /// What must hold for a row, in the order of the schema file.
  public let rules: [RowRule]
  /// Whether `kinds` represent bars of every interval.
  let isForAnyInterval: Bool
  /// Whether bars of weeks, months, quarters and years are among them.
  let hasCalendarIntervals: Bool

  /// The partitions' period. New tables have the schema's; an existing table keeps its own.
  public internal(set) var period: PartitionPeriod
  /// The schema file's period for the longest of its kinds.
  let longestPeriod: PartitionPeriod

  /// The index timestamp's calendar date in the table's zone: the partition column of a table by date, and a
  /// stored column in any other.
  public static let dateColumn = "date"

  /// Name of the partition column, which is not stored in files.
  public var partitionColumn: String { period.column }

  /// All columns in order, `<time>_plus_ns` after each time that has one; the partition column last.
  public var tableFields: [Field] {
    fileFields + [Field(partitionColumn, .date)]
  }

  /// `tableFields` without the partition column: the columns of a segment.
  public var fileFields: [Field] {
    period == .date ? rowFields : rowFields + [Field(Self.dateColumn, .date)]
  }

  /// Stored columns whose values follow from the index.
  public var impliedColumns: Set<String> { period == .date ? [] : [Self.dateColumn] }

  /// `fileFields` without those that follow from the index: the content of a row, wherever it is stored.
  public var rowFields: [Field] {
    var fields: [Field] = []
    for column in columns {
      fields.append(column.field)
      if column.hasNanoseconds { fields.append(Field(column.nanosecondsName, .short)) }
    }
    return fields
  }

  /// Columns with statistics in the log: symbol, index and key, and the date if it is stored.
  public var statisticsColumns: [String] {
    let names = columns.map(\.name).filter {
      $0 == "symbol" || $0 == indexColumn || keyColumns.contains($0)
    }
    return period == .date ? names : names + [Self.dateColumn]
  }

  /// The column that identifies a row's source and its ordinal there: see `SourceOrdinal`.
  public static let ordinalColumn = "source_ordinal"

  /// Whether every row has a source ordinal; if not, and there is a column for it, only rows have one whose
  /// order does not follow from their values.
  public var keepsEveryOrdinal: Bool { sortColumns.contains(Self.ordinalColumn) }

  /// The column of exactly this name; nil if there is none.
  public func column(named name: String) -> SchemaColumn? { columns.first { $0.name == name } }

  /// The column by its name, the vendor's, or an alias, ignoring case.
  public func column(matching name: String) -> SchemaColumn? {
    let name = name.lowercased()
    return columns.first { $0.name == name } ?? columns.first { $0.source == name }
      ?? columns.first { $0.aliases.contains(name) }
  }

  /// The schema for tables of `layer`: layers other than raw lack columns that only a source can fill.
  public func forLayer(_ layer: String) -> TableSchema {
    if layer == "raw" { return self }
    let kept = columns.filter { !$0.isRawOnly }
    let names = Set(kept.map(\.name))
    var schema = self
    schema.columns = kept
    schema.sortColumns = sortColumns.filter(names.contains)
    schema.keyColumns = keyColumns.filter(names.contains)
    return schema
  }

  /// The schema with the period of an existing table, or of a new one.
  public func partitioned(by period: PartitionPeriod) -> TableSchema {
    var schema = self
    schema.period = period
    return schema
  }

  /// The same schema for another of its kinds.
  func named(_ kind: String) -> TableSchema {
    var schema = self
    schema.kind = kind
    // A day of shorter bars is as large as a year of daily ones.
    schema.period = schema.interval.map { $0 < .day } ?? false ? .date : longestPeriod
    return schema
  }

  /// Whether the file describes `kind`: also `ohlcv-15s`, if it is for bars of any interval.
  func describes(_ kind: String) -> Bool {
    if kinds.contains(kind) { return true }
    guard isForAnyInterval, let dash = kind.lastIndex(of: "-") else { return false }
    let interval = String(kind[kind.index(after: dash)...])
    guard
      Interval.parse(interval)?.name == interval
        || hasCalendarIntervals && Self.isCalendarInterval(interval)
    else { return false }
    let stem = kind[...dash]
    return kinds.contains { $0.hasPrefix(stem) }
  }

  /// Whether a text is a number of weeks, months, quarters or years, as in some vendors' bars.
  private static func isCalendarInterval(_ text: String) -> Bool {
    let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
    guard !digits.isEmpty, digits.count <= 4, digits.first != 0x30 else { return false }
    return ["w", "mo", "q", "y"].contains(String(text.utf8.dropFirst(digits.count)))
  }

  /// The interval of bars, like `15s`; nil for other kinds, and for months and the like, which vary in length.
  public var interval: Interval? {
    guard isForAnyInterval, let dash = kind.lastIndex(of: "-") else { return nil }
    return Interval.parse(String(kind[kind.index(after: dash)...]))
  }
}
