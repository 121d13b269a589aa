import Catalog
import DeltaLog
import Tables

/// Which files of a table are merged.
enum CompactPlan {
  /// Why files are written again.
  enum Reason: String {
    /// Several small files can be one.
    case small
    /// The log says nothing of a file's rows: queries cannot pass it over.
    case withoutStatistics = "no_statistics"
    /// Another program wrote a file's rows in another order than the table's.
    case unsorted
  }

  /// Bytes below which a file is small.
  static let smallByteCount: Int64 = 64 << 20

  /// - Parameters:
  ///   - canBeMerged: Whether a file's rows keep their order when they are put among others'.
  ///   - isInOrder: Whether a file of another program's is sorted as the table is. Cost: reads its keys.
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
      // What is said of a file's rows must hold of all rows of the one that it goes into.
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
