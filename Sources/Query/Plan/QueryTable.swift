import Columnar
import DeltaLog
import Market

/// What a query runs on: columns with meaning, and files that may be opened.
struct QueryTable: Sendable {
  /// As the user wrote it.
  var name: String
  var columns: [QueryColumn]
  /// The time that `--start` and `--end` range over.
  var indexColumn: Int?
  var symbolColumn: Int?
  /// Columns that order rows of equal symbol and time.
  var tieColumns: [Int] = []
  /// Columns printed when none are asked for, in order.
  var defaultColumns: [Int]
  /// The partition column whose value is the first date of the period of the index time, and the zone of that
  /// date; nil where no such promise is made, and a time range must not prune by partition.
  var dateColumn: Int?
  var period = PartitionPeriod.date
  /// In a table by a longer period, the column of the files that holds the date.
  var storedDateColumn: Int?
  var zoneName = "UTC"
  /// In output order of their partitions.
  var files: [TableFile]
  /// Columns that name the partitions.
  var partitionColumns: [Int] = []
  /// Columns of forms that no query can print.
  var skippedColumns: [String] = []
  /// Names that several columns of one file share: only the first of them is read.
  var repeatedColumns: [String] = []
  /// Other names of columns, as the table's kind knows them.
  var aliases: [String: Int] = [:]
  /// One line about where the files come from: a version of a log, a folder, a file.
  var source: String
  /// nil where there is no log.
  var version: Int?

  /// Columns whose order the output follows inside a partition.
  ///
  /// Dates come first whatever the period: a table that is partitioned otherwise prints the same.
  var orderColumns: [Int] {
    guard let indexColumn else { return [] }
    return (storedDateColumn.map { [$0] } ?? []) + (symbolColumn.map { [$0] } ?? [])
      + [indexColumn] + tieColumns
  }

  func column(named name: String) -> Int? {
    columns.firstIndex { $0.name == name } ?? aliases[name]
  }

  /// The column of fields that the table's kind does not know; nil where it has none.
  var hasExtra: Bool { !aliases.isEmpty && columns.contains { $0.name == "extra" } }
}

/// One data file of a table.
struct TableFile: Sendable {
  var path: String
  var byteCount: Int
  /// nil where no log says so.
  var rowCount: Int?
  /// Values of the partition columns; nil is null.
  var partition: [Int: BoundValue?]
  /// What the log says of the file.
  var log: AddFile?
  /// Files of one group are ordered with each other; groups follow one another.
  var group = 0
  var open: @Sendable () throws -> any Segment

  /// What the partition alone says of a column.
  func partitionBounds(_ column: Int) -> FilterBounds? {
    partition[column].map { .constant($0, rowCount: rowCount ?? 1) }
  }
}
