import Foundation
import Testing

@Suite struct QueryCommandTests {
  private static let query = "query \(SimulatedLake.bars)"

  @Test func everyTextFormatHoldsTheSameRows() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let csv = try lake.output(of: "\(Self.query) -n 20").lines
    #expect(csv.count == 21 && csv[0].hasPrefix("ts_event,symbol,"))
    let tsv = try lake.output(of: "\(Self.query) -n 20 --format tsv").lines
    #expect(tsv.map { $0.replacing("\t", with: ",") } == csv)
    let json = try lake.output(of: "\(Self.query) -n 20 --format jsonl").jsonLines
    #expect(
      json.map { "\($0["ts_event"] ?? ""),\($0["symbol"] ?? "")" }
        == csv.dropFirst().map { $0.split(separator: ",").prefix(2).joined(separator: ",") })
    let named = try lake.run("\(Self.query) -n 20 -o rows.csv.gz")
    #expect(named.status == 0 && named.output.isEmpty)
    #expect(try lake.run("\(Self.query) -n 20 -o rows.csv").status == 0)
    #expect(try lake.text(of: "rows.csv").lines == csv)
  }

  @Test func aParquetFileOfTheRowsIsATableItself() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    #expect(try lake.run("\(Self.query) -s SPY --format parquet -o spy.parquet").status == 0)
    let columns = "-c symbol,open,high,low,close,volume"
    #expect(
      try lake.output(of: "query spy.parquet \(columns)")
        == lake.output(of: "\(Self.query) -s SPY \(columns)"))
    try lake.refuses([("\(Self.query) -o spy.parquet", "'spy.parquet' exists|--force")], status: 2)
    #expect(try lake.run("\(Self.query) -n 1 -o spy.parquet --force").status == 0)
    #expect(try lake.output(of: "query spy.parquet").lines.count == 2)
  }

  @Test func symbolsOfAListWithoutRowsAreNamed() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let all = try lake.output(of: "\(Self.query) -s SPY,QQQ")
    // Blanks around a name are ignored.
    for list in ["SPY, QQQ", " SPY ,QQQ", "SPY,\tQQQ "] {
      let run = try LakeBinary.run(Self.query.words + ["-s", list], in: lake.scratch.url)
      #expect(run.status == 0 && run.output == all && !run.talk.contains("warning"), "\(run.talk)")
    }
    for (flags, named) in [
      ("-s SPY,NONE", "no rows of 'NONE'\n"), ("-s AAA,SPY,ZZZ -n 1", "no rows of 'AAA', 'ZZZ'\n"),
      ("-s SPY,NONE -w close>0 --format parquet -o rows.parquet --force", "no rows of 'NONE'\n"),
      (
        "-s SPY,NONE --start 2024-01-02 --end 2024-01-02",
        "no rows of 'NONE' in the range\n"
      ),
    ] {
      let run = try lake.run("\(Self.query) \(flags)")
      #expect(run.status == 0 && run.talk.contains("warning: " + named), "\(flags): \(run.talk)")
      #expect(!run.talk.contains("'SPY'"), "\(flags): \(run.talk)")
    }
    // Rows excluded by --where still count as existing.
    let run = try lake.run(
      "\(Self.query) -s SPY,QQQ -w symbol=SPY".replacing("=SPY", with: "='SPY'"))
    #expect(run.status == 0 && !run.talk.contains("warning"), "\(run.talk)")
    #expect(try !lake.run("\(Self.query) -s SPY,NONE -q").talk.contains("NONE"))
    let ledger = try lake.run("ledger show --symbol SPY,NONE")
    #expect(ledger.status == 0 && ledger.talk.contains("nothing of 'NONE'"), "\(ledger.talk)")
    try lake.refuses([("ingest x.csv --symbol A,B", "'A,B', expected one symbol")], status: 64)
  }

  @Test func explainsWhatItWouldReadAndReadsNothing() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let run = try lake.run("\(Self.query) --explain -s SPY --start 2024-01-02 --end 2024-01-02")
    #expect(run.status == 0 && run.talk.isEmpty)
    #expect(run.output.contains("files by partition: 1 of 2 kept"))
    #expect(run.output.contains("symbol in ('SPY')") && run.output.contains("half-open"))
    let verbose = try lake.run("\(Self.query) -v -n 1 --start 2024-01-03")
    #expect(verbose.status == 0 && verbose.output.lines.count == 2)
    #expect(verbose.talk.contains("range ") && verbose.talk.contains("files by partition: 1 of 2"))
  }

  @Test func endsWithFiguresWhereTheRowsAreNot() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let day = "-s SPY --start 2024-01-02 --end 2024-01-02"
    let rows = try lake.output(of: "\(Self.query) \(day)").lines.count - 1
    let file = try lake.run("\(Self.query) \(day) -o spy.csv --json")
    #expect(file.status == 0 && file.talk.isEmpty)
    let summary = try #require(try file.output.jsonLines.first)
    #expect(file.output.lines.count == 1 && summary["type"] as? String == "summary")
    #expect(summary["rows"] as? Int == rows && summary["version"] as? Int == 1)
    #expect(summary["output"] as? String == "spy.csv" && summary["format"] as? String == "csv")
    #expect(summary["bytes"] as? Int == (try lake.text(of: "spy.csv")).utf8.count)
    #expect(summary["files"] as? Int == 2 && summary["files_skipped"] as? Int == 1)
    #expect(summary["row_groups"] as? Int == 1 && summary["row_groups_skipped"] as? Int == 0)
    // For people: printed with -o, else only on request.
    let told = try lake.run("\(Self.query) \(day) -o again.csv")
    #expect(told.output.isEmpty && told.talk.contains("files skipped"))
    #expect(try lake.run("\(Self.query) \(day) -o quiet.csv -q").talk.isEmpty)
    #expect(try lake.run("\(Self.query) -n 1").talk.isEmpty)
  }

  @Test func rowsAndJSONFiguresDoNotMix() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let run = try lake.run("\(Self.query) -n 3 --json")
    #expect(run.output == (try lake.output(of: "\(Self.query) -n 3 --format jsonl")))
    #expect(try run.talk.jsonLines.map { $0["type"] as? String } == ["summary"])
    #expect(try run.talk.jsonLines.first?["rows"] as? Int == 3)
    let csv = try lake.run("\(Self.query) -n 3 --json --format csv")
    #expect(csv.output == (try lake.output(of: "\(Self.query) -n 3")))
    let none = try lake.run("\(Self.query) -s SPX --json")
    #expect(none.output.isEmpty)
    #expect(
      (try none.talk.jsonLines.first?["empty_because"] as? [String])?.first?.contains("SPY") == true
    )
    let failed = try lake.run("\(Self.query) -c bid --json")
    #expect(failed.status == 2 && failed.output.isEmpty)
    #expect(try failed.talk.jsonLines.map { $0["code"] as? String } == ["unknownColumn"])
    let plan = try lake.run("\(Self.query) --explain --json --start 2024-01-03")
    #expect(plan.status == 0 && plan.talk.isEmpty)
    #expect(try plan.output.jsonLines.map { $0["type"] as? String }.last == "summary")
    #expect(try plan.output.jsonLines.first?["skipped"] as? Int == 1)
  }

  @Test func noRowsComeWithTheReason() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let symbol = try lake.run("\(Self.query) -s SPX")
    #expect(symbol.status == 0 && symbol.output.lines.count == 1)
    #expect(symbol.talk.contains("no rows\n  symbol 'SPX' is not in the table; nearest: SPY"))
    let late = try lake.run("\(Self.query) --start 2024-03-01")
    #expect(late.status == 0 && late.talk.contains("ts_event asked for: [2024-03-01T00:00:00Z"))
    #expect(try lake.run("\(Self.query) -s SPX -q").talk.isEmpty)
  }

  @Test func readsTheTableAsItWas() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let now = try lake.output(of: "\(Self.query) -c ts_event").lines.dropFirst()
    let before = try lake.output(of: "\(Self.query) -c ts_event --version 0").lines.dropFirst()
    #expect(before.allSatisfy { $0.hasPrefix("2024-01-02") })
    #expect(now.count > before.count && now.contains { $0.hasPrefix("2024-01-03") })
    let later = try lake.output(of: "\(Self.query) -c ts_event --as-of 2100-01-01").lines
    #expect(later.dropFirst() == now)
  }

  @Test func refusesMistakes() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.refuses(
      [
        ("\(Self.query) --format xml", "'--format' is 'xml'|'csv', 'tsv', 'jsonl', 'parquet'"),
        ("\(Self.query) --as-of soon", "'--as-of' is 'soon'|2024-01-02T14:30:00Z"),
        ("\(Self.query) --version 1 --as-of 2024-01-02", "exclude each other"),
        ("\(Self.query) --limit -1", "--limit"),
        ("\(Self.query) --start 2024-01-09 --end 2024-01-02", "'2024-01-09'|'2024-01-02'"),
        ("\(Self.query) --timezone Mars/Base --start 2024-01-02", "'--timezone'|'Mars/Base'"),
        ("\(Self.query) -w close>", "expected a value|  at: --where, character 7|close>"),
      ], status: 64)
    try lake.refuses(
      [
        ("query raw.equs_mini_ohlcv_2s", "unknown table|did you mean '\(SimulatedLake.bars)'"),
        ("query ./nowhere", "'./nowhere' does not exist|  try: check the path"),
        ("parquet nowhere", "cannot open 'nowhere'|  try: check the path"),
        ("parquet data", "'data' is a folder|  try: name one file of it"),
        ("\(Self.query) -c ts_event,clsoe", "'clsoe'|did you mean 'close'?"),
        ("\(Self.query) -w clsoe>1", "'clsoe'|  at: --where, character 1|did you mean 'close'?"),
        ("\(Self.query) --version 99", "there is no version 99; the newest is 1|lake history"),
        ("\(Self.query) --as-of 2020-01-01", "no version as old as 2020-01-01"),
        ("\(Self.query) -o no/such/rows.csv", "create 'no/such/rows.csv'|make the folder first"),
      ], status: 2)
  }
}

