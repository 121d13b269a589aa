import Ledger

extension IngestPass {
  /// Records what a commit covers. Its rows are stored, whatever the result.
  func tellLedger(_ events: [CoverageEvent]) throws {
    do {
      try journal.keep(events)
    } catch {
      if needsLedger { throw error }
      report.ledgerFailure = report.ledgerFailure ?? error
      report.isJournalWhole = false
    }
  }

  /// Updates the ledger; if that fails, stored rows stay stored.
  func updateLedger() {
    do {
      try recoverCoverage()
      try journal.mergeIntoTable(run: run)
    } catch {
      report.ledgerFailure = report.ledgerFailure ?? error
    }
  }

  /// Records coverage in the tables' commits that the ledger lacks, since a run died between the two.
  ///
  /// Called only if an input's rows were stored already, which is how such a run shows.
  private func recoverCoverage() throws {
    if unchangedTables.isEmpty { return }
    let known = Set(try CoverageLedger.read(lake).events.map(\.identity))
    for name in unchangedTables.sorted() {
      try journal.keep(try CoverageRecovery.missing(lake.table(name), known: known))
    }
  }
}
