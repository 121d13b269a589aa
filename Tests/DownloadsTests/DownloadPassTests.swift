import Catalog
import Databento
import Glibc
import LakeTestSupport
import Synchronization
import TestSupport
import Testing

@testable import Downloads
@testable import Ingest
@testable import Ledger
@testable import Tables

private let table = "raw.test_set_ohlcv_1s"
private let day: Int64 = 86_400_000_000_000

private final class Stopper: PassObserver {
  let stopsAfter: Int
  private let begun = Atomic<Int>(0)
  init(after count: Int) { stopsAfter = count }
  func begin(_ name: String) { begun.wrappingAdd(1, ordering: .relaxed) }
  func didRead(byteCount: Int) {}
  func didProcess(rowCount: Int) {}
  func didFail(_ error: any Error) {}
  var isInterrupted: Bool { begun.load(ordering: .relaxed) > stopsAfter }
}

@Suite("Downloads")
struct DownloadPassTests {
  private func units(_ days: Range<Int64>, _ symbols: [String]) throws -> [DownloadUnit] {
    let first = Int64(ToyLake.firstDay)
    return try days.map { number in
      DownloadUnit(
        dataset: "TEST.SET", schema: "ohlcv-1s", symbols: symbols, symbolType: "raw_symbol",
        interval: (first + number) * day..<(first + number + 1) * day,
        table: try TableName(parsing: table))
    }
  }

  private func request(_ days: Range<Int64>, _ symbols: [String]) throws -> DownloadRequest {
    let first = Int64(ToyLake.firstDay)
    return DownloadRequest(
      dataset: "TEST.SET", schema: "ohlcv-1s", symbols: symbols, symbolType: "raw_symbol",
      interval: (first + days.lowerBound) * day..<(first + days.upperBound) * day,
      table: try TableName(parsing: table), cut: DownloadCut(.day, zone: .utc), groupMax: 10)
  }

  private func run(
    _ vendor: FakeVendor, _ units: [DownloadUnit], workers: Int = 3,
    memory: Int = IngestOptions().memoryByteCount, observer: any PassObserver = NoObserver()
  ) throws -> DownloadReport {
    var options = IngestOptions()
    options.jobs = 2
    options.memoryByteCount = memory
    return try DownloadPass(
      lake: vendor.toy.lake, source: vendor, options: options, workerCount: workers,
      observer: observer
    ).run(units, job: "test", ledger: try CoverageLedger.read(vendor.toy.lake))
  }

  /// The units that the ledger's plan has for the range now.
  private func rest(
    _ toy: ToyLake, _ days: Range<Int64>, _ symbols: [String],
    _ selection: DownloadSelection = DownloadSelection()
  ) throws -> [DownloadUnit] {
    let (ledger, missing) = try CoverageLedger.recovered(toy.lake)
    #expect(missing.isEmpty)
    return DownloadPlan(try request(days, symbols), ledger: ledger, selection: selection).units
  }

  private func bars(_ days: Int, instruments: ClosedRange<UInt32> = 1...2) -> [ToyLake.Bar] {
    (0..<days).flatMap { day in
      (0..<50).flatMap { second in
        instruments.map { ToyLake.Bar(day: day, second: 60 * second, instrument: $0) }
      }
    }
  }

  private func stored(_ toy: ToyLake) throws -> [[String]] {
    try toy.rows(table, ["symbol", "ts_event", "close", "volume"]).sorted { "\($0)" < "\($1)" }
  }

  @Test("downloaded data is stored once, and is not downloaded again")
  func storedOnce() throws {
    let vendor = FakeVendor(try ToyLake(), bars(5))
    let report = try run(vendor, try units(0..<5, ["SYM1", "SYM2"]))
    #expect(report.total(\.rowsStored) == 500)
    #expect(report.failureCount == 0)
    #expect(report.symbolLines.map(\.downloaded) == [5, 5])
    #expect(try rest(vendor.toy, 0..<5, ["SYM1", "SYM2"]).isEmpty)
    #expect(try rest(vendor.toy, 0..<6, ["SYM1"]).count == 1)
    // Requested again nevertheless, they are recognised by the commits.
    let again = try run(vendor, try units(0..<5, ["SYM1", "SYM2"]))
    #expect(again.total(\.rowsStored) == 0)
    #expect(try stored(vendor.toy).count == 500)
  }

  @Test("an attempt that fails half-way leaves no rows")
  func brokenAttempts() throws {
    let vendor = FakeVendor(try ToyLake(), bars(3))
    vendor.faults["SYM1"] = .broken(attempts: 3)
    let report = try run(vendor, try units(0..<3, ["SYM1", "SYM2"]), workers: 1)
    #expect(report.failureCount == 0)
    #expect(try stored(vendor.toy).count == 300)
  }

