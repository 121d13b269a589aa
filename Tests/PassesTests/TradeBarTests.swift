import Columnar
import Market
import TestSupport
import Testing

@testable import Catalog
@testable import Passes
@testable import Tables

/// The bars of trades in memory, against a naive implementation.
@Suite struct TradeBarTests {
  private struct Trade {
    var time: Int64
    var sequence: Int64
    var price: Int64
    var size: Int64
    var series: Int32
    var received: Int64
    var roles = TradeBatch.Role.all
  }

  private static let day: Int64 = 19_790 * 86_400_000_000_000

  private func random(_ seed: UInt64, ties: Bool = false) -> [Trade] {
    var random = SeededGenerator(seed: seed)
    return (0..<3000).map { index in
      let second = Int64.random(in: 0..<7200, using: &random)
      let nanosecond = Int64.random(in: 0..<3, using: &random)
      return Trade(
        time: Self.day + second * 1_000_000_000 + nanosecond,
        sequence: Int64.random(in: 0..<2, using: &random),
        price: Int64.random(in: -50...150, using: &random),
        size: Int64.random(in: 0...9, using: &random),
        series: Int32.random(in: 0..<3, using: &random),
        // Equal ones do not occur: their order would be that in which they come.
        received: ties ? Int64(index * 7919 % 3000) : Int64(index))
    }
  }

  private func batch(_ trades: [Trade], ties: Bool, roles: Bool = false) -> TradeBatch {
    let batch = TradeBatch()
    batch.removeAll(reserving: trades.count)
    batch.hasTies = ties
    batch.hasRoles = roles
    for (row, trade) in trades.enumerated() {
      batch.time[row] = trade.time
      batch.sequence[row] = trade.sequence
      batch.price[row] = trade.price
      batch.size[row] = trade.size
      batch.series[row] = trade.series
      if ties { (batch.received[row], batch.ordinal[row]) = (trade.received, 0) }
      if roles { batch.roles[row] = trade.roles }
    }
    batch.count = trades.count
    return batch
  }

  private func stage(_ cut: TradeBars.Cut, seconds: Int64 = 86_400) -> TradeBars {
    let bars = TradeBars(
      cut, window: Self.day..<Self.day + seconds * 1_000_000_000,
      sessions: TradeSessions(.all(.utc))
    ) { Int64($0) * 86_400_000_000_000 }
    bars.origin = Self.day
    return bars
  }

  /// series, start → open, high, low, close, volume, count.
  private func naive(_ trades: [Trade], seconds: Int64) -> [[Int64]: [Int64]] {
    let length = seconds * 1_000_000_000
    let groups = Dictionary(grouping: trades) {
      [Int64($0.series), ($0.time - Self.day) / length * length + Self.day]
    }
    return groups.mapValues { group in
      let sorted = group.sorted {
        ($0.time, $0.sequence, $0.received) < ($1.time, $1.sequence, $1.received)
      }
      return [
        sorted[0].price, group.map(\.price).max() ?? 0, group.map(\.price).min() ?? 0,
        sorted[sorted.count - 1].price, group.reduce(0) { $0 + $1.size }, Int64(group.count),
      ]
    }
  }

  private func made(_ bars: TradeBars) -> [[Int64]: [Int64]] {
    var result: [[Int64]: [Int64]] = [:]
    for index in 0..<bars.count {
      let bar = bars.bars[index]
      result[[Int64(bar.series), bar.start]] = [
        bar.open, bar.high, bar.low, bar.close, bar.volume, bar.count,
      ]
    }
    return result
  }

  @Test(arguments: [false, true], [Int64(1), 60, 3600])
  func equalsANaiveImplementationWhateverTheOrder(ties: Bool, seconds: Int64) throws {
    for seed in UInt64(1)...4 {
      let trades = random(seed, ties: ties)
      let bars = stage(.interval(seconds * 1_000_000_000))
      let batch = batch(trades, ties: ties)
      for first in stride(from: 0, to: trades.count, by: 700) {
        try bars.add(batch, first..<min(first + 700, trades.count), seriesCount: 3)
      }
      #expect(made(bars) == naive(trades, seconds: seconds), "seed \(seed)")
    }
  }

  @Test func aDayIsTheSameMadeAtOnceOrOfParts() throws {
    let trades = random(9)
    let bars = stage(.day)
    let parts = [trades.filter { $0.series == 1 }, trades.filter { $0.series != 1 }]
    for part in parts { try bars.add(batch(part, ties: false), 0..<part.count, seriesCount: 3) }
    #expect(made(bars) == naive(trades, seconds: 86_400))
  }

