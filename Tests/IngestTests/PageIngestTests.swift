import Catalog
import DeltaLog
import Foundation
import LakeTestSupport
import TestSupport
import Testing

@testable import Ingest
@testable import Ledger
@testable import Tables

/// Pages of one-minute bars of one ticker each.
private struct PageFolder {
  let toy: ToyLake
  var folder: TemporaryFolder { toy.folder }
  var lake: Lake { toy.lake }

  init() throws { toy = try ToyLake() }

  /// - Parameter minutes: Of the bars, since a midnight in New York.
  func write(
    _ name: String, ticker: String, minutes: Range<Int>, close: String = "1.5",
    count: Int? = nil
  ) throws -> String {
    let start = 1_704_258_000_000
    let bars = minutes.map {
      "{\"v\":1.5,\"vw\":1.25,\"o\":1,\"c\":\(close),\"h\":2,\"l\":1,\"t\":\(start + 60_000 * $0),\"n\":2}"
    }
    let path = folder.path + "/" + name
    try Data(
      ("{\"ticker\":\"\(ticker)\",\"resultsCount\":\(count ?? minutes.count),\"adjusted\":false,"
        + "\"results\":[" + bars.joined(separator: ",") + "],\"status\":\"OK\"}").utf8
    ).write(to: URL(fileURLWithPath: path))
    return path
  }

  func ingest(
    _ paths: [String], change: (inout IngestOptions) -> Void = { _ in }
  ) throws -> IngestReport {
    var options = IngestOptions()
    options.interval = "1m"
    change(&options)
    return try IngestPass(lake: lake, options: options).ingest(paths)
  }

  func files() throws -> [AddFile] {
    let table = try TableName(parsing: "raw.massive_stock_bars_1m")
    return try lake.table(table).snapshot().files
  }

  func rowCount() throws -> Int {
    try files().reduce(0) { $0 + (Int($1.tags[AddFile.Tag.rows] ?? "") ?? 0) }
  }
}

@Suite struct PageIngestTests {
  @Test func rowsThatBreakARuleKeepTheirOwnRecordAmongOthersThatMadeNone() throws {
    let pages = try PageFolder()
    func bar(_ minute: Int, high: Int) -> String {
      "{\"v\":1,\"o\":1,\"c\":1,\"h\":\(high),\"l\":1,\"t\":\(1_704_292_200_000 + 60_000 * minute)}"
    }
    let records = [
      "7", bar(0, high: 2), bar(1, high: 0), "8", "9", bar(2, high: 0), bar(3, high: 2), "10",
      bar(4, high: 0),
    ]
    let path = pages.folder.path + "/a.json"
    try Data(
      ("{\"ticker\":\"SPY\",\"adjusted\":false,\"results\":[" + records.joined(separator: ",")
        + "]}")
        .utf8
    ).write(to: URL(fileURLWithPath: path))
    let report = try pages.ingest([path]) { $0.badRowShareMax = 1 }
    #expect(report.failureCount == 0)
    #expect(try pages.rowCount() == 2)
    let name = TableName.quarantine(for: try TableName(parsing: "raw.massive_stock_bars_1m"))
    let file = try #require(try pages.lake.table(name).snapshot().files.first)
    let reader = try SegmentReader(path: file.localPath(in: pages.lake.path(of: name)))
    let columns = try RowColumns(reader, reader.rowGroups[0])
    var found: [Int64: String] = [:]
    for row in 0..<columns.rowCount {
      found[try #require(columns.integer("source_position", row))] = columns.text("original", row)
    }
    let bad = [0, 2, 3, 4, 5, 7, 8]
    #expect(found == Dictionary(uniqueKeysWithValues: bad.map { (Int64($0 + 1), records[$0]) }))
  }

  @Test func filesReadTogetherShareSegmentsAndStayInputsOfTheirOwn() throws {
    let pages = try PageFolder()
    let paths = try ["SPY", "QQQ", "IWM"].map {
      try pages.write("\($0).json", ticker: $0, minutes: 570..<2000)
    }
    let report = try pages.ingest(paths)
    #expect(report.failureCount == 0)
    #expect(report.files.map(\.rowsStored) == [1430, 1430, 1430])
    #expect(try pages.files().count == 2)
    #expect(try pages.rowCount() == 3 * 1430)
    let table = pages.lake.table(try TableName(parsing: "raw.massive_stock_bars_1m"))
    let properties = try table.snapshot().configuration
    #expect(properties[TableProperty.adjusted] == "false")
    #expect(properties[TableProperty.partitionTimezone] == "America/New_York")
    // Each is recognised by its content: alone, in another order, among new ones.
    let more = try pages.write("new.json", ticker: "AAPL", minutes: 570..<600)
    let again = try pages.ingest([paths[1], more, paths[0]])
    #expect(again.files.map(\.rowsStored) == [0, 30, 0])
    #expect(try pages.rowCount() == 3 * 1430 + 30)
  }

  @Test func onesThatOverlapAreReadOneAfterTheOther() throws {
    let pages = try PageFolder()
    let first = try pages.write("a.json", ticker: "SPY", minutes: 570..<600)
    let second = try pages.write("b.json", ticker: "SPY", minutes: 590..<610)
    let third = try pages.write("c.json", ticker: "SPY", minutes: 600..<620, close: "1.75")
    // Half of the third one's rows are conflicts.
    let report = try pages.ingest([first, second, third]) { $0.badRowShareMax = 1 }
    #expect(report.failureCount == 0)
    #expect(report.files.map(\.rowsStored) == [30, 10, 10])
    #expect(report.files[1].alreadyStoredCount == 10)
    #expect(report.files[2].quarantineCount == 10)
    #expect(try pages.rowCount() == 50)
  }

  @Test func conflictsCountAsBadRows() throws {
    let pages = try PageFolder()
    let first = try pages.write("a.json", ticker: "SPY", minutes: 570..<600)
    let third = try pages.write("c.json", ticker: "SPY", minutes: 590..<620, close: "1.75")
    let report = try pages.ingest([first, third])
    #expect(report.files.map(\.rowsStored) == [30, 0])
    #expect(report.failureCount == 1)
    #expect(try pages.rowCount() == 30)
  }

  @Test func aBadFileStopsNoOther() throws {
    let pages = try PageFolder()
    let good = try pages.write("a.json", ticker: "SPY", minutes: 570..<600)
    let short = try pages.write("b.json", ticker: "QQQ", minutes: 570..<600, count: 31)
    let index = try pages.write("c.json", ticker: "I:VIX", minutes: 570..<600)
    let report = try pages.ingest([good, short, index])
    #expect(report.failureCount == 1)
    #expect(report.files[0].rowsStored == 30)
    #expect(try pages.rowCount() == 30)
  }

  @Test func ledgerEventsNameTheTickers() throws {
    let pages = try PageFolder()
    let paths = try ["SPY", "QQQ"].map {
      try pages.write("\($0).json", ticker: $0, minutes: 570..<600)
    }
    _ = try pages.ingest(paths)
    let events = try CoverageLedger.read(pages.lake).events
    #expect(Set(events.flatMap(\.symbols)) == ["SPY", "QQQ"])
    #expect(events.allSatisfy { $0.dataset == "massive.stocks" && $0.rowCount == 30 })
  }
}
