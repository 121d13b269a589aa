extension IngestPass {
  /// Writes down what the tables' commits cover and the ledger lacks: a run died between the two.
  ///
  /// Asked only where an input's rows were in already, which is how such a run shows.
  func recoverCoverage() throws {
    if repeatedTables.isEmpty { return }
    let known = Set(try CoverageLedger.read(lake).events)
    for name in repeatedTables.sorted() {
      try journal.record(try CoverageRecovery.missing(lake.table(name), known: known))
    }
  }
}
