import Foundation
import TestSupport
import Testing

/// `lake download` through the real binary, against mock servers of the vendors.
@Suite("lake download", .serialized)
final class DownloadCommandTests {
  private let simulated: SimulatedLake
  /// An empty lake beside the simulated one.
  private let lake: URL

  init() throws {
    simulated = try SimulatedLake()
    lake = simulated.folder.appending(path: "bought")
    _ = try LakeBinary.run(["init", "bought", "-q"], in: simulated.folder)
    let config = lake.appending(path: "lake.yaml")
    let text = try String(contentsOf: config, encoding: .utf8)
    try
      (text + "\nretry:\n  initial_wait: 0.05\n  max_attempts: 2\ndownloads:\n"
      + "  - name: nightly\n    vendor: databento\n    dataset: EQUS.MINI\n"
      + "    schemas: [ohlcv-1s]\n    symbols: [QQQ]\n    start: 2024-01-02\n    end: 2024-01-03\n")
      .write(to: config, atomically: true, encoding: .utf8)
  }

  deinit { simulated.remove() }

  private func run(_ vendor: MockVendor?, _ line: String) throws -> LakeBinary.Run {
    var environment = [
      "DATABENTO_API_KEY": "", "MASSIVE_API_KEY": "", "POLYGON_API_KEY": "",
    ]
    if let vendor {
      environment = [
        "DATABENTO_API_KEY": MockVendor.key, "LAKE_DATABENTO_URL": vendor.url + "/v0",
        "MASSIVE_API_KEY": MockVendor.key, "LAKE_MASSIVE_URL": vendor.url,
      ]
    }
    let run = try LakeBinary.run(
      line.split(separator: " ").map(String.init), in: lake, environment: environment)
    #expect(!run.output.contains(MockVendor.key) && !run.talk.contains(MockVendor.key))
    return run
  }

  private func databento(_ flags: String...) throws -> MockVendor? {
    try MockVendor("databento", data: simulated.folder.appending(path: "data"), flags)
  }

  private static let bars =
    "download databento --dataset EQUS.MINI --schema ohlcv-1s --symbols SPY,QQQ "
    + "--start 2024-01-02 --end 2024-01-03"

  private func figure(_ run: LakeBinary.Run, _ name: String) -> String? {
    run.talk.split(separator: "\n").first { $0.hasPrefix(name + "  ") }?
      .split(separator: " ").last.map(String.init)
  }

  @Test("bars are priced, bought once, and replaced only where they changed")
  func databentoBars() throws {
    guard let vendor = try databento() else { return }
    let dry = try run(vendor, Self.bars + " --dry-run -v")
    #expect(dry.status == 0)
    #expect(dry.output.contains("[2024-01-02T00:00:00Z, 2024-01-04T00:00:00Z)"))
    #expect(dry.talk.contains("EQUS.MINI ohlcv-1s QQQ,SPY 2024-01-02/2024-01-04"))
    #expect(try run(vendor, "tables").output.contains("raw.") == false)
    let first = try run(vendor, Self.bars)
    #expect(first.status == 0, "\(first.talk)")
    #expect(figure(first, "rows stored") != "0")
    let again = try run(vendor, Self.bars)
    #expect(again.status == 0 && figure(again, "requests") == "0")
    #expect(again.talk.contains("nothing is missing"))
    let forced = try run(vendor, Self.bars + " --force")
    #expect(figure(forced, "rows same") == figure(first, "rows stored"))
    #expect(try run(vendor, "ledger show --symbol SPY").output.contains("complete"))
    #expect(try run(nil, "spend").status == 0)
    #expect(try run(nil, "ledger rebuild --dry-run").status == 0)
    #expect(try run(nil, "ledger rebuild -v").status == 0)
    // The rows equal those of the files.
    let query = "query raw.equs_mini_ohlcv_1s --columns symbol,ts_event,open,high,low,close,volume"
    let bought = try run(nil, query).output
    let ingested = try LakeBinary.run(
      query.split(separator: " ").map(String.init) + ["--lake", "lake"], in: simulated.folder)
    #expect(bought == ingested.output)
  }

