import Catalog

/// Makes the coverage ledger whole again from what the tables' commits say.
public enum LedgerRebuild {
  /// Events that commits hold and the ledger lacks, over the whole history of every table.
  public static func missing(_ lake: Lake) throws -> [CoverageEvent] {
    try CoverageRecovery.missing(lake, ledger: CoverageLedger.read(lake), isWhole: true)
      .sorted { $0.recordedAt < $1.recordedAt }
  }

  /// Writes events into the ledger.
  public static func add(
    _ events: [CoverageEvent], to lake: Lake, observer: any PassObserver = NoObserver()
  ) throws {
    try LakeCleaning.removeDeadRuns(lake, observer: observer)
    let run = try StagingRun(root: lake.root)
    defer { run.finish() }
    let journal = CoverageJournal(lake: lake, runID: run.id)
    try journal.record(events)
    try journal.fold(run: run)
  }
}
