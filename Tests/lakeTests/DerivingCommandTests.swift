import Foundation
import Testing

@Suite struct ResampleCommandTests {
  private static let resample = "resample \(SimulatedLake.bars)"

  @Test func aPlanShowsWhatIsDueAndWritesNothing() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let before = try lake.output(of: "tables --names")
    let text = try lake.run("\(Self.resample) --to 1m,1h --plan")
    #expect(text.status == 0)
    #expect(
      text.output.lines == [
        "bars.equs_mini_ohlcv_1h  2024-01-02  missing: not made yet",
        "bars.equs_mini_ohlcv_1h  2024-01-03  missing: not made yet",
      ])
    #expect(text.talk.contains("raw.equs_mini_ohlcv_1s version 1"))
    #expect(text.talk.contains("2 of 2 dates to compute"))
    #expect(text.talk.contains("0 of 2 dates to compute"))

    let json = try lake.output(of: "\(Self.resample) --to 1m,1h --plan --json").jsonLines
    let states = json.of(type: "partition").map { $0["state"] as? String }
    #expect(states == ["fresh", "fresh", "missing", "missing"])
    #expect(json.last?["due_1h"] as? String == "2 of 2 dates to compute")
    #expect(try lake.output(of: "tables --names") == before)
  }

  @Test func aRunReportsWhatItComputedAndTheNextFindsItFresh() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let first = try lake.output(of: "\(Self.resample) --to 30m --as bars.halves --json").jsonLines
    let table = try #require(first.of(type: "table").first)
    #expect(table["table"] as? String == "bars.halves" && table["failed"] as? Bool == false)
    #expect(table["dates_computed"] as? Int == 2 && table["dates_fresh"] as? Int == 0)
    let rows = try #require(table["rows"] as? Int)
    #expect(try lake.output(of: "query bars.halves").lines.count == rows + 1)
    #expect(first.last?["rows_written"] as? Int == rows)

    let again = try lake.run("\(Self.resample) --to 30m --as bars.halves --jobs 1")
    #expect(again.status == 0 && again.output.isEmpty)
    #expect(again.talk.contains("30m → bars.halves  0 bars on 0 dates; 2 dates were fresh"))
  }

  @Test func withoutIntervalsItTakesThoseOfTheLake() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    #expect(try lake.run(Self.resample).status == 0)
    let names = try lake.output(of: "tables --names").lines
    for interval in ["15s", "30s", "1m"] {
      #expect(names.contains("bars.equs_mini_ohlcv_\(interval)"))
    }
  }

  @Test func badIntervalsAloneAreUsageAndBesideOthersAFailure() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let before = try lake.output(of: "tables --names")
    try lake.refuses(
      [
        ("\(Self.resample) --to 7s", "'--to': bars of 7s do not divide a day|  try: "),
        ("\(Self.resample) --to fortnight", "'--to': 'fortnight' is no interval|like 15s, 1m"),
        ("\(Self.resample) --to 7s,1s", "7s do not divide|'--to': bars of 1s can't be made"),
        ("\(Self.resample) --to 7s --plan", "'--to': bars of 7s"),
        ("\(Self.resample) --to 5m,1h --as bars.x", "'--as' names one table|one interval"),
        ("\(Self.resample) --to 5m,,1h", "'--to' is '5m,,1h'"),
        ("\(Self.resample) --jobs many", "'--jobs' is 'many'"),
        ("resample", "resample needs TABLE"),
      ], status: 64)
    #expect(try lake.output(of: "tables --names") == before)
    #expect(try lake.run("\(Self.resample) --to 1d --as bars.days").status == 0)
    try lake.refuses(
      [("resample bars.days --to 1d", "bars of 1d are the longest there are")], status: 64)

    let plan = try lake.run("\(Self.resample) --to 7s,1h --plan")
    #expect(plan.status == 2 && plan.output.lines.count == 2 && plan.talk.contains("7s"))
    let mixed = try lake.run("\(Self.resample) --to 7s,1h --json")
    #expect(mixed.status == 2 && mixed.talk.hasPrefix("error: bars of 7s do not divide a day\n"))
    let tables = try mixed.output.jsonLines.of(type: "table")
    #expect(tables.map { $0["failed"] as? Bool } == [true, false])
    let text = try lake.run("\(Self.resample) --to 7s,1h")
    #expect(text.status == 2 && text.talk.contains("\n7s ") && text.talk.contains("failed"))
    #expect(try lake.output(of: "tables --names").contains("bars.equs_mini_ohlcv_1h\n"))
  }

  @Test func onlyTablesOfBarsAreResampled() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.refuses(
      [
        ("resample \(SimulatedLake.trades)", "holds trades, and bars are made of bars|  try: "),
        ("resample raw.equs_mini_ohlcv_2s", "unknown table|did you mean '\(SimulatedLake.bars)'"),
      ], status: 2)
  }

  @Test func mistakesFoundWithoutReadingDataAreUsageErrors() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.refuses(
      [
        ("\(Self.resample) --to 1h --as 'a.b.c'", "is no table name"),
        ("\(Self.resample) --to 7q", "7q"), ("\(Self.resample) --to=", "'--to' is empty"),
        ("ingest x.csv --interval 7q", "flag '--interval' is '7q'"),
        ("ingest x.csv --timezone Amrica/New_York", "flag '--timezone'"),
        ("ingest x.csv --table raw", "flag '--table'|is no table name"),
        ("ingest x.csv --map a", "flag '--map' is 'a'"),
        ("query \(SimulatedLake.bars) --output=", "'--output' is empty"),
      ], status: 64)
  }
}

