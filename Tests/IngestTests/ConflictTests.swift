import Catalog
import DeltaLog
import Foundation
import LakeTestSupport
import TestSupport
import Testing

@testable import Ingest
@testable import Ledger
@testable import Tables

/// Rows with a stored key but other values: how they are reported, quarantined, and counted when they are
/// ingested again.
@Suite struct ConflictTests {
  private let toy: ToyLake
  private let quarantine = "quarantine.x"

  init() throws { toy = try ToyLake() }

  /// Bars of one symbol by minute; those in `changed` have another volume.
  private func bars(
    _ name: String, _ minutes: Range<Int> = 10..<20, changed: Set<Int> = [], bad: Set<Int> = []
  ) throws -> String {
    let lines = minutes.map { minute in
      let high = bad.contains(minute) ? "none" : "2"
      return "2024-01-02T15:\(minute):00Z,SPY,1,\(high),0.5,1.5,\(changed.contains(minute) ? 8 : 7)"
    }
    let path = toy.folder.path + "/" + name
    try (["ts_event,symbol,open,high,low,close,volume"] + lines).joined(separator: "\n")
      .appending("\n").write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func take(
    _ path: String, maxBad: Double = 0.1, zone: String? = nil
  ) throws -> IngestFileReport {
    let report = try toy.ingest([path]) { options in
      options.table = try? TableName(parsing: "raw.x")
      options.kind = "ohlcv-1m"
      options.badRowShareMax = maxBad
      options.timeZone = zone
    }
    return try #require(report.files.first)
  }

  private func failure(_ file: IngestFileReport) -> String? {
    guard case .failed(let error) = file.state else { return nil }
    return (error as? Located)?.message
  }

  @Test func theReasonNamesTheFirstRow() throws {
    _ = try take(bars("a.csv"))
    let words =
      try failure(take(bars("b.csv", changed: [13, 14, 15], bad: [11]), maxBad: 0.2)) ?? ""
    #expect(words.contains("4 of 10 rows are bad, 3 of them conflicts; the first, line 3:"))
    let conflicts = try failure(take(bars("c.csv", changed: [13, 14, 15]))) ?? ""
    #expect(conflicts.contains("3 of 10 rows are bad; the first, line 5: conflict"))
    #expect(conflicts.contains("'SPY' at 2024-01-02T15:13:00.000000000Z"))
  }

  @Test func whatIsQuarantinedCanBeReadAndFound() throws {
    _ = try take(bars("a.csv"))
    let file = try take(bars("b.csv", changed: [13], bad: [11, 12]), maxBad: 1)
    #expect(file.quarantineCount == 3)
    let rows = try toy.rows(
      quarantine, ["rule", "source_position", "position_unit", "original_form", "original"])
    let conflict = try #require(rows.first { $0[0] == "key_conflict" })
    #expect(
      Array(conflict[1...4]) == ["5", "line", "text", "2024-01-02T15:13:00Z,SPY,1,2,0.5,1.5,8"])
  }

  /// Rows without lines are quarantined by their values.
  @Test func rowsOfParquetAreKeptByColumnWithTheirNumber() throws {
    _ = try take(bars("a.csv"))
    _ = try take(bars("b.csv", changed: [13]), maxBad: 1)
    let plain = try ToyLake()
    _ = try plain.ingest([try bars("c.csv", changed: [13])]) { options in
      options.table = try? TableName(parsing: "raw.x")
      options.kind = "ohlcv-1m"
    }
    let file = try plain.path(try #require(plain.files("raw.x").first), "raw.x")
    #expect(try take(file, maxBad: 1).quarantineCount == 1)
    let rows = try toy.rows(
      quarantine, ["source_position", "position_unit", "original_form", "original"])
    let row = try #require(rows.first { $0[2] == "json" })
    #expect(row[0] == "4" && row[1] == "row")
    #expect(row[3].contains(#""symbol":"SPY""#) && row[3].contains(#""volume":8"#))
    #expect(row[3].contains(#""ts_event":"2024-01-02T15:13:00.000000000Z""#))
  }

  @Test func whatWasQuarantinedBeforeFailsNoFile() throws {
    _ = try take(bars("a.csv"))
    // Rows of which some are stored; and rows of which none is.
    for (name, minutes) in [("b.csv", 10..<25), ("c.csv", 10..<15)] {
      let path = try bars(name, minutes, changed: [10, 11, 12, 13], bad: [14])
      #expect(try failure(take(path)) != nil)
      #expect(try take(path, maxBad: 1).quarantineCount == 5)
      let count = try toy.rows(quarantine, ["rule"]).count
      for _ in 0..<2 {
        let again = try take(path)
        #expect(failure(again) == nil)
        #expect(again.quarantineCount == 0 && again.quarantinedBeforeCount == 5)
        #expect(again.accountedRowCount == minutes.count)
      }
      #expect(try toy.rows(quarantine, ["rule"]).count == count)
    }
  }

  /// Another writer changes the table: the rows in conflict with it are quarantined and counted as conflicts.
  @Test func rowsThatAnotherWriterChangedMeetTheirFileAnew() throws {
    let path = try bars("a.csv")
    _ = try take(path)
    // The whole content is replaced, as by an update.
    let restored = try bars("b.csv", changed: [12])
    let table = try toy.lake.table(TableName(parsing: "raw.x"))
    let before = try table.snapshot()
    let other = try ToyLake()
    _ = try other.ingest([restored]) { options in
      options.table = try? TableName(parsing: "raw.x")
      options.kind = "ohlcv-1m"
    }
    let file = try #require(try other.files("raw.x").first)
    let (from, to) = (try other.path(file, "raw.x"), table.path + "/" + file.filePath)
    try FileManager.default.copyItem(atPath: from, toPath: to)
    var transaction = Transaction(snapshot: before, storage: table.storage)
    transaction.remove(try before.files)
    var bare = file
    bare.tags = [:]
    transaction.append([bare])
    _ = try transaction.commit()

    let again = try take(path)
    #expect(again.quarantineCount == 1 && again.quarantinedBeforeCount == 0)
    #expect(again.alreadyStoredCount == 9 && again.accountedRowCount == 10)
    if case .alreadyDone = again.state { Issue.record("a row of it was set aside just now") }
    let third = try take(path)
    #expect(third.quarantineCount == 0 && third.quarantinedBeforeCount == 1)
    #expect(try toy.rows(quarantine, ["rule"]).count == 1)
  }

  @Test func theSameConflictIsQuarantinedOnceHoweverItIsRead() throws {
    _ = try take(bars("a.csv"))
    let path = try bars("b.csv", changed: [13])
    #expect(try take(path).quarantineCount == 1)
    let same = try take(path, zone: "America/New_York")
    #expect(same.quarantineCount == 0 && same.quarantinedBeforeCount == 1)
  }

  @Test func moreConflictsThanAreQuarantinedAtOnceSayHowManyThatIs() throws {
    let limit = ConflictLimit(budget: 1 << 30)
    for _ in 0..<ConflictLimit.rowMax { try limit.take(byteCount: 1) }
    let error = #expect(throws: PassError.self) { try limit.take(byteCount: 1) }
    #expect(error?.message.contains("more than 100000 rows conflict") == true)
    #expect(error?.remedy?.contains("whatever --max-bad says") == true)
  }
}
