import Bytes
import Catalog
import DeltaLog
import LakeTestSupport
import Market
import TestSupport
import Testing

@testable import Passes
@testable import Tables

private let source = "raw.test_set_ohlcv_1s"
private let daily = "bars.test_set_ohlcv_1d"

/// A repartitioned table holds the same rows, and tables derived from it are not stale.
@Suite("repartitioned tables")
struct PeriodPassTests {
  private let toy: ToyLake
  private let columns = ["symbol", "ts_event", "open", "volume"]

  init() throws {
    toy = try ToyLake()
    // Across the end of a month and of a year.
    for (number, days) in [-40 ..< -20, -20..<10, 10..<40].enumerated() {
      let bars = days.flatMap { day in
        (0..<4).map {
          ToyLake.Bar(day: day, second: $0 * 20_000, instrument: UInt32(1 + $0 % 2), price: 100)
        }
      }
      try toy.ingest([try toy.bars("\(number).dbn", bars)])
    }
  }

  private func keep(_ table: String, by period: PartitionPeriod) throws -> RewriteReport {
    let pass = try ConversionPass(
      lake: toy.lake, table: try TableName(parsing: table), layout: TableLayout(period: period))
    return try pass.run(try pass.plan())
  }

  private func sum(_ table: String) throws -> PartitionFingerprint {
    let stored = try toy.lake.table(named: table)
    let snapshot = try stored.snapshot()
    let schema = try #require(try stored.schema(of: snapshot, in: toy.lake))
    var untagged = try snapshot.files
    for index in untagged.indices { untagged[index].tags = [:] }
    return try PartitionFingerprint(
      files: untagged, root: stored.path, fields: schema.rowFields)
  }

