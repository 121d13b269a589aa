import Catalog
import Databento
import DeltaLog
import Glibc
import LakeTestSupport
import Parquet
import TestSupport
import Testing

@testable import Ingest
@testable import Tables

private let table = "raw.test_set_ohlcv_1s"

@Suite struct IngestTests {
  private static func randomBars(_ count: Int, days: Int, seed: UInt64) -> [ToyLake.Bar] {
    var random = SeededGenerator(seed: seed)
    var seen: Set<[Int]> = []
    return (0..<count).compactMap { _ in
      let bar = ToyLake.Bar(
        day: Int.random(in: 0..<days, using: &random),
        second: Int.random(in: 0..<86_400, using: &random),
        instrument: UInt32.random(in: 1...5, using: &random),
        price: Int64.random(in: 50...150, using: &random),
        volume: UInt64.random(in: 1...99, using: &random))
      return seen.insert([bar.day, bar.second, Int(bar.instrument)]).inserted ? bar : nil
    }
  }

  @Test func sameContentAgainIsANoOp() throws {
    let toy = try ToyLake()
    let bars = (0..<100).map { ToyLake.Bar(second: $0) }
    let first = try toy.ingest([try toy.bars("a.dbn", bars)])
    #expect(first.total(\.rowsStored) == 100)
    let version = try toy.lake.table(named: table).snapshot().version
    // The same content with another name and compression.
    let again = try toy.ingest([try toy.bars("b.dbn.zst", bars)])
    #expect(again.total(\.rowsStored) == 0)
    #expect(again.total(\.alreadyStoredCount) == 100)
    #expect(try toy.lake.table(named: table).snapshot().version == version)
  }

  @Test func overlappingBarsAreThereOnce() throws {
    let toy = try ToyLake()
    let all = (0..<200).map { ToyLake.Bar(day: $0 / 100, second: $0 % 100) }
    try toy.ingest([try toy.bars("january.dbn", Array(all[..<150]))])
    let report = try toy.ingest([try toy.bars("both.dbn", all)])
    #expect(report.total(\.rowsStored) == 50)
    #expect(report.total(\.alreadyStoredCount) == 150)
    #expect(try toy.rows(table, ["ts_event"]).count == 200)
  }

  @Test func bothFilesOfOneCommandMayOverlap() throws {
    let toy = try ToyLake()
    let all = (0..<200).map { ToyLake.Bar(second: $0) }
    let report = try toy.ingest([
      try toy.bars("a.dbn", Array(all[..<150])), try toy.bars("b.dbn", all),
    ])
    #expect(report.total(\.rowsStored) == 200)
    #expect(report.commits.count == 1)
  }

