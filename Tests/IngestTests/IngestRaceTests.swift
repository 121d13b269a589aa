import Catalog
import Databento
import Glibc
import LakeTestSupport
import Synchronization
import Testing

@testable import Ingest
@testable import Tables

private let table = "raw.test_set_ohlcv_1s"

/// Counts the rows read.
private final class ReadingCounter: PassObserver {
  private let rows = Mutex(0)
  var rowCount: Int { rows.withLock { $0 } }

  func begin(_ name: String) {}
  func didRead(byteCount: Int) {}
  func didProcess(rowCount: Int) { rows.withLock { $0 += rowCount } }
  func didFail(_ error: any Error) {}
  var isInterrupted: Bool { false }
}

/// An ingest whose rows wait for their commit while other programs commit.
@Suite struct IngestRaceTests {
  private static func bars(
    day: Int, _ seconds: Range<Int>, instrument: UInt32 = 1, price: Int64 = 100
  ) -> [ToyLake.Bar] {
    seconds.map { ToyLake.Bar(day: day, second: $0, instrument: instrument, price: price) }
  }

  /// Reads `ours`, has another pass ingest `theirs`, then commits.
  ///
  /// - Returns: The report, and how many rows were read.
  private func race(
    _ toy: ToyLake, ours: [String], theirs: [String], thenRemoving gone: [String] = []
  ) throws -> (report: IngestReport, rowsRead: Int) {
    let counter = ReadingCounter()
    let options = IngestOptions()
    let pass = try IngestPass(lake: toy.lake, options: options, observer: counter)
    for path in ours { try pass.take(IngestInput(path: path, options: options)) }
    #expect(pass.hasPending)
    for path in theirs { try toy.ingest([path]) }
    for path in gone { unlink(path) }
    let report = try pass.finish()
    // Observers are notified of each row once, however often it is read.
    #expect(counter.rowCount <= pass.observer.rowsReadCount)
    return (report, pass.observer.rowsReadCount)
  }

  @Test(arguments: [false, true])
  func otherDatesAreNoReasonToReadAgain(_ exists: Bool) throws {
    let toy = try ToyLake()
    if exists { try toy.ingest([try toy.bars("old.dbn", Self.bars(day: 9, 0..<5))]) }
    let ours = try toy.bars("ours.dbn", Self.bars(day: 0, 0..<100))
    let theirs = try toy.bars("theirs.dbn", Self.bars(day: 1, 0..<50))
    // The file is deleted by then, so that reading it again would fail.
    let (report, rowsRead) = try race(toy, ours: [ours], theirs: [theirs], thenRemoving: [ours])
    #expect(report.files.map { "\($0.state)" } == ["stored"])
    #expect(rowsRead == 100)
    #expect(try toy.rows(table, ["ts_event"]).count == 150 + (exists ? 5 : 0))
    #expect(try toy.lake.table(named: table).snapshot().version == (exists ? 2 : 1))
  }

  @Test(arguments: [false, true])
  func theSameDateIsReadAgainAndEachRowIsThereOnce(_ exists: Bool) throws {
    let toy = try ToyLake()
    if exists { try toy.ingest([try toy.bars("old.dbn", Self.bars(day: 9, 0..<5))]) }
    let ours = try toy.bars("ours.dbn", Self.bars(day: 0, 0..<100))
    let theirs = try toy.bars("theirs.dbn", Self.bars(day: 0, 60..<140))
    let (report, rowsRead) = try race(toy, ours: [ours], theirs: [theirs])
    #expect(rowsRead == 200)
    #expect(report.total(\.rowsStored) == 60)
    #expect(report.total(\.alreadyStoredCount) == 40)
    #expect(try toy.rows(table, ["ts_event"]).count == 140 + (exists ? 5 : 0))
  }

  @Test func ofSeveralInputsOnlyThoseOfChangedDatesAreReadAgain() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("old.dbn", Self.bars(day: 9, 0..<5))])
    let ours = try (0..<4).map { day in
      try toy.bars("ours\(day).dbn", Self.bars(day: day, 0..<(10 + day)))
    }
    let theirs = try toy.bars("theirs.dbn", Self.bars(day: 2, 5..<8, instrument: 2))
    let (report, rowsRead) = try race(
      toy, ours: ours, theirs: [theirs], thenRemoving: [ours[0], ours[1], ours[3]])
    #expect(report.files.map { "\($0.state)" } == Array(repeating: "stored", count: 4))
    #expect(rowsRead == 10 + 11 + 12 + 13 + 12)
    #expect(report.files.map(\.rowsStored) == [10, 11, 12, 13])
    #expect(try toy.rows(table, ["ts_event"]).count == 5 + 46 + 3)
    #expect(try toy.lake.table(named: table).snapshot().version == 2)
  }

  @Test func inputsOfOneDateAreReadAgainTogether() throws {
    let toy = try ToyLake()
    // The second file skips the rows of the first; the first meets the other program's rows.
    let both = Self.bars(day: 1, 0..<20)
    let ours = [
      try toy.bars("a.dbn", Self.bars(day: 0, 0..<10) + both),
      try toy.bars("b.dbn", both + Self.bars(day: 2, 0..<10)),
    ]
    let theirs = try toy.bars("theirs.dbn", Self.bars(day: 0, 5..<30))
    let (report, rowsRead) = try race(toy, ours: ours, theirs: [theirs])
    #expect(rowsRead == 120)
    #expect(report.total(\.rowsStored) == 5 + 20 + 10)
    #expect(try toy.rows(table, ["ts_event"]).count == 30 + 20 + 10)
  }

  @Test func whatBothHaveIsDoneByOne() throws {
    let toy = try ToyLake()
    let bars = Self.bars(day: 0, 0..<100)
    let ours = [try toy.bars("a.dbn", bars), try toy.bars("b.dbn", Self.bars(day: 3, 0..<10))]
    let (report, _) = try race(toy, ours: ours, theirs: [try toy.bars("same.dbn.zst", bars)])
    #expect(report.files.map { "\($0.state)" } == ["alreadyDone", "stored"])
    #expect(try toy.rows(table, ["ts_event"]).count == 110)
  }

  @Test func rowsThatTheOthersRowsContradictAreQuarantined() throws {
    let toy = try ToyLake()
    let ours = try toy.bars("ours.dbn", Self.bars(day: 0, 0..<100))
    let theirs = try toy.bars("theirs.dbn", Self.bars(day: 0, 0..<3, price: 200))
    let (report, _) = try race(toy, ours: [ours], theirs: [theirs])
    #expect(report.total(\.quarantineCount) == 3)
    #expect(try toy.rows(table, ["ts_event"]).count == 100)
    #expect(try toy.rows("quarantine.test_set_ohlcv_1s", ["rule"]).count == 3)
  }

  @Test func ticksOfOneIntervalAreTakenFromOneOnly() throws {
    let toy = try ToyLake()
    let rows = (0..<50).map { (second: $0, sequence: UInt32($0), size: UInt32(1)) }
    let ours = try toy.trades("a.dbn", rows, start: 0, end: 60)
    let theirs = try toy.trades("b.dbn", Array(rows[20...]), start: 20, end: 60)
    let (report, _) = try race(toy, ours: [ours], theirs: [theirs])
    #expect(report.total(\.rowsStored) == 20)
    #expect(try toy.rows("raw.test_set_trades", ["ts_recv"]).count == 50)
  }
}
