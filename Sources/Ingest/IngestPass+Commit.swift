import Catalog
import DeltaLog
import Platform
import RowSources
import Tables

// Groups of inputs become commits.

extension IngestPass {
  /// Whether rows wait for the commit.
  package var hasPending: Bool { targets.values.contains { !$0.pendingInputs.isEmpty } }

  var isGroupDue: Bool {
    let partitions = targets.values.reduce(0) { $0 + $1.pending.count }
    if quarantine.rowCount >= SourceRejection.countMax { return true }
    if !openTables.isEmpty { return partitions >= CommitGroup.openPartitionMax }
    return partitions >= CommitGroup.partitionMax
      || Clock.nanoseconds() - groupStart >= CommitGroup.nanosecondsMax
  }

  /// Commits what waits, table by table, by name; when one cannot be committed to, those before it are.
  package func commitAll() throws {
    try syncer.finish()
    // Quarantined rows first: once the rows of a download are stored, it is not fetched again.
    try quarantine.flush(run: run)
    for name in targets.keys.sorted() {
      guard let target = targets[name] else { continue }
      try commit(target)
    }
    // And those that were quarantined when inputs were read again.
    try quarantine.flush(run: run)
    groupStart = Clock.nanoseconds()
  }

  private func commit(_ target: TableTarget) throws {
    var indexes: [Int] = []
    let done = try target.commit(
      run,
      stamp: { events in
        indexes = target.pendingInputs.compactMap(\.index)
        return journal.stamped(events) + journal.takeDeadRequests(of: target.name)
      },
      lostRace: { outcome, before in try settle(target, outcome, before: before) })
    guard let done else { return }
    try tellLedger(done.events)
    observer.didStore(rowCount: indexes.reduce(0) { $0 + report.files[$1].rowsStored })
    openTables.remove(target.name)
    if done.version == 0, let wide = widths[target.name] { report.wideColumns[target.name] = wide }
    report.commits.append((target.name, done.version))
    mergeSmall(target)
  }

  /// The rows are stored, whatever the result.
  private func mergeSmall(_ target: TableTarget) {
    do {
      try target.mergeSmall(run, isInterrupted: { observer.isInterrupted })
    } catch {
      if observer.isInterrupted { return }
      let why = (error as? any LakeError)?.message ?? "\(error)"
      observer.warn(
        PassError(
          .input, "the rows are stored; many small files were not merged: " + why,
          place: "table '\(target.name)'", remedy: "lake compact \(target.name)"))
    }
  }

  /// Another writer came first: its rows may overlap ours; the inputs affected are read again.
  private func settle(
    _ target: TableTarget, _ outcome: CommitOutcome, before: TableTarget.Look
  ) throws {
    if case .alreadyDone = outcome {
      for index in target.pendingInputs.compactMap(\.index) {
        report.files[index].wasStoredByAnother()
      }
      _ = target.drop(Set(target.pendingInputs.map(\.appId)))
      return
    }
    let stale = try target.staleInputs(since: before)
    for index in target.drop(stale).compactMap(\.index) {
      quarantine.drop(sha256: report.files[index].sha256)
      report.files[index] = IngestFileReport(path: report.files[index].path)
      ingestInput(index)
    }
    try syncer.finish()
  }
}