  private func sorted(_ table: String, _ columns: [String]) throws -> [[String]] {
    try toy.rows(table, columns).sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func resample() throws -> DeriveReport.Output {
    var options = ResamplePass.Options()
    options.intervals = ["1d"]
    let pass = try ResamplePass(lake: toy.lake, table: source, options: options)
    return try pass.run(try pass.plan()).work.outputs[0]
  }

  @Test("every way from one period to another keeps all rows, in one commit")
  func allWays() throws {
    let before = try sum(source)
    let rows = try sorted(source, columns)
    for period: PartitionPeriod in [.month, .year, .month, .date, .year, .date] {
      let version = try toy.lake.table(named: source).snapshot().version
      let report = try keep(source, by: period)
      #expect(report.failures.isEmpty && report.versions == [version + 1])
      let snapshot = try toy.lake.table(named: source).snapshot()
      #expect(try snapshot.partitionPeriod() == period)
      #expect(snapshot.partitionColumns == [period.column])
      #expect(try sum(source) == before)
      #expect(try sorted(source, columns) == rows)
      let partitions = try snapshot.filesByPartition()
      #expect(partitions.count == [.date: 80, .month: 4, .year: 2][period])
      #expect(partitions.values.allSatisfy { $0.count == 1 && !$0[0].dataChange })
      // Nothing is left to do.
      #expect(try keep(source, by: period).versions.isEmpty)
    }
  }

  @Test("a derived table's inputs are known afterwards, and only a changed date is made again")
  func derivations() throws {
    #expect(try resample().computedCount == 80)
    for period: PartitionPeriod in [.month, .date, .year] {
      _ = try keep(daily, by: period)
      let output = try resample()
      #expect(output.freshCount == 80 && output.computedCount == 0)
    }
    _ = try keep(daily, by: .date)
    try toy.ingest([try toy.bars("more.dbn", [ToyLake.Bar(day: 3, second: 7, instrument: 1)])])
    let output = try resample()
    #expect(output.computedCount == 1 && output.freshCount == 79)
  }

  @Test("rows added afterwards use the new period, and stored inputs stay known")
  func ingest() throws {
    _ = try keep(source, by: .month)
    let before = try sum(source)
    #expect(try toy.ingest([toy.folder.path + "/1.dbn"]).total(\.rowsStored) == 0)
    #expect(try sum(source) == before)
    try toy.ingest([try toy.bars("more.dbn", [ToyLake.Bar(day: 3, second: 7, instrument: 1)])])
    #expect(try sum(source).rowCount == before.rowCount + 1)
    #expect(try toy.lake.table(named: source).snapshot().partitionColumns == ["month"])
  }

  @Test(
    "bars are made of it date by date, and are fresh whatever its period",
    arguments: ["month", "year"])
  func barsOfIt(period: String) throws {
    #expect(try resample().computedCount == 80)
    let bars = ["symbol", "ts_event", "open", "high", "low", "close", "volume"]
    let before = try sorted(daily, bars)
    _ = try keep(source, by: try #require(PartitionPeriod(rawValue: period)))
    #expect(try resample().freshCount == 80)
    try toy.ingest([
      try toy.bars("more.dbn", [ToyLake.Bar(day: 3, second: 7, instrument: 1, volume: 5)])
    ])
    let output = try resample()
    #expect(output.computedCount == 1 && output.freshCount == 79 && output.failures.isEmpty)
    let after = try sorted(daily, bars)
    #expect(after.count == before.count && zip(after, before).count { $0 != $1 } == 1)
    // All of them made again: the same bars.
    var options = ResamplePass.Options()
    options.intervals = ["1d", "1h"]
    let pass = try ResamplePass(lake: toy.lake, table: source, options: options)
    let report = try pass.run(try pass.plan(UnitChoice(isForced: true)))
    #expect(report.work.outputs.allSatisfy { $0.computedCount == 80 && $0.failures.isEmpty })
    #expect(try sorted(daily, bars) == after)
  }

  @Test("a concurrent commit is not lost: everything is planned again")
  func lostRace() throws {
    let pass = try ConversionPass(
      lake: toy.lake, table: try TableName(parsing: source), layout: TableLayout(period: .year))
    let plan = try pass.plan()
    try toy.ingest([try toy.bars("more.dbn", [ToyLake.Bar(day: 3, second: 7, instrument: 1)])])
    let before = try sum(source)
    let report = try pass.run(plan)
    #expect(report.versions.count == 1 && report.rowCount == Int(before.rowCount))
    #expect(try sum(source) == before)
  }

  @Test("rows whose date contradicts their time are not left out silently")
  func contradiction() throws {
    _ = try keep(source, by: .month)
    let table = try toy.lake.table(named: source)
    let snapshot = try table.snapshot()
    var transaction = Transaction(snapshot: snapshot, storage: table.storage)
    var changed = try #require(
      try snapshot.files.first { $0.partitionValue("month") == "2024-01-01" })
    transaction.remove([changed])
    var units = try #require(changed.units)
    // One row more than there is of a date.
    var more = SegmentUnits.Unit(rowCount: 1, rowHash: Fingerprint())
    more.inputs = nil
    units.add(SegmentUnits("2024-01-05", more))
    changed.tags[SegmentUnits.tag] = units.text
    transaction.append([changed])
    _ = try transaction.commit()
    let output = try resample()
    #expect(output.failures.count == 1 && output.computedCount == 79)
    #expect((output.failures.first?.error as? PassError)?.message.contains("2024-01-05") == true)
  }

  @Test("a table without files changes, too")
  func empty() throws {
    _ = try RestorePass(lake: toy.lake, table: source, to: .empty).run()
    #expect(try keep(source, by: .month).versions.count == 1)
    #expect(try toy.lake.table(named: source).snapshot().partitionColumns == ["month"])
    #expect(try toy.ingest([toy.folder.path + "/1.dbn"]).total(\.rowsStored) == 120)
    #expect(try toy.files(source).allSatisfy { $0.partitionValue("month") != nil })
  }

  @Test("an earlier version can be restored")
  func restore() throws {
    let version = try toy.lake.table(named: source).snapshot().version
    let rows = try toy.rows(source, columns)
    _ = try keep(source, by: .year)
    _ = try RestorePass(lake: toy.lake, table: source, version: version).run()
    #expect(try toy.rows(source, columns) == rows)
    #expect(try toy.lake.table(named: source).snapshot().partitionColumns == ["date"])
  }

  @Test("files whose rows contradict the log are not committed")
  func conservation() throws {
    let table = try toy.lake.table(named: source)
    let snapshot = try table.snapshot()
    var transaction = Transaction(snapshot: snapshot, storage: table.storage)
    var changed = try #require(try snapshot.files.first)
    transaction.remove([changed])
    changed.tags["lake.rowHash2"] = String(repeating: "0", count: 32)
    transaction.append([changed])
    _ = try transaction.commit()
    let report = try keep(source, by: .year)
    #expect((report.failures.first?.error as? PassError)?.code == .conservation)
    #expect(report.versions.isEmpty)
    #expect(try table.snapshot().partitionColumns == ["date"])
  }
}
