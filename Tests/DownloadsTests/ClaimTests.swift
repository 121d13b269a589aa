import Catalog
import Databento
import Foundation
import JSON
import LakeTestSupport
import Testing

@testable import Downloads
@testable import Ingest
@testable import Ledger
@testable import Tables

private let table = "raw.test_set_ohlcv_1s"
private let day: Int64 = 86_400_000_000_000

/// Files claim intervals; downloads verify the claims.
@Suite("Claims")
struct ClaimTests {
  private let vendor: FakeVendor
  private var toy: ToyLake { vendor.toy }

  init() throws { vendor = FakeVendor(try ToyLake(), Self.bars) }

  private static let bars = (0..<20).map { second in
    ToyLake.Bar(second: second, price: 100 + Int64(second))
  }

  private func plan() throws -> [DownloadUnit] {
    let start = Int64(ToyLake.firstDay) * day
    let request = DownloadRequest(
      dataset: "TEST.SET", schema: "ohlcv-1s", symbols: ["SYM1"], symbolType: "raw_symbol",
      interval: start..<start + day, table: try TableName(parsing: table),
      cut: DownloadCut(.day, zone: .utc))
    return DownloadPlan(
      request, ledger: try CoverageLedger.read(toy.lake), selection: DownloadSelection()
    ).units
  }

  private func run(
    _ units: [DownloadUnit], memory: Int = IngestOptions().memoryByteCount
  ) throws -> DownloadReport {
    var options = IngestOptions()
    options.jobs = 1
    options.memoryByteCount = memory
    return try DownloadPass(
      lake: toy.lake, source: vendor, options: options, workerCount: 1, observer: NoObserver()
    ).run(units, job: "test", ledger: try CoverageLedger.read(toy.lake))
  }

  private func states() throws -> [CoverageState] {
    try CoverageLedger.read(toy.lake).events.map(\.state)
  }

  private func quarantined() throws -> [[String]] {
    let name = TableName.quarantine(for: try TableName(parsing: table))
    guard toy.lake.hasTable(name) else { return [] }
    return try toy.rows(name.description, ["rule", "symbol", "original"])
  }

  @Test("a file claims its interval, and nothing more")
  func fileClaims() throws {
    try toy.ingest([try toy.bars("part.dbn", Array(Self.bars[..<5]))])
    #expect(try states() == [.claimed])
    #expect(!CoverageState.claimed.isStored)
    let units = try plan()
    #expect(units.map(\.isClaimed) == [true])
  }

  private static func csv(_ symbols: [String], price: Int64 = 100) -> String {
    "ts_event,symbol,open,high,low,close,volume\n"
      + symbols.enumerated().map { number, symbol in
        "2024-01-02T00:00:\(number % 60 < 10 ? "0" : "")\(number % 60)Z,\"\(symbol)\",1,3,0,2,5\n"
      }.joined()
  }

  private func ingest(_ text: String, _ name: String = "a.csv") throws {
    let path = toy.folder.path + "/" + name
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    try toy.ingest([path]) {
      $0.dataset = "TEST.SET"
      $0.kind = "ohlcv-1s"
    }
  }

  @Test("a CSV or Parquet file claims the interval of its rows, for their symbols")
  func rowsClaim() throws {
    try ingest(Self.csv(["SYM1", "A,B", "SYM1", "Ü"]))
    let event = try #require(try CoverageLedger.read(toy.lake).events.first)
    #expect(event.symbols == ["A,B", "SYM1", "Ü"])
    #expect(event.state == .claimed)
    let start = Int64(ToyLake.firstDay) * day
    #expect(event.interval.lowerBound == start)
    #expect(event.interval.upperBound > start + 3_000_000_000)
    #expect(try plan().map(\.isClaimed) == [true])
    let report = try run(try plan())
    #expect(report.failureCount == 0)
    #expect(try toy.rows(table, ["symbol"]).filter { $0 == ["SYM1"] }.count == 20)
  }

