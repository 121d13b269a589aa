import Catalog
import Columnar
import DeltaLog
import Platform

/// A segment in staging, and the log entry that will add it.
package struct PlacedSegment: Sendable {
  /// The file in staging, which `TableWriter.commit` renames into the table's folder.
  package var staged: StagedSegment
  /// The `add` action that names it once it is in the table: path, partition, statistics, tags.
  package var file: AddFile

  /// `file` must describe the same bytes as `staged`; `StagedSegment.placed` makes such pairs.
  package init(_ staged: StagedSegment, _ file: AddFile) {
    self.staged = staged
    self.file = file
  }
}

extension StagedSegment {
  /// The segment as a file of a partition.
  ///
  /// - Parameters:
  ///   - columns: The table's partition columns, in order.
  ///   - tags: Further tags; row count and fingerprint are added to them.
  package func placed(
    in partition: PartitionKey, columns: [String], statistics: FileStatistics,
    tags: [String: String] = [:]
  ) -> PlacedSegment {
    var tags = tags
    tags[AddFile.Tag.rows] = "\(rowCount)"
    tags[AddFile.Tag.rowHash2] = fingerprint.description
    // The hash of older versions, which was computed otherwise, must not stay beside the new one.
    tags[AddFile.Tag.rowHash] = nil
    let folder = partition.folder(columns)
    return PlacedSegment(
      self,
      AddFile(
        path: (folder.isEmpty ? "" : folder + "/") + fileName, partitionValues: partition.values,
        size: Int64(byteCount), modificationTime: Clock.milliseconds(), stats: statistics.json,
        tags: tags))
  }

  /// The segment as a file of its partition, in a table that `lake` made.
  package func placed(_ schema: TableSchema, tags: [String: String] = [:]) -> PlacedSegment {
    placed(
      in: schema.period.key(startingOn: day), columns: [schema.partitionColumn],
      statistics: logStatistics(schema), tags: tags)
  }
}

/// What one commit does to a table: a plain value. Whoever knows the rows makes it; `TableWriter` carries it
/// out.
package struct TableChange: Sendable {
  /// What the change depends on, which decides whether it is still valid after another writer's commit: see
  /// `TableWriter`.
  package enum Basis: Sendable {
    /// Adds rows, whatever the table holds.
    case append
    /// Adds and removes rows after comparing them with all rows of these partitions.
    case merge(PartitionSet)
    /// Gives these partitions other rows, whatever they held.
    case replace([PartitionKey])
    /// Rows of these files in other files.
    case rewrite
    /// Depends on everything in the version that was read.
    case wholeTable
  }

  /// Decides how the commit is checked against those that came before it.
  package var basis: Basis
  /// Delta's `commitInfo.operation`, for people who read the table's history; nothing is decided from it.
  package var operation = "WRITE"
  /// `commitInfo.operationParameters`; the ledger's events travel here too (`CoverageRecovery`).
  package var parameters: [(name: String, value: String)] = []
  /// `commitInfo.operationMetrics`, like the numbers of rows added and removed.
  package var metrics: [(name: String, value: String)] = []
  /// Segments that are added.
  package var segments: [PlacedSegment] = []
  /// Files of earlier versions that are added again.
  package var restored: [AddFile] = []
  /// Files that are removed. Those of replaced partitions need not be listed.
  package var removed: [AddFile] = []
  /// Applications that the commit records; a table that has all of them has the change already.
  package var applications: [(id: String, version: Int64)] = []
  /// Schema or properties that the table has afterwards; nil leaves them as they are.
  package var metadata: TableMetadata?
  /// Whether readers see other rows afterwards; a rewriting of the same ones says false.
  package var changesRows = true

  /// A change without files yet.
  package init(_ basis: Basis) { self.basis = basis }
}
