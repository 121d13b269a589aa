import Foundation
import Testing

/// Messages of commands about files, names and counts.
@Suite struct SaidTests {
  private static let header = "ts_event,symbol,open,high,low,close,volume"

  @Test func onlyStoredRowsCountAsFlaggedAndAreAFinding() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let rows = [
      "2024-01-02T10:00:00Z,SPY,1,2,0.5,1.5,10",
      // Two rules that flag rows, and one that quarantines them.
      "2024-01-02T10:01:00Z,SPY,1,0.2,0.5,1.5,10",
    ]
    try lake.write(([Self.header] + rows).joined(separator: "\n"), to: "a.csv")
    let set = try lake.run("ingest a.csv --table raw.a_ohlcv_1m --max-bad 1 --json")
    let summary = try #require(try set.output.jsonLines.last)
    #expect(set.status == 1 && summary["quarantined"] as? Int == 1)
    #expect(summary["flagged"] as? Int == 0)
    try lake.write("\(Self.header)\n2024-01-02T10:02:00Z,SPY,3,2,0.5,3,10\n", to: "b.csv")
    let flagged = try lake.run("ingest b.csv --table raw.a_ohlcv_1m --json")
    #expect(flagged.status == 1)
    #expect(try flagged.output.jsonLines.last?["flagged"] as? Int == 1)
  }

  @Test func nobodyIsLedToSetMostRowsAside() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let good = "2024-01-02T10:0%:00Z,SPY,1,2,0.5,1.5,10"
    func file(_ bad: Int, of count: Int) -> String {
      ([Self.header]
        + (0..<count).map {
          good.replacing("%", with: "\($0)").replacing(",10", with: $0 < bad ? ",x" : ",10")
        }).joined(separator: "\n") + "\n"
    }
    try lake.write(file(2, of: 3), to: "most.csv")
    try lake.write(file(1, of: 3), to: "some.csv")
    let most = try lake.run("ingest most.csv --table raw.a_ohlcv_1m")
    #expect(most.status == 2 && most.talk.contains("  try: ") && !most.talk.contains("--max-bad"))
    let some = try lake.run("ingest some.csv --table raw.a_ohlcv_1m")
    #expect(some.status == 2 && some.talk.contains("--max-bad 1"))
  }

  @Test func errorsOfFilesCarryTheirCode() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    for (line, code) in [
      ("ingest nowhere.dbn --json", "file"), ("query nowhere --json", "unknownTable"),
      ("frobnicate --json", "unknownCommand"),
    ] {
      let run = try lake.run(line)
      let lines = try (run.output + run.talk).split(separator: "\n")
        .filter { $0.hasPrefix("{") }.joined(separator: "\n").jsonLines
      #expect(lines.of(type: "error").first?["code"] as? String == code, "\(line): \(run.talk)")
    }
  }

  @Test func suggestedCommandsWorkOnTheLakeThatWasNamed() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try FileManager.default.moveItem(
      at: lake.folder.appending(path: "lake"), to: lake.folder.appending(path: "else where"))
    func run(_ words: [String]) throws -> String {
      try LakeBinary.run(words + ["--lake", "else where"], in: lake.folder).talk
    }
    let flag = "--lake 'else where'"
    let version = try run(["query", SimulatedLake.bars, "--version", "99"])
    #expect(
      version.contains("  try: lake \(flag) history \(SimulatedLake.bars) shows"), "\(version)")
    // A table that was named by its path goes by that.
    let path = try LakeBinary.run(
      ["query", "else where/raw/equs_mini_ohlcv_1s", "--version", "99"], in: lake.folder
    ).talk
    #expect(path.contains("  try: lake history 'else where/raw/"), "\(path)")
    let table = try run(["describe", "raw.nothing_like_it_at_all"])
    #expect(table.contains("  try: lake \(flag) tables\n"), "\(table)")
    let ingested = try run(["ingest", SimulatedLake.file, "--as", "raw.again"])
    #expect(ingested.contains("; next: lake \(flag) query raw.again -n 5"), "\(ingested)")
    // What has no lake needs none.
    let file = try run(["parquet", "no.parquet"])
    #expect(file.contains("  try: ") && !file.contains(flag), "\(file)")
  }

  @Test func outputIsNamedAsWhatIsWritten() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let query = "query \(SimulatedLake.minutes) --limit 1"
    try lake.refuses(
      [
        ("\(query) -o a.xlsx", "'a.xlsx'|'.parquet'|--output a.csv|--format csv"),
        ("\(query) -o a.parq", "--output a.parquet"),
        ("\(query) -o a.csv.bz2", "a compression by '.gz' and '.zst'"),
        ("\(query) -o a.csv.bz2 --format csv", "a compression by"),
        ("export dbn \(SimulatedLake.trades) -o a.csv", "'.dbn'"),
        ("parquet nowhere.parquet --rewrite a.csv", "'.parquet'"),
        ("dbn \(SimulatedLake.file) -o a.xml", "'.csv'"),
      ], status: 64)
    for name in ["a", "a.2024", "A.CSV", "a.json", "a.tsv.gz"] {
      _ = try lake.output(of: "\(query) -o \(name)")
    }
    _ = try lake.output(of: "\(query) -o a.txt --format tsv")
    #expect(try lake.text(of: "a.json").hasPrefix("{"))
    _ = try lake.output(of: "dbn \(SimulatedLake.file) -o b.jsonl --limit 1")
    #expect(try lake.text(of: "b.jsonl").hasPrefix("{"))
    _ = try lake.output(of: "dbn \(SimulatedLake.file) --metadata -o m.json")
    #expect(try lake.text(of: "m.json").contains("EQUS.MINI"))
  }

  @Test func nextLinesCanBeGivenToAShell() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    for (name, quoted) in [("my lake's", #"cd 'my lake'\''s' &&"#), ("-x", "cd ./-x &&")] {
      let made = try LakeBinary.run(["init", "--", name], in: scratch.url)
      #expect(made.status == 0 && made.talk.contains(quoted), "\(made.talk)")
      let again = try LakeBinary.run(["init", "--", name], in: scratch.url)
      #expect(again.status == 2 && again.talk.contains(quoted.dropFirst(3).dropLast(3)))
    }
  }

  @Test func helpKnowsItself() throws {
    let help = try LakeBinary.run(["help", "help"])
    #expect(help.status == 0 && help.output.contains("lake help [COMMAND]"))
    #expect(try LakeBinary.run(["help", "version"]).status == 0)
    #expect(try LakeBinary.run(["help", "hlp"]).talk.contains("did you mean 'help'?"))
  }

  @Test func configCheckRefusesWhatWouldFail() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.write(
      """
      version: 1
      resample:
        intervals: [7m]
      passes:
        - pass: resample
          table: \(SimulatedLake.trades)
        - pass: resample
          table: raw.later_ohlcv_1m
          to: [30s]
      schedule:
        - name: nightly
          run: ["lake ingst x", "lake resample \(SimulatedLake.trades)", "lake query x --bad", "echo lake"]
          timezone: America/Chicag
      """, to: "lake/lake.yaml")
    let run = try lake.run("config check --lake lake")
    #expect(run.status == 1)
    for words in [
      "bars of 7m do not divide a day", "'\(SimulatedLake.trades)' holds trades",
      "bars of 30s can't be made of bars of 1m", "unknown command 'ingst'",
      "unknown flag '--bad'", "nothing says when it runs", "'America/Chicag'",
    ] { #expect(run.talk.contains(words), "\(words): \(run.talk)") }
    #expect((run.output + run.talk).contains("mistakes          8"), "\(run.talk)")
  }

  @Test func theExamplesNameOnlyWorkThatRuns() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let examples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "schemas/examples")
    let names = try FileManager.default.contentsOfDirectory(atPath: examples.path)
    #expect(names.count >= 3)
    for name in names {
      let text = try String(contentsOf: examples.appending(path: name), encoding: .utf8)
      try lake.write(text, to: "lake/lake.yaml")
      let run = try lake.run("config check --lake lake")
      #expect(run.status == 0, "\(name): \(run.talk)")
      #expect(!text.contains("retention:"), "\(name): nothing removes data")
    }
  }
}
