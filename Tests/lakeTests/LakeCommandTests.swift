import Foundation
import Testing

@Suite struct ConfigCommandTests {
  @Test func checkNamesTheLineOfEveryMistake() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let good = try lake.run("config check")
    #expect(good.status == 0 && good.output.isEmpty && good.talk.contains("mistakes          0"))
    try lake.write("ingest:\n  memry: 3\n  jobs: many\n", to: "lake/lake.yaml")
    let bad = try lake.run("config check")
    #expect(bad.status == 1 && bad.output.isEmpty)
    #expect(bad.talk.contains("unknown key 'memry' in 'ingest'\n"))
    #expect(bad.talk.contains("lake.yaml, line 2\n  try: did you mean 'memory'?"))
    #expect(bad.talk.contains("'ingest.jobs' is 'many'") && bad.talk.contains("line 3"))
    let json = try lake.run("config check --json")
    let objects = try json.output.jsonLines
    #expect(json.status == 1 && objects.of(type: "error").count == 2)
    #expect(objects.last?["mistakes"] as? Int == 2)
    #expect(try lake.run("config show").status == 1)
    try lake.refuses([("tables", "unknown key 'memry'|line 2")], status: 2)
  }

  @Test func showPrintsTheSourceOfEachValue() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let text = try lake.run("config show", ["LAKE_JOBS": "2"])
    #expect(text.status == 0 && text.output.hasPrefix("KEY "))
    #expect(text.output.contains("environment LAKE_JOBS") && text.output.contains("lake.yaml line"))
    let json = try lake.run("config show --json", ["LAKE_MEMORY": "100MB"])
    let settings = try json.output.jsonLines.of(type: "setting")
    let memory = try #require(settings.first { $0["key"] as? String == "ingest.memory" })
    #expect(memory["origin"] as? String == "environment")
    #expect(memory["variable"] as? String == "LAKE_MEMORY")
    let intervals = settings.first { $0["key"] as? String == "resample.intervals" }
    #expect(intervals?["value"] as? [String] == ["15s", "30s", "1m"])
    let bad = try lake.run("config show", ["LAKE_MEMORY": "lots"])
    #expect(bad.status == 1 && bad.talk.contains("'LAKE_MEMORY' is 'lots'"))
    try lake.refuses(
      [("config chek", "did you mean 'check'?"), ("config", "config needs check|show")],
      status: 64)
  }
}

@Suite struct SchemaCommandTests {
  @Test func listsAndShowsKinds() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let list = try lake.output(of: "schema list --json").jsonLines
    #expect(list.of(type: "schema").count == list.last?["kinds"] as? Int)
    #expect(try lake.output(of: "schema list").lines.count == list.count)
    let text = try lake.output(of: "schema show trades")
    #expect(text.hasPrefix("trades ") && text.contains("key    none") && text.contains("built in"))
    #expect(text.contains("ts_recv_plus_ns"))
    let bars = try lake.output(of: "schema show ohlcv-1s --json").jsonLines
    #expect(bars.first?["key"] as? [String] == ["symbol", "ts_event", "publisher_id"])
    #expect(bars.of(type: "column").count == bars.last?["columns"] as? Int)
    try lake.refuses([("schema show trade", "did you mean 'trades'?")], status: 2)
    try lake.refuses([("schema show", "needs KIND"), ("schema lst", "'list'?")], status: 64)
  }

  @Test func aSchemaOfTheLakeStandsBeforeTheBuiltInOne() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let yaml = try lake.output(of: "schema show trades --yaml")
    let folder = lake.folder.appending(path: "lake/schemas")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try lake.write(
      yaml.replacing("description: One row per trade.", with: "description: Our own."),
      to: "lake/schemas/trades.yaml")
    #expect(try lake.output(of: "schema show trades").hasPrefix("trades  Our own.\n"))
    #expect(try lake.output(of: "schema list").contains("this lake"))
    let outside = try LakeBinary.run("schema show trades".words)
    #expect(outside.status == 0 && outside.output.contains("One row per trade."))
  }
}