  @Test("a rejected symbol does not fail the others")
  func refusedSymbol() throws {
    let vendor = FakeVendor(try ToyLake(), bars(2, instruments: 1...3))
    vendor.faults["SYM2"] = .refusal(.notEntitled)
    vendor.faults["SYM3"] = .refusal(.rejected)
    let report = try run(vendor, try units(0..<2, ["SYM1", "SYM2", "SYM3"]))
    let lines = report.symbolLines
    #expect(lines.map(\.downloaded) == [2, 0, 0])
    #expect(lines.map(\.notEntitled) == [0, 2, 0])
    #expect(lines.map(\.failed) == [0, 0, 2])
    #expect(try Set(stored(vendor.toy).map { $0[0] }) == ["SYM1"])
    // Units outside the plan are not requested again; failed ones are.
    let asked = try rest(vendor.toy, 0..<2, ["SYM1", "SYM2", "SYM3"])
    #expect(asked.map(\.symbols) == [["SYM3"], ["SYM3"]])
    var selection = DownloadSelection()
    selection.rechecked = [.notEntitled]
    #expect(try rest(vendor.toy, 0..<2, ["SYM2"], selection).count == 2)
  }

  @Test(
    "a unit in which no symbol is listed is empty, for each of its symbols, and asked for no more")
  func unlistedUnit() throws {
    let vendor = FakeVendor(try ToyLake(), bars(2))
    vendor.faults["SYM3"] = .refusal(.empty)
    let units = try units(0..<2, ["SYM1"]) + units(0..<2, ["SYM3", "SYM4"])
    let report = try run(vendor, units)
    #expect(report.symbolLines.map(\.downloaded) == [2, 0, 0])
    #expect(report.symbolLines.map(\.empty) == [0, 2, 2])
    #expect(report.failureCount == 0)
    let empty = try CoverageLedger.read(vendor.toy.lake).events.filter { $0.state == .empty }
    #expect(empty.map(\.reason) == ["no SYM3", "no SYM3"])
    #expect(try rest(vendor.toy, 0..<2, ["SYM1", "SYM3", "SYM4"]).isEmpty)
  }

  @Test("a rejection found while requesting prices applies to its unit only")
  func refusedBefore() throws {
    let vendor = FakeVendor(try ToyLake(), bars(2))
    var units = try units(0..<2, ["SYM1"])
    units[0].refusal = DownloadRefusal(.rejected, "not that day")
    let report = try run(vendor, units)
    #expect(report.symbolLines.map(\.downloaded) == [1])
    #expect(report.symbolLines.map(\.failed) == [1])
  }

  @Test("an invalid body fails only its unit, and stores nothing")
  func garbage() throws {
    let vendor = FakeVendor(try ToyLake(), bars(1))
    vendor.faults["SYM2"] = .garbage
    let report = try run(
      vendor, try units(0..<1, ["SYM1"]) + units(0..<1, ["SYM2"]))
    #expect(report.symbolLines.map(\.failed) == [0, 1])
    #expect(try Set(stored(vendor.toy).map { $0[0] }) == ["SYM1"])
    vendor.faults = [:]
    try _ = run(vendor, try rest(vendor.toy, 0..<1, ["SYM1", "SYM2"]))
    #expect(try stored(vendor.toy).count == 100)
  }

  @Test("a rejected key stops the job, and no event is recorded")
  func unknownKey() throws {
    let vendor = FakeVendor(try ToyLake(), bars(3))
    vendor.faults["SYM1"] = .refusal(.unauthorized)
    let report = try run(vendor, try units(0..<3, ["SYM1"]), workers: 1)
    #expect(report.stop != nil)
    #expect(vendor.requests.count < 3)
    #expect(try CoverageLedger.read(vendor.toy.lake).events.isEmpty)
  }

  @Test("an interval without rows is empty, in the ledger and in the report")
  func emptyInterval() throws {
    let vendor = FakeVendor(try ToyLake(), bars(1))
    let report = try run(vendor, try units(0..<3, ["SYM1"]))
    #expect(report.symbolLines.map(\.empty) == [2])
    let ledger = try CoverageLedger.read(vendor.toy.lake)
    #expect(ledger.events.map(\.state.rawValue).sorted() == ["complete", "empty", "empty"])
    #expect(try rest(vendor.toy, 0..<3, ["SYM1"]).isEmpty)
  }

  @Test("empty intervals alone create no table")
  func onlyEmpty() throws {
    let vendor = FakeVendor(try ToyLake(), [])
    _ = try run(vendor, try units(0..<2, ["SYM1"]))
    #expect(!vendor.toy.lake.hasTable(try TableName(parsing: table)))
    #expect(try rest(vendor.toy, 0..<2, ["SYM1"]).isEmpty)
  }