  @Test("a file with too many symbols for the ledger claims nothing", arguments: [0, 1])
  func manySymbols(more: Int) throws {
    try ingest(Self.csv((0..<ClaimedSymbols.countMax + more).map { "S\($0)" }))
    let event = try #require(try CoverageLedger.read(toy.lake).events.first)
    #expect(event.symbols.count == (more == 0 ? ClaimedSymbols.countMax : 0))
  }

  @Test(
    "a download takes the place of what a file claims, and sets aside what the vendor lacks",
    arguments: [IngestOptions().memoryByteCount, 500])
  func replaced(memory: Int) throws {
    // Some of the vendor's bars, one with another price, and one that the vendor does not have.
    var own = Array(Self.bars[..<5])
    own[4].price = 7
    own.append(ToyLake.Bar(second: 500, price: 3))
    try toy.ingest([try toy.bars("own.dbn", own)])
    let report = try run(try plan(), memory: memory)
    #expect(report.failureCount == 0)
    #expect(try toy.rows(table, ["ts_event"]).count == 20)
    #expect(report.change?.removed == 1)
    #expect(report.change?.changed == 1)
    #expect(report.total(\.removedCount) == 2 && report.total(\.quarantineCount) == 0)
    let aside = try quarantined()
    #expect(aside.map { $0[0] } == ["replaced_by_download", "replaced_by_download"])
    #expect(aside.allSatisfy { $0[1] == "SYM1" })
    let originals = try aside.map { try JSONValue(parsing: $0[2]) }
    #expect(Set(originals.map { $0["open"]?.number }) == ["7", "3"])
    let times = originals.map { $0["ts_event"]?.string }
    #expect(times.contains("2024-01-02T00:08:20.000000000Z"))
    #expect(try plan().isEmpty)
    #expect(try Set(states()) == [.claimed, .complete])
  }

  @Test("rows are counted once: rewritten rows of other requests are not counted as new")
  func countedOnce() throws {
    // Rows of another symbol, and of other days, in the files that are rewritten.
    let others = (0..<50).map { ToyLake.Bar(second: $0, instrument: 2, price: 5) }
    try toy.ingest([try toy.bars("own.dbn", Array(Self.bars[..<5]) + others)])
    let report = try run(try plan())
    #expect(report.total(\.rowsProcessed) == 20 && report.total(\.rowsStored) == 20)
    #expect(report.total(\.alreadyStoredCount) == 0 && report.total(\.removedCount) == 0)
    #expect(try toy.rows(table, ["ts_event"]).count == 70)
  }

  @Test("events known already are recorded once")
  func known() throws {
    try toy.ingest([try toy.bars("part.dbn", Array(Self.bars[..<5]))])
    let start = Int64(ToyLake.firstDay) * day
    let request = DownloadRequest(
      dataset: "TEST.SET", schema: "ohlcv-1s", symbols: ["SYM1"], symbolType: "raw_symbol",
      interval: start..<start + day, table: try TableName(parsing: table),
      cut: DownloadCut(.day, zone: .utc))
    let ledger = try CoverageLedger.read(toy.lake)
    let plan = DownloadPlan(request, ledger: ledger, selection: DownloadSelection())
    #expect(plan.known.left(after: DownloadReport())["SYM1"]?[.claimed] ?? 0 > 0)
    #expect(plan.known.left(after: try run(plan.units)).isEmpty)
    var again = DownloadSelection()
    again.isForced = true
    let forced = DownloadPlan(request, ledger: try CoverageLedger.read(toy.lake), selection: again)
    #expect(forced.known.left(after: DownloadReport())["SYM1"] == [.complete: day])
    // The same rows again: none is stored, all are present.
    let report = try run(forced.units)
    #expect(report.total(\.rowsProcessed) == 20 && report.total(\.alreadyStoredCount) == 20)
    #expect(report.total(\.rowsStored) == 0 && forced.known.left(after: report).isEmpty)
  }

