import Bytes
import Catalog
import DeltaLog
import Ledger
import Tables

/// What a table is restored to.
public enum RestoreTarget: Hashable, Sendable {
  case version(Int)
  /// The state before its first rows: no files, and no recorded inputs. Schema and properties stay.
  case empty
}

/// Restores a table to an earlier version: in one commit, by metadata alone.
///
/// Files, schema and properties become those of that version again, later inputs count as not ingested, and the
/// ledger records it. Nothing is deleted: the result is a new version, and can be undone like any other.
/// Derived tables become stale by themselves.
public struct RestorePass {
  /// Files that an error message names.
  static let namedFileMax = 10

  let lake: Lake
  let table: LakeTable
  let name: TableName
  let target: RestoreTarget

  /// Restores the table to `version`; see `init(lake:table:to:)`.
  public init(lake: Lake, table: String, version: Int) throws {
    try self.init(lake: lake, table: table, to: .version(version))
  }

  /// - Throws: `PassError` for a ledger.
  public init(lake: Lake, table: String, to target: RestoreTarget) throws {
    self.lake = lake
    name = try lake.requireTable(named: table)
    self.table = lake.table(name)
    self.target = target
    if name.layer == "ledger" {
      throw PassError(
        .usage, "'\(name)' records what happened, and that can't be undone",
        remedy: "restore the table of rows: the ledger follows it")
    }
  }

  // MARK: - Plan

  /// Compares the table with its target state. Nothing is changed; the size of every file of the target version
  /// is checked.
  ///
  /// - Throws: `PassError.input` if commits that would be undone, or files of that version, are missing.
  public func plan() throws -> RestorePlan {
    let snapshot = try table.snapshot()
    try snapshot.requireWritable()
    guard case .version(let version) = target else {
      // The ledger knows what expired commits had added.
      var plan = RestorePlan(
        table: name, snapshot: snapshot, target: target,
        undone: try history(table.storage, from: snapshot.version))
      try plan.empty()
      return plan
    }
    let target = try table.snapshot(version: version)
    guard target.metadata.id == snapshot.metadata.id else {
      throw PassError(
        .input, "version \(version) is of another table: it was made anew since", place: table.path)
    }
    let undone = try undoneCommits(since: version, to: snapshot.version)
    var plan = RestorePlan(
      table: name, snapshot: snapshot, target: .version(version), undone: undone)
    try plan.compare(with: target)
    try requireBytes(of: target, version)
    return plan
  }

  /// Every undone commit must be readable, since the coverage that it records no longer holds.
  private func undoneCommits(since version: Int, to newest: Int) throws -> [HistoryEntry] {
    let count = newest - version
    if count == 0 { return [] }
    let entries = try history(table.storage, limit: count, from: newest)
    guard entries.count == count, entries.last?.version == version + 1 else {
      throw PassError(
        .input,
        "some of the commits from version \(version + 1) to \(newest) are gone, and what they brought can't be told",
        place: table.path, remedy: "restore a newer version: lake history \(name)")
    }
    return entries
  }

  /// A version whose files are missing can't be restored.
  private func requireBytes(of target: Snapshot, _ version: Int) throws {
    var lacking: [String] = []
    var lackingCount = 0
    let files = try target.files
    for file in files {
      let fault: String?
      if file.filePath.hasPrefix("/") || file.filePath.contains("://") {
        // Files of a shallow clone are kept by the original table.
        continue
      } else if let found = try table.storage.attributes(file.filePath) {
        fault =
          Int64(found.byteCount) == file.size
          ? nil : "\(file.filePath) (has \(found.byteCount) bytes of \(file.size))"
      } else {
        fault = file.filePath
      }
      guard let fault else { continue }
      lackingCount += 1
      if lacking.count < Self.namedFileMax { lacking.append(fault) }
    }
    if lackingCount == 0 { return }
    let more = lackingCount > lacking.count ? " and \(lackingCount - lacking.count) more" : ""
    throw PassError(
      .input,
      "\(lackingCount) of the \(files.count) files of version \(version) are gone: "
        + lacking.joined(separator: ", ") + more,
      place: table.path, remedy: "restore a newer version: lake history \(name)")
  }

