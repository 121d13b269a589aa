import Catalog
import LakeTestSupport
import TestSupport
import Testing

@testable import Downloads
@testable import Ledger
@testable import Tables

/// Records of requests whose responses were never stored.
@Suite("Requests that may have been billed")
struct PurchaseJournalTests {
  private let day: Int64 = 86_400_000_000_000

  private func unit(_ number: Int64, _ table: String = "raw.test_set_ohlcv_1s") throws
    -> DownloadUnit
  {
    DownloadUnit(
      dataset: "TEST.SET", schema: "ohlcv-1s", symbols: ["SYM1"], symbolType: "raw_symbol",
      interval: number * day..<(number + 1) * day, table: try TableName(parsing: table))
  }

  /// A run that requests units, and ends as specified.
  private func ask(
    _ lake: Lake, _ units: [DownloadUnit], answers: [CoverageEvent] = []
  ) throws -> StagingRun {
    let run = try StagingRun(root: lake.root)
    let journal = try CoverageJournal(lake: lake, runID: run.id)
    let purchases = PurchaseJournal(lake: lake, runID: run.id, clock: journal.clock)
    for unit in units { try purchases.note(unit.request, costNanoUSD: 100) }
    try journal.record(
      answers.map { event in
        var event = event
        event.runID = run.id
        return event
      })
    return run
  }

  private func answer(_ unit: DownloadUnit, cost: Int64?) -> CoverageEvent {
    var fetched = FetchedUnit()
    fetched.costNanoUSD = cost
    return unit.events(fetched)[0]
  }

  @Test("count against a budget while running, and are listed separately when their run is dead")
  func underWay() throws {
    let toy = try ToyLake()
    let run = try ask(toy.lake, [try unit(1), try unit(2)])
    let live = try CoverageLedger.read(toy.lake)
    #expect(live.events.isEmpty && live.spent() == 0)
    #expect(try live.withRequestsUnderWay(toy.lake).spent() == 200)
    run.finish()
    let dead = try CoverageLedger.read(toy.lake)
    #expect(dead.spent() == 200 && dead.purchases.isEmpty)
    let report = SpendReport(dead, by: [])
    #expect(report.total.nanoUSD == 0 && report.unconfirmed.nanoUSD == 200)
    #expect(report.unconfirmed.purchaseCount == 2)
    // Nothing is recorded about the rows.
    #expect(
      dead.stretches(
        dataset: "TEST.SET", schema: "ohlcv-1s", symbolType: "raw_symbol", symbol: "SYM1"
      ).isEmpty)
  }

  @Test("are settled by any response of the same run")
  func answered() throws {
    let toy = try ToyLake()
    let units = try (1...3).map { try unit($0) }
    var refused = answer(units[1], cost: nil)
    refused.state = .notEntitled
    let run = try ask(toy.lake, units, answers: [answer(units[0], cost: 70), refused])
    run.finish()
    for _ in 0..<2 {
      let report = SpendReport(try CoverageLedger.read(toy.lake), by: [])
      #expect(report.total.nanoUSD == 70 && report.unconfirmed.nanoUSD == 100)
      // The next command that writes merges the dead run's journal.
      try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)])])
    }
    // The same request by another run was billed separately.
    try ask(toy.lake, [units[2]], answers: [answer(units[2], cost: 60)]).finish()
    let report = SpendReport(try CoverageLedger.read(toy.lake), by: [])
    #expect(report.total.nanoUSD == 130 && report.unconfirmed.nanoUSD == 100)
  }

  @Test("are recorded in the next commit of their table, so that a rebuilt ledger has them")
  func rebuilt() throws {
    let toy = try ToyLake()
    try ask(toy.lake, [try unit(1), try unit(2, "raw.other_ohlcv_1s")]).finish()
    try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)])])
    let before = try CoverageLedger.read(toy.lake)
    #expect(SpendReport(before, by: []).unconfirmed.nanoUSD == 200)
    TemporaryFolder.remove(toy.lake.ledgerPath)
    try LedgerRebuild.add(try LedgerRebuild.missing(toy.lake), to: toy.lake)
    let after = try CoverageLedger.read(toy.lake)
    #expect(
      after.unconfirmedPurchases
        == before.unconfirmedPurchases.filter { $0.table == "raw.test_set_ohlcv_1s" })
    #expect(after.unconfirmedPurchases.count == 1)
  }

  @Test("are dropped when their run ends, and free ones are not recorded")
  func finished() throws {
    let toy = try ToyLake()
    let run = try StagingRun(root: toy.lake.root)
    let journal = try CoverageJournal(lake: toy.lake, runID: run.id)
    let purchases = PurchaseJournal(lake: toy.lake, runID: run.id, clock: journal.clock)
    try purchases.note(try unit(1).request, costNanoUSD: nil)
    try purchases.note(try unit(1).request, costNanoUSD: 0)
    try purchases.finish()
    try purchases.note(try unit(1).request, costNanoUSD: 5)
    try purchases.finish()
    run.finish()
    #expect(try CoverageLedger.read(toy.lake).spent() == 0)
  }
}
