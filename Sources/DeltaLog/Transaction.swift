import Columnar
import JSON
import Platform
import Storage

/// A change to a table that takes effect as a whole, once, or not at all.
///
///     var transaction = Transaction(snapshot: snapshot, storage: storage)
///     transaction.setApplication("lake/ingest/…", version: 1)
///     transaction.append(files)
///     switch try transaction.commit() { … }
public struct Transaction: Sendable {
  /// Races that may be lost one after the other before `contention` is thrown.
  public static let raceLossMax = 10_000

  /// What the plan is based on; nil to create the table.
  public let snapshot: Snapshot?
  let storage: any TableStorage

  /// The lines of the commit, without `commitInfo`.
  public var actions: [Action] = []
  /// `operation` in `commitInfo`: WRITE, OPTIMIZE, DELETE, CREATE TABLE, …
  public var operation = "WRITE"
  /// `operationParameters` in `commitInfo`.
  public var operationParameters: [(name: String, value: String)] = []
  /// `operationMetrics` in `commitInfo`.
  public var operationMetrics: [(name: String, value: String)] = []
  /// Name and version of the program that commits.
  public var engineInfo = "lake/" + DeltaLogVersion.engine
  /// Partitions from which ours was computed: other commits must not change them meanwhile.
  public var readPartitions = PartitionSet.none
  /// Partitions that ours replaces completely.
  public var replacedPartitions = PartitionSet.none
  /// Whether ours must directly follow its snapshot: after any other commit it is planned again. Its
  /// applications may then return to lower versions.
  public var followsSnapshot = false
  /// Whether `commit` writes a checkpoint when one is due.
  public var writesCheckpoints = true
  /// Why a due checkpoint could not be written; the commit is valid all the same.
  public private(set) var checkpointFailure: DeltaError?

  /// Computed on first use, for any number of partitions.
  private var filesByPartition: [PartitionKey: [AddFile]]?
  /// Identifies our commit.
  private let txnId = UniqueID.make()

  /// - Parameter snapshot: nil to create the table: then `actions` must have protocol and metadata, which
  ///   `create` adds.
  public init(snapshot: Snapshot?, storage: any TableStorage) {
    self.snapshot = snapshot
    self.storage = storage
  }

  // MARK: - Composing

  /// Declares the table that this transaction creates.
  public mutating func create(
    schema: DeltaSchema, partitionColumns: [String], configuration: [String: String],
    name: String? = nil, description: String? = nil
  ) {
    precondition(snapshot == nil, "a table that is created has no snapshot")
    operation = "CREATE TABLE"
    actions.append(.protocol(.lake))
    actions.append(
      .metadata(
        TableMetadata(
          id: UniqueID.make(), name: name, description: description,
          schemaString: schema.schemaString, partitionColumns: partitionColumns,
          configuration: configuration, createdTime: Clock.milliseconds())))
  }

  /// Adds files; appends by other writers don't conflict.
  public mutating func append(_ files: [AddFile]) {
    actions.append(contentsOf: files.map { .add($0) })
  }

  /// Removes live files.
  public mutating func remove(_ files: [AddFile], dataChange: Bool = true) {
    let time = Clock.milliseconds()
    actions.append(
      contentsOf: files.map {
        .remove(RemoveFile(removing: $0, at: time, dataChange: dataChange))
      })
  }

  /// Removes all live files of a partition, and adds these instead.
  public mutating func replacePartition(
    _ key: PartitionKey, with files: [AddFile]
  ) throws(DeltaError) {
    if filesByPartition == nil { filesByPartition = try snapshot?.filesByPartition() ?? [:] }
    replacedPartitions.insert(key)
    remove(filesByPartition?[key] ?? [])
    append(files)
  }

  /// Replaces files with others that hold the same rows.
  public mutating func compact(removing old: [AddFile], adding new: [AddFile]) {
    remove(old, dataChange: false)
    append(
      new.map { file in
        var file = file
        file.dataChange = false
        return file
      })
  }

