import Catalog
import DeltaLog
import Foundation
import LakeTestSupport
import TestSupport
import Testing

@testable import Ingest
@testable import Ledger
@testable import Passes
@testable import Tables

private let source = "raw.test_set_ohlcv_1s"

/// Tables with duplicate rows, from another program or an older version.
@Suite("compaction that removes duplicates")
struct DeduplicationTests {
  private let toy: ToyLake
  private let columns = ["symbol", "ts_event", "publisher_id", "open", "volume"]

  init() throws {
    toy = try ToyLake()
    let bars = (0..<2).flatMap { day in
      (0..<400).map {
        ToyLake.Bar(day: day, second: $0 * 7, instrument: UInt32(1 + $0 % 3), volume: UInt64($0))
      }
    }
    try toy.ingest([try toy.bars("a.dbn", bars)])
  }

  private func pass(
    _ table: String, key: [String] = [], mergesSmallFiles: Bool = true
  ) throws -> CompactPass {
    var options = CompactPass.Options()
    options.mergesSmallFiles = mergesSmallFiles
    options.jobs = 2
    options.removesDuplicates = true
    options.keyColumns = key
    return try CompactPass(
      lake: toy.lake, table: try TableName(parsing: table), options: options)
  }

  private func run(_ table: String = source) throws -> RewriteReport {
    let pass = try pass(table)
    return try pass.run(try pass.plan())
  }

  /// Adds the rows of a file again, as a commit of another program would.
  private func addAgain(_ file: AddFile, as name: String) throws {
    let table = try toy.lake.table(named: source)
    var copy = file
    copy.path = file.path.replacing("part-", with: name + "-")
    try FileManager.default.copyItem(
      atPath: toy.path(file, source), toPath: toy.path(copy, source))
    copy.tags = [:]
    copy.modificationTime += 1000
    var transaction = Transaction(snapshot: try table.snapshot(), storage: table.storage)
    transaction.append([copy])
    _ = try transaction.commit()
  }

  @Test("an equal row is removed, and a second run has nothing to do")
  func duplicates() throws {
    let before = try toy.rows(source, columns)
    try addAgain(try toy.files(source)[0], as: "again")
    #expect(try toy.rows(source, columns).count == 1200)
    let report = try run()
    #expect(report.duplicateCount == 400 && report.conflictCount == 0 && report.rowCount == 400)
    #expect(try toy.rows(source, columns) == before)
    let version = try toy.lake.table(named: source).snapshot().version
    let again = try run()
    #expect(again.versions.isEmpty)
    #expect(try toy.lake.table(named: source).snapshot().version == version)
    // Change data readers see that rows were removed.
    #expect(try toy.files(source).contains { $0.dataChange })
  }