  @Test func anotherBarWithAKnownKeyIsQuarantined() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1), ToyLake.Bar(second: 2)])])
    let report = try toy.ingest([
      try toy.bars("b.dbn", [ToyLake.Bar(second: 2, price: 101), ToyLake.Bar(second: 3)])
    ]) { $0.badRowShareMax = 0.5 }
    #expect(report.total(\.rowsStored) == 1)
    #expect(report.total(\.quarantineCount) == 1)
    #expect(
      try toy.rows(table, ["open"]).map { $0[0] } == [
        "100000000000", "100000000000", "100000000000",
      ])
    let kept = try toy.rows(
      "quarantine.test_set_ohlcv_1s", ["rule", "symbol", "state", "original_form"])
    #expect(kept == [["key_conflict", "SYM1", "held", "json"]])
    let original = try toy.rows("quarantine.test_set_ohlcv_1s", ["original"])[0][0]
    #expect(original.contains(#""open":101,"#) && original.contains(#""symbol":"SYM1""#))
  }

  @Test func duplicatesWithinAFileAreDropped() throws {
    let toy = try ToyLake()
    let bars = [1, 2, 2, 3, 3, 3].map { ToyLake.Bar(second: $0) }
    let report = try toy.ingest([try toy.bars("a.dbn", bars)])
    #expect(report.total(\.rowsStored) == 3)
    #expect(report.total(\.duplicateCount) == 3)
  }

  @Test func publishersOfOneSecondAreDifferentBars() throws {
    let toy = try ToyLake()
    let bars = [2, 1, 3].map { ToyLake.Bar(second: 5, publisher: UInt16($0)) }
    try toy.ingest([try toy.bars("a.dbn", bars)])
    #expect(try toy.rows(table, ["publisher_id"]).map { $0[0] } == ["2", "1", "3"])
  }

  /// Content of all data files of the table, by date.
  private func bytes(_ toy: ToyLake) throws -> [String: [UInt8]] {
    var bytes: [String: [UInt8]] = [:]
    for file in try toy.files(table) {
      let path = try toy.path(file, table)
      let reader = fopen(path, "r")
      defer { fclose(reader) }
      var content = [UInt8](repeating: 0, count: Int(file.size))
      #expect(fread(&content, 1, content.count, reader) == content.count)
      bytes[file.partitionValue("date") ?? "", default: []] += content
    }
    return bytes
  }

  @Test func memoryAndThreadsAndOrderChangeNoByte() throws {
    let bars = Self.randomBars(20_000, days: 40, seed: 23)
    // Rows in another order keep their source ordinals, and are equal otherwise.
    var expected: [Bool: [String: [UInt8]]] = [:]
    var expectedRows: [[String]]?
    let sorted = bars.sorted {
      ($0.day, $0.second, $0.instrument) < ($1.day, $1.second, $1.instrument)
    }
    for (isSorted, memory, jobs) in [
      (false, 192 << 20, 1), (false, 1 << 20, 1), (false, 1 << 20, 3), (true, 192 << 20, 2),
      (true, 1 << 20, 4),
    ] {
      let toy = try ToyLake()
      let report = try toy.ingest([try toy.bars("a.dbn", isSorted ? sorted : bars)]) {
        $0.memoryByteCount = memory
        $0.jobs = jobs
      }
      #expect(report.total(\.rowsStored) == bars.count)
      let found = try bytes(toy)
      #expect(found.count == 40)
      #expect(found == expected[isSorted, default: found])
      expected[isSorted] = found
      let rows = try toy.rows(table, ["symbol", "ts_event", "instrument_id", "open", "volume"])
      #expect(rows == expectedRows ?? rows)
      expectedRows = rows
    }
  }

  @Test func aDateThatComesBackLateIsStillOneSortedSegment() throws {
    let toy = try ToyLake()
    // Enough rows of the second day to close the first one, then one more of the first.
    var bars = (0..<50).map { ToyLake.Bar(day: 0, second: $0) }
    bars += (0..<80_000).map { ToyLake.Bar(day: 1, second: $0) }
    bars.append(ToyLake.Bar(day: 0, second: 25, instrument: 2))
    let report = try toy.ingest([try toy.bars("a.dbn.zst", bars)])
    #expect(report.total(\.rowsStored) == bars.count)
    #expect(try toy.files(table).count == 2)
    let rows = try toy.rows(table, ["symbol"])
    #expect(rows[..<51].map { $0[0] } == Array(repeating: "SYM1", count: 50) + ["SYM2"])
  }

  @Test func tagsAndStatisticsTellTheTruth() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", Self.randomBars(3000, days: 2, seed: 5))])
    let schema = try TableSchema.named("ohlcv-1s")
    for file in try toy.files(table) {
      let (count, hash) = try SegmentReader(
        path: try toy.path(file, table), fields: schema.fileFields
      ).fingerprint()
      #expect(file.taggedRowCount == Int64(count))
      #expect(file.taggedRowHash == hash.description)
      #expect(file.statistics?.rowCount == Int64(count))
      #expect(FileBounds(file, indexColumn: "ts_event").symbols == "SYM1"..."SYM5")
    }
  }

  @Test func coverageIsRecordedAndMerged() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)])])
    let rows = try toy.rows("ledger.coverage", ["dataset", "schema", "state", "row_count"])
    #expect(rows == [["TEST.SET", "ohlcv-1s", "claimed", "1"]])
    #expect(try toy.rows("ledger.coverage", ["symbols"]) == [["[\"SYM1\"]"]])
  }

  @Test func badRowsAreQuarantinedWithTheirReason() throws {
    let toy = try ToyLake()
    var bars = (0..<50).map { ToyLake.Bar(second: $0) }
    bars[7].volume = UInt64(Int64.max) + 5
    bars[9].price = 2_000_000_000
    let report = try toy.ingest([try toy.bars("a.dbn", bars)])
    #expect(report.total(\.rowsStored) == 48)
    let rules = try toy.rows("quarantine.test_set_ohlcv_1s", ["rule"]).map { $0[0] }
    #expect(Set(rules) == ["integer_range", "decimal_range"])
  }

  @Test func aRunThatDiedBeforeTheQuarantineIsMadeGood() throws {
    let toy = try ToyLake()
    var bars = (0..<50).map { ToyLake.Bar(second: $0) }
    bars[9].price = 2_000_000_000
    let path = try toy.bars("a.dbn", bars)
    try toy.ingest([path])
    // As if the run had been killed between the two commits.
    TemporaryFolder.remove(toy.lake.root + "/quarantine")
    for _ in 0..<2 {
      let again = try toy.ingest([path])
      #expect(again.total(\.rowsStored) == 0)
      let kept = try toy.rows("quarantine.test_set_ohlcv_1s", ["rule"])
      #expect(kept == [["decimal_range"]])
    }
  }

  @Test func tooManyBadRowsFailTheFile() throws {
    let toy = try ToyLake()
    let bars = (0..<4).map { ToyLake.Bar(second: $0, price: $0 == 0 ? 2_000_000_000 : 100) }
    let report = try toy.ingest([try toy.bars("a.dbn", bars)])
    #expect(report.failureCount == 1)
    #expect(try toy.lake.tableNames().isEmpty)
  }

  @Test func aFileThatFailsStopsNoOther() throws {
    let toy = try ToyLake()
    let good = try toy.bars("good.dbn", [ToyLake.Bar(second: 1)])
    let bad = toy.folder.path + "/bad.dbn"
    let stream = fopen(bad, "w")
    fputs("DBNx", stream)
    fclose(stream)
    let report = try toy.ingest([bad, good, toy.folder.path + "/none.dbn"])
    #expect(report.failureCount == 2)
    #expect(report.total(\.rowsStored) == 1)
  }
}

