import Columnar
import Databento
import Foundation
import Market
import Simulation
import TestSupport
import Testing

@Suite struct SimulatedMarketTests {
  private func date(_ text: String) throws -> CivilDate { try #require(CivilDate(iso: text)) }

  /// Runs a simulation and returns its files' records by schema.
  private func simulate(
    _ change: (inout SimulationOptions) -> Void = { _ in }, width: Int = 2
  ) throws -> [String: [UInt8]] {
    let folder = TemporaryFolder()
    var options = SimulationOptions(
      start: try date("2024-01-02"), dayCount: 1, directory: folder.path + "/out")
    options.schemas = [.definition, .status, .mbp1, .tbbo, .trades, .ohlcv1s, .ohlcv1m, .ohlcv1d]
    options.symbols = ["ESH4", "NQH4", "6EH4"]
    options.rowsPerDay = 20_000
    options.seed = 7
    change(&options)
    let simulation = try SimulatedMarket(options)
    let written = try #require(try simulation.run(width: width))
    #expect(written.map(\.path) == simulation.files.map(\.path))
    var records: [String: [UInt8]] = [:]
    for file in written {
      let found = try Self.records(file.path)
      #expect(found.runs.reduce(0) { $0 + $1.count } == file.recordCount)
      #expect(found.runs.allSatisfy { $0.kind == file.schema })
      #expect(found.metadata?.schema == file.schema)
      records[URL(fileURLWithPath: file.path).lastPathComponent] = try [UInt8](
        Data(contentsOf: URL(fileURLWithPath: file.path)))
      records[file.date.iso + " " + file.schema.rawValue] = found.bytes
    }
    return records
  }

  /// All records of a file, concatenated.
  private static func records(
    _ path: String
  ) throws -> (metadata: DBNMetadata?, bytes: [UInt8], runs: [RecordRun]) {
    let reader = try DBNReader(path: path)
    let block = DBNBlock()
    var bytes: [UInt8] = []
    var runs: [RecordRun] = []
    while try reader.read(into: block, byteCount: 1 << 16) {
      for run in block.runs {
        bytes += block.bytes.bytes[run.start..<run.start + run.count * run.stride]
        runs.append(run)
      }
    }
    return (reader.metadata, bytes, runs)
  }

  private func bytes(_ records: [String: [UInt8]], _ schema: RecordKind) throws -> Records {
    let bytes = try #require(records["2024-01-02 " + schema.rawValue])
    return Records(
      bytes: bytes, stride: recordByteCount(schema, version: 3, tsOut: false),
      fields: Dictionary(
        uniqueKeysWithValues: DBNFields.fields(schema, version: 3).map { ($0.name, $0) }))
  }

  private struct Records {
    let bytes: [UInt8]
    let stride: Int
    let fields: [String: DBNField]
    var count: Int { bytes.count / stride }

    func number(_ row: Int, _ name: String) -> Int64 {
      guard let field = fields[name] else { return .min }
      var value: UInt64 = 0
      for index in (0..<field.form.byteCount).reversed() {
        value = value << 8 | UInt64(bytes[row * stride + field.offset + index])
      }
      return Int64(bitPattern: value)
    }
    func character(_ row: Int, _ name: String) -> Character {
      Character(UnicodeScalar(UInt8(number(row, name))))
    }
  }

  @Test func theSameSeedGivesTheSameBytesWhateverTheThreads() throws {
    let once = try simulate({ $0.dayCount = 3 }, width: 1)
    let again = try simulate({ $0.dayCount = 3 }, width: 3)
    #expect(once == again && once.count == 2 * 3 * 8)
    let other = try simulate({ $0.seed = 8 })
    #expect(other["2024-01-02 mbp-1"] != once["2024-01-02 mbp-1"])
  }

  @Test func aDayDependsOnNeitherOtherDaysNorOtherSchemas() throws {
    let all = try simulate({ $0.dayCount = 2 })
    let alone = try simulate({
      $0.start = CivilDate(daysSinceEpoch: $0.start.daysSinceEpoch + 1)
      $0.schemas = [.ohlcv1s]
    })
    #expect(alone["2024-01-03 ohlcv-1s"] == all["2024-01-03 ohlcv-1s"])
    #expect(alone["2024-01-03 ohlcv-1s"]?.isEmpty == false)
  }

  @Test func barsAreMadeOfTheTrades() throws {
    let records = try simulate()
    let trades = try bytes(records, .trades)
    for (schema, length) in [(RecordKind.ohlcv1s, Int64(1)), (.ohlcv1m, 60), (.ohlcv1d, 86_400)] {
      var expected: [[Int64]: [Int64]] = [:]
      for row in 0..<trades.count {
        let start =
          trades.number(row, "ts_event") / (length * 1_000_000_000) * length * 1_000_000_000
        let received = trades.number(row, "ts_recv")
        #expect(received / 1_000_000_000 == trades.number(row, "ts_event") / 1_000_000_000)
        let key = [start, trades.number(row, "instrument_id")]
        let (price, size) = (trades.number(row, "price"), trades.number(row, "size"))
        var bar = expected[key] ?? [price, price, price, price, 0]
        bar = [bar[0], max(bar[1], price), min(bar[2], price), price, bar[4] + size]
        expected[key] = bar
      }
      let bars = try bytes(records, schema)
      #expect(bars.count == expected.count && bars.count > 0, "\(schema)")
      for row in 0..<bars.count {
        let key = [bars.number(row, "ts_event"), bars.number(row, "instrument_id")]
        let found = ["open", "high", "low", "close", "volume"].map { bars.number(row, $0) }
        #expect(expected[key] == found, "\(schema) \(key)")
      }
    }
  }

  @Test func tradesHappenAtTheQuotesOnTheTickGridInOrder() throws {
    let records = try simulate()
    let quotes = try bytes(records, .mbp1)
    let trades = try bytes(records, .trades)
    let definitions = try bytes(records, .definition)
    var ticks: [Int64: Int64] = [:]
    for row in 0..<definitions.count {
      ticks[definitions.number(row, "instrument_id")] =
        definitions.number(row, "min_price_increment")
    }
    #expect(ticks.values.sorted() == [50_000, 250_000_000, 250_000_000])
    var (last, tradeCount) = (Int64(0), 0)
    for row in 0..<quotes.count {
      let tick = try #require(ticks[quotes.number(row, "instrument_id")])
      let (bid, ask) = (quotes.number(row, "bid_px_00"), quotes.number(row, "ask_px_00"))
      #expect(bid > 0 && bid < ask && bid % tick == 0 && ask % tick == 0)
      #expect(quotes.number(row, "bid_sz_00") > 0 && quotes.number(row, "ask_sz_00") > 0)
      #expect(quotes.number(row, "ts_recv") >= last)
      last = quotes.number(row, "ts_recv")
      guard quotes.character(row, "action") == "T" else { continue }
      let isBuy = quotes.character(row, "side") == "B"
      #expect(quotes.number(row, "price") == (isBuy ? ask : bid))
      let offered = quotes.number(row, isBuy ? "ask_sz_00" : "bid_sz_00")
      #expect((1...offered).contains(quotes.number(row, "size")))
      for name in trades.fields.keys where name != "rtype" {
        #expect(trades.number(tradeCount, name) == quotes.number(row, name), "\(name)")
      }
      tradeCount += 1
    }
    #expect(tradeCount == trades.count && tradeCount > 1000)
    #expect(try bytes(records, .tbbo).count == tradeCount)
  }

  @Test func aDayHasAboutTheRowsAskedFor() throws {
    let rows = try bytes(try simulate({ $0.rowsPerDay = 100_000 }), .mbp1).count
    #expect((80_000...120_000).contains(rows), "\(rows)")
  }

  @Test func weekendsAreNotTraded() throws {
    let week = (7...13).map { CivilDate(daysSinceEpoch: 19_729 - 7 + $0) }  // from a Sunday
    #expect(week[0].iso == "2024-01-07")
    let seconds = { (hours: TradingHours) in
      week.map { hours.phases(on: $0).reduce(0) { $0 + $1.seconds.count } / 3600 }
    }
    #expect(seconds(.equities) == [0, 15, 15, 15, 15, 15, 0])
    #expect(seconds(.futures) == [1, 23, 23, 23, 23, 22, 0])
    // In summer an hour earlier in UTC.
    let summer = TradingHours.equities.phases(on: try date("2024-07-01"))
    #expect(summer[1] == TradingPhase(.regular, 13 * 3600 + 1800..<20 * 3600))
    for (text, opening) in [
      ("2024-03-08", 14), ("2024-03-11", 13), ("2024-11-01", 13), ("2024-11-04", 14),
    ] {
      let phases = TradingHours.equities.phases(on: try date(text))
      #expect(phases[1].seconds.lowerBound / 3600 == opening, "\(text)")
    }
  }

  @Test func whatCannotBeSimulatedIsRefused() throws {
    func message(_ change: (inout SimulationOptions) -> Void) throws -> String? {
      var options = SimulationOptions(start: try date("2024-01-02"), dayCount: 1, directory: "x")
      change(&options)
      return #expect(throws: DBNError.self) { try SimulatedMarket(options) }?.message
    }
    #expect(try message { $0.schemas = [.mbo] } == "'mbo' can't be simulated")
    #expect(try message { $0.schemas = [.trades, .trades] } == "each schema is named once")
    #expect(try message { $0.symbols = ["A", "A"] } == "a symbol is named twice")
    #expect(
      try message { $0.symbols = ["ESH4", "SPY"] }
        == "'ESH4' looks like a future, other symbols don't")
    #expect(try message { $0.dataset = "NO.SUCH" } == "dataset 'NO.SUCH' is unknown")
    #expect(
      try message { $0.symbols = ["A B"] }
        == "symbol 'A B': 1 to 20 ASCII characters without spaces are needed")
    #expect(try message { $0.dayCount = 0 } == "0 days; 1 to 3660 can be simulated")
  }

  @Test func filesThatExistAreKept() throws {
    let folder = TemporaryFolder()
    var options = SimulationOptions(
      start: try date("2024-01-02"), dayCount: 1, directory: folder.path)
    options.schemas = [.definition]
    #expect(try SimulatedMarket(options).run()?.count == 1)
    let error = #expect(throws: DBNError.self) { try SimulatedMarket(options).run() }
    #expect(error?.remedy == "--force overwrites it")
    options.overwrites = true
    #expect(try SimulatedMarket(options).run()?.count == 1)
  }

  @Test func stoppingLeavesNoHalfFile() throws {
    let folder = TemporaryFolder()
    let options = SimulationOptions(
      start: try date("2024-01-02"), dayCount: 2, directory: folder.path)
    #expect(try SimulatedMarket(options).run(shouldStop: { true }) == nil)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }
}
