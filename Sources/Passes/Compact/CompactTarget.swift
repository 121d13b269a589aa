import Catalog
import Columnar
import DeltaLog
import Platform
import Tables

/// A table whose files are merged.
final class CompactTarget: RewriteTarget {
  /// Columns of which the log keeps bounds where no schema says which: as many as the protocol's default.
  private static let foreignStatisticsMax = 32

  private let table: TableWriter
  private let staging: StagingSession
  private(set) var snapshot: Snapshot
  /// nil where another program made the table.
  let schema: TableSchema?
  /// Columns of a data file.
  let fields: [Field]
  let order: SortOrder

  init(_ table: LakeTable, _ name: TableName, lake: Lake, staging: StagingSession) throws {
    self.staging = staging
    let snapshot = try table.snapshot()
    try snapshot.requireWritable()
    self.snapshot = snapshot
    self.table = TableWriter(name, lake: lake, snapshot: snapshot)
    schema = try table.schema(of: snapshot, in: lake)
    let partitions = Set(snapshot.partitionColumns)
    let fields = snapshot.fields.filter { !partitions.contains($0.name) }
    self.fields = fields
    order = schema.map { SortOrder($0, fields: fields) } ?? .asStored
  }

  var place: String { table.root }

  func livePaths() throws -> Set<String> { Set(try snapshot.files.map(\.path)) }

  func commit(_ units: [RewrittenUnit<StagedSegment>]) throws -> Int? {
    let run = try staging.run()
    var change = TableChange(.rewrite)
    change.operation = "OPTIMIZE"
    change.parameters = [("pass", CompactPass.name), ("run", run.id)]
    for done in units {
      change.removed += done.unit.files
      change.segments.append(placed(done))
    }
    let outcome = try table.commit(change, nil, run: run)
    snapshot = try table.load() ?? snapshot
    if case .committed(let version) = outcome { return version }
    return nil
  }

  private func placed(_ done: RewrittenUnit<StagedSegment>) -> PlacedSegment {
    let (unit, segment) = (done.unit, done.product)
    let columns = schema?.statisticsColumns ?? fields.prefix(Self.foreignStatisticsMax).map(\.name)
    return segment.placed(
      in: unit.partition, columns: snapshot.partitionColumns,
      statistics: segment.logStatistics(of: columns, fields: fields), tags: tags(unit))
  }

  private func tags(_ unit: RewriteUnit) -> [String: String] {
    var tags = unit.files[0].tags
    func bounds(_ tag: String) -> [Int64]? {
      let values = unit.files.map { $0.tag(tag).flatMap { Int64($0) } }
      return values.contains(nil) ? nil : values.compactMap { $0 }
    }
    tags[SegmentTag.start] = bounds(SegmentTag.start)?.min().map { "\($0)" }
    tags[SegmentTag.end] = bounds(SegmentTag.end)?.max().map { "\($0)" }
    return tags
  }
}