@Suite struct TableCommandTests {
  private static let bars = SimulatedLake.bars

  @Test func tablesAddUpToTheSummary() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let objects = try lake.output(of: "tables --json").jsonLines
    let tables = objects.of(type: "table")
    let names = try lake.output(of: "tables --names").lines
    #expect(tables.map { $0["table"] as? String } == names && names.contains(Self.bars))
    #expect(objects.last?["tables"] as? Int == names.count)
    for figure in ["rows", "files", "bytes"] {
      let sum = tables.reduce(0) { $0 + ($1[figure] as? Int ?? 0) }
      #expect(objects.last?[figure] as? Int == sum, "\(figure)")
    }
    let text = try lake.output(of: "tables").lines
    #expect(text.count == names.count + 1 && text[0].hasPrefix("TABLE "))
    let log = "raw/equs_mini_trades/_delta_log/00000000000000000000.json"
    try lake.write("junk\n", to: "lake/\(log)")
    let damaged = try lake.run("tables")
    #expect(damaged.status == 2 && damaged.talk.contains("\(log), line 1"), "\(damaged.talk)")
    #expect(damaged.output.lines.count == names.count)
    #expect(damaged.output.contains(Self.bars))
  }

  @Test func anEmptyLakeSuggestsTheNextStep() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    func run(_ line: String) throws -> LakeBinary.Run {
      try LakeBinary.run(line.words, in: scratch.url)
    }
    let made = try run("init lake")
    #expect(made.status == 0 && made.output.isEmpty)
    #expect(made.talk.contains("lake.yaml") && made.talk.contains("next: cd lake && lake ingest"))
    let tables = try run("tables")
    #expect(tables.status == 0 && tables.output.isEmpty)
    #expect(tables.talk.contains("no tables yet") && tables.talk.contains("next: lake ingest FILE"))
    #expect(try run("tables --json").output.jsonLines.last?["tables"] as? Int == 0)
    let again = try run("init lake")
    #expect(again.status == 2 && again.talk.contains("'lake' is a lake already"))
    let inner = try run("init lake/inner --json")
    #expect(inner.status == 0 && inner.talk.isEmpty)
    #expect(try inner.output.jsonLines.of(type: "warning").count == 1)
    let written = try inner.output.jsonLines.last?["written"] as? [String]
    #expect(written?.contains("lake.yaml") == true)
    let stranger = try LakeBinary.run(["tables"])
    #expect(stranger.status == 2 && stranger.talk.contains("lake init"))
  }

  @Test func describeKnowsColumnsAndVersions() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let text = try lake.output(of: "describe \(Self.bars)")
    #expect(text.contains("dates    2024-01-02 … 2024-01-03 (UTC)"))
    #expect(text.contains("key      symbol, ts_event, publisher_id"))
    let first = try lake.output(of: "describe ./lake/raw/equs_mini_ohlcv_1s --version 0")
    #expect(first.contains("dates    2024-01-02 (UTC)") && first.contains("version  0"))
    #expect(try lake.output(of: "describe \(SimulatedLake.trades)").contains("none: identical"))
    let json = try lake.output(of: "describe \(Self.bars) --json").jsonLines
    let symbol = json.of(type: "column").first { $0["name"] as? String == "symbol" }
    #expect(symbol?["min"] as? String == "QQQ" && symbol?["max"] as? String == "SPY")
    #expect(
      json.last?["version"] as? Int == 1 && json.last?["last_date"] as? String == "2024-01-03")
    try lake.refuses(
      [
        ("describe raw.equs_mini_ohlcv_2s", "unknown table|did you mean '\(Self.bars)'"),
        ("describe ./nowhere/", "is no Delta table|_delta_log"),
        ("describe \(Self.bars) --version 7", "there is no version 7; the newest is 1"),
      ], status: 2)
    try lake.refuses(
      [
        ("describe \(Self.bars) --as-of soon", "'--as-of'|'soon'|2024-01-02T14:30:00Z"),
        ("describe \(Self.bars) --as-of 2024-01-02 --version 1", "exclude each other"),
      ], status: 64)
  }

  @Test func historyAndFilesShowEveryVersion() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let newest = try lake.run("history \(Self.bars) --limit 1")
    #expect(newest.status == 0 && newest.output.lines.count == 2)
    #expect(newest.talk.contains("older versions: --limit 0"))
    let all = try lake.output(of: "history \(Self.bars) --limit 0 --json").jsonLines
    #expect(all.of(type: "version").map { $0["version"] as? Int } == [1, 0])
    let json = try lake.output(of: "files \(Self.bars) --json").jsonLines
    let paths = try lake.output(of: "files \(Self.bars) --paths").lines
    #expect(paths.count == 2 && json.of(type: "file").map { $0["path"] as? String } == paths)
    for path in paths { #expect(FileManager.default.fileExists(atPath: path), "\(path)") }
    #expect(try lake.output(of: "files \(Self.bars) --version 0 --paths").lines.count == 1)
    let text = try lake.output(of: "files \(Self.bars)")
    #expect(
      text.hasPrefix("FILE ") && text.contains("QQQ … SPY") && text.contains("date=2024-01-03"))
    try lake.refuses(
      [
        ("files \(Self.bars) --as-of 2020-01-01", "no version as old as"),
        ("history raw.equs_mini_trade", "did you mean '\(SimulatedLake.trades)'"),
      ], status: 2)
    try lake.refuses([("history \(Self.bars) --limit few", "'--limit' is 'few'")], status: 64)
  }
}