@Suite struct DBNCommandTests {
  private static let file = SimulatedLake.file

  @Test func printsRecordsInTheFormatsOfTheVendor() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let csv = try lake.output(of: "dbn \(Self.file) --limit 3").lines
    #expect(csv.count == 4)
    #expect(csv[0].hasPrefix("ts_event,rtype,publisher_id,instrument_id,open,"))
    #expect(csv[1].hasPrefix("2024-01-02T") && csv[1].contains(".000000000Z,32,95,"))
    #expect(
      try lake.output(of: "dbn \(Self.file) --limit 3 --omit-header").lines == csv[1...].map { $0 })
    let raw = try lake.output(of: "dbn \(Self.file) --limit 1 --raw").lines
    #expect(raw.last?.hasPrefix("17041") == true && raw.last?.contains("T") == false)
    let json = try lake.output(of: "dbn \(Self.file) --limit 3 --format jsonl").jsonLines
    #expect(json.compactMap { $0["hd"] as? [String: Any] }.count == 3)
    let counted = try lake.run("dbn \(Self.file) --limit 3 --json")
    #expect(try counted.output.jsonLines.count == 3)
    #expect(try counted.talk.jsonLines.map { $0["records"] as? Int } == [3])
    let verbose = try lake.run("dbn \(Self.file) --limit 3 -v")
    #expect(verbose.output.lines == csv && verbose.talk == "3 records\n")
    #expect(try lake.output(of: "dbn \(Self.file) --schema trades").lines.count == 1)
  }

  @Test func printsTheHeaderAsJSON() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let pretty = try lake.output(of: "dbn \(Self.file) --metadata")
    #expect(pretty.contains("\"start\": \"2024-01-02T00:00:00.000000000Z\""))
    let raw = try lake.output(of: "dbn \(Self.file) --metadata --raw").jsonLines
    #expect(raw.first?["dataset"] as? String == "EQUS.MINI")
    #expect(raw.first?["schema"] as? String == "ohlcv-1s")
    #expect(raw.first?["symbols"] as? [String] == ["SPY", "QQQ"])
  }

  @Test func writesAFileOnceAndReplacesItByForce() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let run = try lake.run("dbn \(Self.file) -o rows.csv")
    #expect(run.status == 0 && run.output.isEmpty && run.talk.isEmpty)
    #expect(try lake.text(of: "rows.csv") == lake.output(of: "dbn \(Self.file)"))
    try lake.refuses([("dbn \(Self.file) -o rows.csv", "'rows.csv' exists|--force")], status: 2)
    #expect(try lake.run("dbn \(Self.file) -o rows.csv --limit 1 --force").status == 0)
    #expect(try lake.text(of: "rows.csv").lines.count == 2)
  }

  @Test func readsRecordsWithoutAHeaderFromStandardInput() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    #expect(try lake.run("export dbn \(SimulatedLake.bars) -o out.dbn").status == 0)
    let content = try Data(contentsOf: lake.folder.appending(path: "out.dbn"))
    let length = content.dropFirst(4).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    let fragment = content.dropFirst(8 + length)
    func dbn(_ flags: String) throws -> LakeBinary.Run {
      try LakeBinary.run("dbn - \(flags)".words, in: lake.folder, input: Data(fragment))
    }
    let run = try dbn("--dbn-version 3 --limit 2")
    #expect(run.status == 0 && run.output.lines.count == 3, "\(run.talk)")
    let metadata = try dbn("--dbn-version 3 --metadata")
    #expect(metadata.status == 2 && metadata.talk.contains("without a header have no metadata"))
  }

  @Test func refusesWhatItCannotPrint() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.write("not the vendor's\n", to: "words.dbn")
    try lake.refuses(
      [
        ("dbn \(Self.file) --schema trade", "'--schema' is 'trade'|did you mean 'trades'?"),
        ("dbn \(Self.file) --format xml", "'--format' is 'xml'|'csv', 'jsonl'"),
        ("dbn \(Self.file) --limit 0", "'--limit' is '0'"), ("dbn", "dbn needs FILE"),
      ], status: 64)
    try lake.refuses(
      [
        ("dbn nowhere.dbn", "cannot open 'nowhere.dbn'|  try: "),
        ("dbn words.dbn", "not a DBN file|words.dbn"),
      ], status: 2)
  }
}

