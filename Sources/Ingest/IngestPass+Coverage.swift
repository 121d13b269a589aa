import Ledger

extension IngestPass {
  /// Writes down what a commit covers. Its rows are in, whatever becomes of that.
  func tellLedger(_ events: [CoverageEvent]) throws {
    do {
      try journal.keep(events)
    } catch {
      if needsLedger { throw error }
      report.ledgerFailure = report.ledgerFailure ?? error
      report.isJournalWhole = false
    }
  }

  /// Brings the ledger up to date; rows that are stored stay stored where that fails.
  func updateLedger() {
    do {
      try recoverCoverage()
      try journal.mergeIntoTable(run: run)
    } catch {
      report.ledgerFailure = report.ledgerFailure ?? error
    }
  }

  /// Writes down what the tables' commits cover and the ledger lacks: a run died between the two.
  ///
  /// Asked only where an input's rows were in already, which is how such a run shows.
  private func recoverCoverage() throws {
    if repeatedTables.isEmpty { return }
    let known = Set(try CoverageLedger.read(lake).events.map(\.identity))
    for name in repeatedTables.sorted() {
      try journal.keep(try CoverageRecovery.missing(lake.table(name), known: known))
    }
  }
}
