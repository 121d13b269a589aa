import Catalog
import Tables

/// Makes the coverage ledger whole again from what the tables' commits say.
public enum LedgerRebuild {
  /// Events that commits hold and the ledger lacks, over the whole history of every table.
  ///
  /// - Parameter didFail: Told of tables that cannot be read; without it the first one is thrown.
  public static func missing(
    _ lake: Lake, didFail: CoverageRecovery.DidFail? = nil
  ) throws -> [CoverageEvent] {
    try CoverageRecovery.missing(
      lake, ledger: CoverageLedger.read(lake), isWhole: true, didFail: didFail
    ).sorted { $0.recordedAt < $1.recordedAt }
  }

  /// Writes events into the ledger, those that it still lacks.
  ///
  /// - Parameter observer: Told what is odd about what dead runs left.
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
