import Foundation
import Testing

/// Files with unusual content: reported, and kept.
@Suite struct OddFilesTests {
  private static let header = "ts_event,symbol,open,high,low,close,volume"
  private static let row = "2024-01-02T10:0%:00Z,SPY,1,2,0.5,1.5,10"

  private func rows(_ count: Int) -> [String] {
    (0..<count).map { Self.row.replacing("%", with: "\($0)") }
  }

  @Test func aBatchFolderIsTakenWhole() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.write(#"{"job_id":"X-1","files":[]}"#, to: "data/manifest.json")
    try lake.write(
      #"{"version":1,"job_id":"X-1","query":{"dataset":"EQUS.MINI"}}"#, to: "data/metadata.json")
    try lake.write(
      #"{"result":{},"symbols":["SPY"],"stype_in":"raw_symbol","stype_out":"instrument_id","message":"OK","status":0}"#,
      to: "data/symbology.json")
    try lake.write(
      #"[{"date":"2024-01-02","condition":"degraded","last_modified_date":"2024-01-05"},"#
        + #"{"date":"2024-01-03","condition":"available","last_modified_date":"2024-01-05"}]"#,
      to: "data/condition.json")
    _ = try lake.output(of: "init fresh")
    let folder = lake.folder.appending(path: "data")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.contains("ohlcv-1s") || $0.hasSuffix(".json") }.map { "data/" + $0 }.sorted()
    #expect(files.count == 6)
    let run = try LakeBinary.run(
      ["ingest"] + files + ["--lake", "fresh", "--json"], in: lake.folder)
    #expect(run.status == 0, "\(run.talk)")
    let objects = try run.output.jsonLines
    #expect(objects.of(type: "file").count { $0["state"] as? String == "skipped" } == 4)
    #expect(objects.last?["files_skipped"] as? Int == 4)
    let gaps = try lake.output(of: "gaps \(SimulatedLake.bars) --lake fresh --json")
    #expect(gaps.contains("degraded") && gaps.contains("flagged by the vendor"), "\(gaps)")
    // The name alone does not make it such a file.
    try lake.write("{}", to: "manifest.json")
    #expect(try lake.run("ingest manifest.json").status == 2)
  }

  @Test func linesMayEndInReturns() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let lines = [Self.header] + rows(9)
    for (name, end) in [("cr", "\r"), ("odd", "\r\r\n")] {
      try lake.write(lines.joined(separator: end) + end, to: "\(name).csv")
      let run = try lake.run("ingest \(name).csv --table raw.\(name)_ohlcv_1m")
      #expect(run.status == 0 && run.talk.contains("end in CR alone"), "\(run.talk)")
      let back = try lake.output(of: "query raw.\(name)_ohlcv_1m -c volume")
      #expect(back.split(separator: "\n").count == 10)
      // It is identified by its own bytes.
      #expect(
        try lake.run("ingest \(name).csv --table raw.\(name)_ohlcv_1m").talk.contains(
          #/files already done +1/#))
    }
  }

  @Test func columnsWithoutANameOfTheirOwnAreKept() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let text =
      ",\(Self.header),x,x,,close\n0,\(rows(1)[0]),a,b,c,1.75\n1,\(rows(2)[1]),a,b,c,1.75\n"
    try lake.write(text, to: "names.csv")
    let run = try lake.run("ingest names.csv --table raw.names_ohlcv_1m")
    #expect(run.status == 0)
    for words in [
      "column 1 has no name: it is left out", "kept in extra, as 'x_2'", "as 'column_11'",
      "column 12 is called 'close' as another one is: it is kept in extra, as 'close_2'",
    ] { #expect(run.talk.contains(words), "\(words): \(run.talk)") }
    let extra = try lake.output(of: "query raw.names_ohlcv_1m -c extra --limit 1")
    #expect(
      extra.contains(#""{""x"":""a"",""x_2"":""b"",""column_11"":""c"",""close_2"":1.75}""#),
      "\(extra)")
    let latin = Data("\(Self.header),n".utf8) + [0xE9] + Data("\n\(rows(1)[0]),7\n".utf8)
    try latin.write(to: lake.folder.appending(path: "latin.csv"))
    let read = try lake.run("ingest latin.csv --table raw.latin_ohlcv_1m")
    #expect(read.status == 0 && read.talk.contains("as Latin-1 it is 'né'"), "\(read.talk)")
    #expect(try lake.output(of: "query raw.latin_ohlcv_1m -c extra").contains(#"""né"":7"#))
  }

