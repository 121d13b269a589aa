import Catalog
import Columnar
import DeltaLog
import Parquet
import TestSupport

@testable import Tables

/// A table of bars in a temporary lake, and conflicting writers.
final class ToyTable {
  let folder = TemporaryFolder()
  let lake: Lake
  let definition: TableDefinition
  let run: StagingRun
  static let firstDay = 19_724  // 2024-01-02
  private var fileNumber = 0

  init() throws {
    try LakeInit(directory: folder.path + "/lake", workingDirectory: "/").apply()
    lake = try Lake(root: folder.path + "/lake")
    definition = TableDefinition(
      try TableName(parsing: "raw.toy"), schema: try TableSchema.named("ohlcv-1s"))
    run = try StagingRun(root: lake.root)
  }

  /// A writer based on the table's current version.
  func writer() throws -> TableWriter {
    let writer = TableWriter(definition.name, lake: lake)
    try writer.load()
    return writer
  }

  static func partition(_ day: Int) -> PartitionKey {
    PartitionKey(date: CivilDate(daysSinceEpoch: firstDay + day).iso)
  }

  /// A segment of some seconds of a day.
  func segment(day: Int, _ seconds: Range<Int>) throws -> PlacedSegment {
    fileNumber += 1
    let schema = definition.schema
    let writer = try SegmentWriter(
      directory: run.directory, fileName: "part-\(fileNumber)" + SegmentWriter.suffix,
      day: Self.firstDay + day, columns: schema.fileFields.map { WriterColumn($0) },
      options: WriterOptions())
    let midnight = Int64(Self.firstDay + day) * 86_400_000_000
    let group = try GroupEncoder(fields: schema.fileFields, options: WriterOptions()).encode(
      rowCount: seconds.count
    ) { field in
      switch field.name {
      case "symbol": .texts(seconds.map { _ in "A" })
      case "ts_event":
        .integers(seconds.map { midnight + Int64($0) * 1_000_000 }, .timestamp)
      default: Column(nulls: seconds.count, of: field.type)
      }
    }
    try writer.append(group)
    return try writer.finish().placed(schema)
  }

  /// Commits a change as another program would, and expects it to succeed.
  func commit(_ change: TableChange) throws {
    let writer = try writer()
    guard case .committed = try writer.commit(change, definition, run: run) else {
      throw PassError(.conflict, "a test's own commit was refused")
    }
  }

  func append(day: Int, _ seconds: Range<Int>) throws -> TableChange {
    var change = TableChange(.append)
    change.segments = [try segment(day: day, seconds)]
    return change
  }

  func merge(day: Int, _ seconds: Range<Int>) throws -> TableChange {
    var change = TableChange(.merge(.some([Self.partition(day)])))
    change.segments = [try segment(day: day, seconds)]
    return change
  }

  func replace(day: Int, _ seconds: Range<Int>) throws -> TableChange {
    var change = TableChange(.replace([Self.partition(day)]))
    change.segments = [try segment(day: day, seconds)]
    return change
  }

  /// Merges all files of a day.
  func compact(day: Int, _ seconds: Range<Int>) throws -> TableChange {
    var change = TableChange(.rewrite)
    change.changesRows = false
    change.operation = "OPTIMIZE"
    change.removed = try files(day)
    change.segments = [try segment(day: day, seconds)]
    return change
  }

  func remove(day: Int) throws -> TableChange {
    var change = TableChange(.merge(.some([Self.partition(day)])))
    change.removed = try files(day)
    return change
  }

  func files(_ day: Int) throws -> [AddFile] {
    try writer().snapshot?.files(in: Self.partition(day)) ?? []
  }

  /// Seconds of a day's rows, in order.
  func seconds(_ day: Int) throws -> [Int] {
    let time = Field("ts_event", .timestamp)
    let midnight = Int64(Self.firstDay + day) * 86_400_000_000
    return try files(day).flatMap { file -> [Int] in
      let reader = try SegmentReader(
        path: file.localPath(in: lake.path(of: definition.name)),
        fields: definition.schema.fileFields)
      return try reader.rowGroups.flatMap { group in
        try reader.column(time, group).numbers.map { Int((($0 ?? 0) - midnight) / 1_000_000) }
      }
    }.sorted()
  }
}
