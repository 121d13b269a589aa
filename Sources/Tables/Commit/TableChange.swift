import Catalog
import Columnar
import DeltaLog
import Platform

/// A segment in staging, and what the log will say of it.
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
  ///   - tags: Those of its row count and fingerprint are put among them.
  package func placed(
    in partition: PartitionKey, columns: [String], statistics: FileStatistics,
    tags: [String: String] = [:]
  ) -> PlacedSegment {
    var tags = tags
    tags[AddFile.Tag.rows] = "\(rowCount)"
    tags[AddFile.Tag.rowHash2] = fingerprint.description
    // Of an older version's hash, which counts otherwise, nothing must be left.
    tags[AddFile.Tag.rowHash] = nil
    let folder = partition.folder(columns)
    return PlacedSegment(
      self,
      AddFile(
        path: (folder.isEmpty ? "" : folder + "/") + fileName, partitionValues: partition.values,
        size: Int64(byteCount), modificationTime: Clock.milliseconds(), stats: statistics.json,
        tags: tags))
  }

  /// The segment as a file of its partition in a table of the lake's own.
  package func placed(_ schema: TableSchema, tags: [String: String] = [:]) -> PlacedSegment {
    placed(
      in: schema.period.key(startingOn: day), columns: [schema.partitionColumn],
      statistics: logStatistics(schema), tags: tags)
  }
}

/// What one commit does to a table: a plain value, made by whoever knows the rows, carried out by `TableWriter`.
package struct TableChange: Sendable {
  /// What the change rests on, and so which other commits it may stand behind: see `TableWriter`.
  package enum Basis: Sendable {
    /// Rows come, whatever is there.
    case append
    /// Rows come, and go, that were weighed against all rows of these partitions.
    case merge(PartitionSet)
    /// These partitions get other rows, whatever is there.
    case replace([PartitionKey])
    /// The same rows in other files.
    case rewrite
    /// All that the table was, at the version that was looked at.
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
  /// Segments that come.
  package var segments: [PlacedSegment] = []
  /// Files of earlier versions that come back.
  package var restored: [AddFile] = []
  /// Files that go. Those of replaced partitions go without being named.
  package var removed: [AddFile] = []
  /// Whose work it is: a table that has them all has the change.
  package var applications: [(id: String, version: Int64)] = []
  /// Schema or properties that the table has afterwards; nil leaves them as they are.
  package var metadata: TableMetadata?

  /// A change without files yet.
  package init(_ basis: Basis) { self.basis = basis }
}