  @Test(
    "a forced download replaces its region and nothing else, and says what changed, whatever the memory",
    arguments: [IngestOptions().memoryByteCount, 500])
  func replaced(memory: Int) throws {
    let vendor = FakeVendor(try ToyLake(), bars(3))
    _ = try run(vendor, try units(0..<3, ["SYM1", "SYM2"]))
    let before = try stored(vendor.toy)
    // One bar changed, one removed, one added; and one changed outside of the requested range.
    var changed = bars(3)
    changed.removeAll { $0.day == 1 && $0.instrument == 1 && $0.second == 60 }
    changed.append(ToyLake.Bar(day: 1, second: 61, instrument: 1))
    for index in changed.indices where changed[index].second == 120 {
      changed[index].volume = 99
    }
    vendor.replace(changed)
    var selection = DownloadSelection()
    selection.isForced = true
    let units = try rest(vendor.toy, 1..<2, ["SYM1"], selection)
    #expect(units.map(\.isReplacing) == [true])
    let change = try run(vendor, units, memory: memory).change
    #expect(change?.added == 1)
    #expect(change?.removed == 1)
    #expect(change?.changed == 1)
    #expect(change?.same == 48)
    let after = try stored(vendor.toy)
    #expect(after.count == 300)
    #expect(Set(after).symmetricDifference(before).count == 4)
    let version = try vendor.toy.lake.table(named: table).snapshot().version
    let again = try run(vendor, try rest(vendor.toy, 1..<2, ["SYM1"], selection))
    #expect(again.change?.isNone == true)
    #expect(try vendor.toy.lake.table(named: table).snapshot().version == version)
  }

  @Test("a forced download without rows removes the stored rows")
  func replacedByNothing() throws {
    let vendor = FakeVendor(try ToyLake(), bars(2))
    _ = try run(vendor, try units(0..<2, ["SYM1", "SYM2"]))
    vendor.replace([])
    var selection = DownloadSelection()
    selection.isForced = true
    let report = try run(vendor, try rest(vendor.toy, 0..<1, ["SYM2"], selection))
    #expect(report.change?.removed == 50)
    #expect(try stored(vendor.toy).count == 150)
  }

  @Test("after a stop half-way, the next run downloads the rest")
  func interrupted() throws {
    let vendor = FakeVendor(try ToyLake(), bars(8))
    let all = try units(0..<8, ["SYM1", "SYM2"])
    let report = try run(vendor, all, workers: 1, observer: Stopper(after: 3))
    #expect(report.isInterrupted)
    let left = try rest(vendor.toy, 0..<8, ["SYM1", "SYM2"])
    #expect(!left.isEmpty && left.count < 8)
    _ = try run(vendor, left)
    #expect(try stored(vendor.toy).count == 800)
  }

  @Test("a lost ledger is rebuilt from the commits")
  func rebuilt() throws {
    let vendor = FakeVendor(try ToyLake(), bars(3))
    _ = try run(vendor, try units(0..<4, ["SYM1"]))
    let lake = vendor.toy.lake
    func told(_ events: [CoverageEvent]) -> [CoverageEvent] {
      events.sorted { $0.interval.lowerBound < $1.interval.lowerBound }
    }
    let before = told(try CoverageLedger.read(lake).events)
    TemporaryFolder.remove(vendor.toy.folder.path + "/lake/ledger")
    #expect(try CoverageLedger.read(lake).events.isEmpty)
    try LedgerRebuild.add(try LedgerRebuild.missing(lake), to: lake)
    #expect(told(try CoverageLedger.read(lake).events) == before)
    #expect(try LedgerRebuild.missing(lake).isEmpty)
  }

  @Test("events that a dead run left unmerged are read and merged by the next")
  func journalOfADeadRun() throws {
    let vendor = FakeVendor(try ToyLake(), bars(1))
    let lake = vendor.toy.lake
    let journal = try CoverageJournal(lake: lake, runID: "dead")
    let unit = try units(0..<1, ["SYM1"])[0]
    try journal.record(unit.events(FetchedUnit()))
    #expect(try CoverageLedger.read(lake).events.count == 1)
    _ = try run(vendor, try units(1..<2, ["SYM1"]))
    #expect(try DirectoryList.names(lake.journalPath).isEmpty)
    #expect(try CoverageLedger.read(lake).events.count == 2)
  }

  @Test("workers are listed by other processes, and end after their current unit on request")
  func workers() throws {
    let vendor = FakeVendor(try ToyLake(), bars(1))
    let run = try StagingRun(root: vendor.toy.lake.root)
    defer { run.finish() }
    let board = WorkerBoard(directory: run.directory, job: "nightly", workerCount: 2)
    board.begin(1, try units(0..<1, ["SYM1"])[0])
    board.progress(1, byteCount: 1234)
    board.start()
    defer { board.finish() }
    var seen: [WorkerStatus] = []
    for _ in 0..<100 where seen.isEmpty {
      seen = try WorkerStatus.all(vendor.toy.lake)
      if seen.isEmpty { usleep(20_000) }
    }
    #expect(seen.map(\.symbols) == [["SYM1"], []])
    #expect(seen.first?.byteCount == 1234)
    let now = seen.first?.progressedAt ?? 0
    #expect(seen.first?.isStalled(at: now + 29_000_000_000) == false)
    #expect(seen.first?.isStalled(at: now + 31_000_000_000) == true)
    #expect(seen.last?.isStalled(at: now + 31_000_000_000) == false)
    #expect(!board.shouldStop(1))
    #expect(try WorkerStatus.stop("nobody", in: vendor.toy.lake).isEmpty)
    #expect(try WorkerStatus.stop(seen[0].id, in: vendor.toy.lake) == [seen[0].id])
    #expect(board.shouldStop(1) && !board.shouldStop(2))
  }
}

private enum DirectoryList {
  static func names(_ path: String) throws -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }
}
