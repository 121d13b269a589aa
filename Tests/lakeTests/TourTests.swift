import Foundation
import Testing

/// The README's tour on simulated data, with the real binary.
@Suite struct TourTests {
  private static let bars = "raw.equs_mini_ohlcv_1s"
  private static let minutes = "bars.equs_mini_ohlcv_1m"

  /// A lake with one simulated day, ingested and resampled.
  private func lake() throws -> ScratchFolder {
    let scratch = try ScratchFolder()
    for words in [
      ["simulate", "--schema", "definition,ohlcv-1s", "--symbols", "SPY,QQQ", "-o", "data"],
      ["init", "lake"],
      [
        "ingest", "--lake", "lake", "data/equs-mini-20240102.ohlcv-1s.dbn.zst",
        "data/equs-mini-20240102.definition.dbn.zst",
      ],
      ["resample", "--lake", "lake", Self.bars],
    ] {
      let run = try LakeBinary.run(words, in: scratch.url)
      try #require(run.status == 0, "\(words): \(run.talk)")
    }
    return scratch
  }

  @Test func everyCommandAnswersInBothForms() throws {
    let scratch = try lake()
    defer { scratch.remove() }
    let file = "data/equs-mini-20240102.ohlcv-1s.dbn.zst"
    let commands: [(words: [String], says: String)] = [
      (["tables"], Self.minutes), (["describe", Self.bars], "ts_event"),
      (["history", Self.bars], "0"), (["files", Self.bars], "2024-01-02"),
      (["files", Self.bars, "--paths"], ".parquet"), (["schema", "list"], "ohlcv"),
      (["schema", "show", "ohlcv-1s"], "ts_event"), (["config", "check"], "lake.yaml"),
      (["config", "show"], "memory"), (["dbn", file, "--metadata"], "EQUS.MINI"),
      (["query", Self.minutes, "--explain"], "table"),
      (["resample", Self.bars, "--plan"], "equs_mini"),
      (["ingest", file], "already"),
    ]
    for (words, says) in commands {
      for form in [[], ["--json"]] {
        let run = try LakeBinary.run(words + form + ["--lake", "lake"], in: scratch.url)
        #expect(run.status == 0, "\(words + form): \(run.talk)")
        #expect((run.output + run.talk).contains(says), "\(words + form): \(run.output)")
      }
    }
  }

  @Test func theSameFileAgainIsStoredOnceAndASliceComesBack() throws {
    let scratch = try lake()
    defer { scratch.remove() }
    func query(_ words: [String]) throws -> LakeBinary.Run {
      try LakeBinary.run(["query", "--lake", "lake"] + words, in: scratch.url)
    }
    let before = try query([Self.bars]).output
    let again = try LakeBinary.run(
      ["ingest", "--lake", "lake", "data/equs-mini-20240102.ohlcv-1s.dbn.zst"], in: scratch.url)
    #expect(again.status == 0)
    #expect(try query([Self.bars]).output == before)
    let slice = try query([Self.minutes, "--symbol", "SPY", "-o", "spy.csv"])
    #expect(slice.status == 0 && slice.output.isEmpty)
    let text = try String(
      contentsOf: scratch.url.appending(path: "spy.csv"), encoding: .utf8)
    #expect(text.hasPrefix("ts_event,symbol,") && text.contains(",SPY,") && !text.contains(",QQQ,"))
    #expect(try query([Self.minutes, "-o", "spy.csv"]).status != 0, "an output is not overwritten")
    let exported = try LakeBinary.run(
      ["export", "dbn", Self.bars, "-o", "out.dbn", "--lake", "lake"], in: scratch.url)
    #expect(exported.status == 0, "\(exported.talk)")
    #expect(try LakeBinary.run(["dbn", "out.dbn"], in: scratch.url).status == 0)
  }
}