  @Test("where nothing is merged, only dates with duplicates are written again")
  func withoutMerging() throws {
    try toy.ingest([try toy.bars("b.dbn", [ToyLake.Bar(day: 1, second: 80_000)])])
    try addAgain(
      try #require(try toy.files(source).first { $0.path.contains("2024-01-02") }), as: "again")
    let others = Set(try toy.files(source).map(\.path).filter { !$0.contains("2024-01-02") })
    #expect(others.count == 2)
    let pass = try pass(source, mergesSmallFiles: false)
    let plan = try pass.plan()
    #expect(plan.units.map(\.reason) == ["duplicates"])
    let report = try pass.run(plan)
    #expect(report.duplicateCount == 400 && report.unitCount == 1)
    #expect(others.isSubset(of: Set(try toy.files(source).map(\.path))))
    let commit = try #require(try history(toy.lake.table(named: source).storage).first?.commitInfo)
    #expect(commit.operationParameters.contains { $0.name == "pass" && $0.value == "dedup" })
    #expect(try pass.plan().units.isEmpty)
  }

  @Test("a row with the key of an older one and other values is quarantined, once")
  func conflicts() throws {
    let before = try toy.rows(source, columns)
    // Rows of another table with the same keys and other volumes, added to this one.
    let other = try ToyLake()
    let bars = (0..<400).map {
      ToyLake.Bar(
        second: $0 * 7, instrument: UInt32(1 + $0 % 3), volume: UInt64($0 < 50 ? $0 + 1 : $0))
    }
    try other.ingest([try other.bars("b.dbn", bars)])
    let file = try other.files(source)[0]
    try FileManager.default.copyItem(
      atPath: other.path(file, source), toPath: toy.path(file, source))
    let table = try toy.lake.table(named: source)
    var transaction = Transaction(snapshot: try table.snapshot(), storage: table.storage)
    var added = file
    added.modificationTime += 10_000
    transaction.append([added])
    _ = try transaction.commit()
    let report = try run()
    #expect(report.conflictCount == 50 && report.duplicateCount == 350)
    #expect(try toy.rows(source, columns) == before)
    let held = try toy.rows("quarantine.test_set_ohlcv_1s", ["rule", "symbol", "original"])
    #expect(held.count == 50 && held.allSatisfy { $0[0] == "key_conflict" })
    #expect(held.allSatisfy { $0[2].contains("\"volume\":") })
    #expect(try run().versions.isEmpty)
  }

  @Test("rows without a key, and tables that a pass makes, are refused")
  func refusals() throws {
    let trades = (0..<10).map { (second: $0, sequence: UInt32($0), size: UInt32(1)) }
    try toy.ingest([try toy.trades("t.dbn", trades, start: 0, end: 100)])
    #expect(throws: PassError.self) { try pass("raw.test_set_trades") }
    #expect(throws: PassError.self) { try pass(source, key: ["symbol"]) }
    var options = ResamplePass.Options()
    options.intervals = ["1m"]
    let resample = try ResamplePass(lake: toy.lake, table: source, options: options)
    _ = try resample.run(try resample.plan())
    #expect(throws: PassError.self) { try pass("bars.test_set_ohlcv_1m") }
  }

  @Test("rows that another commit adds meanwhile are kept")
  func append() throws {
    try addAgain(try toy.files(source)[0], as: "again")
    let pass = try pass(source)
    let plan = try pass.plan()
    try toy.ingest([try toy.bars("more.dbn", [ToyLake.Bar(second: 80_000)])])
    let report = try pass.run(plan)
    #expect(report.duplicateCount == 400)
    #expect(try toy.rows(source, columns).count == 801)
  }

  @Test("files that another commit merges meanwhile are looked at again")
  func overtaken() throws {
    let file = try toy.files(source)[0]
    try addAgain(file, as: "again")
    try addAgain(file, as: "once-more")
    let pass = try pass(source)
    let plan = try pass.plan()
    var options = CompactPass.Options()
    options.jobs = 1
    let plain = try CompactPass(
      lake: toy.lake, table: try TableName(parsing: source), options: options)
    #expect(try plain.run(try plain.plan()).filesBefore == 2)
    let report = try pass.run(plan)
    #expect(report.duplicateCount == 800 && report.overtakenCount == 0)
    #expect(try toy.rows(source, columns).count == 800)
  }

  @Test("a file whose rows contradict the log stops it")
  func conservation() throws {
    try addAgain(try toy.files(source)[0], as: "again")
    let table = try toy.lake.table(named: source)
    let snapshot = try table.snapshot()
    var transaction = Transaction(snapshot: snapshot, storage: table.storage)
    var changed = try #require(try snapshot.files.first { $0.taggedRowHash == nil })
    transaction.remove([changed])
    changed.tags["lake.rows"] = "401"
    changed.tags["lake.rowHash2"] = String(repeating: "0", count: 32)
    transaction.append([changed])
    _ = try transaction.commit()
    let report = try run()
    #expect((report.failures.first?.error as? PassError)?.code == .conservation)
    #expect(try toy.rows(source, columns).count == 1200)
  }

  @Test("in a table by month or year the dates are known afterwards")
  func period() throws {
    let period = try ConversionPass(
      lake: toy.lake, table: try TableName(parsing: source), layout: TableLayout(period: .year))
    _ = try period.run(try period.plan())
    let before = try toy.rows(source, columns)
    try addAgain(try toy.files(source)[0], as: "again")
    let report = try run()
    #expect(report.duplicateCount == 800)
    #expect(try toy.rows(source, columns) == before)
    let units = try toy.files(source).compactMap(\.units)
    #expect(
      units.count == 1 && units[0].byDate.mapValues(\.rowCount).values.allSatisfy { $0 == 400 })
  }
}