  @Test("a claim with an agreeing count is complete, and nothing is downloaded")
  func agreed() throws {
    try toy.ingest([try toy.bars("whole.dbn", Self.bars)])
    var units = try plan()
    units[0].agreedCount = 20
    let report = try run(units)
    #expect(vendor.requests.isEmpty)
    #expect(report.symbolLines.map(\.agreed) == [1])
    #expect(try plan().isEmpty)
    let event = try #require(try CoverageLedger.read(toy.lake).events.last)
    #expect(event.state == .complete && event.rowCount == 20 && event.costNanoUSD == nil)
    // The table's commit records it too.
    #expect(
      try CoverageRecovery.missing(
        toy.lake.table(named: table), known: [], isWhole: true
      ).contains(event))
  }

  @Test("a failed download of a claim keeps its rows, and is requested again")
  func failed() throws {
    try toy.ingest([try toy.bars("part.dbn", Array(Self.bars[..<5]))])
    vendor.faults["SYM1"] = .announced(21)
    #expect(try run(try plan()).failureCount == 1)
    #expect(try toy.rows(table, ["ts_event"]).count == 5)
    #expect(try plan().map(\.isClaimed) == [true])
  }

  @Test("rows of a region are counted by symbol, requested name, and time")
  func counted() throws {
    let others = [
      ToyLake.Bar(second: 1, instrument: 2), ToyLake.Bar(day: 1, second: 0),
      ToyLake.Bar(day: 1, second: 86_399),
    ]
    try toy.ingest([try toy.bars("all.dbn", Self.bars + others)])
    let name = try TableName(parsing: table)
    let count = try #require(try StoredCount(name, kind: "ohlcv-1s", lake: toy.lake))
    let start = Int64(ToyLake.firstDay) * day
    func rows(_ symbols: [String], _ interval: Range<Int64>) throws -> Int {
      let unit = DownloadUnit(
        dataset: "TEST.SET", schema: "ohlcv-1s", symbols: symbols, symbolType: "raw_symbol",
        interval: interval, table: name)
      return try count.rows(in: ReplacedRegion(unit.request, isClaimed: unit.isClaimed))
    }
    #expect(try rows(["SYM1"], start..<start + day) == 20)
    #expect(try rows(["SYM1"], start..<start + 2 * day) == 22)
    #expect(try rows(["SYM1"], start + 1_000_000_000..<start + 3_000_000_000) == 2)
    #expect(try rows(["SYM2"], start..<start + day) == 1)
    #expect(try rows(["SYM1", "SYM2"], start..<start + day) == 21)
    #expect(try rows([CoverageLedger.allSymbols], start..<start + 2 * day) == 23)
    #expect(try rows(["SYM3"], start..<start + day) == 0)
    #expect(try StoredCount(TableName(parsing: "raw.none"), kind: "trades", lake: toy.lake) == nil)
  }

  @Test(
    "what older ledgers call complete is a claim where a file said it, a fact where a vendor did")
  func olderEvents() throws {
    func read(_ change: (inout CoverageEvent) -> Void) throws -> CoverageState? {
      var event = CoverageEvent(
        dataset: "X.Y", schema: "trades", symbols: ["A"], symbolType: "raw_symbol",
        interval: 0..<10, state: .complete, recordedAt: 1000)
      event.sha256 = "00"
      event.path = "files/x.dbn"
      change(&event)
      return CoverageEvent(json: event.json)?.state
    }
    #expect(try read { _ in } == .claimed)
    #expect(try read { $0.requestID = "r" } == .complete)
    #expect(try read { $0.costNanoUSD = 0 } == .complete)
    // Massive's responses have no price, and not always an id.
    #expect(try read { $0.path = "X.Y trades A 2024-01-01/2024-01-02" } == .complete)
    #expect(try read { $0.sha256 = nil } == .complete)
    #expect(try read { $0.state = .open } == .open)
  }
}
