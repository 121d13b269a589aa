import Catalog
import DeltaLog
import Glibc
import LakeTestSupport
import Platform
import Testing

@testable import Ledger
@testable import Tables

private let day: Int64 = 86_400_000_000_000

/// An event for a symbol's n-th second; a price makes it a purchase.
private func event(
  _ second: Int64, _ state: CoverageState = .complete, at time: Int64 = 1_700_000_000_000_000_000,
  cost: Int64? = nil
) -> CoverageEvent {
  var event = CoverageEvent(
    dataset: "EQUS.MINI", schema: "ohlcv-1s", symbols: ["SPY"], symbolType: "raw_symbol",
    interval: second * 1_000_000_000..<(second + 1) * 1_000_000_000, state: state,
    table: "raw.x", recordedAt: time)
  event.costNanoUSD = cost
  return event
}

/// Merges events into the ledger's table as a separate run.
private func merge(_ events: [CoverageEvent], _ lake: Lake, isNew: Bool = false) throws {
  let run = try StagingRun(root: lake.root)
  defer { run.finish() }
  let journal = try CoverageJournal(lake: lake, runID: run.id)
  try isNew ? journal.record(events) : journal.keep(events)
  try journal.mergeIntoTable(run: run)
}

private func rowCount(_ lake: Lake) throws -> Int {
  try lake.table(.ledger("coverage")).snapshot().files.reduce(0) {
    $0 + Int($1.taggedRowCount ?? 0)
  }
}

@Suite("Events recorded by several runs")
struct EqualEventTests {
  @Test("are one event, in the table and when they are read")
  func mergedOnce() throws {
    let toy = try ToyLake()
    let lake = toy.lake
    var events = (0..<5).map { event($0, cost: 100 + $0) }
    for name in ["one", "two"] {
      for index in events.indices { events[index].runID = name }
      try merge(events, lake)
    }
    #expect(try rowCount(lake) == 5)
    // In an unmerged journal, too.
    try CoverageJournal(lake: lake, runID: "dead").keep(events)
    let ledger = try CoverageLedger.read(lake)
    #expect(ledger.events.count == 5)
    #expect(SpendReport(ledger, by: []).total.nanoUSD == 510)
  }

  @Test("at the same time are one event too")
  func mergedAtOnce() throws {
    let toy = try ToyLake()
    let lake = toy.lake
    let events = (0..<20).map { event($0) }
    try Parallel.forEach(4, width: 4) { _ in try merge(events, lake) }
    #expect(try rowCount(lake) == 20)
    #expect(try CoverageLedger.read(lake).events.map(\.interval) == events.map(\.interval))
  }

  @Test("that differ in anything but the run are several")
  func different() {
    var other = event(1)
    other.requestID = "r-2"
    var later = event(1)
    later.recordedAt += 1000
    var copied = event(1)
    copied.runID = "another"
    #expect(
      CoverageLedger(events: [event(1), other, later, copied, event(1, .empty)]).events.count == 4)
  }

  @Test("that an older version stored twice are read as one")
  func olderDoubles() throws {
    let toy = try ToyLake()
    let run = try StagingRun(root: toy.lake.root)
    defer { run.finish() }
    for _ in 0..<2 {
      try SmallTable(lake: toy.lake, name: .ledger("coverage"), kind: "coverage")
        .append(now: 5, run: run) { _ in CellChunks([event(1, cost: 7)]) { $0.cells } }
    }
    #expect(try rowCount(toy.lake) == 2)
    let ledger = try CoverageLedger.read(toy.lake)
    #expect(ledger.events.count == 1)
    #expect(ledger.spent(inMonthOf: ledger.events[0].recordedAt) == 7)
  }
}

@Suite("Purchases")
struct PurchaseTests {
  @Test("of batch files count once, however often they are downloaded")
  func preparedFiles() {
    var first = event(1, cost: 100)
    first.requestID = "job-1"
    first.etag = "abc"
    var again = first
    again.recordedAt += 5 * day
    again.runID = "later"
    var other = again
    other.etag = "def"
    let ledger = CoverageLedger(events: [first, again, other])
    #expect(ledger.events.count == 3)
    #expect(SpendReport(ledger, by: []).total.nanoUSD == 200)
    #expect(SpendReport(ledger, by: []).total.purchaseCount == 2)
  }

  @Test("recorded while the clock was ahead count for the current month")
  func clockAhead() {
    let now: Int64 = 1_700_000_000_000_000_000  // November 2023
    let ledger = CoverageLedger(events: [
      event(1, at: now - 20 * day, cost: 1), event(2, at: now, cost: 10),
      event(3, at: now + 400 * day, cost: 100),
    ])
    #expect(ledger.spent(inMonthOf: now) == 110)
  }
}

