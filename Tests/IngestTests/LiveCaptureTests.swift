import Catalog
import DeltaLog
import LakeTestSupport
import Testing

@testable import Tables

private let table = "raw.test_set_ohlcv_1s"

/// Captures of a live feed contain the gateway's send time of each record.
@Suite struct LiveCaptureTests {
  private static let sentAt: UInt64 = 1_704_203_400_123_456_789

  @Test func whenARecordWasSentGoesIntoExtraWithEveryDigit() throws {
    let toy = try ToyLake()
    let bars = (0..<300).map { ToyLake.Bar(second: $0, instrument: 1 + UInt32($0) % 2) }
    try toy.ingest([try toy.bars("a.dbn", bars, sentAt: Self.sentAt)])
    let rows = try toy.rows(table, ["symbol", "ts_event", "extra"])
    let midnight = ToyLake.firstDay * 86_400
    let expected = (0..<300).map { number in
      [
        "SYM\(1 + number % 2)", "\((midnight + number) * 1_000_000)",
        "{\"ts_out\":\(Self.sentAt + UInt64(number))}",
      ]
    }.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
    #expect(rows == expected)
    let file = try #require(try toy.files(table).first)
    let schema = try #require(
      try toy.lake.table(named: table).schema(
        of: try toy.lake.table(named: table).snapshot(), in: toy.lake))
    let found = try SegmentReader(
      path: try toy.path(file, table), fields: schema.fileFields
    ).fingerprint()
    #expect(found.1.description == file.tags[AddFile.Tag.rowHash2])
  }

  @Test func anUndefinedTimeIsNull() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)], sentAt: .max)])
    #expect(try toy.rows(table, ["extra"]) == [["null"]])
  }

  @Test func captureAndDownloadOfTheSameBarsAreDuplicates() throws {
    let toy = try ToyLake()
    let bars = (0..<10).map { ToyLake.Bar(second: $0) }
    try toy.ingest([try toy.bars("a.dbn", bars, sentAt: Self.sentAt)])
    let report = try toy.ingest([
      try toy.bars("b.dbn", bars, sentAt: Self.sentAt + 1000), try toy.bars("c.dbn", bars),
      try toy.bars("d.dbn", [ToyLake.Bar(second: 3, price: 7)], sentAt: Self.sentAt),
    ]) { $0.badRowShareMax = 1 }
    #expect(report.files.map(\.alreadyStoredCount) == [10, 10, 0])
    #expect(report.files.map(\.quarantineCount) == [0, 0, 1])
    #expect(try toy.rows(table, ["symbol"]).count == 10)
  }
}
