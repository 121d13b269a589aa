import Foundation
import Testing

/// A lake of minute bars around Thanksgiving 2024, from a CSV file, with known gaps.
private struct BarsLake {
  static let table = "raw.xnas_itch_ohlcv_1m"
  let scratch: ScratchFolder

  /// - Parameter isThere: Whether a symbol has a bar in a minute (UTC) of a date.
  init(_ symbols: [String], isThere: (_ symbol: String, _ date: String, _ minute: String) -> Bool)
    throws
  {
    scratch = try ScratchFolder()
    var lines = ["symbol,ts_event,open,high,low,close,volume"]
    for symbol in symbols {
      for date in ["2024-11-25", "2024-11-26", "2024-11-27", "2024-11-29", "2024-12-02"] {
        for minute in 870..<(date == "2024-11-29" ? 1080 : 1260) {
          let clock = String(format: "%02d:%02d", minute / 60, minute % 60)
          if isThere(symbol, date, clock) {
            lines.append("\(symbol),\(date)T\(clock):00Z,1,2,0.5,1.5,100")
          }
        }
      }
    }
    let file = scratch.url.appending(path: "bars.csv")
    try (lines.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
    for line in ["init lake", "ingest bars.csv --dataset XNAS.ITCH --schema ohlcv-1m"] {
      let run = try LakeBinary.run(line.words, in: scratch.url)
      try #require(run.status == 0, "\(line): \(run.talk)")
    }
  }

  func run(_ line: String) throws -> LakeBinary.Run {
    try LakeBinary.run(line.words, in: scratch.url)
  }

  /// The gaps of a state as "symbol start end".
  func gaps(_ state: String, _ flags: String = "") throws -> [String] {
    let lines = try run("gaps \(Self.table) --json \(flags)").output.jsonLines
    return lines.of(type: "gap").filter { $0["state"] as? String == state }.map { gap in
      let times = ["start", "end"].map { gap[$0] as? String ?? "" }
      return "\(gap["symbol"] as? String ?? "*") \(times[0]) \(times[1])"
    }
  }
}

/// Adds events to a lake's coverage ledger, as a killed command would have left them.
private func record(_ events: [(state: String, start: String, end: String)], in lake: URL) throws {
  let format = ISO8601DateFormatter()
  let lines = try events.map { event in
    let times = try [event.start, event.end].map {
      Int64(try #require(format.date(from: $0)).timeIntervalSince1970) * 1_000_000_000
    }
    return """
      {"recorded_at":4000000000000000000,"dataset":"EQUS.MINI","schema":"ohlcv-1s",\
      "symbols":["SPY"],"symbol_type":"raw_symbol","interval_start":\(times[0]),\
      "interval_end":\(times[1]),"state":"\(event.state)","table":"\(SimulatedLake.bars)",\
      "row_count":10,"byte_count":100,"cost_usd":1250000001,"request_id":"r"}
      """
  }
  let folder = lake.appending(path: "ledger/journal")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  try (lines.joined(separator: "\n") + "\n").write(
    to: folder.appending(path: "test.jsonl"), atomically: true, encoding: .utf8)
}

@Suite struct GapsCommandTests {
  @Test func aSymbolThatNothingIsKnownOfIsNamed() throws {
    let lake = try BarsLake(["AAA", "BBB"]) { _, _, _ in true }
    let run = try lake.run("gaps \(BarsLake.table) --symbol AAA,NONE")
    #expect(run.talk.contains("warning: neither rows nor requests of 'NONE'\n"), "\(run.talk)")
    #expect(try !lake.run("gaps \(BarsLake.table) --symbol AAA,BBB").talk.contains("warning"))
    // In an explicit range, it is missing.
    let asked = try lake.run(
      "gaps \(BarsLake.table) --symbol AAA,NONE --start 2024-11-25 --end 2024-11-26")
    #expect(asked.status == 1 && !asked.talk.contains("warning"), "\(asked.talk)")
  }

  @Test func aWholeTableNeedsNothing() throws {
    let lake = try BarsLake(["SPY", "QQQ"]) { _, _, _ in true }
    defer { lake.scratch.remove() }
    let run = try lake.run("gaps")
    #expect(run.status == 0)
    #expect(run.output.lines.count == 2 && run.output.contains("market closed"))
    #expect(run.talk.contains("to be done      no"))
    #expect(try lake.gaps("market_closed").count == 1)
  }

  @Test func aLostDayALongRunAndASharedMinuteAreFound() throws {
    let lake = try BarsLake(["SPY", "QQQ", "IBM"]) { symbol, date, minute in
      if date == "2024-11-27" { return false }
      if symbol == "SPY", date == "2024-11-26", minute >= "16:00", minute < "16:30" { return false }
      if date == "2024-12-02", minute == "15:07" { return false }
      return !(symbol == "IBM" && date == "2024-11-29" && minute >= "15:00" && minute < "15:03")
    }
    defer { lake.scratch.remove() }
    let day = "2024-11-27T14:30:00Z 2024-11-27T21:00:00Z"
    #expect(try lake.gaps("not_downloaded") == ["IBM \(day)", "QQQ \(day)", "SPY \(day)"])
    #expect(
      try lake.gaps("suspicious") == [
        "SPY 2024-11-26T16:00:00Z 2024-11-26T16:30:00Z",
        "* 2024-12-02T15:07:00Z 2024-12-02T15:08:00Z",
      ])
    #expect(try lake.gaps("no_trade") == ["IBM 2024-11-29T15:00:00Z 2024-11-29T15:03:00Z"])
    let run = try lake.run("gaps -v")
    #expect(run.status == 1)
    #expect(run.output.contains("3 symbols  2024-12-02T15:07:00Z  to 2024-12-02T15:08:00Z  3 m"))
    #expect(run.talk.contains("not downloaded: ") && run.talk.contains("suspicious: "))
  }

  @Test func aSymbolThatIsAbsentForADayIsSuspiciousIfItTradesAllTheTime() throws {
    let lake = try BarsLake(["SPY", "QQQ", "RARE"]) { symbol, date, minute in
      if symbol == "RARE" { return date != "2024-11-26" && minute.hasSuffix("45") }
      return !(symbol == "QQQ" && date == "2024-11-26")
    }
    defer { lake.scratch.remove() }
    #expect(try lake.gaps("suspicious") == ["QQQ 2024-11-26T14:30:00Z 2024-11-26T21:00:00Z"])
    #expect(
      try lake.gaps("no_trade").contains("RARE 2024-11-26T14:30:00Z 2024-11-26T21:00:00Z"))
    #expect(try lake.gaps("not_downloaded").isEmpty)
  }

