import Catalog
import DeltaLog
import Parquet
import Platform
import Storage

/// A table that a pass fills, partition by partition.
package final class DerivedTarget {
  package let definition: TableDefinition
  package let root: String
  private(set) var snapshot: Snapshot?
  private let lake: Lake
  private let storage: DirectoryStorage
  private let folder: String

  /// A partition that was computed and is not committed yet.
  package struct Result: Sendable {
    package var date: String
    package var derivation: Derivation
    /// nil where it came out empty.
    package var segment: StagedSegment?

    package init(date: String, derivation: Derivation, segment: StagedSegment? = nil) {
      self.date = date
      self.derivation = derivation
      self.segment = segment
    }
  }

  /// - Throws: `CatalogError` where the table was made by another pass or with other parameters.
  package init(_ definition: TableDefinition, lake: Lake) throws {
    self.definition = definition
    self.lake = lake
    root = lake.path(of: definition.name)
    folder = definition.name.layer + "/" + definition.name.name + "/"
    storage = DirectoryStorage(root: root)
    try reload()
  }

  package func reload() throws {
    snapshot = try Snapshot.loadIfPresent(storage)
    guard let snapshot else { return try lake.requireLog(of: definition.name) }
    try snapshot.requireWritable()
    try definition.requireMatch(snapshot)
  }

  /// Live files by date.
  package func filesByDate() throws(DeltaError) -> [String: [AddFile]] {
    Dictionary(grouping: try snapshot?.files ?? []) { $0.partitionValue("date") ?? "" }
  }

  /// Whether the table remembers that a partition came out empty when it was made of these very inputs.
  package func isKnownEmpty(_ derivation: Derivation, date: String) -> Bool {
    snapshot?.txns[derivation.emptyAppId(date: date)] != nil
  }

  /// Replaces the partitions of `results` in one commit.
  ///
  /// - Returns: nil when they are in. Else another commit came first; the partitions are still in
  ///   staging, and the caller plans again.
  package func commit(
    _ results: [Result], run: StagingRun, parameters: [(name: String, value: String)]
  ) throws -> CommitOutcome? {
    if results.isEmpty { return nil }
    var transaction =
      snapshot == nil
      ? try definition.transaction(on: storage)
      : Transaction(snapshot: snapshot, storage: storage)
    if snapshot == nil {
      try DirectoryStorage(root: run.lakeRoot).createDirectory(folder + "_delta_log")
    }
    var moves: [(from: String, to: String)] = []
    for result in results {
      let key = PartitionKey(date: result.date)
      var files: [AddFile] = []
      if let segment = result.segment {
        let file = addFile(segment, result)
        files.append(file)
        moves.append((segment.path, folder + file.path))
      } else {
        // A partition that is emptied again, for the same reason as before, is remembered already: what
        // goes with this commit are its files, and it is no repetition.
        let id = result.derivation.emptyAppId(date: result.date)
        if snapshot?.txns[id] == nil { transaction.setApplication(id, version: 1) }
      }
      if snapshot == nil {
        transaction.append(files)
      } else {
        try transaction.replacePartition(key, with: files)
      }
    }
    transaction.operation = "WRITE"
    transaction.operationParameters = [("mode", "Overwrite")] + parameters
    let outcome = try run.publish(moves) { try transaction.commit() }
    guard case .committed = outcome else { return outcome }
    try reload()
    return nil
  }

  private func addFile(_ staged: StagedSegment, _ result: Result) -> AddFile {
    var tags = result.derivation.tags
    tags[AddFile.Tag.rows] = "\(staged.rowCount)"
    tags[AddFile.Tag.rowHash2] = staged.fingerprint.description
    return AddFile(
      path: PartitionKey(date: result.date).folder([TableSchema.partitionColumn]) + "/"
        + staged.fileName,
      partitionValues: [TableSchema.partitionColumn: result.date], size: Int64(staged.byteCount),
      modificationTime: Clock.milliseconds(),
      stats: staged.logStatistics(definition.schema).json, tags: tags)
  }
}