  @Test func tradesOutsideTheWindowAreOfAnotherUnit() throws {
    let trades = random(3)
    let bars = stage(.interval(60_000_000_000), seconds: 3600)
    try bars.add(batch(trades, ties: false), 0..<trades.count, seriesCount: 3)
    let inside = trades.filter { $0.time < Self.day + 3_600_000_000_000 }
    #expect(inside.count < trades.count)
    #expect(made(bars) == naive(inside, seconds: 60))
    #expect(bars.totals.count == Int64(inside.count))
    #expect(bars.totals.volume == Int128(inside.reduce(0) { $0 + $1.size }))
  }

  @Test func aTradeThatSetsOnlyTheVolumeMovesNoPrice() throws {
    func trade(_ second: Int64, _ price: Int64, _ roles: UInt8) -> Trade {
      Trade(
        time: Self.day + second * 1_000_000_000, sequence: 0, price: price, size: 10, series: 0,
        received: second, roles: roles)
    }
    let all = TradeBatch.Role.all
    let trades = [
      trade(0, 1, TradeBatch.Role.volume), trade(1, 5, all),
      trade(2, 9, TradeBatch.Role.highLow | TradeBatch.Role.volume), trade(3, 6, all),
      trade(4, 100, TradeBatch.Role.volume), trade(5, 100, 0),
    ]
    let bars = stage(.day)
    try bars.add(batch(trades, ties: false, roles: true), 0..<trades.count, seriesCount: 1)
    #expect(made(bars).values.first == [5, 9, 5, 6, 50, 5])
  }

  @Test func aVolumeThatOutgrowsItsColumnIsAnError() throws {
    let half = Trade(
      time: Self.day, sequence: 0, price: 1, size: .max / 2 + 1, series: 0, received: 0)
    let bars = stage(.day)
    let pair = batch([half, half], ties: false)
    try bars.add(pair, 0..<1, seriesCount: 1)
    #expect(throws: PassError.self) { try bars.add(pair, 1..<2, seriesCount: 1) }
  }
}

@Suite struct TradeSessionTests {
  private func instant(_ text: String) throws -> Int64 {
    try #require(TimeText.parseISO(text)?.nanoseconds)
  }

  private func date(_ hours: TradeSessions.Hours, _ text: String) throws -> String? {
    try TradeSessions(hours).stretch(at: instant(text)).day.map {
      CivilDate(daysSinceEpoch: $0).iso
    }
  }

  @Test func regularHoursOfNewYorkFollowItsClocks() throws {
    let hours = TradeSessions.Hours.newYork(try TimeZoneRules.named("America/New_York"))
    #expect(try date(hours, "2024-03-08T14:29:59.999Z") == nil)
    #expect(try date(hours, "2024-03-08T14:30:00Z") == "2024-03-08")
    #expect(try date(hours, "2024-03-08T20:59:59.999999999Z") == "2024-03-08")
    #expect(try date(hours, "2024-03-08T21:00:00Z") == nil)
    // The clocks changed on Sunday.
    #expect(try date(hours, "2024-03-11T13:30:00Z") == "2024-03-11")
    #expect(try date(hours, "2024-03-11T20:00:00Z") == nil)
    #expect(try date(hours, "2024-11-04T14:29:59Z") == nil)
    #expect(try date(hours, "2024-11-04T20:59:59Z") == "2024-11-04")
  }

  @Test func aHalfDayEndsEarly() throws {
    let hours = TradeSessions.Hours.sessions(try ExchangeCalendar.named("XNYS"))
    #expect(try date(hours, "2024-11-29T17:59:59Z") == "2024-11-29")
    #expect(try date(hours, "2024-11-29T18:00:00Z") == nil)
    #expect(try date(hours, "2024-11-28T15:00:00Z") == nil)
  }

  @Test func aSundayEveningAtCMEIsMonday() throws {
    let hours = TradeSessions.Hours.dates(try ExchangeCalendar.named("CMES"))
    #expect(try date(hours, "2024-03-10T21:59:59Z") == nil)
    #expect(try date(hours, "2024-03-10T22:00:00Z") == "2024-03-11")
    #expect(try date(hours, "2024-03-11T21:59:59Z") == "2024-03-11")
    #expect(try date(hours, "2024-03-11T22:00:00Z") == "2024-03-12")
  }

  @Test func aDateThatTheCalendarDoesNotKnowIsAnError() throws {
    let hours = TradeSessions.Hours.sessions(try ExchangeCalendar.named("XNYS"))
    #expect(throws: CalendarError.self) { try date(hours, "2087-01-02T15:00:00Z") }
  }
}
