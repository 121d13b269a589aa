import Catalog
import Tables

/// Rebuilds the coverage ledger from the tables' commits.
public enum LedgerRebuild {
  /// Events in commits that the ledger lacks, over the whole history of every table.
  ///
  /// - Parameter didFail: Called for tables that cannot be read; without it the first error is thrown.
  public static func missing(
    _ lake: Lake, didFail: CoverageRecovery.DidFail? = nil
  ) throws -> [CoverageEvent] {
    try CoverageRecovery.missing(
      lake, ledger: CoverageLedger.read(lake), isWhole: true, didFail: didFail
    ).sorted { $0.recordedAt < $1.recordedAt }
  }

  /// Adds events to the ledger, except those that it has.
  ///
  /// - Parameter observer: Receives warnings about what dead runs left.
  public static func add(
    _ events: [CoverageEvent], to lake: Lake, observer: any PassObserver = NoObserver()
  ) throws {
    try LakeCleaning.removeDeadRuns(lake, observer: observer)
    let run = try StagingRun(root: lake.root)
    defer { run.finish() }
    let journal = try CoverageJournal(lake: lake, runID: run.id)
    try journal.keep(events)
    try journal.mergeIntoTable(run: run)
  }
}
