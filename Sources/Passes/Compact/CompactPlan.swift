import Catalog
import DeltaLog
import Platform
import Synchronization
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
    /// Some rows have the key of another row.
    case duplicates
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
      if !isChosen(partition, choice) { continue }
      fileCount += files.count
      let name = folder(partition, snapshot)
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

  /// Refuses a table with columns that are no plain values: they are not read, and would be lost.
  static func requireFlat(_ snapshot: Snapshot, path: String) throws {
    guard snapshot.schema.fields.count == snapshot.fields.count else {
      throw PassError(
        .input, "the table has nested columns, which are not merged", place: path,
        remedy: "compact it with the program that wrote it")
    }
  }

  /// A plan in which a partition is written again whole where any of its files is, or where a key is there twice.
  ///
  /// - Parameter repeatedKeyCount: Rows of files with a key that another row before them has; nil where they are not in
  ///   order. Called on several threads at once.
  static func wholePartitions(
    _ plan: RewritePlan, _ snapshot: Snapshot, choice: UnitChoice, jobs: Int,
    repeatedKeyCount: @escaping @Sendable ([AddFile]) throws -> Int?
  ) throws -> RewritePlan {
    let reasons = Dictionary(plan.units.map { ($0.partition, $0.reason) }) { first, _ in first }
    let partitions = try snapshot.filesByPartition().filter { isChosen($0.key, choice) }
      .sorted {
        $0.key.folder(snapshot.partitionColumns) < $1.key.folder(snapshot.partitionColumns)
      }
    let found = Mutex<[Int: RewriteUnit]>([:])
    try Parallel.forEach(partitions.count, width: max(1, min(jobs, partitions.count))) { index in
      let (partition, files) = partitions[index]
      var reason = reasons[partition]
      if reason == nil {
        let count = try repeatedKeyCount(files)
        if count == nil { reason = Reason.unsorted.rawValue }
        if let count, count > 0 { reason = Reason.duplicates.rawValue }
      }
      guard let reason else { return }
      let unit = RewriteUnit(
        partition: partition, name: folder(partition, snapshot), reason: reason, files: files)
      found.withLock { $0[index] = unit }
    }
    let units = found.withLock { found in partitions.indices.compactMap { found[$0] } }
    let fileCount = partitions.reduce(0) { $0 + $1.value.count }
    return RewritePlan(
      table: plan.table, version: plan.version, units: units,
      keptCount: fileCount - units.reduce(0) { $0 + $1.fileCount })
  }

  private static func isChosen(_ partition: PartitionKey, _ choice: UnitChoice) -> Bool {
    guard case .some(.some(let date)) = partition.values[TableSchema.dateColumn] else {
      return true
    }
    return choice.contains(date)
  }

  private static func folder(_ partition: PartitionKey, _ snapshot: Snapshot) -> String {
    snapshot.partitionColumns.isEmpty ? "" : partition.folder(snapshot.partitionColumns)
  }
}