  /// Makes this transaction happen only once: if the table has this application at `version` or above, it is
  /// done already.
  public mutating func setApplication(_ appId: String, version: Int64) {
    actions.append(
      .txn(TxnAction(appId: appId, version: version, lastUpdated: Clock.milliseconds())))
  }

  /// Changes the table's metadata; at most once per transaction.
  public mutating func setMetadata(_ metadata: TableMetadata) {
    actions.append(.metadata(metadata))
  }

  /// Sets table properties; nil removes one.
  public mutating func setProperties(_ properties: [String: String?]) {
    guard var metadata = pendingMetadata else { return }
    for (key, value) in properties { metadata.configuration[key] = value }
    replacePendingMetadata(metadata)
  }

  /// Adds nullable columns after the others, but before partition columns at the end.
  ///
  /// - Throws: `schema` if a column of that name exists, ignoring case.
  public mutating func addColumns(_ fields: [Field]) throws(DeltaError) {
    guard !fields.isEmpty, var metadata = pendingMetadata else { return }
    var schema = try DeltaSchema(parsing: metadata.schemaString)
    let trailing = schema.fields.reversed().prefix { metadata.partitionColumns.contains($0.name) }
    var position = schema.fields.count - trailing.count
    for field in try DeltaSchema(fields).fields {
      if schema.fields.contains(where: { $0.name.lowercased() == field.name.lowercased() }) {
        throw DeltaError(.schema, "the table has a column '\(field.name)' already")
      }
      var field = field
      field.isNullable = true
      schema.fields.insert(field, at: position)
      position += 1
    }
    metadata.schemaString = schema.schemaString
    replacePendingMetadata(metadata)
  }

  private var pendingMetadata: TableMetadata? {
    for case .metadata(let metadata) in actions { return metadata }
    return snapshot?.metadata
  }

  private mutating func replacePendingMetadata(_ metadata: TableMetadata) {
    actions.removeAll { if case .metadata = $0 { true } else { false } }
    actions.append(.metadata(metadata))
  }

  // MARK: - Committing

  /// Writes the commit to the log, after any other commits that came first and don't conflict.
  public mutating func commit() throws(DeltaError) -> CommitOutcome {
    try TransactionRules.check(actions, snapshot, storage.name)
    // Undecodable parts may have influenced the plan.
    if let failure = snapshot?.failure {
      throw CheckpointReader.corrupt(failure, storage.name)
    }
    let check = try ConflictCheck(
      actions, read: readPartitions, replaced: replacedPartitions, snapshot: snapshot)
    if !followsSnapshot, let snapshot,
      let outcome = check.doneAlready({ snapshot.txns[$0] }, at: snapshot.version)
    {
      return outcome
    }
    let bytes = CommitWriter.bytes(of: [.commitInfo(commitInfo(check))] + ordered)
    if snapshot == nil {
      try storing { () throws(StorageError) in
        try storage.createDirectory(LogFile.directory)
      }
    }
    var version = try successor(of: snapshot?.version ?? -1)
    for _ in 0..<Self.raceLossMax {
      if try put(bytes, version) {
        let checkpoint = checkpointIfDue(version)
        if var known = snapshot?.known {
          known.checkpoint = checkpoint ?? known.checkpoint
          ListingHint.write(version, known, storage)
        }
        return .committed(version: version)
      }
      if snapshot == nil { return .conflict(version: version, reason: .tableExists) }
      if followsSnapshot { return .conflict(version: version, reason: .snapshotOutdated) }
      let other = try SnapshotLoader.commit(version, storage)
      if let outcome = try check.outcome(after: other, version: version) { return outcome }
      version = try successor(of: version)
    }
    throw DeltaError(
      .contention, "\(Self.raceLossMax) other commits came first", path: storage.name,
      remedy: "run the command again when fewer writers are at work")
  }

