import Catalog
import Columnar
import DeltaLog
import Storage

/// A table that a run writes to: its state as last read, and the only way into its log.
///
/// Segments are moved from staging into the table's folder, durably, and then the log entry is written; if that
/// is refused, they are moved back. Losing a race is a result, not an error:
///
/// | the other commit | ours | then |
/// |---|---|---|
/// | append | `.append` | commit at the next version |
/// | anything in P | `.replace(P)` | `.conflict(.partitionChanged)`: make P again |
/// | append to P | `.merge(P)` | `.conflict(.partitionChanged)`: read again what was added |
/// | append to P | `.rewrite` of files of P | commit at the next version: both are kept |
/// | removed files of P | `.rewrite` of files of P | `.conflict(.fileChanged)`, `.conflict(.filesRemoved)`: abandon it |
/// | metadata or protocol | anything | `.conflict(.metadataChanged)`: plan again |
/// | the same application | the same | `.alreadyDone` |
/// | anything | `.wholeTable` | `.conflict(.snapshotOutdated)`: plan again |
package final class TableWriter {
  /// As in `bars.glbx_mdp3_ohlcv_1m`.
  package let name: TableName
  /// The table's folder.
  package let root: String
  /// The lake that the table belongs to.
  package let lake: Lake
  /// The table's folder as the log sees it.
  package let storage: DirectoryStorage
  /// The table as last read; nil if it did not exist.
  package private(set) var snapshot: Snapshot?
  /// The version that our last commit made.
  package private(set) var committedVersion: Int?
  /// Whether a commit of ours is newer than the snapshot.
  private var isBehind = false

  /// - Parameter snapshot: The table as read a moment ago; a commit finds out what was committed since.
  package init(_ name: TableName, lake: Lake, snapshot: Snapshot? = nil) {
    self.name = name
    self.lake = lake
    self.snapshot = snapshot
    root = lake.path(of: name)
    storage = DirectoryStorage(root: root)
  }

  // MARK: - The table as it is

  /// Reads the table again.
  ///
  /// - Throws: If the folder has data files but no log: a new table is never made over them.
  @discardableResult
  package func load() throws -> Snapshot? {
    isBehind = false
    if let known = snapshot {
      snapshot = try known.refreshed(storage)
    } else {
      snapshot = try Snapshot.loadIfPresent(storage)
      if snapshot == nil { try lake.requireLog(of: name) }
    }
    return snapshot
  }

  /// Reads the table again if a commit of ours is newer than the snapshot.
  ///
  /// - Returns: Whether it was read again.
  package func catchUp() throws -> Bool {
    if !isBehind { return false }
    try load()
    return true
  }

  /// Refuses a table that this program must not write to, or whose definition differs from `definition`.
  package func requireMatch(_ definition: TableDefinition) throws {
    guard let snapshot else { return }
    try snapshot.requireWritable()
    try definition.requireMatch(snapshot)
  }

  // MARK: - Committing

  /// Tries once to commit a change that was computed from `snapshot`.
  ///
  /// - Parameters:
  ///   - definition: Creates the table if there is none, and adds the columns that it lacks; nil for an
  ///     existing table whose columns stay as they are.
  ///     nil for a table that is there, and stays as it is.
  /// - Returns: The outcome; `snapshot` is not updated.
  package func commit(
    _ change: TableChange, _ definition: TableDefinition?, run: StagingRun
  ) throws -> CommitOutcome {
    var transaction = try transaction(change, definition)
    let folder = name.layer + "/" + name.name + "/"
    if snapshot == nil {
      try DirectoryStorage(root: run.lakeRoot).createDirectory(folder + "_delta_log")
    }
    let moves = change.segments.map { (from: $0.staged.path, to: folder + $0.file.filePath) }
    let outcome =
      moves.isEmpty
      ? try transaction.commit() : try run.publish(moves) { try transaction.commit() }
    if case .committed(let version) = outcome {
      committedVersion = version
      // The new version is read only when more is to be committed: most commands end here.
      isBehind = true
    }
    return outcome
  }

  /// Commits what `change` makes of the current table, until no other writer's commit comes first.
  ///
  /// - Parameter change: Called with nil first, and after each lost race with its outcome, once the table was
  ///   read again; returns nil if nothing is left to do.
  /// - Returns: The committed version; nil if nothing was left to do.
  /// - Throws: `PassError.conflict` after `CommitGroup.attemptMax` lost races.
  @discardableResult
  package func commit(
    run: StagingRun,
    _ change: (_ lost: CommitOutcome?) throws -> (TableChange, TableDefinition?)?
  ) throws -> Int? {
    var lost: CommitOutcome?
    return try CommitGroup.retry(root) { _ -> Int?? in
      if lost != nil { try load() }
      guard let (change, definition) = try change(lost) else { return .some(nil) }
      let outcome = try commit(change, definition, run: run)
      if case .committed(let version) = outcome { return version }
      lost = outcome
      return nil
    }
  }

  private func transaction(
    _ change: TableChange, _ definition: TableDefinition?
  ) throws -> Transaction {
    var transaction = Transaction(snapshot: snapshot, storage: storage)
    if let definition {
      if snapshot == nil {
        transaction = try definition.transaction(on: storage)
      } else {
        try transaction.addColumns(missingColumns(definition))
      }
    }
    transaction.operation = change.operation
    transaction.operationParameters = change.parameters
    transaction.operationMetrics = change.metrics
    if let metadata = change.metadata { transaction.setMetadata(metadata) }
    for application in change.applications {
      transaction.setApplication(application.id, version: application.version)
    }
    let added = change.segments.map(\.file) + change.restored
    switch change.basis {
    case .append: break
    case .merge(let read): transaction.readPartitions = read
    case .replace(let keys):
      if snapshot == nil { break }
      for key in keys { try transaction.replacePartition(key, with: []) }
    // Appends of others are kept beside it; a file that another commit removed is found out by its removal.
    case .rewrite: break
    case .wholeTable: transaction.followsSnapshot = true
    }
    if change.changesRows {
      transaction.remove(change.removed)
      transaction.append(added)
    } else {
      transaction.compact(removing: change.removed, adding: added)
    }
    return transaction
  }

  /// Columns that the table does not declare: it was made before its schema had them.
  private func missingColumns(_ definition: TableDefinition) -> [Field] {
    guard let snapshot else { return [] }
    let names = Set(snapshot.schema.fields.map { $0.name.lowercased() })
    return definition.schema.fileFields.filter { !names.contains($0.name.lowercased()) }
  }
}