@Suite("Times of events")
struct EventTimeTests {
  @Test("are later than all stored ones, though the clock was set back")
  func clockSetBack() throws {
    let toy = try ToyLake()
    let ahead = Clock.nanoseconds() / 1000 * 1000 + day
    try merge([event(1, .notEntitled, at: ahead)], toy.lake)
    try merge([event(1, .complete), event(2, .complete)], toy.lake, isNew: true)
    let ledger = try CoverageLedger.read(toy.lake)
    #expect(ledger.events.map(\.state) == [.notEntitled, .complete, .complete])
    #expect(ledger.events[1].recordedAt > ahead && ledger.events[1].recordedAt < ahead + day / 1000)
    #expect(ledger.events[2].recordedAt > ledger.events[1].recordedAt)
    // In a data commit as well, which contains the same as the ledger.
    try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 5)])])
    let last = try CoverageLedger.read(toy.lake).events.last
    #expect(last?.dataset == "TEST.SET" && last.map { $0.recordedAt > ahead } == true)
    #expect(try LedgerRebuild.missing(toy.lake).isEmpty)
  }

  @Test("are later than those in a journal that is not merged yet")
  func journals() throws {
    let toy = try ToyLake()
    let ahead = Clock.nanoseconds() / 1000 * 1000 + day
    try CoverageJournal(lake: toy.lake, runID: "dead").keep([event(1, .failed, at: ahead)])
    try CoverageJournal(lake: toy.lake, runID: "next").record([event(1, .complete)])
    #expect(try CoverageLedger.read(toy.lake).events.map(\.state) == [.failed, .complete])
  }

  @Test("do not change in events that are only copied")
  func copied() throws {
    let toy = try ToyLake()
    let lake = toy.lake
    try merge([event(1, at: 5_000_000)], lake)
    try merge([event(2, at: 3_000_000)], lake)
    #expect(try CoverageLedger.read(lake).events.map(\.recordedAt) == [3_000_000, 5_000_000])
  }
}

@Suite("Segments of a ledger")
struct LedgerSegmentTests {
  @Test("are merged when there are many, without changing their rows")
  func merged() throws {
    let toy = try ToyLake()
    let lake = toy.lake
    let table = lake.table(.ledger("coverage"))
    var count = 0
    for number in 0..<60 {
      try merge([event(Int64(number))], lake, isNew: true)
      count = max(count, try table.snapshot().files.count)
    }
    #expect(count == 8)
    let events = try CoverageLedger.read(lake).events
    #expect(events.map { $0.interval.lowerBound / 1_000_000_000 } == (0..<60).map { Int64($0) })
    // The tags of each segment have its row count and fingerprint.
    let snapshot = try table.snapshot()
    #expect(try rowCount(lake) == 60)
    #expect(snapshot.txns.isEmpty)
    #expect(try snapshot.files.allSatisfy { $0.taggedRowHash != nil })
    // Nothing is lost: the earlier content is still there.
    #expect(try table.snapshot(version: 20).files.count <= 8)
    try merge(events, lake)
    #expect(try rowCount(lake) == 60)
  }

  @Test("are chosen by tiers of eight")
  func tiers() {
    func file(_ name: String, rows: Int, bytes: Int64 = 5000) -> AddFile {
      AddFile(
        path: name, size: bytes, modificationTime: 0, tags: [AddFile.Tag.rows: "\(rows)"])
    }
    func due(_ rows: [Int], bytes: Int64 = 5000) -> [Int] {
      SegmentTier.due(rows.map { file("\($0)", rows: $0, bytes: bytes) }) { _ in 1 }.compactMap {
        $0.taggedRowCount.map { Int($0) }
      }
    }
    #expect(due(Array(repeating: 1, count: 8)).isEmpty)
    #expect(due(Array(repeating: 1, count: 9)).count == 9)
    // Large segments are left alone if there are eight smaller ones.
    #expect(due([600, 70, 1, 2, 3, 4, 5, 6, 7, 1]) == [1, 2, 3, 4, 5, 6, 7, 1])
    #expect(due([600, 9, 10, 11, 1, 1, 1, 1, 1]) == [9, 10, 11, 1, 1, 1, 1, 1])
    #expect(due([600, 600, 600, 600, 600, 600, 600, 1, 1]).count == 9)
    #expect(due(Array(repeating: 1, count: 20), bytes: SmallSegments.byteCountMax).isEmpty)
    // What does not fit into memory together is merged later.
    let large = (0..<9).map { file("\($0)", rows: 1) }
    #expect(SegmentTier.due(large) { _ in SegmentTier.rowByteCountMax / 3 }.count == 3)
    #expect(SegmentTier.due(large) { _ in nil }.isEmpty)
  }

  @Test("of the quarantine are merged as well")
  func quarantine() throws {
    let toy = try ToyLake()
    let lake = toy.lake
    let name = try TableName(parsing: "raw.x")
    for number in 0..<30 {
      let run = try StagingRun(root: lake.root)
      defer { run.finish() }
      let writer = QuarantineWriter(
        lake: lake, runID: run.id, originals: OriginalStore(directory: run.directory))
      writer.add(
        [
          RejectedRow(
            rule: "r", reason: "no number", position: Int64(number), timestamp: Int64(number),
            original: Array("row \(number)".utf8))
        ], table: name, sha256: "sha\(number)", path: "f")
      try writer.flush(run: run)
    }
    let snapshot = try lake.table(.quarantine(for: name)).snapshot()
    #expect(try snapshot.files.count <= 8)
    #expect(try snapshot.files.reduce(0) { $0 + ($1.taggedRowCount ?? 0) } == 30)
    // Rows are quarantined only once.
    #expect(snapshot.txns.count == 30)
  }
}
