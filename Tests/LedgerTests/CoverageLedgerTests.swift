import Catalog
import Databento
import LakeTestSupport
import Market
import TestSupport
import Testing

@testable import Ledger

@Suite("Coverage ledger")
struct CoverageLedgerTests {
  private func event(
    _ interval: Range<Int64>, _ state: CoverageState, at time: Int64, symbols: [String] = ["SPY"],
    type: String = "raw_symbol"
  ) -> CoverageEvent {
    CoverageEvent(
      dataset: "EQUS.MINI", schema: "ohlcv-1s", symbols: symbols, symbolType: type,
      interval: interval, state: state, table: "raw.x", recordedAt: time * 1000)
  }

  private func stretches(_ ledger: CoverageLedger, _ symbol: String) -> [String] {
    ledger.stretches(
      dataset: "EQUS.MINI", schema: "ohlcv-1s", symbolType: "raw_symbol", symbol: symbol
    ).map { "\($0.interval.lowerBound)-\($0.interval.upperBound) \($0.state.rawValue)" }
  }

  @Test("the last event of an interval is its state, whatever order they are read in")
  func lastEventWins() {
    let events = [
      event(10..<40, .complete, at: 1), event(20..<30, .purged, at: 3),
      event(25..<60, .open, at: 2),
    ]
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
      let ledger = CoverageLedger(events: order.map { events[$0] })
      #expect(
        stretches(ledger, "SPY") == ["10-20 complete", "20-30 purged", "30-60 open"])
    }
  }

  private func day(_ number: Int) -> Range<Int64> {
    let day: Int64 = 86_400_000_000_000
    return Int64(number) * day..<Int64(number + 1) * day
  }

  @Test("a name resolves to the contract of the last event, whatever else was bought")
  func contractsOfNames() throws {
    func named(_ name: String, _ symbol: String, _ days: Range<Int>) -> NamedContract {
      NamedContract(RequestedName(name: name, symbol: symbol, days: days))
    }
    var first = event(
      day(10).lowerBound..<day(19).upperBound, .complete, at: 1, symbols: ["ES.c.0", "ES.v.0"])
    first.contracts = [
      named("ES.c.0", "ESH4", 10..<20), named("ES.v.0", "ESH4", 10..<14),
      named("ES.v.0", "ESM4", 14..<20),
    ]
    var second = event(
      day(15).lowerBound..<day(15).upperBound, .complete, at: 2, symbols: ["ES.v.0"])
    second.contracts = [named("ES.v.0", "ESU4", 10..<20)]
    for event in [first, second] {
      #expect(CoverageEvent(json: event.json) == event)
    }
    let ledger = CoverageLedger(events: [first, second])
    func told(_ name: String, _ table: String = "raw.x") -> [String] {
      ledger.contracts(named: name, table: table).map {
        "\($0.symbol) \($0.interval.lowerBound / 86_400_000_000_000)-\($0.interval.upperBound / 86_400_000_000_000)"
      }
    }
    #expect(told("ES.c.0") == ["ESH4 10-20"])
    #expect(told("ES.v.0") == ["ESH4 10-14", "ESM4 14-15", "ESU4 15-16", "ESM4 16-20"])
    #expect(told("ESH4").isEmpty && told("ES.c.0", "raw.y").isEmpty)
    #expect(
      NamedContract.of(
        [
          RequestedName(name: "ES.c.0", symbol: "A", days: 5..<8),
          RequestedName(name: "ES.c.0", symbol: "B", days: 8..<11),
          RequestedName(name: "NQ.c.0", symbol: "C", days: 5..<11),
        ], symbols: ["ES.c.0"], interval: day(10)
      ).map(\.symbol) == ["B"])
  }

  @Test("a file's claim does not undo a complete interval")
  func claimOverComplete() {
    let ledger = CoverageLedger(events: [
      event(10..<20, .complete, at: 1), event(20..<30, .failed, at: 2),
      event(40..<50, .degraded, at: 3), event(5..<60, .claimed, at: 4),
      event(45..<48, .purged, at: 5),
    ])
    #expect(
      stretches(ledger, "SPY") == [
        "5-10 claimed", "10-20 complete", "20-40 claimed", "40-45 degraded", "45-48 purged",
        "48-50 degraded", "50-60 claimed",
      ])
  }

  @Test("missing ranges are the requested ones without the settled ones")
  func missing() {
    let ledger = CoverageLedger(events: [
      event(10..<20, .complete, at: 1), event(20..<30, .failed, at: 2),
      event(30..<40, .empty, at: 3), event(50..<60, .notEntitled, at: 4),
    ])
    func missing(_ interval: Range<Int64>, _ symbol: String) -> [Range<Int64>] {
      ledger.missing(
        dataset: "EQUS.MINI", schema: "ohlcv-1s", symbolType: "raw_symbol", symbol: symbol,
        in: interval
      ) { $0.state.isStored || $0.state == .notEntitled }
    }
    #expect(missing(0..<70, "SPY") == [0..<10, 20..<30, 40..<50, 60..<70])
    #expect(missing(12..<18, "SPY") == [])
    #expect(missing(15..<25, "SPY") == [20..<25])
    #expect(missing(0..<5, "QQQ") == [0..<5])
  }

  @Test("a purchase of all symbols counts for each of them, but not vice versa")
  func allSymbols() {
    let ledger = CoverageLedger(events: [
      event(0..<10, .complete, at: 1, symbols: [CoverageLedger.allSymbols]),
      event(10..<20, .complete, at: 2),
    ])
    #expect(stretches(ledger, "SPY") == ["0-10 complete", "10-20 complete"])
    #expect(stretches(ledger, "QQQ") == ["0-10 complete"])
    #expect(stretches(ledger, CoverageLedger.allSymbols) == ["0-10 complete"])
  }

  @Test("an event reads back from its line as it was written")
  func journalLine() throws {
    var event = event(3..<5, .degraded, at: 9, symbols: ["B", "A"], type: "continuous")
    event.rowCount = 7
    event.costNanoUSD = 1_250_000_001
    event.requestID = "r\"1"
    event.reason = "flagged"
    #expect(CoverageEvent(json: event.json) == event)
    #expect(event.symbols == ["A", "B"])
  }
}

@Suite("Coverage that a dead run did not record")
struct CoverageOfDeadRunTests {
  @Test("ingesting the same content again records it once")
  func againWritesItDown() throws {
    let toy = try ToyLake()
    let file = try toy.bars("a.dbn", (0..<10).map { ToyLake.Bar(second: $0) })
    try toy.ingest([file])
    let before = try CoverageLedger.read(toy.lake).events
    #expect(before.count == 1)
    // The state after a run that dies right after its commit.
    TemporaryFolder.remove(toy.lake.ledgerPath)
    #expect(try CoverageLedger.read(toy.lake).events.isEmpty)
    for _ in 0..<2 {
      try toy.ingest([file])
      #expect(try CoverageLedger.read(toy.lake).events == before)
    }
    // What is missing again is not searched for.
    TemporaryFolder.remove(toy.lake.ledgerPath)
    try toy.ingest([try toy.bars("b.dbn", [ToyLake.Bar(second: 99)])])
    #expect(try CoverageLedger.read(toy.lake).events.count == 1)
  }
}
