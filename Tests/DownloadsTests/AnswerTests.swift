import Catalog
import LakeTestSupport
import Testing

@testable import Downloads
@testable import Ingest
@testable import Ledger
@testable import Tables

private let table = "raw.test_set_ohlcv_1s"
private let day: Int64 = 86_400_000_000_000

/// A response is compared with the request and with its announced record count.
@Suite("Responses of vendors")
struct AnswerTests {
  private let vendor: FakeVendor

  init() throws {
    vendor = FakeVendor(
      try ToyLake(), (0..<20).map { ToyLake.Bar(second: $0 * 60, price: 100 + Int64($0)) })
  }

  /// Downloads the first day of SYM1.
  private func run() throws -> DownloadReport {
    let start = Int64(ToyLake.firstDay) * day
    let unit = DownloadUnit(
      dataset: "TEST.SET", schema: "ohlcv-1s", symbols: ["SYM1"], symbolType: "raw_symbol",
      interval: start..<start + day, table: try TableName(parsing: table))
    var options = IngestOptions()
    options.jobs = 1
    return try DownloadPass(
      lake: vendor.toy.lake, source: vendor, options: options, workerCount: 1,
      observer: NoObserver()
    ).run([unit], job: "test", ledger: try CoverageLedger.read(vendor.toy.lake))
  }

  private func expectFailure(_ words: String) throws {
    let report = try run()
    #expect(report.failureCount == 1)
    guard case .failed(let error) = report.outcomes[0].result else { return }
    let located = try #require(error as? Located)
    #expect(located.message.contains(words))
    #expect(!vendor.toy.lake.hasTable(try TableName(parsing: table)))
    let events = try CoverageLedger.read(vendor.toy.lake).events
    #expect(events.map(\.state) == [.failed])
    #expect(events[0].reason?.contains(words) == true)
    // The next one is complete.
    vendor.faults = [:]
    #expect(try run().total(\.rowsStored) == 20)
  }

  @Test("more or fewer records than were announced are a failure", arguments: [19, 21, 0])
  func otherCount(announced: Int) throws {
    vendor.faults["SYM1"] = .announced(announced)
    try expectFailure("20 records came, and the vendor announced \(announced)")
  }

  @Test("no record, where some were announced, is not an empty interval")
  func noRecords() throws {
    vendor.replace([])
    vendor.faults["SYM1"] = .announced(5)
    let report = try run()
    #expect(report.failureCount == 1)
    #expect(try CoverageLedger.read(vendor.toy.lake).events.map(\.state) == [.failed])
  }

  @Test("as many records as were announced are complete")
  func sameCount() throws {
    vendor.faults["SYM1"] = .announced(20)
    #expect(try run().total(\.rowsStored) == 20)
    #expect(try CoverageLedger.read(vendor.toy.lake).events.map(\.state) == [.complete])
  }

  @Test("a record of another day makes the response invalid")
  func otherDay() throws {
    vendor.faults["SYM1"] = .others([ToyLake.Bar(day: 1, second: 0)])
    try expectFailure("a record of 2024-01-03T00:00:00.000000000Z")
  }

  @Test("a record of another instrument does, too")
  func otherInstrument() throws {
    vendor.faults["SYM1"] = .others([ToyLake.Bar(second: 1, instrument: 9)])
    try expectFailure("records of 'SYM9', instrument 9")
  }

  @Test("records of another kind do, too")
  func otherKind() throws {
    vendor.faults["SYM1"] = .others([ToyLake.Bar(second: 60)], kind: .ohlcv1m)
    try expectFailure("records of 'ohlcv-1m'")
  }

  @Test("a count within the announced bounds is accepted", arguments: 9...13)
  func inexactCount(received: Int) throws {
    var fetched = FetchedUnit()
    fetched.announced = 10...12
    let isRight = (try? fetched.verify(receivedCount: received)) != nil
    #expect(isRight == (10...12).contains(received))
  }
}
