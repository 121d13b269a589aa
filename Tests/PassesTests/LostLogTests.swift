import Catalog
import Foundation
import LakeTestSupport
import TestSupport
import Testing

@testable import Ingest
@testable import Passes
@testable import Tables

/// A table's folder with data files but without a log: they are not overwritten.
@Suite struct LostLogTests {
  private let toy: ToyLake
  private var table: String { toy.lake.root + "/raw/x_trades" }

  init() throws { toy = try ToyLake() }

  private func file(_ name: String, day: Int) throws -> String {
    let time = "2024-01-0\(day)T15:00:00Z"
    let text = "ts_recv,ts_event,symbol,price,size,sequence\n\(time),\(time),SPY,1.5,7,\(day)\n"
    let path = toy.folder.path + "/" + name
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func ingest(_ path: String) throws -> IngestReport {
    try toy.ingest([path]) { $0.table = try? TableName(parsing: "raw.x_trades") }
  }

  private func entries() throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: table).sorted()
  }

  @Test(arguments: [false, true]) func aNewTableIsNotMadeOverOldFiles(isEmptied: Bool) throws {
    #expect(try ingest(file("a.csv", day: 2)).failureCount == 0)
    let log = table + "/_delta_log"
    try FileManager.default.removeItem(atPath: log)
    if isEmptied {
      try FileManager.default.createDirectory(atPath: log, withIntermediateDirectories: false)
    }
    let before = try entries()
    let report = try ingest(file("b.csv", day: 3))
    guard case .failed(let error) = report.files[0].state else {
      Issue.record("it was stored")
      return
    }
    let words = "\(error)"
    #expect(words.contains("_delta_log") && words.contains("backup"))
    #expect(try entries() == before)
    #expect(throws: CatalogError.self) { try toy.lake.requireTable(named: "raw.x_trades") }
    #expect(throws: CatalogError.self) {
      try toy.lake.requireUsable(TableName(parsing: "raw.x_trades"))
    }
  }

  @Test func aFolderWithoutDataIsANewTable() throws {
    try FileManager.default.createDirectory(
      atPath: table + "/date=2024-01-02", withIntermediateDirectories: true)
    #expect(try ingest(file("a.csv", day: 2)).failureCount == 0)
  }

  /// Files of a run that is creating the table at this moment are not old ones.
  @Test func aTableThatIsBeingMadeIsNoLostOne() throws {
    let manager = FileManager.default
    for folder in [table + "/_delta_log", table + "/date=2024-01-02"] {
      try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    let run = "20240102T000000Z-1-abcdef01-abcdef02"
    try manager.createDirectory(
      atPath: toy.lake.stagingPath + "/" + run, withIntermediateDirectories: true)
    try Data("PAR1".utf8).write(
      to: URL(fileURLWithPath: table + "/date=2024-01-02/part-\(run)-1-2024-01-02.zstd.parquet"))
    try toy.lake.requireLog(of: TableName(parsing: "raw.x_trades"))
  }

  @Test func theLedgersAndQuarantineTablesToo() throws {
    #expect(try ingest(file("a.csv", day: 2)).failureCount == 0)
    try FileManager.default.removeItem(atPath: toy.lake.root + "/ledger/coverage/_delta_log")
    let report = try ingest(file("b.csv", day: 3))
    #expect(report.ledgerFailure != nil)
    #expect(report.failureCount == 0 && report.files[0].rowsStored == 1)
  }
}
