import Catalog
import Columnar
import Foundation
import LakeTestSupport
import Market
import Tables
import TestSupport
import Testing

@testable import Passes

/// Bars in memory, in batches of a few rows.
private final class ListedBars: BarSource {
  struct Bar {
    var symbol: Int32 = 0
    var publisher: Int64 = 0
    /// Seconds since 2024-01-02T14:30:00Z, the opening of New York.
    var second: Int64
    var open: Int64 = 100
    var high: Int64 = 101
    var low: Int64 = 99
    var close: Int64 = 100
    var volume: Int64? = 5
    var hasPrice = true
  }

  static let opening: Int64 = 1_704_205_800
  let name = "list"
  let volumeScale = 0
  private let bars: [Bar]
  private let batchRowCount: Int
  private let isWide: Bool
  private var next = 0

  init(_ bars: [Bar], batchRowCount: Int = 7, isWide: Bool = false) {
    self.bars = bars
    self.batchRowCount = batchRowCount
    self.isWide = isWide
  }

  func symbolName(_ code: Int32) -> String { ["AAA", "BBB", "O:AAA240102C00100000"][Int(code)] }

  func next(into batch: BarBatch) -> Bool {
    if next == bars.count { return false }
    let count = min(batchRowCount, bars.count - next)
    batch.removeAll(reserving: count, isWide: isWide)
    batch.firstRow = next + 1
    for row in 0..<count {
      let bar = bars[next + row]
      batch.time[row] = (Self.opening + bar.second) * 1_000_000_000
      batch.symbol[row] = bar.symbol
      batch.publisher[row] = bar.publisher
      let values = [bar.open, bar.high, bar.low, bar.close]
      if isWide {
        let wide = batch.wide
        for (target, value) in zip([wide.open, wide.high, wide.low, wide.close], values) {
          target[row] = Int128(value) * 1_000_000_000_000_000_000
        }
        wide.volume[row] = Int128(bar.volume ?? 0)
      } else {
        let narrow = batch.narrow
        for (target, value) in zip([narrow.open, narrow.high, narrow.low, narrow.close], values) {
          target[row] = value * 1_000_000_000
        }
        narrow.volume[row] = bar.volume ?? 0
      }
      if !bar.hasPrice || bar.volume == nil {
        batch.beginMissing(count)
        if !bar.hasPrice { batch.flags[row] &= ~BarBatch.Flag.price }
        if bar.volume == nil { batch.flags[row] &= ~BarBatch.Flag.volume }
      }
    }
    batch.count = count
    next += count
    return true
  }
}

@Suite("bars are checked") struct BarCheckerTests {
  private typealias Bar = ListedBars.Bar

  private func found(
    _ bars: [Bar], calendar: String? = nil, interval: String? = "1m", allowsNegative: Bool = true,
    batchRowCount: Int = 7, isWide: Bool = false
  ) throws -> [BarRule: Int] {
    var expectation = BarExpectation()
    expectation.interval = interval.flatMap { Interval.parse($0) }
    expectation.allowsNegative = allowsNegative
    expectation.calendars = try SymbolCalendars(lake: nil, dataset: "", named: calendar)
    let checker = BarChecker(
      ListedBars(bars, batchRowCount: batchRowCount, isWide: isWide), expectation)
    try checker.run()
    #expect(checker.rowCount == bars.count)
    return checker.findings.counts
  }

  private func minutes(_ range: Range<Int>, symbol: Int32 = 0) -> [Bar] {
    range.map { Bar(symbol: symbol, second: Int64($0) * 60) }
  }

