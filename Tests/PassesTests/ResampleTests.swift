import Catalog
import DeltaLog
import Glibc
import LakeTestSupport
import TestSupport
import Testing

@testable import Passes
@testable import Tables

private let source = "raw.test_set_ohlcv_1s"

@Suite struct ResampleTests {
  private func resample(
    _ toy: ToyLake, _ intervals: [String], jobs: Int = 2
  ) throws -> ResamplePass.Report {
    var options = ResamplePass.Options()
    options.intervals = intervals
    options.jobs = jobs
    let pass = try ResamplePass(lake: toy.lake, table: source, options: options)
    return try pass.run(try pass.plan())
  }

  @Test func volumesThatAddUpToTooMuchAreShownHowToFind() throws {
    let toy = try ToyLake()
    let bars = (0..<2).map {
      ToyLake.Bar(
        day: 0, second: $0, instrument: 1, publisher: 1, price: 100,
        volume: UInt64(Int64.max) - 1)
    }
    try toy.ingest([try toy.bars("a.dbn", bars)])
    let report = try resample(toy, ["1m"])
    let error = try #require(report.work.outputs[0].failures.first?.error as? PassError)
    #expect(error.message.contains("volume"))
    #expect(error.remedy?.contains("raw/test_set_ohlcv_1s --start 2024-") == true)
  }

  private func randomBars(_ seed: UInt64) -> [ToyLake.Bar] {
    var random = SeededGenerator(seed: seed)
    var bars: [ToyLake.Bar] = []
    for day in 0..<2 {
      for second in 0..<4000 where Int.random(in: 0..<3, using: &random) > 0 {
        for instrument in UInt32(1)...3 where Bool.random(using: &random) {
          for publisher in UInt16(1)...2 where instrument == 2 || publisher == 1 {
            bars.append(
              ToyLake.Bar(
                day: day, second: second * 7, instrument: instrument, publisher: publisher,
                price: Int64.random(in: 50...150, using: &random),
                volume: UInt64.random(in: 1...9, using: &random)))
          }
        }
      }
    }
    return bars
  }

  /// symbol, publisher, start → open, high, low, close, volume; a naive implementation.
  private func expected(_ bars: [ToyLake.Bar], seconds: Int) -> [[Int]: [Int64]] {
    var result: [[Int]: [Int64]] = [:]
    for bar in bars {
      let key = [bar.day, Int(bar.instrument), bar.second / seconds * seconds, Int(bar.publisher)]
      let high = bar.price + 2
      let low = bar.price - 2
      if var known = result[key] {
        known[1] = max(known[1], high)
        known[2] = min(known[2], low)
        known[3] = bar.price + 1
        known[4] += Int64(bar.volume)
        result[key] = known
      } else {
        result[key] = [bar.price, high, low, bar.price + 1, Int64(bar.volume)]
      }
    }
    return result
  }

  @Test(arguments: [UInt64(1), 2]) func equalsTheNaiveWay(seed: UInt64) throws {
    let toy = try ToyLake()
    let bars = randomBars(seed)
    try toy.ingest([try toy.bars("a.dbn", bars)])
    let report = try resample(toy, ["15s", "1m", "1h", "1d"])
    #expect(report.failureCount == 0)
    #expect(report.rowsRead == bars.count)
    for (name, seconds) in [("15s", 15), ("1m", 60), ("1h", 3600), ("1d", 86_400)] {
      let wanted = expected(bars, seconds: seconds)
      let rows = try toy.rows(
        "bars.test_set_ohlcv_" + name,
        ["symbol", "ts_event", "publisher_id", "open", "high", "low", "close", "volume"])
      #expect(rows.count == wanted.count)
      var keys: [[Int]] = []
      for row in rows {
        let time = (Int(row[1]) ?? 0) / 1_000_000 - ToyLake.firstDay * 86_400
        let key = [
          time / 86_400, Int(row[0].dropFirst(3)) ?? 0, time % 86_400, Int(row[2]) ?? 0,
        ]
        keys.append(key)
        let unit: Int64 = 1_000_000_000
        let found = row[3...6].map { (Int64($0) ?? 0) / unit } + [Int64(row[7]) ?? 0]
        #expect(wanted[key] == found)
      }
      #expect(keys == keys.sorted { $0.lexicographicallyPrecedes($1) })
    }
  }