  @Test func lettersAreTheVendorsOrQuarantined() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let sides = ["buy", "SELL", "Ask", "b", "N", "none", "", "T", "0"]
    let lines = sides.enumerated().map { "2024-01-02T10:00:0\($0)Z,SPY,1,2,\($1)" }
    try lake.write(
      (["ts_event,symbol,price,size,side"] + lines).joined(separator: "\n"), to: "s.csv")
    let run = try lake.run("ingest s.csv --table raw.s_trades --schema trades --max-bad 1")
    #expect(run.status == 1, "\(run.talk)")
    let stored = try lake.output(of: "query raw.s_trades -c side").split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(stored.dropFirst().prefix(7) == ["B", "A", "A", "B", "N", "N", "\"\""])
    // The only time is used as both: the venue's send time and the receive time.
    let times = try lake.output(of: "query raw.s_trades -c ts_event,ts_recv --limit 1")
    #expect(times.contains("2024-01-02T10:00:00.000000000Z,2024-01-02T10:00:00.000000000Z"))
    let bad = try lake.output(
      of: "query quarantine.s_trades -c source_position,position_unit,rule,original")
    #expect(bad.contains(#"9,line,unknown_letter,"2024-01-02T10:00:07Z,SPY,1,2,T""#), "\(bad)")
  }

  @Test func conflictsKeepTheirTextAndLine() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let other = rows(1)[0].replacing("1.5,10", with: "1.75,10")
    try lake.write(([Self.header, "", rows(1)[0], other]).joined(separator: "\n"), to: "c.csv")
    #expect(try lake.run("ingest c.csv --table raw.c_ohlcv_1m --max-bad 1").status == 1)
    let bad = try lake.output(
      of: "query quarantine.c_ohlcv_1m -c source_position,position_unit,rule,original,original_form"
    )
    #expect(bad.contains("4,line,key_conflict,\"\(other)\",text"), "\(bad)")
  }

  @Test(arguments: ["Europe/Berlin", "Asia/Shanghai", "America/New_York", "Pacific/Auckland"])
  func aDateStaysThatDate(zone: String) throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    for (name, date) in [
      ("iso", "2024-01-02"), ("compact", "20240102"), ("midnight", "2024-01-02 00:00:00"),
    ] {
      try lake.write(
        "date,symbol,open,high,low,close,volume\n\(date),SPY,1,2,0.5,1.5,10\n", to: "\(name).csv")
      _ = try lake.output(
        of: "ingest \(name).csv --table raw.\(name) --interval 1d --timezone \(zone)")
      #expect(try lake.output(of: "query raw.\(name) -c date") == "date\n2024-01-02\n")
      let day = "query raw.\(name) --start 2024-01-02 --end 2024-01-02 -c volume"
      #expect(try lake.output(of: day) == "volume\n10\n")
    }
    // A table partitioned in another way accepts them only if the dates agree.
    try lake.write(
      "date,symbol,open,high,low,close,volume\n2024-01-03,SPY,1,2,0.5,1.5,10\n", to: "n.csv")
    _ = try lake.output(of: "ingest n.csv --table raw.utc --interval 1d --timezone UTC")
    let run = try lake.run("ingest iso.csv --table raw.utc --interval 1d --timezone \(zone)")
    #expect(run.status == (zone.hasPrefix("America") ? 0 : 2), "\(run.talk)")
    #expect(run.status == 0 || run.talk.contains("on another date of 'UTC'"))
  }

  @Test func compactTimesAreNoCounts() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    for (digits, time) in [
      ("202401021430", "2024-01-02T14:30:00Z"), ("20240102143001", "2024-01-02T14:30:01Z"),
      ("20240102143001123", "2024-01-02T14:30:01.123Z"),
      // Not a date, since it has no such month: it counts milliseconds.
      ("946684800000", "2000-01-01T00:00:00Z"),
    ] {
      try lake.write(
        "time,symbol,open,high,low,close,volume\n\(digits),SPY,1,2,0.5,1.5,10\n", to: "t.csv")
      let table = "raw.t\(digits)"
      _ = try lake.output(of: "ingest t.csv --table \(table) --interval 1s --timezone UTC")
      #expect(try lake.output(of: "query \(table) -c ts_event") == "ts_event\n\(time)\n")
    }
  }

  @Test func aBlankSymbolMayBeSpecified() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let blank = rows(120 / 12).map { $0.replacing("SPY", with: "") }
    try lake.write(([Self.header] + blank).joined(separator: "\n"), to: "b.csv")
    _ = try lake.output(of: "ingest b.csv --table raw.b_ohlcv_1m --symbol ES")
    #expect(
      try lake.output(of: "query raw.b_ohlcv_1m -s ES -c volume").split(separator: "\n").count == 11
    )
    try lake.write(([Self.header] + rows(2)).joined(separator: "\n"), to: "f.csv")
    #expect(try lake.run("ingest f.csv --table raw.b_ohlcv_1m --symbol ES").status == 2)
  }

  @Test func columnsGoByTheirOtherNames() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    _ = try lake.output(of: "simulate --schema mbp-1 --symbols SPY --intensity 0.01 -o m")
    _ = try lake.output(of: "ingest m/equs-mini-20240102.mbp-1.dbn.zst")
    let table = "raw.equs_mini_mbp_1"
    let own = try lake.output(of: "query \(table) -c bid_px_00 --limit 9")
    #expect(try lake.output(of: "query \(table) -c bid_px --limit 9") == own)
    let clause = [
      "query", table, "-c", "symbol", "-w", "bid_px > 1 and ask_px is not null", "--limit", "1",
    ]
    let run = try LakeBinary.run(clause, in: lake.folder)
    #expect(run.status == 0, "\(run.talk)")
    // Members of `extra` are suggested, and reported if a file omits them.
    #expect(try lake.run("query \(table) -c note").talk.contains("--columns extra"))
    try lake.write("\(Self.header),note\n\(rows(1)[0]),7\n", to: "e.csv")
    _ = try lake.output(of: "ingest e.csv --table raw.e_ohlcv_1m")
    #expect(try lake.run("query raw.e_ohlcv_1m -o e.parquet").talk.contains("left out: 'extra'"))
    let all = try lake.run("query raw.e_ohlcv_1m -c symbol,extra -o f.parquet")
    #expect(all.status == 0 && !all.talk.contains("left out"))
  }

  @Test func indexBarsResample() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    func bar(_ minute: Int, _ open: String, _ high: String, _ low: String, _ close: String)
      -> String
    {
      #"{"o":\#(open),"h":\#(high),"l":\#(low),"c":\#(close),"t":\#(1_704_205_800_000 + minute * 60_000)}"#
    }
    let bars = [
      bar(0, "15.1234567890123456", "15.5", "15.1", "15.4"),
      bar(1, "15.4", "15.6123456789", "15.05", "15.2"),
      bar(5, "-0.5", "0.25", "-0.75", "0.1"),
    ]
    try lake.write(
      #"{"ticker":"I:VIX","results":["# + bars.joined(separator: ",")
        + #"],"resultsCount":3,"queryCount":3,"status":"OK"}"#, to: "vix.json")
    _ = try lake.output(of: "ingest vix.json --interval 1m")
    _ = try lake.output(of: "resample raw.massive_index_bars_1m --to 5m,10m")
    let table = "bars.massive_index_bars"
    #expect(
      try lake.output(of: "query \(table)_5m -c open,high,low,close") == """
        open,high,low,close
        15.1234567890123456,15.6123456789,15.05,15.2
        -0.5,0.25,-0.75,0.1

        """)
    #expect(
      try lake.output(of: "query \(table)_10m -c open,high,low,close")
        == "open,high,low,close\n15.1234567890123456,15.6123456789,-0.75,0.1\n")
  }

  @Test func linksToNowhereSaySo() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try FileManager.default.createSymbolicLink(
      atPath: lake.folder.appending(path: "gone.parquet").path, withDestinationPath: "nowhere")
    for line in ["query gone.parquet", "ingest gone.parquet", "--lake gone.parquet tables"] {
      let run = try lake.run(line)
      #expect(run.status == 2 && run.talk.contains("a link to 'nowhere'"), "\(line): \(run.talk)")
    }
  }
}
