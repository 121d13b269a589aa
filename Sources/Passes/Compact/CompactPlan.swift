import Catalog
import DeltaLog
import Tables

/// What a compaction will do, before it does it: a plain value.
public struct CompactPlan: Sendable {
  /// Why files are written again.
  public enum Reason: String, Sendable, CaseIterable {
    /// Several small files can be one.
    case small
    /// The log says nothing of a file's rows: queries cannot pass it over.
    case withoutStatistics = "no_statistics"
    /// Another program wrote a file's rows in another order than the table's.
    case unsorted
  }

  /// Files of one partition that become one.
  public struct Merge: Sendable {
    public let partition: PartitionKey
    public let reason: Reason
    package let files: [AddFile]

    /// As it stands in a path: `date=2024-01-02`; empty where the table has no partitions.
    public let name: String
    public var fileCount: Int { files.count }
    public var byteCount: Int64 { files.reduce(0) { $0.adding(clamped: $1.size) } }
  }

  public let table: String
  public let version: Int
  public let merges: [Merge]
  /// Files that stay as they are.
  public let keptCount: Int
}

extension CompactPlan {
  /// Bytes below which a file is small.
  public static let smallByteCount: Int64 = 64 << 20

  /// Tags of a file that are made anew when it is merged with others.
  private static let ownTags: Set<String> = [
    AddFile.Tag.rows, AddFile.Tag.rowHash2, AddFile.Tag.rowHash, SegmentTag.start, SegmentTag.end,
  ]

  /// - Parameters:
  ///   - canBeMerged: Whether a file's rows keep their order when they are put among others'.
  ///   - isInOrder: Whether a file of another program's is sorted as the table is. Cost: reads its keys.
  init(
    _ table: LakeTable, _ snapshot: Snapshot, canBeMerged: (AddFile) throws -> Bool,
    isInOrder: (AddFile) throws -> Bool
  ) throws {
    self.table = table.displayName
    version = snapshot.version
    var merges: [Merge] = []
    var fileCount = 0
    for (partition, files) in try snapshot.filesByPartition() {
      fileCount += files.count
      let name =
        snapshot.partitionColumns.isEmpty ? "" : partition.folder(snapshot.partitionColumns)
      // What is said of a file's rows must hold of all rows of the one that it goes into.
      let groups = Dictionary(grouping: files.filter { $0.size < Self.smallByteCount }) { file in
        file.tags.filter { !Self.ownTags.contains($0.key) }
      }
      var taken: Set<String> = []
      for group in groups.values {
        let mergeable = group.count > 1 ? try group.filter(canBeMerged) : []
        if mergeable.count < 2 { continue }
        merges.append(
          Merge(partition: partition, reason: .small, files: mergeable, name: name))
        taken.formUnion(mergeable.map(\.path))
      }
      for file in files where !taken.contains(file.path) {
        let reason: Reason? =
          if file.stats == nil {
            .withoutStatistics
          } else if file.taggedRowHash == nil, try !isInOrder(file) {
            .unsorted
          } else {
            nil
          }
        if let reason {
          merges.append(Merge(partition: partition, reason: reason, files: [file], name: name))
        }
      }
    }
    self.merges = merges.sorted {
      ($0.name, $0.files[0].path) < ($1.name, $1.files[0].path)
    }
    keptCount = fileCount - merges.reduce(0) { $0 + $1.fileCount }
  }
}