@Suite struct SimulateCommandTests {
  @Test func theSameSeedMakesTheSameFilesAndExistingOnesStay() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    func run(_ line: String) throws -> LakeBinary.Run {
      try LakeBinary.run("simulate --schema ohlcv-1m --symbols SPY \(line)".words, in: scratch.url)
    }
    let name = "equs-mini-20240105.ohlcv-1m.dbn.zst"
    let first = try run("--start 2024-01-05 --seed 7 --intensity 0.1 -o a")
    #expect(first.status == 0 && first.output == "a/\(name)\n" && first.talk.contains("records"))
    let json = try run("--start 2024-01-05 --seed 7 --intensity 0.1 -o b --json -v --jobs 1")
    let objects = try json.output.jsonLines
    #expect(objects.of(type: "file").first?["date"] as? String == "2024-01-05")
    #expect(objects.last?["files"] as? Int == 1 && json.talk.contains("b/\(name): "))
    let files = try ["a", "b"].map {
      try Data(contentsOf: scratch.url.appending(path: "\($0)/\(name)"))
    }
    #expect(files[0] == files[1])
    let again = try run("--start 2024-01-05 -o a")
    #expect(again.status == 2 && again.talk.contains("exists\n  try: --force"))
    #expect(try run("--start 2024-01-05 --rows-per-day 5000 -o a --force -q").output.isEmpty)
    for (flags, says) in [
      ("--start soon", "'--start' is 'soon'"), ("--seed -3", "'--seed' is '-3'"),
      ("--intensity 0", "'--intensity' is '0'"), ("--days 0", "'--days' is '0'"),
      ("--rows-per-day 5 --intensity 2", "exclude each other"), ("--jobs 0", "'--jobs' is '0'"),
    ] {
      let refused = try run(flags)
      #expect(refused.status == 64 && refused.talk.contains(says), "\(flags): \(refused.talk)")
    }
    let kind = try LakeBinary.run("simulate --schema trade".words, in: scratch.url)
    #expect(kind.status == 64 && kind.talk.contains("did you mean 'trades'"), "\(kind.talk)")
  }
}