  @Test(
    "clean bars have no finding, whatever the batches", arguments: [1, 2, 3, 400], [false, true])
  func clean(batchRowCount: Int, isWide: Bool) throws {
    let bars = minutes(0..<390) + minutes(0..<390, symbol: 1)
    #expect(
      try found(bars, calendar: "XNYS", batchRowCount: batchRowCount, isWide: isWide) == [:])
  }

  @Test("a fault of each kind is found", arguments: [1, 5, 400], [false, true])
  func faults(batchRowCount: Int, isWide: Bool) throws {
    let faults: [(BarRule, (inout [Bar]) -> Void)] = [
      (.duplicate, { $0.insert($0[20], at: 21) }),
      (.backwards, { $0.swapAt(30, 31) }),
      (.highNotHighest, { $0[40].high = 99 }),
      (.lowNotLowest, { $0[41].low = 101 }),
      (.noPrice, { $0[42].hasPrice = false }),
      (.negativeVolume, { $0[43].volume = -1 }),
      (.unaligned, { $0[44].second += 1 }),
      (
        .farPrice,
        { bars in
          bars[45].open = 1000
          bars[45].high = 1010
          bars[45].low = 990
          bars[45].close = 1000
        }
      ),
      (.farPrice, { $0[46].low = 10 }),
      (.outsideSession, { $0.append(Bar(second: 4 * 86_400)) }),
      (.gap, { $0.removeSubrange(100..<120) }),
    ]
    for (rule, plant) in faults {
      var bars = minutes(0..<390)
      plant(&bars)
      let counts = try found(bars, calendar: "XNYS", batchRowCount: batchRowCount, isWide: isWide)
      #expect(counts == [rule: 1], "\(rule)")
    }
    var bars = minutes(0..<390)
    bars[50].high = 90
    #expect(
      try found(bars, batchRowCount: batchRowCount, isWide: isWide)
        == [.highBelowLow: 1, .highNotHighest: 1])
  }

  @Test("publishers of one symbol are series of their own")
  func publishers() throws {
    let bars = minutes(0..<50).flatMap { bar in
      [1, 2].map { publisher in
        var own = bar
        own.publisher = Int64(publisher)
        return own
      }
    }
    #expect(try found(bars) == [:])
  }

  @Test("a price that stays is the market's; one below zero is wrong for a share")
  func prices() throws {
    var bars = minutes(0..<50)
    for row in 20..<50 {
      bars[row].open = 10
      bars[row].high = 11
      bars[row].low = 9
      bars[row].close = 10
    }
    #expect(try found(bars) == [:])
    var spread = minutes(0..<50)
    for row in spread.indices {
      spread[row].open = -1
      spread[row].high = 1
      spread[row].low = -2
      spread[row].close = -1
    }
    #expect(try found(spread) == [:])
    #expect(try found(spread, allowsNegative: false) == [.negativePrice: 50])
  }

  @Test("rare bars and options have no gaps, nor has a file that is cut")
  func gaps() throws {
    let rare = minutes(0..<390).filter {
      $0.second / 60 % 3 == 0 && !(6000..<9000).contains($0.second)
    }
    #expect(try found(rare, calendar: "XNYS") == [:])
    var option = minutes(0..<390, symbol: 2)
    option.removeSubrange(100..<150)
    #expect(try found(option, calendar: "XNYS") == [:])
    #expect(try found(minutes(100..<200), calendar: "XNYS") == [:])
  }

  @Test("an interval that nothing tells is not checked")
  func unknownInterval() throws {
    #expect(try found([Bar(second: 1), Bar(second: 62)], calendar: "XNYS", interval: nil) == [:])
  }

  @Test("days begin at midnight of a zone that is possible")
  func days() throws {
    let zone = try TimeZoneRules.named("America/New_York")
    let day = try #require(Interval.parse("1d"))
    let alignment = Alignment(day, zones: [zone])
    #expect(
      alignment.holds(1_704_153_600_000_000_000) && alignment.holds(1_704_171_600_000_000_000))
    #expect(!alignment.holds(1_704_168_000_000_000_000))
    let fifteen = Alignment(try #require(Interval.parse("15s")), zones: [zone])
    for second in -100...100 as ClosedRange<Int64> {
      let time = (1_704_153_600 + second) * 1_000_000_000
      #expect(fifteen.isPlain(time) == (second % 15 == 0))
      #expect(!fifteen.isPlain(time + 1))
    }
  }
}

@Suite("tables are validated") struct ValidatePassTests {
  private func findings(_ toy: ToyLake, _ table: String) throws -> ValidationReport.Part {
    try ValidatePass(lake: toy.lake, table: try toy.lake.table(named: table)).run()
  }

  private func bars() -> [ToyLake.Bar] {
    (0..<2).flatMap { day in
      (0..<300).map {
        ToyLake.Bar(day: day, second: $0 * 7, instrument: UInt32(1 + $0 % 3), volume: UInt64($0))
      }
    }
  }

  @Test("a table that lake made has no finding, and its longer bars have the same volume")
  func clean() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", bars())])
    var options = ResamplePass.Options()
    options.intervals = ["1m"]
    let resample = try ResamplePass(
      lake: toy.lake, table: "raw.test_set_ohlcv_1s", options: options)
    _ = try resample.run(try resample.plan())
    for table in ["raw.test_set_ohlcv_1s", "bars.test_set_ohlcv_1m"] {
      let part = try findings(toy, table)
      #expect(
        part.findings.isEmpty && part.passedCount == 2 && part.errors.isEmpty, "\(part.findings)")
    }
    // Rows that come later are in no longer bar yet.
    try toy.ingest([try toy.bars("b.dbn", [ToyLake.Bar(day: 1, second: 80_000, volume: 9)])])
    let part = try findings(toy, "bars.test_set_ohlcv_1m")
    #expect(part.findings.counts == [.otherVolume: 1] && part.failedCount == 1)
  }

  @Test("a partition that cannot be read is told, and the others are read")
  func damaged() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", bars())])
    let file = try #require(try toy.files("raw.test_set_ohlcv_1s").first)
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: toy.path(file, "raw.test_set_ohlcv_1s")))
    let part = try findings(toy, "raw.test_set_ohlcv_1s")
    #expect(part.errors.count == 1 && part.passedCount == 1)
    var report = ValidationReport()
    report.parts = [part]
    let text = report.text(now: 0)
    #expect(text.hasPrefix("OHLCV VALIDATION REPORT\nGenerated: 1970-01-01T00:00:00Z\n"))
    #expect(text.contains("Files or partitions failed: 1") && text.contains("Could not be read:"))
  }

  @Test("ticks are no bars")
  func ticks() throws {
    let toy = try ToyLake()
    try toy.ingest([
      try toy.trades("t.dbn", [(second: 1, sequence: 1, size: 1)], start: 0, end: 100)
    ])
    #expect(throws: PassError.self) { try findings(toy, "raw.test_set_trades") }
  }
}
