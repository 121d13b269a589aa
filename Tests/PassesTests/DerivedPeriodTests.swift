import Catalog
import DeltaLog
import LakeTestSupport
import TestSupport
import Testing

@testable import Passes
@testable import Tables

private let source = "raw.test_set_ohlcv_1s"
private let daily = "bars.test_set_ohlcv_1d"

/// Daily bars, whose table is partitioned by year: each date is still a unit.
@Suite("derived tables partitioned by month or year")
struct DerivedPeriodTests {
  private let toy: ToyLake

  init() throws { toy = try ToyLake() }

  private func ingest(_ days: Range<Int>, price: Int64 = 100, _ name: String) throws {
    let bars = days.flatMap { day in
      (0..<6).map { ToyLake.Bar(day: day, second: $0 * 10_000, instrument: 1, price: price) }
    }
    try toy.ingest([try toy.bars(name, bars)])
  }

  @discardableResult
  private func run() throws -> DeriveReport.Output {
    var options = ResamplePass.Options()
    options.intervals = ["1d"]
    let pass = try ResamplePass(lake: toy.lake, table: source, options: options)
    let report = try pass.run(try pass.plan())
    #expect(report.failureCount == 0)
    return report.work.outputs[0]
  }

  private func states() throws -> [PassUnit.State: Int] {
    var options = ResamplePass.Options()
    options.intervals = ["1d"]
    let plan = try ResamplePass(lake: toy.lake, table: source, options: options).plan()
    return plan.work.outputs[0].units.reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
  }

  private func days() throws -> [String] {
    try toy.rows(daily, ["date"]).map { $0[0] }.sorted()
  }

  @Test("a new day is made alone, the year's files stay few, and every date is fresh afterwards")
  func newDay() throws {
    try ingest(0..<12, "a.dbn")
    #expect(try run().computedCount == 12)
    #expect(try toy.files(daily).count == 1)
    for day in 12..<30 {
      try ingest(day..<day + 1, "day\(day).dbn")
      let output = try run()
      #expect(output.computedCount == 1 && output.freshCount == day)
      #expect(try toy.files(daily).count <= 2 * SmallSegments.countMax)
    }
    #expect(try states() == [.fresh: 30])
    #expect(try days() == (0..<30).map { "\(ToyLake.firstDay + $0)" })
    let version = try toy.lake.table(named: daily).snapshot().version
    try run()
    #expect(try toy.lake.table(named: daily).snapshot().version == version)
  }

  @Test("a changed day is removed from its segment, and the others are kept")
  func changedDay() throws {
    try ingest(0..<12, "a.dbn")
    try run()
    let extra = ToyLake.Bar(day: 5, second: 61, instrument: 1, price: 500)
    try toy.ingest([try toy.bars("b.dbn", [extra])])
    #expect(try states() == [.fresh: 11, .stale: 1])
    #expect(try run().computedCount == 1)
    #expect(try days().count == 12)
    let highs = try toy.rows(daily, ["date", "high"]).filter { $0[1] == "502000000000" }
    #expect(highs.map { $0[0] } == ["\(ToyLake.firstDay + 5)"])
    let sum = try toy.files(daily).reduce(0) { $0 + ($1.taggedRowCount ?? 0) }
    #expect(sum == 12)
  }

  @Test("a date whose rows were removed is removed too, and nothing else")
  func orphan() throws {
    try ingest(0..<12, "a.dbn")
    try run()
    let stored = try toy.lake.table(named: source)
    var transaction = Transaction(snapshot: try stored.snapshot(), storage: stored.storage)
    transaction.remove(
      try stored.snapshot().files(where: "date", is: "2024-01-04"))
    _ = try transaction.commit()
    #expect(try states() == [.fresh: 11, .orphaned: 1])
    try run()
    #expect(try days().count == 11)
    #expect(try states() == [.fresh: 11])
  }

  @Test("a purged date freezes its unit, not its year")
  func frozen() throws {
    try ingest(0..<12, "a.dbn")
    try run()
    let stored = try toy.lake.table(named: source)
    var transaction = Transaction(snapshot: try stored.snapshot(), storage: stored.storage)
    transaction.remove(try stored.snapshot().files(where: "date", is: "2024-01-02"))
    transaction.setProperties(["lake.purged": "2024-01-02/2024-01-02"])
    _ = try transaction.commit()
    try ingest(12..<13, "b.dbn")
    #expect(try states() == [.frozen: 1, .fresh: 11, .missing: 1])
    #expect(try run().computedCount == 1)
    #expect(try days().count == 13)
  }

  @Test("a file that another program wrote makes its dates stale, until they are made anew")
  func foreign() throws {
    try ingest(0..<12, "a.dbn")
    try run()
    let stored = try toy.lake.table(named: daily)
    var transaction = Transaction(snapshot: try stored.snapshot(), storage: stored.storage)
    let file = try #require(try stored.snapshot().files.first)
    var plain = file
    plain.tags = [:]
    transaction.compact(removing: [file], adding: [])
    _ = try transaction.commit()
    transaction = Transaction(snapshot: try stored.snapshot(), storage: stored.storage)
    transaction.append([plain])
    _ = try transaction.commit()
    #expect(try states() == [.stale: 12])
    #expect(try run().computedCount == 12)
    #expect(try days().count == 12)
    #expect(try states() == [.fresh: 12])
  }

  @Test("compaction makes nothing stale")
  func compacted() throws {
    try ingest(0..<3, "a.dbn")
    try run()
    try ingest(3..<6, "b.dbn")
    try run()
    let name = try TableName(parsing: daily)
    let pass = try CompactPass(lake: toy.lake, table: name)
    _ = try pass.run(try pass.plan())
    #expect(try toy.files(daily).count == 1)
    #expect(try states() == [.fresh: 6])
  }
}