  private func successor(of version: Int) throws(DeltaError) -> Int {
    let (next, overflow) = version.addingReportingOverflow(1)
    if overflow {
      throw DeltaError(
        .corrupt, "version \(version) is the last that there can be: nothing can follow it",
        path: storage.name + "/" + LogFile.directory,
        remedy: "move the file of that version away, if no writer of yours made it")
    }
    return next
  }

  /// Whether our commit is `version`: storage confirmed it, or it was found there.
  private func put(_ bytes: [UInt8], _ version: Int) throws(DeltaError) -> Bool {
    let path = LogFile.commitPath(version)
    var failure: StorageError?
    do {
      if try storage.putIfAbsent(path, bytes) { return true }
    } catch { failure = error }
    // Storage may have done what it reports as failed, and a retry inside it may have collided with its own
    // first try. Only if no such version exists is it certain that nothing was committed.
    var isThere = true
    do throws(DeltaError) {
      if try isOurs(version) {
        try storing { () throws(StorageError) in try storage.syncDirectory(LogFile.directory) }
        return true
      }
      if failure != nil { isThere = try exists(version) }
    } catch {
      let reason = failure.map { $0.message + ", then " } ?? ""
      throw DeltaError(
        .unknownOutcome,
        "it is not known whether version \(version) was committed: \(reason)" + error.message,
        path: storage.name + "/" + path,
        remedy: "run the command again: what is done will not be done twice")
    }
    if let failure, !isThere { throw DeltaError(failure) }
    return false
  }

  private func exists(_ version: Int) throws(DeltaError) -> Bool {
    try storing { () throws(StorageError) in
      try storage.exists(LogFile.commitPath(version))
    }
  }

  private func isOurs(_ version: Int) throws(DeltaError) -> Bool {
    guard try exists(version) else { return false }
    for case .commitInfo(let info) in try SnapshotLoader.commit(version, storage) {
      return info.txnId == txnId
    }
    return false
  }

  /// Metadata first, then the actions that depend on it.
  private var ordered: [Action] {
    func rank(_ action: Action) -> Int {
      switch action {
      case .commitInfo: 0
      case .protocol: 1
      case .metadata: 2
      case .txn: 3
      case .domainMetadata: 4
      case .remove: 5
      case .add: 6
      case .changeData, .unknown: 7
      }
    }
    return actions.enumerated()
      .sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(\.element)
  }

  private func commitInfo(_ check: ConflictCheck) -> CommitInfo {
    let hasMetadata = actions.contains { if case .metadata = $0 { true } else { false } }
    var json = JSONObject()
    json["timestamp"] = .integer(Clock.milliseconds())
    json["operation"] = .string(operation)
    json["operationParameters"] = .object(
      JSONObject(operationParameters.map { ($0.name, .string($0.value)) }))
    if let snapshot { json["readVersion"] = .integer(snapshot.version) }
    json["isolationLevel"] = .string("Serializable")
    json["isBlindAppend"] = .boolean(check.isBlindAppend && !hasMetadata)
    if !operationMetrics.isEmpty {
      json["operationMetrics"] = .object(
        JSONObject(operationMetrics.map { ($0.name, .string($0.value)) }))
    }
    json["engineInfo"] = .string(engineInfo)
    json["txnId"] = .string(txnId)
    return CommitInfo(.object(json))
  }

  /// - Returns: A checkpoint that was written or found.
  private mutating func checkpointIfDue(_ version: Int) -> CheckpointFiles? {
    guard writesCheckpoints else { return nil }
    var fileActionCount = 0
    for action in actions {
      switch action {
      case .add, .remove: fileActionCount += 1
      default: break
      }
    }
    do throws(DeltaError) {
      return try CheckpointPolicy.checkpointIfDue(
        version, base: snapshot, fileActionCount: fileActionCount, storage)
    } catch {
      checkpointFailure = error
      return nil
    }
  }
}

/// `engineInfo` of `commitInfo`.
public enum DeltaLogVersion {
  /// The version of this program.
  public static let engine = "0.1.0"
}
