import Catalog
import Columnar
import DeltaLog
import LakeTestSupport
import Parquet
import Testing

@testable import Ingest
@testable import Tables

/// Data files that another program added to a table, with another time unit than the table's.
@Suite struct ForeignUnitTests {
  private let table = "raw.test_set_ohlcv_1s"

  /// Replaces the table's file by one with times in `unit`.
  private func rewrite(_ toy: ToyLake, _ unit: TimeUnit) throws {
    let file = try #require(try toy.files(table).first)
    let reader = try SegmentReader(path: try toy.path(file, table))
    let columns = try reader.fields.map { field -> (field: Field, values: Column) in
      var (field, values) = (field, try reader.column(field, reader.rowGroups[0]))
      if case .timestamp = field.type, case .integers(let times) = values.storage {
        field.type = .timestamp(unit, isUTC: true)
        values.type = field.type
        values.storage = .integers(
          times.map { unit == .milliseconds ? $0 / 1000 : $0 * 1000 })
      }
      return (field, values)
    }
    let options = WriterOptions()
    let writer = try ParquetFileWriter(
      path: reader.path + ".other.parquet", columns: columns.map { WriterColumn($0.field) },
      options: options)
    let rowCount = try reader.rowCount()
    try writer.append(
      rowGroup: columns.map {
        try ColumnChunkEncoder(column: WriterColumn($0.field), options: options)
          .encode($0.values, rows: 0..<rowCount)
      }, rowCount: rowCount)
    _ = try writer.finish()
    let storage = try toy.lake.table(named: table).storage
    var transaction = Transaction(snapshot: try Snapshot.load(storage), storage: storage)
    transaction.remove([file])
    transaction.append([
      AddFile(
        path: file.path + ".other.parquet", partitionValues: ["date": file.partitionValue("date")],
        size: 1, modificationTime: 0)
    ])
    _ = try transaction.commit()
  }

  @Test(arguments: [TimeUnit.milliseconds, .nanoseconds])
  func theirRowsAreFoundAgain(_ unit: TimeUnit) throws {
    let toy = try ToyLake()
    let bars = (0..<50).map { ToyLake.Bar(second: $0) }
    try toy.ingest([try toy.bars("a.dbn", bars)])
    try rewrite(toy, unit)
    let report = try toy.ingest([try toy.bars("b.dbn", bars + [ToyLake.Bar(second: 50)])])
    #expect(report.total(\.alreadyStoredCount) == 50)
    #expect(report.total(\.rowsStored) == 1 && report.failureCount == 0)
  }
}
