import Foundation
import Platform
import Testing

@testable import CommandLineKit

@Suite struct TextTests {
  @Test func escapesWhatCouldMoveTheCursor() {
    #expect(Escaping.controls("plain ünï 漢") == "plain ünï 漢")
    #expect(
      Escaping.controls("a\u{1B}[2Jb\n\t\u{7F}\u{202E}") == "a\\u{1b}[2Jb\\n\\t\\u{7f}\\u{202e}")
    #expect(Escaping.json("a\"\\\n\u{1}") == #""a\"\\\n\u0001""#)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"),
    (Int.min, "-9,223,372,036,854,775,808"),
  ]) func groupsDigits(value: Int, text: String) {
    #expect(Quantity.count(value) == text)
  }

  @Test(arguments: [
    (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (99_950, "100 kB"),
    (999_499, "999 kB"), (999_500, "1.0 MB"), (12_345_678_901, "12.3 GB"),
  ]) func scalesBytes(value: Int, text: String) {
    #expect(Quantity.bytes(value) == text)
  }

  @Test(arguments: [
    (0.0, "0.0 s"), (59.94, "59.9 s"), (59.96, "1 m 00 s"), (3599.4, "59 m 59 s"),
    (3600, "1 h 00 m"), (-1, "?"), (.infinity, "?"), (.nan, "?"),
  ]) func tellsDurations(seconds: Double, text: String) {
    #expect(Quantity.duration(seconds) == text)
  }

  @Test func readsSizes() {
    #expect(SizeText.parse("192MB") == 192_000_000)
    #expect(SizeText.parse("64 MiB") == 64 << 20)
    #expect(SizeText.parse("1.5g") == 1_500_000_000)
    for bad in ["", "MB", "1x", "-1", "1e3", "99999999999TB", "0x10", "1.2.3"] {
      #expect(SizeText.parse(bad) == nil, "\(bad)")
    }
  }

  @Test func alignsTables() {
    var table = TextTable([("NAME", .left), ("ROWS", .right), ("X", .left)])
    table.add(["a\n", "1", ""])
    table.add(["ünïcode", "1,000", "y"])
    #expect(
      table.lines() == ["NAME      ROWS  X", "a\\n          1", "ünïcode  1,000  y"])
  }

  @Test func summarisesForPeopleAndPrograms() throws {
    var summary = Summary()
    summary.add("rows_stored", .count(1_234_567))
    summary.add("bytes_in", .bytes(2_500_000))
    summary.add("elapsed", .seconds(1.25))
    summary.add("by_step", .counts([("metadata", 3), ("none", 0)]))
    summary.add("note", .text("a\"b"))
    #expect(
      summary.lines == [
        "rows stored  1,234,567", "bytes in     2.5 MB", "elapsed      1.3 s",
        "by step      metadata 3, none 0", "note         a\"b",
      ])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(summary.json.utf8)) as? [String: Any])
    #expect(object["type"] as? String == "summary")
    #expect(object["rows_stored"] as? Int == 1_234_567)
    #expect(object["elapsed"] as? Double == 1.25)
    #expect(object["by_step"] as? [String: Int] == ["metadata": 3, "none": 0])
  }

  @Test func offersOnlyNearNames() {
    let known = ["mbp-1", "mbp-10", "trades", "tbbo", "ohlcv-1s"]
    #expect(NearestNames.near("mpb-1", among: known).first == "mbp-1")
    #expect(NearestNames.near("Trade", among: known) == ["trades"])
    #expect(NearestNames.near("zzz", among: known).isEmpty)
    #expect(NearestNames.near("", among: known).isEmpty)
    #expect(NearestNames.question("tboo", among: known) == "did you mean 'tbbo'?")
  }
}

@Suite struct TalkTests {
  @Test func linesGoAboveTheStatusLine() {
    let output = TextOutput(descriptor: nil)
    let stderr = StandardError(output)
    stderr.write("first\n")
    stderr.setStatus("10%")
    stderr.write("error: x\n")
    stderr.setStatus("")
    stderr.setStatus("")
    #expect(output.text == "first\n\u{1B}[J10%\r\u{1B}[Jerror: x\n10%\r\u{1B}[J\r")
  }

