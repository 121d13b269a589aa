import Bytes
import Catalog
import DeltaLog
import Ledger
import Tables

/// What a table is taken back to.
public enum RestoreTarget: Hashable, Sendable {
  case version(Int)
  /// What it was before its first rows: no files, and no input is in. Schema and properties stay.
  case empty
}

/// Takes a table back to an earlier version: in one commit, by metadata alone.
///
/// Files, schema and properties are those of that version again, inputs that came since are no longer
/// in, and the ledger says so. Nothing is deleted: it is a new version, and can be undone like any
/// other. What was derived from the table becomes stale by itself.
public struct RestorePass {
  /// Files that a refusal names.
  static let namedFileMax = 10

  let lake: Lake
  let table: LakeTable
  let name: TableName
  let target: RestoreTarget

  /// Takes the table back to `version`; see `init(lake:table:to:)`.
  public init(lake: Lake, table: String, version: Int) throws {
    try self.init(lake: lake, table: table, to: .version(version))
  }

  /// - Throws: `PassError` for a table that is no table of rows.
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

  /// Compares the table with what it is taken back to. Nothing is changed; the size of every file of the target
  /// version is checked.
  ///
  /// - Throws: `PassError.input` where commits that would be undone, or files of that version, are missing.
  public func plan() throws -> RestorePlan {
    let snapshot = try table.snapshot()
    try snapshot.requireWritable()
    guard case .version(let version) = target else {
      // What commits that are gone brought, the ledger knows.
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

  /// Every commit that is undone must be readable: what it says it covers is no longer so.
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

  /// A version whose bytes are gone can't come back.
  private func requireBytes(of target: Snapshot, _ version: Int) throws {
    var lacking: [String] = []
    var lackingCount = 0
    let files = try target.files
    for file in files {
      let fault: String?
      if file.filePath.hasPrefix("/") || file.filePath.contains("://") {
        // A shallow clone's: others keep them.
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

  /// Restores, and brings the ledger up to date.
  ///
  /// - Parameter observer: Told what is odd about what dead runs left.
  /// - Returns: The plan that was carried out, made again where other commits came first, and the new
  ///   version, nil where there is nothing to do; and why the ledger could not be told.
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
        // The table is at its new version, and the commit has what the ledger lacks.
        return (plan, version, error)
      }
      return (plan, version, nil)
    }
  }

  /// The plan with what the ledger will be told.
  public func planWithLedger() throws -> RestorePlan {
    var plan = try plan()
    try addEvents(to: &plan, runID: "")
    return plan
  }

  private func addEvents(to plan: inout RestorePlan, runID: String) throws {
    // An empty table stays as it is: what its commits brought was taken out, and that was said, before.
    if target == .empty && plan.isNothing { return }
    var undone = try plan.undone.flatMap { try CoverageRecovery.events(of: $0.commitInfo) }
    let ledger = try CoverageLedger.recovered(lake).0
    if target == .empty {
      // Whatever commit brought them: no interval rests on rows of this table any more.
      undone += ledger.events.filter { $0.table == name.description && $0.state.restsOnRows }
    }
    if undone.isEmpty { return }
    let coverage = RestoreCoverage(ledger, table: name.description, undone: undone)
    plan.events = coverage.events(runID: runID, reason: "undone: the table was \(targetText)")
    plan.intervalsUndone = plan.events.count { !$0.state.saysRowsAreThere }
  }

  private var targetText: String {
    if case .version(let version) = target { return "taken back to version \(version)" }
    return "emptied"
  }

  /// - Returns: nil where another commit came first.
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

  /// By the names that Delta's own RESTORE has for them.
  private func metrics(_ plan: RestorePlan) -> [(name: String, value: String)] {
    let (came, gone) = (plan.added, plan.removed)
    var metrics = [
      (name: "numRestoredFiles", value: "\(came.count)"), ("numRemovedFiles", "\(gone.count)"),
    ]
    for (name, files) in [("restoredFilesSize", came), ("removedFilesSize", gone)] {
      // Sizes that cannot be, as a log may state them, are not told.
      let bytes = files.reduce(Int64?(0)) { $0.adding(known: $1.size) }
      if let bytes { metrics.append((name, "\(bytes)")) }
    }
    return metrics
  }
}
