import Bytes
import Catalog
import Columnar
import DeltaLog
import Foundation
import LakeTestSupport
import TestSupport
import Testing

@testable import Ingest
@testable import Tables

/// Daily bars, whose table is partitioned by year.
@Suite("tables partitioned by month or year")
struct PeriodTests {
  private let toy: ToyLake
  private let table = "raw.test_set_ohlcv_1d"

  init() throws { toy = try ToyLake() }

  private static let bars = (0..<400).flatMap { day in
    (1...2).map { ToyLake.Bar(day: day, second: 0, instrument: $0, price: Int64(100 + day)) }
  }

  private func rows() throws -> Set<[String]> {
    Set(try toy.rows(table, ["symbol", "ts_event", "open"]))
  }

  private func ingest(_ bars: [ToyLake.Bar], _ name: String) throws -> IngestReport {
    try toy.ingest([try toy.bars(name, bars, kind: .ohlcv1d)])
  }

  @Test("a file of two years makes one segment per year, and each row has its date")
  func oneFile() throws {
    let report = try ingest(Self.bars, "a.dbn")
    #expect(report.total(\.rowsStored) == 800)
    let snapshot = try toy.lake.table(named: table).snapshot()
    #expect(snapshot.partitionColumns == ["year"])
    #expect(snapshot.configuration["lake.partition.period"] == "year")
    #expect(snapshot.fields.suffix(2).map(\.name) == ["date", "year"])
    let files = try toy.files(table)
    #expect(files.compactMap { $0.partitionValue("year") } == ["2024-01-01", "2025-01-01"])
    for row in try toy.rows(table, ["ts_event", "date"]) {
      #expect(try #require(Int64(row[0])) / 86_400_000_000 == Int64(row[1]))
    }
    let bounds = files[0].statistics?.bounds(of: "date", type: .date)
    #expect(bounds?.minimum == .integer(Int64(ToyLake.firstDay)))
    #expect(bounds?.maximum == .integer(Int64(ToyLake.firstDay + 364)))
  }

  @Test("a table's rows and fingerprint do not depend on its period")
  func sameRows() throws {
    _ = try ingest(Self.bars, "a.dbn")
    let byYear = try toy.files(table)
    let other = try ToyLake()
    var definition = try TableDefinition(
      TableName(parsing: table), schema: TableSchema.named("ohlcv-1d").partitioned(by: .date),
      dataset: "TEST.SET")
    _ = try other.lake.openOrCreate(definition)
    try other.ingest([try other.bars("a.dbn", Self.bars, kind: .ohlcv1d)])
    let byDate = try other.files(table)
    #expect(byDate.count == 400)
    func sum(_ files: [AddFile]) -> Fingerprint {
      var sum = Fingerprint()
      for file in files {
        sum &+= file.taggedRowHash.flatMap { Fingerprint(hex: $0) } ?? Fingerprint()
      }
      return sum
    }
    #expect(sum(byYear) == sum(byDate))
    #expect(try rows() == Set(other.rows(table, ["symbol", "ts_event", "open"])))
    // The kind's schema has the period `year` now: an existing table stays partitioned by date, and accepts
    // more rows.
    definition = try TableDefinition(
      TableName(parsing: table), schema: TableSchema.named("ohlcv-1d"), dataset: "TEST.SET")
    #expect(definition.schema.period == .year)
    try other.ingest([try other.bars("b.dbn", [ToyLake.Bar(day: 500, second: 0)], kind: .ohlcv1d)])
    #expect(try other.files(table).count == 401)
  }

  @Test("days ingested one by one, twice and out of order are stored once", arguments: [1, 2, 3])
  func dayByDay(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var parts = stride(from: 0, to: 60, by: 3).map { first in
      Self.bars.filter { ($0.day % 60) / 3 * 3 == first && $0.day < 60 }
    }
    parts += parts.prefix(5)
    parts.shuffle(using: &generator)
    for (number, part) in parts.enumerated() { _ = try ingest(part, "part\(number).dbn") }
    #expect(try toy.rows(table, ["symbol"]).count == 120)
    #expect(try rows().count == 120)
  }

  @Test("a different row with a stored key is a conflict, whatever the month")
  func conflict() throws {
    _ = try ingest(Self.bars, "a.dbn")
    var bar = ToyLake.Bar(day: 200, second: 0, instrument: 1, price: 7)
    bar.volume = 3
    let report = try toy.ingest([try toy.bars("b.dbn", [bar], kind: .ohlcv1d)]) {
      $0.badRowShareMax = 1
    }
    #expect(report.total(\.quarantineCount) == 1 && report.total(\.rowsStored) == 0)
    #expect(try toy.rows(table, ["symbol"]).count == 800)
  }

  @Test("a property with another period than the partition column stops writers")
  func contradiction() throws {
    _ = try ingest(Self.bars, "a.dbn")
    let stored = try toy.lake.table(named: table)
    var transaction = Transaction(snapshot: try stored.snapshot(), storage: stored.storage)
    transaction.setProperties(["lake.partition.period": "month"])
    _ = try transaction.commit()
    let report = try ingest([ToyLake.Bar(day: 500, second: 0)], "b.dbn")
    guard case .failed(let error)? = report.files.first?.state else {
      Issue.record("it was stored")
      return
    }
    #expect("\(error)".contains("lake.partition.period"))
    #expect(try toy.rows(table, ["symbol"]).count == 800)
  }
}