@Suite struct ParquetCommandTests {
  /// The lake with its minute bars exported to `bars.parquet`.
  private func lake() throws -> SimulatedLake {
    let lake = try SimulatedLake()
    #expect(try lake.run("query \(SimulatedLake.minutes) -o bars.parquet").status == 0)
    return lake
  }

  @Test func showsHowAFileIsStored() throws {
    let lake = try lake()
    defer { lake.remove() }
    let rows = try lake.output(of: "query bars.parquet").lines.count - 1
    let text = try lake.output(of: "parquet bars.parquet")
    #expect(text.contains("created by   lake") && text.contains("row groups   1"))
    #expect(text.contains("ts_event (TIMESTAMP(MICROS,UTC))") && text.contains("DECIMAL(18,9)"))
    #expect(text.contains("column,offset"))
    let json = try lake.output(of: "parquet bars.parquet --json").jsonLines
    let names = json.of(type: "column").compactMap { ($0["path"] as? [String])?.first }
    #expect(names.starts(with: ["ts_event", "symbol"]) && names.contains("close"))
    #expect(json.last?["type"] as? String == "summary" && json.last?["rows"] as? Int == rows)

    // A table's own file declares its sort order.
    let path = try #require(try lake.output(of: "files \(SimulatedLake.bars) --paths").lines.first)
    #expect(try lake.output(of: "parquet \(path)").contains("sorted by symbol, ts_event"))
    #expect(try lake.output(of: "parquet \(path) --json").contains("\"symbol\""))
  }

