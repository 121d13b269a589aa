import Catalog
import LakeTestSupport
import Market
import Tables
import TestSupport
import Testing

@testable import Passes

/// Trades in memory, a few at a time.
private final class ListedTrades: TradeFile {
  struct Trade {
    var time: Int64
    var received: Int64
    var sequence: Int64
    var price: Int64
    var size: Int64
    var symbol: String
    var instrument: Int64
  }

  let path: String
  let dataset: String? = "XNAS.ITCH"
  let start: Int64
  private(set) var recordCount = 0
  private let trades: [Trade]

  init(_ path: String, _ trades: [Trade]) {
    self.path = path
    self.trades = trades
    start = trades.map(\.received).min() ?? 0
  }

  func next(
    into batch: TradeBatch, series: (String, Int64, Int64, Int64) throws -> Int32
  ) throws -> Bool {
    if recordCount == trades.count { return false }
    let rows = trades[recordCount..<min(recordCount + 7, trades.count)]
    batch.removeAll(reserving: rows.count)
    batch.hasTies = true
    for trade in rows {
      let row = batch.count
      batch.time[row] = trade.time
      batch.received[row] = trade.received
      batch.sequence[row] = trade.sequence
      batch.price[row] = trade.price
      batch.size[row] = trade.size
      batch.ordinal[row] = Int64(recordCount)
      batch.series[row] = try series(
        trade.symbol, 2, trade.instrument, trade.received / 86_400_000_000_000)
      batch.count += 1
      recordCount += 1
    }
    return true
  }
}

@Suite("bars straight from files") struct TickFileBarsTests {
  private static let day: Int64 = 86_400_000_000_000
  private static let first: Int64 = 19_790 * day

  /// Three days of two symbols, whose instruments have other numbers every day.
  private func trades(seed: UInt64) -> [ListedTrades.Trade] {
    var random = SeededGenerator(seed: seed)
    return (0..<600).map { index in
      let received =
        Self.first + Int64(index) * Self.day / 200 + Int64.random(in: 0..<1000, using: &random)
      let isOdd = Bool.random(using: &random)
      return ListedTrades.Trade(
        time: received - Int64.random(in: 0..<200_000_000_000, using: &random), received: received,
        sequence: Int64(index), price: Int64.random(in: 1...999, using: &random) * 1_000_000_000,
        size: Int64.random(in: 1...99, using: &random), symbol: isOdd ? "ZZ" : "AA",
        instrument: (isOdd ? 10 : 20) + (received - Self.first) / Self.day)
    }
  }

  /// What a bar must be: by symbol and start.
  private func expected(_ trades: [ListedTrades.Trade], length: Int64) -> [[String]] {
    var groups: [[String]: [ListedTrades.Trade]] = [:]
    for var trade in trades {
      // One that is dated before its receipt counts when it was received.
      if trade.time / Self.day != trade.received / Self.day { trade.time = trade.received }
      groups[["\(trade.time / length * length / 1_000_000_000)", trade.symbol], default: []]
        .append(trade)
    }
    return groups.map { key, own in
      let ordered = own.sorted { ($0.time, $0.sequence) < ($1.time, $1.sequence) }
      let prices = own.map { $0.price / 1_000_000_000 }
      return [
        key[0], key[1], "\(own.map(\.instrument).min() ?? 0)",
        "\(ordered[0].price / 1_000_000_000)", "\(prices.max() ?? 0)", "\(prices.min() ?? 0)",
        "\(ordered[ordered.count - 1].price / 1_000_000_000)", "\(own.reduce(0) { $0 + $1.size })",
        "\(own.count)",
      ]
    }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func made(_ files: [ListedTrades], interval: String, _ toy: ToyLake) throws -> [[String]]
  {
    var options = BarsPass.Options()
    options.intervals = [interval]
    let job = try TickFileBars(files, options, into: toy.lake, observer: NoObserver())
    let table = try #require(try job.make())
    let columns = [
      "ts_event", "symbol", "instrument_id", "open", "high", "low", "close", "volume", "count",
    ]
    let rows = try toy.rows(table.description, columns)
    #expect(rows.count == job.barCount)
    return rows.map { row in
      // Microseconds, and prices at 10^-9.
      [String((Int64(row[0]) ?? 0) / 1_000_000), row[1], row[2]]
        + row[3...6].map { String((Int64($0) ?? 0) / 1_000_000_000) } + row[7...]
    }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  @Test(
    "are those of all trades, however these are cut into files", arguments: ["1h", "1d"], [1, 2, 3])
  func bars(interval: String, fileCount: Int) throws {
    let trades = trades(seed: 5)
    let length = try #require(Interval.parse(interval)).nanoseconds
    // Cut within dates; or every second trade in another file.
    let cuts = (0..<fileCount).map { file in
      trades.indices.filter { $0 * fileCount / trades.count == file }
    }
    let combs = (0..<fileCount).map { file in trades.indices.filter { $0 % fileCount == file } }
    for parts in [cuts, combs] {
      let files = parts.enumerated().map { number, rows in
        ListedTrades("\(number)", rows.map { trades[$0] })
      }
      let made = try made(files.reversed(), interval: interval, try ToyLake())
      #expect(made == expected(trades, length: length))
    }
  }

  @Test("are refused where trades go back to a date that is written")
  func disorder() throws {
    let trades = trades(seed: 7)
    var options = BarsPass.Options()
    options.intervals = ["1h"]
    let file = ListedTrades("a", Array(trades[300...] + trades[..<20]))
    let job = try TickFileBars([file], options, into: try ToyLake().lake, observer: NoObserver())
    #expect(throws: PassError.self) { _ = try job.make() }
  }

  @Test("leave out what has no price or size, and say so")
  func undefined() throws {
    var some = trades(seed: 6)
    for index in [5, 77] { some[index].price = .max }
    some[99].size = .max
    let toy = try ToyLake()
    var options = BarsPass.Options()
    options.intervals = ["1h"]
    let job = try TickFileBars(
      [ListedTrades("a", some)], options, into: toy.lake, observer: NoObserver())
    _ = try job.make()
    #expect(job.tally.undefinedCount == 3 && job.tally.tradeCount == 600)
    options.session = .rth
    let none = ListedTrades("b", Array(some.prefix(3)))
    let night = try TickFileBars([none], options, into: try ToyLake().lake, observer: NoObserver())
    #expect(try night.make() == nil)
    #expect(night.tally.outsideCount == 3)
  }
}