  @Test func aSymbolOfFilesWithoutARecordMayEndWithItsRows() throws {
    let lake = try BarsLake(["SPY", "OLD", "BACK"]) { symbol, date, _ in
      switch symbol {
      case "OLD": date == "2024-11-25"
      case "BACK": date == "2024-11-25" || date == "2024-12-02"
      default: date != "2024-11-27"
      }
    }
    defer { lake.scratch.remove() }
    #expect(
      try lake.gaps("not_downloaded") == [
        "SPY 2024-11-27T14:30:00Z 2024-11-27T21:00:00Z",
        "BACK 2024-11-27T14:30:00Z 2024-11-27T21:00:00Z",
      ])
    #expect(
      try lake.gaps("suspicious") == [
        "BACK 2024-11-26T14:30:00Z 2024-11-26T21:00:00Z",
        "BACK 2024-11-29T14:30:00Z 2024-11-29T18:00:00Z",
      ])
  }

  @Test func aRangeThatIsAskedForIsExpected() throws {
    let lake = try BarsLake(["SPY"]) { _, _, _ in true }
    defer { lake.scratch.remove() }
    #expect(
      try lake.gaps("not_downloaded", "--start 2024-11-20 --end 2024-12-04") == [
        "SPY 2024-11-20T14:30:00Z 2024-11-22T21:00:00Z",
        "SPY 2024-12-03T14:30:00Z 2024-12-04T21:00:00Z",
      ])
    #expect(
      try lake.gaps("not_downloaded", "--symbol DIA --start 2024-12-02 --end 2024-12-02") == [
        "DIA 2024-12-02T14:30:00Z 2024-12-02T21:00:00Z"
      ])
    #expect(
      try lake.gaps("not_downloaded", "--start 2024-11-29T18:00:00Z --end 2024-12-02").isEmpty)
  }

  @Test func theLedgerExplainsMissingRows() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try record(
      [
        ("failed", "2024-01-04T00:00:00Z", "2024-01-05T00:00:00Z"),
        ("not_entitled", "2024-01-05T00:00:00Z", "2024-01-06T00:00:00Z"),
        ("open", "2024-01-08T00:00:00Z", "2024-01-08T18:00:00Z"),
        ("purged", "2024-01-09T00:00:00Z", "2024-01-10T00:00:00Z"),
        ("complete", "2024-01-10T00:00:00Z", "2024-01-11T20:59:59Z"),
        ("complete", "2024-01-11T21:00:00Z", "2024-01-13T00:00:00Z"),
      ], in: lake.folder.appending(path: "lake"))
    let run = try lake.run("gaps \(SimulatedLake.bars) --symbol SPY --json")
    #expect(run.status == 1)
    let gaps = try run.output.jsonLines.of(type: "gap").filter {
      ($0["session"] as? String ?? "") > "2024-01-03"
    }
    let told = gaps.map { gap in
      "\(gap["state"] as? String ?? "") \((gap["start"] as? String ?? "").dropFirst(5)) "
        + "\((gap["end"] as? String ?? "").dropFirst(5))"
    }
    #expect(
      told.filter { !$0.hasPrefix("no_trade") && !$0.hasPrefix("suspicious") } == [
        "failed 01-04T14:30:00Z 01-04T21:00:00Z", "not_entitled 01-05T14:30:00Z 01-05T21:00:00Z",
        "not_downloaded 01-08T18:00:00Z 01-08T21:00:00Z",
        "purged 01-09T14:30:00Z 01-09T21:00:00Z",
        "not_downloaded 01-11T20:59:59Z 01-11T21:00:00Z",
      ])
    let spend = try lake.output(of: "spend --by symbol --json").jsonLines
    #expect(spend.of(type: "spend").map { $0["usd"] as? String } == ["7.500000006"])
    #expect(spend.last?["usd"] as? String == "7.500000006")
    #expect(try lake.output(of: "spend").lines.first?.hasPrefix("MONTH    DATASET") == true)
  }

  @Test func mistakesAreReportedBeforeAnythingIsRead() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.refuses(
      [
        ("gaps --start yesterday", "--start is 'yesterday'|2024-01-02"),
        ("gaps --start 2024-01-03 --end 2024-01-02", "is not before --end"),
        ("spend --by year", "'year'|month, dataset, schema, symbol"),
        ("spend --by month,month", "'month'|each once"),
        ("calendar --start 2024-01-02", "need the name of a calendar"),
        ("options discover --date 2025-03-03", "needs --underlying"),
        ("options discover --underlying SPY", "needs --date"),
        (
          "options discover --underlying SPY --date 2025-03-02 --lake lake", "no session|2025-02-28"
        ),
        ("options discover --underlying SPY --date 2025-03-03 --range-pct x", "0 to 100"),
        ("options find", "'find'|'discover'"),
        ("calendar XNYS --start 2024-13-01", "--start|'2024-13-01'"),
        ("calendar XNYS --start 2024-01-02 --end 2024-01-01", "not before --start"),
      ], status: 64)
    try lake.refuses(
      [
        ("gaps raw.equs_mini_ohlcv_1d", "unknown table|did you mean"),
        ("gaps --calendar XNY", "unknown calendar 'XNY'|XNYS"),
        ("calendar NOSUCH.EXCHANGE", "unknown calendar"),
        ("calendar XNYS --start 2051-01-01", "knows 1990-01-01 to 2030-12-31"),
      ], status: 2)
  }

  @Test func aLakeMayHaveItsOwnCalendarsAndDatasets() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let folder = lake.folder.appending(path: "lake/schemas/calendars")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func write(_ name: String, _ text: String) throws {
      try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    let own = """
      calendar: "MINE"
      timezone: UTC
      first: 2024-01-01
      last: 2024-12-31
      hours:
        2024-01-01: "Mon-Sun 15:00 to 15:30"
      holidays:
        2024: "01-06"
      utc_offsets:
        2023: "12-31 +00:00"

      """
    try write("MINE.yaml", own)
    try write("datasets.yaml", "calendars:\n  EQUS.*: MINE\n")
    let sessions = try lake.output(
      of: "calendar EQUS.MINI --start 2024-01-05 --end 2024-01-07 --lake lake --json"
    ).jsonLines.of(type: "session").map { $0["open"] as? String }
    #expect(sessions == ["2024-01-05T15:00:00Z", "2024-01-07T15:00:00Z"])
    let report = try lake.run("gaps \(SimulatedLake.bars) --json").output.jsonLines.of(
      type: "table")
    #expect(report.first?["calendars"] as? [String] == ["MINE"])

    for (text, says) in [
      (own.replacingOccurrences(of: "15:00 to", with: "15:00 til"), "|line 6|are not like"),
      (own.replacingOccurrences(of: "01-06", with: "02-30"), "'2024-02-30' is no date|line 8"),
      (own.replacingOccurrences(of: "hours:", with: "ours:"), "unknown key 'ours'|'hours'"),
      (own.replacingOccurrences(of: "2023:", with: "2024:"), "no offset from UTC before"),
      ("- a\n", "no key"),
    ] {
      try write("MINE.yaml", text)
      try lake.refuses(
        [("calendar --lake lake", "MINE.yaml" + (says.hasPrefix("|") ? says : "|" + says))],
        status: 2)
    }
  }
}
