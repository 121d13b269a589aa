import Catalog
import DeltaLog
import Platform
import Tables

extension TableTarget {
  /// Memory for the sort keys of a merge, in bytes.
  private static let mergeByteCountMax = 16 << 20

  /// Merges small segments if our last commit left many in a partition: in a commit of its own that changes no
  /// rows. If another commit comes first, a later one that leaves many merges them.
  func mergeSmall(_ run: StagingRun, isInterrupted: () -> Bool) throws {
    let crowded = crowdedDays.sorted()
    if crowded.isEmpty { return }
    let table = try caughtUp()
    // Nested columns, which another program added, would be lost.
    guard let snapshot = table.snapshot, snapshot.schema.fields.count == snapshot.fields.count
    else { return }
    let merger = SegmentMerger(
      root: root, schema: schema,
      fields: snapshot.fields.filter { !snapshot.partitionColumns.contains($0.name) },
      partitionColumns: snapshot.partitionColumns)
    var change = TableChange(.rewrite)
    change.changesRows = false
    change.operation = "OPTIMIZE"
    change.parameters = [("pass", "compact"), ("run", run.id)]
    for day in crowded {
      for group in SegmentMerger.groups(try storedFiles(day: day)) {
        let files = try SmallSegments.choice(group).filter(merger.canBeMerged)
        if files.count < SmallSegments.countMax { continue }
        let name = "part-\(run.id)-\(committedCount)-\(change.segments.count)-merged"
        let segment = try merger.merge(
          files.map { SegmentSource(path: try $0.localPath(in: root)) }, day: day,
          directory: run.directory,
          fileName: name + SegmentWriter.suffix, byteCountMax: Self.mergeByteCountMax,
          isInterrupted: isInterrupted)
        try merger.check(segment, isOf: files)
        change.removed += files
        change.segments.append(try merger.placed(segment, of: files))
      }
    }
    if change.segments.isEmpty { return }
    _ = try commitOnce(change, run)
  }
}