  @Test func onlyChangedDatesAreComputedAgain() throws {
    let toy = try ToyLake()
    try toy.ingest([
      try toy.bars("a.dbn", (0..<120).map { ToyLake.Bar(day: $0 / 60, second: $0 % 60) })
    ])
    #expect(try resample(toy, ["30s"]).work.outputs[0].computedCount == 2)
    #expect(try resample(toy, ["30s"]).work.outputs[0].computedCount == 0)
    try toy.ingest([try toy.bars("b.dbn", [ToyLake.Bar(day: 1, second: 100)])])
    let report = try resample(toy, ["30s"])
    #expect(report.work.outputs[0].computedCount == 1)
    #expect(report.work.outputs[0].freshCount == 1)
    #expect(
      try toy.rows("bars.test_set_ohlcv_30s", ["volume"]).map { $0[0] } == [
        "300", "300", "300", "300", "10",
      ])
  }

  @Test func rowsFromOtherSourcesAreRefusedInADerivedTable() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", (0..<60).map { ToyLake.Bar(second: $0) })])
    _ = try resample(toy, ["1m"])
    let derived = try TableName(parsing: "bars.test_set_ohlcv_1m")
    let file = try toy.bars("b.dbn", [ToyLake.Bar(second: 3600)], kind: .ohlcv1m)
    let report = try toy.ingest([file]) { $0.table = derived }
    guard case .failed(let error) = report.files[0].state else {
      Issue.record("the next run of the pass would take them away")
      return
    }
    #expect("\(error)".contains("is derived"))
    #expect(throws: CatalogError.self) { try toy.lake.requireUsable(derived) }
    #expect(try toy.rows(derived.description, ["volume"]) == [["600"]])
  }

  @Test func filesWithoutTagsAreReadNotTrusted() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", (0..<60).map { ToyLake.Bar(second: $0) })])
    _ = try resample(toy, ["30s"])
    // Another writer replaces the source's file by one without tags: the rows are the same.
    let table = try toy.lake.table(named: source)
    let snapshot = try table.snapshot()
    var transaction = Transaction(snapshot: snapshot, storage: table.storage)
    var file = try snapshot.files[0]
    let copy = file.filePath.replacing("part-", with: "copy-")
    link(table.path + "/" + file.filePath, table.path + "/" + copy)
    transaction.remove([file], dataChange: false)
    file.path = copy
    file.tags = [:]
    transaction.append([file])
    _ = try transaction.commit()
    #expect(try resample(toy, ["30s"]).work.outputs[0].freshCount == 1)
  }

  @Test func derivedFilesWithoutTagsAreComputedAgain() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", (0..<60).map { ToyLake.Bar(second: $0) })])
    _ = try resample(toy, ["30s"])
    let table = try toy.lake.table(named: "bars.test_set_ohlcv_30s")
    let snapshot = try table.snapshot()
    var transaction = Transaction(snapshot: snapshot, storage: table.storage)
    var file = try snapshot.files[0]
    let copy = file.filePath.replacing("part-", with: "copy-")
    link(table.path + "/" + file.filePath, table.path + "/" + copy)
    transaction.remove([file])
    file.path = copy
    file.tags = [:]
    transaction.append([file])
    _ = try transaction.commit()
    #expect(try resample(toy, ["30s"]).work.outputs[0].computedCount == 1)
    #expect(try toy.rows("bars.test_set_ohlcv_30s", ["volume"]).count == 2)
  }

  @Test func aRemovedDateEmptiesItsBars() throws {
    let toy = try ToyLake()
    try toy.ingest([
      try toy.bars("a.dbn", [ToyLake.Bar(second: 1), ToyLake.Bar(day: 1, second: 1)])
    ])
    _ = try resample(toy, ["1m"])
    let table = try toy.lake.table(named: source)
    let snapshot = try table.snapshot()
    var transaction = Transaction(snapshot: snapshot, storage: table.storage)
    transaction.remove(try snapshot.files.filter { $0.partitionValue("date") == "2024-01-02" })
    _ = try transaction.commit()
    #expect(try resample(toy, ["1m"]).work.outputs[0].computedCount == 1)
    #expect(try toy.rows("bars.test_set_ohlcv_1m", ["symbol"]).count == 1)
    #expect(try resample(toy, ["1m"]).work.outputs[0].computedCount == 0)
  }

  @Test func unorderedFilesOfADateAreMerged() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 40, price: 120)])])
    try toy.ingest([try toy.bars("b.dbn", [ToyLake.Bar(second: 10), ToyLake.Bar(second: 50)])])
    _ = try resample(toy, ["1m"])
    let rows = try toy.rows("bars.test_set_ohlcv_1m", ["open", "high", "volume"])
    #expect(rows == [["100000000000", "122000000000", "30"]])
  }

  @Test(arguments: ["7s", "1500ms", "x", "1s", "36h", "0s"])
  func intervalsThatDoNotFitFailAlone(interval: String) throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)])])
    let report = try resample(toy, [interval, "1m"])
    #expect(report.failureCount == 1)
    #expect(report.work.outputs.last?.rowCount == 1)
  }

  @Test func ticksAreRefused() throws {
    let toy = try ToyLake()
    try toy.ingest([
      try toy.trades("t.dbn", [(second: 1, sequence: 1, size: 1)], start: 0, end: 9)
    ])
    let pass = try ResamplePass(lake: toy.lake, table: "raw.test_set_trades", options: .init())
    #expect(throws: PassError.self) { try pass.plan() }
  }
}

@Suite struct BarAggregatorTests {
  @Test func barsOutOfOrderAreAnError() throws {
    let source = BarColumns()
    source.reserve(2)
    source.beginRun(0)
    for (row, time) in [Int64(5), 3].enumerated() {
      source.time[row] = time * 1_000_000
      for column in source.columns.dropFirst() { column[row] = 1 }
    }
    source.extend(2)
    let names = SymbolNames()
    names.texts.append("A")
    let encoder = BarEncoder(schema: try TableSchema.named("ohlcv-1m"), options: .init())
    let sink = BarSink(encoder: encoder) { throw PassError(.input, "no file in this test") }
    let stage = BarStage(interval: 60_000_000, rows: BarColumns(), sink: sink, names: names)
    stage.append(source, 0..<2)
    #expect(stage.failure is PassError)
  }

  @Test func aVolumeThatOutgrows64BitsIsAnError() throws {
    let toy = try ToyLake()
    try toy.ingest([
      try toy.bars(
        "a.dbn", (0..<3).map { ToyLake.Bar(second: $0, volume: UInt64(Int64.max) / 2) })
    ])
    var options = ResamplePass.Options()
    options.intervals = ["1m"]
    let pass = try ResamplePass(lake: toy.lake, table: source, options: options)
    #expect(try pass.run(try pass.plan()).failureCount == 1)
    #expect(!toy.lake.hasTable(try TableName(parsing: "bars.test_set_ohlcv_1m")))
  }
}
