import Catalog
import Columnar
import DeltaLog
import LakeTestSupport
import Parquet
import TestSupport
import Testing

@testable import Ingest
@testable import Passes
@testable import Tables

@Suite struct CompactTests {
  private let toy: ToyLake
  private let source = "raw.test_set_ohlcv_1s"
  private let columns = ["symbol", "ts_event", "publisher_id", "open", "volume"]

  init() throws { toy = try ToyLake() }

  /// Bars of two days, in the given number of files.
  private func ingestBars(fileCount: Int, seed: UInt64 = 1) throws {
    var random = SeededGenerator(seed: seed)
    for number in 0..<fileCount {
      var bars: [ToyLake.Bar] = []
      for day in 0..<2 {
        for second in 0..<300 {
          for instrument in UInt32(1)...3 where Bool.random(using: &random) {
            bars.append(
              ToyLake.Bar(
                day: day, second: second * fileCount + number, instrument: instrument,
                volume: UInt64.random(in: 1...9, using: &random)))
          }
        }
      }
      try toy.ingest([try toy.bars("\(number).dbn", bars)])
    }
  }

  private func pass(_ table: String) throws -> CompactPass {
    var options = CompactPass.Options()
    options.jobs = 2
    return try CompactPass(
      lake: toy.lake, table: try TableName(parsing: table), options: options)
  }

  private func compact(_ table: String) throws -> RewriteReport {
    let pass = try pass(table)
    return try pass.run(try pass.plan())
  }

  private func version(_ table: String) throws -> Int {
    try toy.lake.table(named: table).snapshot().version
  }

  /// The fingerprint of all rows.
  private func fingerprint(_ table: String) throws -> PartitionFingerprint {
    let table = try toy.lake.table(named: table)
    let snapshot = try table.snapshot()
    var untagged = try snapshot.files
    for index in untagged.indices { untagged[index].tags = [:] }
    return try PartitionFingerprint(
      files: untagged, root: table.path, fields: snapshot.fields.filter { $0.name != "date" })
  }

  private func inOrder(_ rows: [[String]]) -> [[String]] {
    rows.sorted { one, other in
      (one[0], Int(one[1]) ?? 0, Int(one[2]) ?? 0) < (
        other[0], Int(other[1]) ?? 0, Int(other[2]) ?? 0
      )
    }
  }

  @Test func smallFilesBecomeOneSortedFileADate() throws {
    try ingestBars(fileCount: 7)
    let before = try (toy.rows(source, columns), fingerprint(source))
    let report = try compact(source)
    #expect(report.filesBefore == 14 && report.filesAfter == 2 && report.versions.count == 1)
    #expect(try fingerprint(source) == before.1)
    let files = try toy.files(source)
    #expect(files.count == 2 && files.allSatisfy { !$0.dataChange && $0.stats != nil })
    // Each file in the table's order, which corresponds to that of the dates.
    for (day, file) in files.enumerated() {
      let start = Int64(ToyLake.firstDay + day) * 86_400_000_000
      let own = before.0.filter { (start..<start + 86_400_000_000).contains(Int64($0[1]) ?? 0) }
      let rows = try toy.rows(source, columns).filter {
        (start..<start + 86_400_000_000).contains(Int64($0[1]) ?? 0)
      }
      #expect(rows == inOrder(own))
      #expect(file.taggedRowCount == Int64(own.count))
    }
    // Nothing is left to do.
    let last = try version(source)
    let again = try compact(source)
    #expect(again.filesBefore == 0)
    #expect(try version(source) == last)
  }

  @Test func whatWasMadeOfTheTableStaysFresh() throws {
    try ingestBars(fileCount: 4)
    var options = ResamplePass.Options()
    options.intervals = ["1m"]
    let resample = try ResamplePass(lake: toy.lake, table: source, options: options)
    _ = try resample.run(try resample.plan())
    _ = try compact(source)
    let plan = try ResamplePass(lake: toy.lake, table: source, options: options).plan()
    #expect(plan.work.outputs.map(\.dueCount) == [0])
    // Ingesting a stored file again adds nothing.
    let report = try toy.ingest([toy.folder.path + "/0.dbn"])
    #expect(report.total(\.rowsStored) == 0)
  }