  @Test func aClosedPipeIsNoError() {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    signal(SIGPIPE, SIG_IGN)
    close(ends[0])
    let output = TextOutput(descriptor: ends[1])
    output.write("x")
    output.flush()
    #expect(output.isClosed && output.failure == 0)
    output.write("more")
    output.flush()
    close(ends[1])
  }

  @Test func aFullDeviceIsAFailure() {
    let full = open("/dev/full", O_WRONLY)
    let stderr = TextOutput(descriptor: nil)
    let program = Program(name: "lake", version: "1", summary: "s", groups: [])
    let status = program.run(
      ["help"], environment: [:], workingDirectory: "/", output: TextOutput(descriptor: full),
      stderr: stderr)
    #expect(status == .failed)
    #expect(stderr.text.hasPrefix("error: standard output cannot be written: No space left"))
    close(full)
  }
}

@Suite struct FiguresTests {
  private let figures = Figures(
    verb: "ingest", file: 3, fileTotal: 12, name: "es\u{1B}.dbn.zst", rowCount: 1_234_567,
    byteCount: 40_000_000, byteTotal: 100_000_000, errorCount: 2, memory: 180_000_000, seconds: 20)

  @Test func showsEverythingWhereThereIsRoom() {
    #expect(
      figures.line(columnMax: 200)
        == "ingest  3 of 12  40%  1,234,567 rows  2.0 MB/s  2 errors  180 MB  20.0 s  ETA 30.0 s  es\\u{1b}.dbn.zst"
    )
  }

  @Test func dropsTheLeastImportantFirst() {
    #expect(
      figures.line(columnMax: 79)
        == "ingest  3 of 12  40%  1,234,567 rows  2.0 MB/s  2 errors  20.0 s  ETA 30.0 s")
    #expect(figures.line(columnMax: 30) == "ingest  3 of 12  40%  2 errors")
    #expect(figures.line(columnMax: 4) == "inge")
    for width in 0...120 { #expect(figures.line(columnMax: width).count <= width) }
  }

  @Test func tellsFetchedAndStoredOfWhatWasAnnounced() {
    var figures = figures
    (figures.storedCount, figures.rowTotal) = (1_000, 2_000_000)
    #expect(
      figures.line(columnMax: 200).contains("1,234,567 fetched, 1,000 stored of 2,000,000 rows"))
  }

  @Test func reckonsTheTimeLeftByFilesWhereBytesAreNotKnown() {
    var figures = figures
    figures.byteTotal = 0
    #expect(figures.line(columnMax: 200).contains("ETA 1 m 40 s"))
    figures.fileTotal = 0
    #expect(!figures.line(columnMax: 200).contains("ETA"))
  }
}

/// Command lines in what is said work on the lake that was named.
@Suite struct SuggestedCommandsTests {
  private let suggested = SuggestedCommands(
    program: "lake", verbs: ["query", "restore", "run"], lake: "my lake")

  @Test(arguments: [
    ("lake query raw.x -n 5", "lake --lake 'my lake' query raw.x -n 5"),
    (
      "back with lake restore x; or 'lake run'",
      "back with lake --lake 'my lake' restore x; or 'lake --lake 'my lake' run'"
    ),
    ("lake parquet a.parquet", "lake parquet a.parquet"),
    ("made a lake in /data/lake run", "made a lake in /data/lake run"),
    ("lake runs", "lake runs"), ("lake query --help", "lake query --help"),
    ("lake query x --lake other", "lake query x --lake other"), ("a lake ", "a lake "),
    ("snowflake query", "snowflake query"),
  ])
  func eachCommandOnALakeGetsTheFlag(text: String, wanted: String) {
    #expect(suggested.completed(text) == wanted)
  }

  @Test func withoutTheFlagNothingChanges() {
    let plain = SuggestedCommands(program: "lake", verbs: ["query"], lake: nil)
    #expect(plain.completed("lake query x") == "lake query x")
  }
}