  // MARK: - Commit

  /// Restores the table and updates the ledger.
  ///
  /// - Parameter observer: Receives warnings about what dead runs left.
  /// - Returns: The plan that was carried out (made again after a lost race); the new version, nil if nothing
  ///   was to do; and the error if the ledger could not be updated.
  public func run(
    observer: any PassObserver = NoObserver()
  ) throws -> (plan: RestorePlan, version: Int?, ledgerFailure: (any Error)?) {
    try LakeCleaning.removeDeadRuns(lake, observer: observer)
    let run = try StagingRun(root: lake.root)
    defer { run.finish() }
    let journal = try CoverageJournal(lake: lake, runID: run.id)
    return try CommitGroup.retry(table.path) {
      _ -> (plan: RestorePlan, version: Int?, ledgerFailure: (any Error)?)? in
      var plan = try plan()
      try addEvents(to: &plan, runID: run.id)
      if plan.isNothing { return (plan, nil, nil) }
      guard let version = try commit(plan, run) else { return nil }
      do {
        try journal.keep(plan.events)
        try journal.mergeIntoTable(run: run)
      } catch {
        // The commit holds the events that the ledger lacks.
        return (plan, version, error)
      }
      return (plan, version, nil)
    }
  }

  /// The plan, with the ledger's events.
  public func planWithLedger() throws -> RestorePlan {
    var plan = try plan()
    try addEvents(to: &plan, runID: "")
    return plan
  }

  private func addEvents(to plan: inout RestorePlan, runID: String) throws {
    // An empty table stays as it is: the undoing of its commits was recorded before.
    if target == .empty && plan.isNothing { return }
    var undone = try plan.undone.flatMap { try CoverageRecovery.events(of: $0.commitInfo) }
    let ledger = try CoverageLedger.recovered(lake).0
    if target == .empty {
      // Whichever commit added them: no interval is covered by rows of this table any more.
      undone += ledger.events.filter { $0.table == name.description && $0.state.restsOnRows }
    }
    if undone.isEmpty { return }
    let coverage = RestoreCoverage(ledger, table: name.description, undone: undone)
    let events = coverage.events(runID: runID, reason: "undone: the table was \(targetText)")
    // Restored to the same version before: its commit says all of this already.
    if plan.isNothing && coverage.isKnown(events) { return }
    plan.events = events
    plan.intervalsUndone = plan.events.count { !$0.state.saysRowsAreThere }
  }

  private var targetText: String {
    if case .version(let version) = target { return "taken back to version \(version)" }
    return "emptied"
  }

  /// - Returns: nil if another commit came first.
  private func commit(_ plan: RestorePlan, _ run: StagingRun) throws -> Int? {
    var change = TableChange(.wholeTable)
    change.operation = "RESTORE"
    var aim = ("empty", "true")
    if case .version(let version) = target { aim = ("version", "\(version)") }
    change.parameters = [aim, ("run", run.id)] + CoverageRecovery.parameters(plan.events)
    change.metrics = metrics(plan)
    change.metadata = plan.metadata
    change.applications = plan.applications.map { ($0.appId, $0.version) }
    change.removed = plan.removed
    change.restored = plan.added.map { file in
      var file = file
      file.dataChange = true
      return file
    }
    let writer = TableWriter(name, lake: lake, snapshot: plan.snapshot)
    guard case .committed(let version) = try writer.commit(change, nil, run: run) else {
      return nil
    }
    return version
  }

  /// Named as in Delta's own RESTORE.
  private func metrics(_ plan: RestorePlan) -> [(name: String, value: String)] {
    let (came, gone) = (plan.added, plan.removed)
    var metrics = [
      (name: "numRestoredFiles", value: "\(came.count)"), ("numRemovedFiles", "\(gone.count)"),
    ]
    for (name, files) in [("restoredFilesSize", came), ("removedFilesSize", gone)] {
      // Impossible sizes, which a log may hold, are left out.
      let bytes = files.reduce(Int64?(0)) { $0.adding(known: $1.size) }
      if let bytes { metrics.append((name, "\(bytes)")) }
    }
    return metrics
  }
}