@Suite struct ExportCommandTests {
  private static let export = "export dbn \(SimulatedLake.bars)"

  /// Bars as `lake dbn` prints them, in a canonical order.
  private func records(_ lake: SimulatedLake, _ file: String) throws -> [String] {
    try lake.output(of: "dbn \(file) --omit-header").lines.sorted()
  }

  @Test func recordsComeBackAsTheyWere() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let run = try lake.run(
      "\(Self.export) --start 2024-01-02 --end 2024-01-02 -o out.dbn.zst --json")
    #expect(run.status == 0 && run.talk.isEmpty, "\(run.talk)")
    let source = try records(lake, SimulatedLake.file)
    #expect(try records(lake, "out.dbn.zst") == source)
    #expect(try run.output.jsonLines.last?["records"] as? Int == source.count)
  }

  @Test func aFileIsReplacedOnlyByForce() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let first = try lake.run("\(Self.export) -o out.dbn")
    #expect(first.status == 0 && first.output.isEmpty)
    #expect(first.talk.contains("records ") && first.talk.contains("dates "))
    let all = try records(lake, "out.dbn")
    try lake.refuses([("\(Self.export) -o out.dbn", "'out.dbn' exists|--force")], status: 2)
    #expect(try records(lake, "out.dbn") == all)
    let line =
      "\(Self.export) -o out.dbn --force --symbol SPY --start 2024-01-02T15:00:00Z "
      + "--end 2024-01-03T15:00:00Z --dbn-version 2"
    #expect(try lake.run(line).status == 0)
    let some = try records(lake, "out.dbn")
    let expected = all.filter {
      $0.hasSuffix(",SPY") && $0 >= "2024-01-02T15:00:00" && $0 < "2024-01-03T15:00:00"
    }
    #expect(!some.isEmpty && some == expected)
    let metadata = try lake.output(of: "dbn out.dbn --metadata --json").jsonLines
    #expect(metadata.first?["version"] as? Int == 2)
  }

  @Test func standardOutputHoldsRecordsAlone() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let run = try lake.run("\(Self.export) --symbol QQQ")
    #expect(run.status == 0 && run.output.hasPrefix("DBN\u{3}"))
    #expect(run.talk.contains("records ") && run.talk.contains("elapsed "))
  }

  @Test func refusesWhatItCannotExport() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.refuses(
      [
        ("export csv \(SimulatedLake.bars)", "unknown word 'csv'|expected 'dbn'"),
        ("\(Self.export) --start soon", "'--start' is 'soon'|a date or an instant"),
        ("\(Self.export) --end 2024-13-40", "'--end' is '2024-13-40'"),
        ("\(Self.export) --start 2024-02-02 --end 2024-01-01", "'--end'|a time after --start"),
        ("\(Self.export) --dbn-version 4", "'--dbn-version' is '4'"),
      ], status: 64)
    try lake.refuses(
      [
        ("export dbn raw.equs_mini_trade", "unknown table|did you mean '\(SimulatedLake.trades)'"),
        ("\(Self.export) -o no/such/out.dbn", "no/such/out.dbn"),
      ], status: 2)
  }
}
