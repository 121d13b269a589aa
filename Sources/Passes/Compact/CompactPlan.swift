import Catalog
import DeltaLog
import Tables

/// Chooses the files of a table that are merged.
enum CompactPlan {
  /// Why files are rewritten.
  enum Reason: String {
    /// Several small files can be merged.
    case small
    /// The log has no statistics of a file, so queries cannot skip it.
    case withoutStatistics = "no_statistics"
    /// Another program wrote the file, not sorted as the table is.
    case unsorted
  }

  /// Size below which a file is small.
  static let smallByteCount: Int64 = 64 << 20

  /// - Parameters:
  ///   - canBeMerged: Whether a file's rows keep their order when they are merged with others'.
  ///   - isInOrder: Whether another program's file is sorted as the table is. Cost: reads its sort keys.
  static func make(
    _ table: LakeTable, _ snapshot: Snapshot, choice: UnitChoice,
    canBeMerged: (AddFile) throws -> Bool,
    isInOrder: (AddFile) throws -> Bool
  ) throws -> RewritePlan {
    var units: [RewriteUnit] = []
    var fileCount = 0
    for (partition, files) in try snapshot.filesByPartition() {
      if case .some(.some(let date)) = partition.values[TableSchema.dateColumn],
        !choice.contains(date)
      {
        continue
      }
      fileCount += files.count
      let name =
        snapshot.partitionColumns.isEmpty ? "" : partition.folder(snapshot.partitionColumns)
      func add(_ reason: Reason, _ files: [AddFile]) {
        units.append(
          RewriteUnit(partition: partition, name: name, reason: reason.rawValue, files: files))
      }
      // The tags of a file must be true of all rows of the merged file.
      let groups = SegmentMerger.groups(files.filter { $0.size < smallByteCount })
      var taken: Set<String> = []
      for group in groups {
        let mergeable = group.count > 1 ? try group.filter(canBeMerged) : []
        if mergeable.count < 2 { continue }
        add(.small, mergeable)
        taken.formUnion(mergeable.map(\.path))
      }
      for file in files where !taken.contains(file.path) {
        if file.stats == nil {
          add(.withoutStatistics, [file])
        } else if file.taggedRowHash == nil, try !isInOrder(file) {
          add(.unsorted, [file])
        }
      }
    }
    units.sort { ($0.name, $0.files[0].path) < ($1.name, $1.files[0].path) }
    return RewritePlan(
      table: table.displayName, version: snapshot.version, units: units,
      keptCount: fileCount - units.reduce(0) { $0 + $1.fileCount })
  }
}