  @Test func ticksKeepTheirOrderAndDuplicates() throws {
    let repeated = (0..<300).map {
      (second: 5 + $0 / 40, sequence: UInt32($0 / 3), size: UInt32(1))
    }
    try toy.ingest([try toy.trades("a.dbn", repeated, start: 0, end: 100)])
    let others = (0..<300).map { (second: 9 + $0 / 40, sequence: UInt32($0 / 3), size: UInt32(2)) }
    try toy.ingest([try toy.trades("b.dbn", others, start: 0, end: 100)])
    let table = "raw.test_set_trades"
    let names = ["ts_recv", "ts_recv_plus_ns", "sequence", "source_ordinal", "size"]
    func key(_ row: [String]) -> [Int] { row.prefix(3).map { Int($0) ?? 0 } }
    // Rows with equal keys keep the order of their files and sources.
    let before = try toy.rows(table, names).enumerated().sorted { one, other in
      let (first, second) = (key(one.element), key(other.element))
      return first == second ? one.offset < other.offset : first.lexicographicallyPrecedes(second)
    }.map(\.element)
    let report = try compact(table)
    #expect(report.filesBefore == 2 && report.rowCount == 600)
    #expect(try toy.rows(table, names) == before)
  }

  @Test func filesOfOtherColumnsStayApart() throws {
    try ingestBars(fileCount: 2)
    let table = try toy.lake.table(named: source)
    let snapshot = try table.snapshot()
    var transaction = Transaction(snapshot: snapshot, storage: table.storage)
    var changed = try #require(try snapshot.files.first)
    transaction.remove([changed])
    changed.tags["lake.columns"] = "ts_event,symbol"
    transaction.append([changed])
    guard case .committed = try transaction.commit() else {
      Issue.record("not committed")
      return
    }
    let report = try compact(source)
    #expect(report.filesBefore == 2 && report.filesAfter == 1)
    #expect(try toy.files(source).count == 3)
  }

  @Test func otherRowsThanTheFilesHadAreNotCommitted() throws {
    try ingestBars(fileCount: 2)
    let table = try toy.lake.table(named: source)
    let snapshot = try table.snapshot()
    var transaction = Transaction(snapshot: snapshot, storage: table.storage)
    var changed = try #require(try snapshot.files.first)
    transaction.remove([changed])
    changed.tags["lake.rowHash2"] = String(repeating: "0", count: 32)
    transaction.append([changed])
    _ = try transaction.commit()
    let report = try compact(source)
    #expect((report.failures.first?.error as? PassError)?.code == .conservation)
    // The other date's files are merged, and these are kept.
    #expect(report.failures.count == 1 && report.filesAfter == 1)
    #expect(try toy.files(source).count == 3)
  }

  @Test func whatAnotherCommitAddsStays() throws {
    try ingestBars(fileCount: 3)
    let pass = try pass(source)
    let plan = try pass.plan()
    let more = (0..<50).map { ToyLake.Bar(second: 50_000 + $0) }
    try toy.ingest([try toy.bars("more.dbn", more)])
    let before = try fingerprint(source)
    let report = try pass.run(plan)
    #expect(report.overtakenCount == 0 && report.filesAfter == 2)
    #expect(try fingerprint(source) == before)
    #expect(try toy.files(source).count == 3)
  }

  @Test func aMergeWhoseFilesWentIsGivenUp() throws {
    try ingestBars(fileCount: 3)
    let pass = try pass(source)
    let plan = try pass.plan()
    let table = try toy.lake.table(named: source)
    let snapshot = try table.snapshot()
    var transaction = Transaction(snapshot: snapshot, storage: table.storage)
    let gone = try #require(try snapshot.files.first)
    transaction.remove([gone])
    _ = try transaction.commit()
    let before = try fingerprint(source)
    let report = try pass.run(plan)
    #expect(report.overtakenCount == 1 && report.filesAfter == 1)
    #expect(try fingerprint(source) == before)
  }

  /// More merges than one commit takes, all in one partition: no file replaces another's.
  @Test func manyFilesWithoutStatisticsOfOneDateKeepTheirRows() throws {
    // Seven at a time: more would be merged on commit.
    for group in 0..<10 {
      for number in group * 7..<group * 7 + 7 {
        try toy.ingest([try toy.bars("\(number).dbn", [ToyLake.Bar(second: number)])])
      }
      let table = try toy.lake.table(named: source)
      let snapshot = try table.snapshot()
      var transaction = Transaction(snapshot: snapshot, storage: table.storage)
      for (number, file) in try snapshot.files.enumerated() where file.stats != nil {
        var changed = file
        transaction.remove([file])
        changed.stats = nil
        changed.tags["lake.columns"] = "\(group * 100 + number)"
        transaction.append([changed])
      }
      _ = try transaction.commit()
    }
    let before = try fingerprint(source)
    let report = try compact(source)
    #expect(report.filesAfter == 70 && report.versions.count == 2)
    #expect(try fingerprint(source) == before)
  }
}