  @Test func printsRows() throws {
    let lake = try lake()
    defer { lake.remove() }
    let csv = try lake.output(of: "parquet bars.parquet --rows --format csv").lines
    #expect(csv.count == (try lake.output(of: "query bars.parquet").lines.count))
    let json = try lake.output(of: "parquet bars.parquet --rows --limit 5").jsonLines
    #expect(json.count == 5 && json[0]["symbol"] as? String == "QQQ")
    #expect(try lake.output(of: "parquet bars.parquet --rows --limit 0").isEmpty)
  }

  @Test func verifyFindsADamagedPage() throws {
    let lake = try lake()
    defer { lake.remove() }
    let sound = try lake.output(of: "parquet bars.parquet --verify --json").jsonLines
    #expect(sound.last?["unsound_chunks"] as? Int == 0)
    #expect(sound.last?["pages"] as? Int == sound.last?["pages_with_crc"] as? Int)
    let file = lake.folder.appending(path: "bars.parquet")
    var content = try Data(contentsOf: file)
    for index in 200..<260 { content[index] ^= 0x55 }
    try content.write(to: file)
    let run = try lake.run("parquet bars.parquet --verify")
    #expect(run.status == 1 && run.output.isEmpty && run.talk.hasPrefix("error: "), "\(run.talk)")
    #expect(run.talk.contains("bars.parquet") && run.talk.contains("unsound chunks"))
    let rows = try lake.run("parquet bars.parquet --rows")
    #expect(rows.status == 2 && rows.talk.hasPrefix("error: "), "\(rows.talk)")
  }

  @Test func rewritesAFileWithTheSameRows() throws {
    let lake = try lake()
    defer { lake.remove() }
    let run = try lake.run("parquet bars.parquet --rewrite anew.parquet")
    #expect(run.status == 0 && run.output.isEmpty && run.talk.contains("written "))
    #expect(
      try lake.output(of: "parquet anew.parquet --rows")
        == lake.output(of: "parquet bars.parquet --rows"))
    try lake.refuses(
      [("parquet bars.parquet --rewrite anew.parquet", "exists|  at: anew.parquet")],
      status: 2)
  }

  @Test func refusesWhatIsNoParquetFile() throws {
    let lake = try lake()
    defer { lake.remove() }
    try lake.refuses(
      [
        ("parquet bars.parquet --rows --verify", "'--rows' and '--verify' exclude each other"),
        ("parquet bars.parquet --format xml", "'--format' is 'xml'|'jsonl', 'csv'"),
        ("parquet bars.parquet --limit -1", "--limit"),
        ("query a.parquet b.parquet", "argument 'b.parquet': one query|lake query FOLDER"),
      ], status: 64)
    try lake.refuses(
      [
        ("parquet nowhere.parquet", "cannot open 'nowhere.parquet'"),
        ("parquet \(SimulatedLake.file)", "does not begin with 'PAR1'|byte 0"),
        ("query ./\(SimulatedLake.file)", "does not begin with 'PAR1'|lake ingest FILE"),
        ("query ./b*.parquet", "'./b*.parquet' does not exist|name the folder"),
      ], status: 2)
  }
}
