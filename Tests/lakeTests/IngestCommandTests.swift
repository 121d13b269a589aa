import Foundation
import Testing

/// Minute bars in a CSV file, followed by invalid rows.
private func barsFile(rowCount: Int, bad: [String] = []) -> String {
  let good = (0..<rowCount).map { "2024-01-02T14:\($0 + 10):00Z,SPY,1.5,2.5,1.25,2,30" }
  return (["ts_event,symbol,open,high,low,close,volume"] + good + bad).joined(separator: "\n")
    + "\n"
}

@Suite struct IngestCommandTests {
  @Test func jsonHasAnObjectForEachFileAndASummary() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let run = try lake.run(
      "ingest \(SimulatedLake.file) data/equs-mini-20240103.trades.dbn.zst nowhere.dbn --json")
    #expect(run.status == 2 && run.talk.hasPrefix("error: cannot open 'nowhere.dbn'"))
    let objects = try run.output.jsonLines
    let files = objects.of(type: "file")
    #expect(files.map { $0["state"] as? String } == ["already_done", "stored", "failed"])
    #expect(files[1]["tables"] as? [String] == [SimulatedLake.trades])
    #expect(files[1]["rows_stored"] as? Int == files[1]["rows_processed"] as? Int)
    #expect(objects.of(type: "error").first?["place"] as? String == "nowhere.dbn")
    let summary = try #require(objects.last)
    #expect(summary["type"] as? String == "summary" && summary["files"] as? Int == 3)
    #expect(summary["files_failed"] as? Int == 1 && summary["files_already_done"] as? Int == 1)
    #expect(summary["rows_stored"] as? Int == files[1]["rows_stored"] as? Int)
  }

  @Test func verboseReportsTheResultOfEachFile() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let new = "data/equs-mini-20240103.trades.dbn.zst"
    let run = try lake.run("ingest -v \(new) \(SimulatedLake.file) --jobs 1 --memory 64MB")
    #expect(run.status == 0 && run.output.isEmpty)
    #expect(run.talk.contains("\(new): ") && run.talk.contains("rows into \(SimulatedLake.trades)"))
    #expect(run.talk.contains("\(SimulatedLake.file): its content is in the lake already"))
    #expect(run.talk.contains("committed \(SimulatedLake.trades) version 1"))
    let failed = try lake.run("ingest -v nowhere.dbn")
    #expect(failed.status == 2 && failed.talk.contains("\nnowhere.dbn: failed\n"))
  }

  @Test func verboseNamesTheRulesThatStoredRowsBreak() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.write(
      barsFile(rowCount: 3, bad: ["2024-01-02T15:00:00Z,SPY,1.5,2.5,1.75,2,30"]), to: "mine.csv")
    let run = try lake.run("ingest -v mine.csv --table raw.mine_ohlcv_1m")
    #expect(run.status == 1 && run.talk.contains("stored, but flagged by rule low"), "\(run.talk)")
  }

  @Test func whatWasQuarantinedBeforeIsCountedApart() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.write(
      barsFile(rowCount: 3, bad: ["2024-01-02T15:00:00Z,SPY,x,2.5,1.75,2,30"]), to: "mine.csv")
    let words = "ingest mine.csv --table raw.mine_ohlcv_1m --max-bad 1"
    let first = try lake.run("\(words) --json")
    let objects = try first.output.jsonLines
    #expect(first.status == 1 && objects.last?["quarantined"] as? Int == 1, "\(first.output)")
    #expect(objects.last?["quarantined_before"] == nil)
    #expect(objects.of(type: "file").first?["quarantined_before"] as? Int == 0)
    let second = try lake.run("\(words) --json")
    let again = try second.output.jsonLines
    #expect(second.status == 0 && again.last?["quarantined"] as? Int == 0, "\(second.output)")
    #expect(again.last?["quarantined_before"] as? Int == 1)
    #expect(again.of(type: "file").first?["quarantined_before"] as? Int == 1)
    let told = try lake.run(words)
    #expect(
      told.talk.contains(#/\nquarantined before +1\n/#)
        && !told.talk.contains(#/\nquarantined +[0-9]/#),
      "\(told.talk)")
  }

  @Test(arguments: [
    ("ts_event", "name the column that holds it: --map 'theirs=ts_event'"),
    ("symbol", "name it: --symbol SPY --map 'symbol=-', or the column that holds it"),
    ("close", "name the column that holds it: --map 'theirs=close'"),
  ])
  func aColumnThatIsBlankInEveryRowIsNamed(column: String, remedy: String) throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let lines = barsFile(rowCount: 3).lines.map { $0.split(separator: ",").map(String.init) }
    let index = try #require(lines[0].firstIndex(of: column))
    let blank = lines.enumerated().map { row, fields in
      var fields = fields
      if row > 0 { fields[index] = "" }
      return fields.joined(separator: ",")
    }
    try lake.write(blank.joined(separator: "\n") + "\n", to: "mine.csv")
    for more in ["", " --max-bad 0.9"] {
      let run = try lake.run("ingest mine.csv --table raw.mine_ohlcv_1m" + more)
      #expect(run.status == 2, "\(run.talk)")
      #expect(
        run.talk.contains(
          "the file's column '\(column)' has no value in any row, and every row of ohlcv-1m needs one"
        ),
        "\(run.talk)")
      #expect(run.talk.contains(remedy), "\(run.talk)")
    }
  }

  @Test func quietPrintsNothingOnSuccess() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let run = try lake.run("ingest -q data/equs-mini-20240103.trades.dbn.zst")
    #expect(run.status == 0 && run.output.isEmpty && run.talk.isEmpty, "\(run.talk)")
  }

  @Test func refusesBadValuesOfFlagsAsUsage() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let ingest = "ingest \(SimulatedLake.file)"
    try lake.refuses(
      [
        ("ingest", "ingest needs FILE|  try: "),
        ("\(ingest) --max-bad 2", "'--max-bad' is '2'|a share from 0 to 1"),
        ("\(ingest) --max-bad few", "'--max-bad' is 'few'"),
        ("\(ingest) --delimiter ab", "'--delimiter' is 'ab'|one character, or 'tab'"),
        ("\(ingest) --columns a,,b", "'--columns' is 'a,,b'|without empty items"),
        ("\(ingest) --memory 1kb", "'--memory' is '1kb'|at least 64.0 MB"),
        ("\(ingest) --memory lots", "'--memory' is 'lots'|--memory 192MB"),
        ("\(ingest) --jobs 0", "'--jobs' is '0'|from 1 to 256"),
        ("\(ingest) --dbn-version 9", "'--dbn-version' is '9'|from 1 to 3"),
        ("\(ingest) --ambiguous never", "'--ambiguous' is 'never'|'earliest', 'latest'"),
        ("\(ingest) --schema trade", "'--schema'|record kind 'trade'|did you mean 'trades'?"),
        ("\(ingest) --schema nosuchkind", "'--schema'|record kind 'nosuchkind'|  try: "),
        ("\(ingest) --schema ohlcv-1q", "'ohlcv-1q'|did you mean|'ohlcv-1d'"),
        ("\(ingest) --table raw.x.y", "'raw.x.y' is no table name"),
        ("\(ingest) --map volume", "'--map' is 'volume'|theirs=ours"),
        ("\(ingest) --timezone Mars/Base", "'--timezone'|'Mars/Base'"),
      ], status: 64)
  }

  @Test func badRowsGoToQuarantineAndAreAFinding() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.write(
      barsFile(rowCount: 30, bad: ["2024-01-02T15:00:00Z,SPY,1,x,1,1,3"]), to: "mine.csv")
    let run = try lake.run("ingest mine.csv --dataset MY.BARS --schema ohlcv --interval 1m --json")
    #expect(run.status == 1, "\(run.talk)")
    let file = try #require(try run.output.jsonLines.of(type: "file").first)
    #expect(file["rows_stored"] as? Int == 30 && file["quarantined"] as? Int == 1)
    #expect(try lake.output(of: "query raw.my_bars_ohlcv_1m").lines.count == 31)
    let kept = try lake.output(of: "query quarantine.my_bars_ohlcv_1m --format jsonl").jsonLines
    #expect(kept.count == 1)
    #expect((kept[0]["reason"] as? String)?.contains("'x' is no number") == true, "\(kept)")

    let strict = try lake.run(
      "ingest mine.csv --table raw.strict_ohlcv_1m --max-bad 0.01")
    #expect(strict.status == 2 && strict.talk.contains("1 of 31 rows are bad"))
    #expect(strict.talk.contains("'high': 'x' is no number") && strict.talk.contains("--max-bad"))
    #expect(try !lake.output(of: "tables --names").contains("strict"))
  }

  @Test func aFileWithoutHeaderZoneAndSymbolIsReadAsTheFlagsSay() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.write("2024-01-02 09:30:00;1.5;2.5;1.25;2;30\n", to: "bare.csv")
    let flags = "--columns ts_event,open,high,low,close,vol --map vol=volume --symbol IWM"
    for (delimiter, kind) in [(";", "--interval 1m"), ("tab", "--schema ohlcv-1m")] {
      let table = delimiter == "tab" ? "raw.tabs_ohlcv_1m" : "raw.bare_ohlcv_1m"
      let separator = delimiter == "tab" ? "\t" : delimiter
      try lake.write(
        try lake.text(of: "bare.csv").split(separator: ";").joined(separator: separator),
        to: "this.csv")
      let run = try lake.run(
        "ingest this.csv --table \(table) --delimiter \(delimiter) \(kind) \(flags) "
          + "--timezone America/New_York --ambiguous reject")
      #expect(run.status == 0, "\(run.talk)")
      #expect(
        try lake.output(of: "query \(table)").lines.last
          == "2024-01-02T14:30:00Z,IWM,,,1.5,2.5,1.25,2,30")
    }
  }

  @Test func aFileThatDoesNotSayEnoughFailsWithTheFlagThatWould() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.write(barsFile(rowCount: 3), to: "mine.csv")
    try lake.write(barsFile(rowCount: 1), to: "one.csv")
    let minutes = "ingest mine.csv --table raw.mine_ohlcv_1m"
    try lake.refuses(
      [
        (
          "ingest one.csv",
          "how long its bars are and the table|  at: one.csv|--interval 1d --as raw.one"
        ),
        (
          "ingest mine.csv",
          "does not say the table|rows bars of 1m|try: lake ingest mine.csv --as raw."
        ),
        (
          "ingest mine.csv --interval 1d --as raw.m",
          "the rows are 1m apart, and are said to be bars of 1d"
        ),
        ("\(minutes) --map volume=vol", "no column 'vol'|did you mean 'volume'?"),
        ("\(minutes) --schema ohlcv-1s --interval 1m", "--schema ohlcv-1s does not go with"),
      ], status: 2)
    #expect(try !lake.output(of: "tables --names").contains("mine"))
  }
}