  @Test("several schemas are compared side by side; a budget refuses")
  func prices() throws {
    guard let vendor = try databento() else { return }
    let line = Self.bars.replacingOccurrences(of: "ohlcv-1s", with: "ohlcv-1s,trades")
    let dry = try run(vendor, line + " --dry-run")
    #expect(dry.output.contains("ohlcv-1s") && dry.output.contains("trades"))
    let refused = try run(vendor, line + " --max-usd 0.0000001")
    #expect(refused.status == 64)
    #expect(refused.talk.contains("is the most"))
    let json = try run(vendor, line + " --dry-run --json")
    #expect(
      json.output.contains("\"type\":\"estimate\"") && json.output.contains("\"type\":\"unit\""))
  }

  @Test("the monthly budget includes earlier purchases")
  func monthlyBudget() throws {
    guard let vendor = try databento() else { return }
    let config = lake.appending(path: "lake.yaml")
    let text = try String(contentsOf: config, encoding: .utf8)
    func allow(_ dollars: String) throws {
      let key = "key_env: DATABENTO_API_KEY"
      try text.replacingOccurrences(of: key, with: key + "\n    usd_month_max: \(dollars)")
        .write(to: config, atomically: true, encoding: .utf8)
    }
    let one = Self.bars.replacingOccurrences(of: "SPY,QQQ", with: "SPY")
    try allow("0.0000001")
    let refused = try run(vendor, one)
    #expect(refused.status == 64 && refused.talk.contains("monthly"), "\(refused.talk)")
    try allow("0.001")
    #expect(try run(vendor, one).status == 0)
    let second = try run(vendor, Self.bars + " --force")
    #expect(second.status == 64 && second.talk.contains("spent this month"), "\(second.talk)")
  }

  @Test("a download that lake.yaml names runs by its name, and all of them with --all")
  func named() throws {
    guard let vendor = try databento() else { return }
    let first = try run(vendor, "download nightly")
    #expect(first.status == 0, "\(first.talk)")
    #expect(figure(try run(vendor, "download --all"), "requests") == "0")
    let unknown = try run(vendor, "download nigthly")
    #expect(unknown.talk.contains("nightly"))
  }

  @Test("batch files are prepared on request")
  func batch() throws {
    guard let vendor = try databento("--batch-delay", "0") else { return }
    let run = try run(vendor, Self.bars + " --batch always")
    #expect(run.status == 0, "\(run.talk)")
    #expect(run.talk.contains("batch job"))
    #expect(figure(run, "rows stored") != "0")
  }

  @Test("an unknown symbol does not stop the others, and is reported")
  func unknownSymbol() throws {
    guard let vendor = try databento() else { return }
    let line = Self.bars.replacingOccurrences(of: "SPY,QQQ", with: "SPY,NOPE")
    let run = try run(vendor, line)
    #expect(run.status == 1)
    #expect(run.talk.contains("'NOPE'"))
    #expect(figure(run, "rows stored") != "0")
    let json = try self.run(vendor, line + " --json")
    #expect(json.output.contains("\"symbol\":\"NOPE\""))
  }

  @Test("data outside the vendor plan is reported, recorded, and requested again on demand")
  func notEntitled() throws {
    guard let vendor = try databento("--fault", "403:path=get_range,symbol=QQQ,times=0") else {
      return
    }
    let first = try run(vendor, Self.bars)
    #expect(first.status == 1)
    #expect(figure(first, "not entitled") == "1")
    #expect(figure(first, "rows stored") != "0")
    #expect(figure(try run(vendor, Self.bars), "requests") == "0")
    #expect(figure(try run(vendor, Self.bars + " --recheck not_entitled"), "requests") == "1")
  }

  @Test("failed units are downloaded by --retry-failed only")
  func retryFailed() throws {
    guard let vendor = try databento("--fault", "500:path=get_range,times=2") else { return }
    let first = try run(vendor, Self.bars)
    #expect(first.status == 1 && figure(first, "failed") == "1", "\(first.talk)")
    let again = try run(vendor, Self.bars + " --retry-failed")
    #expect(again.status == 0 && figure(again, "requests") == "1", "\(again.talk)")
    #expect(try run(vendor, Self.bars + " --refresh").status == 0)
  }

  @Test(
    "mistakes are told with what to try, and nothing is made",
    arguments: [
      ("download", "needs VENDOR"), ("download nobody", "no download is named"),
      ("download databento bars", "unexpected argument"),
      ("download massive", "needs KIND"), ("download massive bers", "bars"),
      ("download databento --dataset EQUS.MINI", "--symbols"),
      (bars.replacingOccurrences(of: "MINI", with: "MINY"), "EQUS.MINI"),
      (bars.replacingOccurrences(of: "ohlcv-1s", with: "ohlcv-1x"), "ohlcv-1"),
      (bars.replacingOccurrences(of: "--end 2024-01-03", with: "--end 2023-01-01"), "not before"),
      (bars.replacingOccurrences(of: "2024-", with: "1999-"), "begins"),
      (bars.replacingOccurrences(of: "2024-", with: "2099-"), "ends"),
      (bars + " --rate-limit often", "rate-limit"), (bars + " --max-usd much", "max-usd"),
      (bars + " --recheck complete", "recheck"), (bars + " --force --refresh", "force"),
      ("download massive bars --symbols SPY --start 2099-01-01", "not before now"),
      ("download massive indices --symbols SPY --start 2013-01-01", "I:VIX"),
      ("download massive bars --symbols SPY --start 2013-01-01 --interval 1x", "interval"),
      (
        "download massive options --underlying SPY --expiry fixed --start 2014-06-06", "expiry-date"
      ),
      ("workers stop 1.1", "no worker"), ("workers stop", "ID"), ("workers list 7", "unexpected"),
    ])
  func mistakes(line: String, told: String) throws {
    guard let vendor = try databento() else { return }
    let run = try run(vendor, line)
    #expect(run.status == 64 || run.status == 2, "\(line): \(run.status)")
    #expect(run.talk.contains(told) && run.talk.contains("try:"), "\(line): \(run.talk)")
    #expect(try self.run(nil, "tables").output.contains("raw.") == false)
  }

  @Test("without a key, the variable to set is named")
  func noKey() throws {
    let run = try run(nil, Self.bars)
    #expect(run.status == 2)
    #expect(run.talk.contains("DATABENTO_API_KEY"))
    let massive = try self.run(nil, "download massive bars --symbols SPY --start 2024-01-02")
    #expect(massive.talk.contains("MASSIVE_API_KEY"))
  }

  @Test("a running download shows its workers, and stops gracefully on request")
  func workers() throws {
    guard
      let vendor = try databento("--fault", "drip:path=get_range,bytes=200,every=0.05,times=0")
    else { return }
    let process = Process()
    process.executableURL = URL(filePath: LakeBinary.path)
    let line = Self.bars.replacingOccurrences(of: "ohlcv-1s", with: "trades") + " --jobs 1 -q"
    process.arguments = line.split(separator: " ").map(String.init)
    process.currentDirectoryURL = lake
    process.environment = ProcessInfo.processInfo.environment.merging([
      "DATABENTO_API_KEY": MockVendor.key, "LAKE_DATABENTO_URL": vendor.url + "/v0",
    ]) { $1 }
    process.standardError = FileHandle.nullDevice
    try process.run()
    var seen = ""
    for _ in 0..<100 where !seen.contains("fetching") && process.isRunning {
      seen = try run(nil, "workers list").output
      if !seen.contains("fetching") { usleep(50_000) }
    }
    #expect(seen.contains("EQUS.MINI trades"), "\(seen)")
    #expect(try run(nil, "workers list --json").output.contains("\"type\":\"worker\""))
    let told = try run(nil, "workers stop \(process.processIdentifier)")
    #expect(told.status == 0, "\(told.talk)")
    process.waitUntilExit()
    #expect(process.terminationStatus == 1 || process.terminationStatus == 0)
    #expect(try run(nil, "workers list").output.isEmpty)
  }

  @Test("Massive: bars, indices, news and each day's options, and nothing twice")
  func massive() throws {
    guard let pages = MockVendor.shared("derived/massive"),
      let vendor = try MockVendor("massive", data: pages)
    else { return }
    for (line, table) in [
      ("bars --symbols SPY --start 2013-10-07 --end 2013-10-09", "raw.massive_stock_bars_1m"),
      (
        "indices --symbols I:VIX --interval 1d --start 2013-03-01 --end 2013-04-30",
        "raw.massive_index_bars_1d"
      ),
      (
        "options --underlying AAPL --increment 2.5 --expiry next_friday "
          + "--start 2014-06-06 --end 2014-06-06", "raw.massive_option_bars_1m"
      ),
    ] {
      let dry = try run(vendor, "download massive " + line + " --dry-run")
      #expect(dry.status == 0 && dry.output.contains("massive"), "\(line): \(dry.talk)")
      let first = try run(vendor, "download massive " + line)
      #expect(first.status == 0 && figure(first, "rows stored") != "0", "\(line): \(first.talk)")
      #expect(try run(nil, "tables").output.contains(table))
      let again = try run(vendor, "download massive " + line)
      #expect(again.status == 0 && figure(again, "rows processed") == "0", "\(line): \(again.talk)")
      let refreshed = try run(vendor, "download massive " + line + " --refresh")
      #expect(
        refreshed.status == 0 && figure(refreshed, "rows changed") == "0",
        "\(line): \(refreshed.talk)")
    }
    let listed = try run(
      vendor,
      "download massive options --underlying AAPL --increment 2.5 --expiry fixed "
        + "--expiry-date 2014-06-13 --mode list --start 2014-06-06 --end 2014-06-06")
    #expect(listed.status == 0 || listed.talk.contains("AAPL 2014-06-06"), "\(listed.talk)")
    let news = try run(
      vendor, "download massive news --symbols AAPL --start 2024-01-01 --end 2024-01-02")
    #expect(news.status == 0, "\(news.talk)")
  }
}
