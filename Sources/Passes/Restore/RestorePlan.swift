import Bytes
import Catalog
import DeltaLog
import Ledger
import Platform

/// What restoring a table will do: a plain value.
public struct RestorePlan: Sendable {
  /// Files and rows of one partition that are added and removed.
  public struct Change: Hashable, Sendable {
    /// Files that are added again.
    public var filesAdded = 0
    /// Files that become tombstones; their bytes stay on disk.
    public var filesRemoved = 0
    /// nil if a file has no row count.
    public var rowsAdded: Int64? = 0
    /// nil if a file has no row count.
    public var rowsRemoved: Int64? = 0

    static func + (left: Change, right: Change) -> Change {
      Change(
        filesAdded: left.filesAdded + right.filesAdded,
        filesRemoved: left.filesRemoved + right.filesRemoved,
        rowsAdded: sum(left.rowsAdded, right.rowsAdded),
        rowsRemoved: sum(left.rowsRemoved, right.rowsRemoved))
    }

    static func sum(_ left: Int64?, _ right: Int64?) -> Int64? { left.adding(known: right) }
  }

  /// The table that is restored.
  public let table: TableName
  /// The table's current version.
  public let fromVersion: Int
  /// What it is restored to.
  public let target: RestoreTarget
  /// The commits that are undone, newest first; if the table is emptied, those that still exist.
  public let undone: [HistoryEntry]
  /// By partition: its date, or its partition values as in the folder's name.
  public internal(set) var changes: [(partition: String, change: Change)] = []
  /// Columns that are removed.
  public internal(set) var columnsRemoved: [String] = []
  /// Columns that are added again.
  public internal(set) var columnsAdded: [String] = []
  /// Properties that are changed or removed.
  public internal(set) var propertiesChanged: [String] = []
  /// Inputs that count as not ingested afterwards: they can be ingested again.
  public internal(set) var inputsUndone = 0
  /// Intervals, by symbol, that are no longer complete.
  public internal(set) var intervalsUndone = 0

  // The content of the commit.
  let snapshot: Snapshot
  var added: [AddFile] = []
  var removed: [AddFile] = []
  var metadata: TableMetadata?
  var applications: [TxnAction] = []
  var events: [CoverageEvent] = []

  init(table: TableName, snapshot: Snapshot, target: RestoreTarget, undone: [HistoryEntry]) {
    self.table = table
    self.snapshot = snapshot
    fromVersion = snapshot.version
    self.target = target
    self.undone = undone
  }

  /// Over all partitions.
  public var total: Change { changes.reduce(Change()) { $0 + $1.change } }

  /// Whether the table is already in the target state.
  public var isNothing: Bool {
    added.isEmpty && removed.isEmpty && metadata == nil && applications.isEmpty && events.isEmpty
  }
}

extension RestorePlan {
  /// Takes over the target's files, schema, properties and recorded inputs.
  mutating func compare(with target: Snapshot) throws {
    let (files, targetFiles) = (try snapshot.files, try target.files)
    let now = Dictionary(files.map { ($0.filePath, $0) }) { $1 }
    let then = Dictionary(targetFiles.map { ($0.filePath, $0) }) { $1 }
    // Also a file whose statistics or tags differ: an add of the same path replaces it.
    added = targetFiles.filter { now[$0.filePath] != $0 }
    removed = files.filter { then[$0.filePath] == nil }
    var changes: [String: Change] = [:]
    for file in added where now[file.filePath] == nil {
      changes[partition(file), default: Change()].add(file)
    }
    for file in removed { changes[partition(file), default: Change()].remove(file) }
    self.changes = changes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    compareMetadata(target)
    compareApplications(target.txns.all)
  }

  /// Removes all files, and all recorded inputs.
  mutating func empty() throws {
    removed = try snapshot.files
    var changes: [String: Change] = [:]
    for file in removed { changes[partition(file), default: Change()].remove(file) }
    self.changes = changes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    compareApplications([:])
  }

  private mutating func compareMetadata(_ target: Snapshot) {
    guard target.metadata != snapshot.metadata else { return }
    metadata = target.metadata
    let (now, then) = (snapshot.fields.map(\.name), target.fields.map(\.name))
    columnsRemoved = now.filter { !then.contains($0) }
    columnsAdded = then.filter { !now.contains($0) }
    let names = Set(snapshot.configuration.keys).union(target.configuration.keys)
    propertiesChanged = names.sorted().filter {
      snapshot.configuration[$0] != target.configuration[$0]
    }
  }

  /// Application ids of other writers stay as they are.
  private mutating func compareApplications(_ target: [String: TxnAction]) {
    let now = snapshot.txns.all
    let ids = Set(now.keys).union(target.keys)
    for id in ids.sorted() {
      let wanted = target[id]?.version ?? 0
      let action = TxnAction(appId: id, version: wanted, lastUpdated: Clock.milliseconds())
      guard action.isOwn, (now[id]?.version ?? 0) != wanted else { continue }
      applications.append(action)
      if action.isWithdrawn, Self.isInput(id) { inputsUndone += 1 }
    }
  }

  /// Whether an application id identifies a file or a download's unit.
  private static func isInput(_ id: String) -> Bool {
    id.hasPrefix("lake/ingest/") || id.hasPrefix("lake/download/")
  }

  private func partition(_ file: AddFile) -> String {
    let columns = snapshot.partitionColumns
    // A table that is kept by another period since has files of both.
    if file.partitionValues.count == 1, let value = file.partitionValues.values.first ?? nil {
      return value
    }
    return columns.isEmpty ? "-" : PartitionKey(file.partitionValues).folder(columns)
  }
}

extension RestorePlan.Change {
  fileprivate mutating func add(_ file: AddFile) {
    filesAdded += 1
    rowsAdded = Self.sum(rowsAdded, file.rowCount)
  }

  fileprivate mutating func remove(_ file: AddFile) {
    filesRemoved += 1
    rowsRemoved = Self.sum(rowsRemoved, file.rowCount)
  }
}