@Suite struct KeylessIngestTests {
  private let trades = "raw.test_set_trades"

  @Test func identicalTradesAreGenuine() throws {
    let toy = try ToyLake()
    let rows = [(1, 1, 5), (1, 1, 5), (1, 1, 5)].map {
      (second: $0.0, sequence: UInt32($0.1), size: UInt32($0.2))
    }
    let report = try toy.ingest([try toy.trades("a.dbn", rows, start: 0, end: 100)])
    #expect(report.total(\.rowsStored) == 3)
    let places = try toy.rows(trades, ["source_ordinal"]).compactMap { Int64($0[0]) }
    #expect(places.map { $0 & (1 << 39 - 1) } == [0, 1, 2])
    #expect(Set(places.map { $0 >> 39 }).count == 1 && (places.first ?? 0) >> 39 > 0)
  }

  @Test func ticksOfOverlappingFilesAreThereOnce() throws {
    let toy = try ToyLake()
    func rows(_ seconds: Range<Int>) -> [(second: Int, sequence: UInt32, size: UInt32)] {
      seconds.map { (second: $0, sequence: UInt32($0), size: 1) }
    }
    try toy.ingest([try toy.trades("a.dbn", rows(0..<50), start: 0, end: 50)])
    let report = try toy.ingest([try toy.trades("b.dbn", rows(20..<80), start: 20, end: 80)])
    #expect(report.total(\.alreadyStoredCount) == 30)
    #expect(report.total(\.rowsStored) == 30)
    let stored = try toy.rows(trades, ["sequence"]).compactMap { Int($0[0]) }
    #expect(stored.sorted() == Array(0..<80))
  }

  @Test func fullRowGroupsAreEncodedOnTheWay() throws {
    let count = 3 * RowGroupCuts.groupRowMax + 77
    let rows = (0..<count).map { (second: $0 / 8, sequence: UInt32($0), size: UInt32($0 % 7)) }
    var sizes: [Int64] = []
    for memory in [192 << 20, 12 << 20] {
      let toy = try ToyLake()
      let path = try toy.trades("a.dbn.zst", rows, start: 0, end: 86_000)
      let report = try toy.ingest([path]) { $0.memoryByteCount = memory }
      #expect(report.total(\.rowsStored) == count)
      let file = try #require(try toy.files(trades).first)
      let reader = try ParquetReader(path: try toy.path(file, trades))
      let groups = reader.metadata.rowGroups.indices.map { reader.rowCount(rowGroup: $0) }
      #expect(groups == [131_072, 131_072, 131_072, 77])
      let schema = try TableSchema.named("trades")
      let (_, hash) = try SegmentReader(
        path: try toy.path(file, trades), fields: schema.fileFields
      ).fingerprint()
      #expect(file.taggedRowHash == hash.description)
      sizes.append(file.size)
    }
    #expect(Set(sizes).count == 1)
  }
}

@Suite struct StagingTests {
  @Test func remainsOfADeadRunAreRemovedButNothingElse() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)])])
    let kept = try #require(try toy.files(table).first)
    let folder = toy.lake.root + "/staging/20240101T000000Z-1-dead"
    mkdir(folder, 0o700)
    let orphan = "raw/test_set_ohlcv_1s/date=2024-01-02/orphan.parquet"
    for (path, text) in [
      (folder + "/lock", ""),
      (folder + "/intent", orphan + "\nraw/test_set_ohlcv_1s/" + kept.filePath + "\n"),
      (toy.lake.root + "/" + orphan, "x"),
    ] {
      let stream = fopen(path, "w")
      fputs(text, stream)
      fclose(stream)
    }
    let living = try StagingRun(root: toy.lake.root)
    try LakeCleaning.removeDeadRuns(toy.lake, observer: NoObserver())
    #expect(access(folder, F_OK) != 0)
    #expect(access(toy.lake.root + "/" + orphan, F_OK) != 0)
    #expect(access(try toy.path(kept, table), F_OK) == 0)
    #expect(access(living.directory, F_OK) == 0)
    living.finish()
    #expect(access(living.directory, F_OK) != 0)
  }
}
