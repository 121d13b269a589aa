import Catalog
import DeltaLog
import Tables

/// A table whose files are merged.
final class CompactTarget: RewriteTarget {
  private let table: TableWriter
  private let staging: StagingSession
  private(set) var snapshot: Snapshot
  let merger: SegmentMerger

  init(_ table: LakeTable, _ name: TableName, lake: Lake, staging: StagingSession) throws {
    self.staging = staging
    let snapshot = try table.snapshot()
    try snapshot.requireWritable()
    self.snapshot = snapshot
    self.table = TableWriter(name, lake: lake, snapshot: snapshot)
    let partitions = snapshot.partitionColumns
    merger = SegmentMerger(
      root: table.path, schema: try table.schema(of: snapshot, in: lake),
      fields: snapshot.fields.filter { !partitions.contains($0.name) },
      partitionColumns: partitions)
  }

  var path: String { table.root }

  func livePaths() throws -> Set<String> { Set(try snapshot.files.map(\.path)) }

  func commit(_ units: [RewrittenUnit<StagedSegment>]) throws -> Int? {
    let run = try staging.run()
    var change = TableChange(.rewrite)
    change.operation = "OPTIMIZE"
    change.parameters = [("pass", CompactPass.name), ("run", run.id)]
    for done in units {
      change.removed += done.unit.files
      change.segments.append(try merger.placed(done.product, of: done.unit.files))
    }
    let outcome = try table.commit(change, nil, run: run)
    snapshot = try table.load() ?? snapshot
    if case .committed(let version) = outcome { return version }
    return nil
  }
}
