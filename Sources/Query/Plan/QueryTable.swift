import Columnar
import DeltaLog
import Market

/// The table of a query: columns with their meaning, and files.
struct QueryTable: Sendable {
  /// As the user wrote it.
  var name: String
  var columns: [QueryColumn]
  /// The time column that `--start` and `--end` apply to.
  var indexColumn: Int?
  var symbolColumn: Int?
  /// Columns that order rows with equal symbol and time.
  var tieColumns: [Int] = []
  /// Columns that are printed by default, in order.
  var defaultColumns: [Int]
  /// The partition column that holds the first date of the period of the index time, and the zone of that date;
  /// nil if the table does not guarantee it, so that a time range must not prune partitions.
  var dateColumn: Int?
  var period = PartitionPeriod.date
  /// In a table by month or year, the stored column with the row's date.
  var storedDateColumn: Int?
  var zoneName = "UTC"
  /// In the output order of their partitions.
  var files: [TableFile]
  /// The partition columns.
  var partitionColumns: [Int] = []
  /// Columns of types that cannot be printed.
  var skippedColumns: [String] = []
  /// Names that several columns of one file have: only the first of them is read.
  var repeatedColumns: [String] = []
  /// What folders say of files that say otherwise themselves: the folders count.
  var contradictions: [String] = []
  /// Other names of columns, from the table's record kind.
  var aliases: [String: Int] = [:]
  /// One line on where the files come from: a version of a log, a folder, a file.
  var source: String
  /// nil without a log.
  var version: Int?

  /// Columns by which the output is sorted within a partition.
  ///
  /// Dates come first whatever the period, so that tables with different periods print the same.
  var orderColumns: [Int] {
    guard let indexColumn else { return [] }
    return (storedDateColumn.map { [$0] } ?? []) + (symbolColumn.map { [$0] } ?? [])
      + [indexColumn] + tieColumns
  }

  func column(named name: String) -> Int? {
    columns.firstIndex { $0.name == name } ?? aliases[name]
  }

  /// Whether the table has a column for fields that its record kind does not have.
  var hasExtra: Bool { !aliases.isEmpty && columns.contains { $0.name == "extra" } }
}

/// One data file of a table.
struct TableFile: Sendable {
  var path: String
  var byteCount: Int
  /// nil if the log does not say.
  var rowCount: Int?
  /// Values of the partition columns; nil is null.
  var partition: [Int: BoundValue?]
  /// The log's `add` action.
  var log: AddFile?
  /// Files of one group are sorted together; groups follow one another.
  var group = 0
  /// Reads which of the file's rows are deleted, given their number; nil if none is.
  var deletions: (@Sendable (_ rowCount: Int) throws -> DeletedRows)?
  var open: @Sendable () throws -> any Segment

  /// Bounds of a column that follow from the partition alone.
  func partitionBounds(_ column: Int) -> FilterBounds? {
    partition[column].map { .constant($0, rowCount: rowCount ?? 1) }
  }
}
