/// How a commit ended.
public enum CommitOutcome: Hashable, Sendable {
  /// Our commit is this version.
  case committed(version: Int)
  /// All our application transactions are in the table already, at this version or before.
  case alreadyDone(version: Int)
  /// Another commit, of this version, came first and conflicts with ours. Nothing was written.
  case conflict(version: Int, reason: ConflictReason)
}

/// Why two commits conflict.
public enum ConflictReason: Hashable, Sendable {
  /// The table was to be created, but exists.
  case tableExists
  /// Schema, properties or protocol changed: plan again.
  case metadataChanged
  /// Files were added or removed in a partition that ours read or replaces: compute it again.
  case partitionChanged(PartitionKey?)
  /// Files were removed in a partition that ours compacts: abandon it.
  case filesRemoved(PartitionKey?)
  /// A file that ours removes was changed or removed by the other.
  case fileChanged(path: String)
  /// Some, but not all, of our application transactions are in the table: leave them out.
  case transactionsDone(appIds: [String])
  /// Ours must directly follow its snapshot, and another version came first: plan again.
  case snapshotOutdated
  /// Another commit advanced one of our applications, to a version below ours: plan again.
  case transactionAdvanced(appId: String)
}

/// Whether our commit is still valid after another commit (`design` of the lake, "Commit protocol").
struct ConflictCheck {
  /// Keys of the files that ours removes.
  private var removedKeys: Set<String> = []
  /// Their partitions.
  private var removedPartitions: Set<PartitionKey> = []
  private var txns: [String: Int64] = [:]
  private let read: PartitionSet
  private let replaced: PartitionSet
  /// Finds the partition of a file that another commit removes without naming it.
  private let snapshot: Snapshot?

  init(_ actions: [Action], read: PartitionSet, replaced: PartitionSet, snapshot: Snapshot?)
    throws(DeltaError)
  {
    self.read = read
    self.replaced = replaced
    self.snapshot = snapshot
    let partitions = try Self.partitions(of: actions, snapshot)
    for action in actions {
      switch action {
      case .remove(let file):
        let key = LogReplay.key(file.path, file.deletionVectorID)
        removedKeys.insert(key)
        if let partition = partitions[key] { removedPartitions.insert(partition) }
      case .txn(let txn): txns[txn.appId] = txn.version
      default: break
      }
    }
  }

  var isBlindAppend: Bool { removedKeys.isEmpty && read.isEmpty && replaced.isEmpty }

  /// nil if no application transaction of ours is in `done`, or ours has none.
  ///
  /// - Parameter done: Returns the recorded progress of an application.
  func doneAlready(_ done: (String) -> TxnAction?, at version: Int) -> CommitOutcome? {
    let ours = txns.filter { appId, ours in done(appId).map { $0.version >= ours } ?? false }
    if ours.isEmpty { return nil }
    if ours.count == txns.count { return .alreadyDone(version: version) }
    return .conflict(
      version: version, reason: .transactionsDone(appIds: ours.keys.sorted()))
  }

  /// nil if ours may follow this commit.
  func outcome(after other: [Action], version: Int) throws(DeltaError) -> CommitOutcome? {
    var done: [String: TxnAction] = [:]
    for case .txn(let txn) in other { done[txn.appId] = txn }
    if let outcome = doneAlready({ done[$0] }, at: version) { return outcome }
    func conflict(_ reason: ConflictReason) -> CommitOutcome {
      .conflict(version: version, reason: reason)
    }
    for appId in done.keys.sorted() where txns[appId] != nil {
      return conflict(.transactionAdvanced(appId: appId))
    }
    let partitions = try Self.partitions(of: other, snapshot)
    for action in other {
      switch action {
      case .metadata, .protocol: return conflict(.metadataChanged)
      case .add(let file):
        let key = PartitionKey(file.partitionValues)
        if replaced.contains(key) || read.contains(key) {
          return conflict(.partitionChanged(key))
        }
        if removedKeys.contains(LogReplay.key(file.path, file.deletionVectorID)) {
          return conflict(.fileChanged(path: file.path))
        }
      case .remove(let file):
        let path = LogReplay.key(file.path, file.deletionVectorID)
        let key = partitions[path]
        if replaced.contains(key) || read.contains(key) {
          return conflict(.partitionChanged(key))
        }
        if removedKeys.contains(path) { return conflict(.fileChanged(path: file.path)) }
        if key.map({ removedPartitions.contains($0) }) ?? !removedPartitions.isEmpty {
          return conflict(.filesRemoved(key))
        }
      default: break
      }
    }
    return nil
  }

  /// The partitions of removed files, by key, if their tombstones or our snapshot tell.
  private static func partitions(
    of actions: [Action], _ snapshot: Snapshot?
  ) throws(DeltaError) -> [String: PartitionKey] {
    var partitions: [String: PartitionKey] = [:]
    var unknown: Set<String> = []
    for case .remove(let file) in actions {
      let key = LogReplay.key(file.path, file.deletionVectorID)
      if let values = file.partitionValues {
        partitions[key] = PartitionKey(values)
      } else {
        unknown.insert(key)
      }
    }
    if unknown.isEmpty { return partitions }
    for file in try snapshot?.files ?? [] {
      let key = LogReplay.key(file.path, file.deletionVectorID)
      if unknown.contains(key) { partitions[key] = PartitionKey(file.partitionValues) }
    }
    return partitions
  }
}
