import Catalog
import DeltaLog
import Ingest
import LakeTestSupport
import Market
import TestSupport
import Testing

@testable import Passes
@testable import Tables

/// Tables whose columns become wider.
@Suite struct WideningTests {
  private let toy: ToyLake

  init() throws { toy = try ToyLake() }

  private func ingest(_ name: String, day: Int, volume: String, rows: Int = 5) throws
    -> IngestFileReport
  {
    let lines = (0..<rows).map { "2024-01-0\(day)T15:0\($0):00Z,SPY,1.5,2.25,0.5,1.75,\(volume)" }
    let path = toy.folder.path + "/" + name
    try (["ts_event,symbol,open,high,low,close,volume"] + lines).joined(separator: "\n")
      .appending("\n").write(toFile: path, atomically: true, encoding: .utf8)
    return try #require(
      try toy.ingest([path]) { options in
        options.table = try? TableName(parsing: "raw.x_1m")
        options.kind = "ohlcv-1m"
      }.files.first)
  }

  private func widen(_ columns: Set<String>, _ table: String = "raw.x_1m") throws -> RewriteReport {
    let pass = try ConversionPass(
      lake: toy.lake, table: try TableName(parsing: table),
      layout: TableLayout(wideColumns: columns))
    return try pass.run(try pass.plan())
  }

  private func resample() throws -> ResamplePass.Report {
    var options = ResamplePass.Options()
    options.intervals = ["5m"]
    let pass = try ResamplePass(lake: toy.lake, table: "raw.x_1m", options: options)
    return try pass.run(try pass.plan())
  }

  private let unit = "000000000000000000"

  @Test func everyNumberStaysAndLaterFilesComeIn() throws {
    #expect(try ingest("a.csv", day: 2, volume: "7").rowsStored == 5)
    #expect(try ingest("b.csv", day: 3, volume: "8").rowsStored == 5)
    let refused = try ingest("c.csv", day: 4, volume: "1.5")
    guard case .failed(let error) = refused.state else {
      Issue.record("volumes with a fraction were taken: \(refused)")
      return
    }
    #expect("\(error)".contains("lake alter raw.x_1m --widen volume"), "\(error)")

    let before = try toy.lake.table(named: "raw.x_1m").snapshot()
    let report = try widen(["volume", "close"])
    #expect(report.rowCount == 10 && report.failures.isEmpty)
    let after = try toy.lake.table(named: "raw.x_1m").snapshot()
    #expect(after.version == before.version + 1)
    #expect(try after.files.allSatisfy { !$0.dataChange })
    let rows = try toy.rows("raw.x_1m", ["volume", "close", "open"])
    #expect(
      rows.map { $0[0] } == [String](repeating: "7" + unit, count: 5)
        + [String](repeating: "8" + unit, count: 5))
    #expect(
      Set(rows.map { $0[1] }) == ["1750000000000000000"]
        && Set(rows.map { $0[2] }) == ["1500000000"])

    #expect(try ingest("c.csv", day: 4, volume: "1.5").rowsStored == 5)
    #expect(try ingest("a.csv", day: 2, volume: "7").rowsStored == 0)
    #expect(try toy.rows("raw.x_1m", ["volume"]).count == 15)
    // Again there is nothing to do.
    #expect(try widen(["volume"]).versions.isEmpty)
  }

  @Test func whatIsMadeOfItIsMadeAgainOnceItIsAsWide() throws {
    _ = try ingest("a.csv", day: 2, volume: "7")
    #expect(try resample().failureCount == 0)
    _ = try widen(["volume"])
    #expect(throws: (any Error).self) {
      guard try resample().failureCount == 0 else { throw PassError(.input, "failed") }
    }
    _ = try widen(["volume"], "bars.x_1m_5m")
    #expect(try toy.rows("bars.x_1m_5m", ["volume"]) == [["35" + unit]])
    #expect(try resample().failureCount == 0)
    #expect(try ingest("b.csv", day: 3, volume: "0.25").rowsStored == 5)
    #expect(try resample().work.outputs[0].computedCount == 1)
    #expect(
      try toy.rows("bars.x_1m_5m", ["volume"]).map { $0[0] } == [
        "35" + unit, "1250000000000000000",
      ])
  }

  @Test(
    "a table by year keeps what is known of its dates", arguments: [PartitionPeriod.month, .year])
  func longerPeriods(period: PartitionPeriod) throws {
    _ = try ingest("a.csv", day: 2, volume: "7")
    _ = try ingest("b.csv", day: 3, volume: "9")
    let name = try TableName(parsing: "raw.x_1m")
    let pass = try ConversionPass(lake: toy.lake, table: name, layout: TableLayout(period: period))
    _ = try pass.run(try pass.plan())
    #expect(try widen(["volume"]).rowCount == 10)
    let snapshot = try toy.lake.table(name).snapshot()
    let units = try #require(try snapshot.files.first?.units)
    #expect(units.byDate.mapValues(\.rowCount) == ["2024-01-02": 5, "2024-01-03": 5])
    #expect(Set(try toy.rows("raw.x_1m", ["volume"]).map { $0[0] }) == ["7" + unit, "9" + unit])
    #expect(try ingest("c.csv", day: 4, volume: "1.5", rows: 9).rowsStored == 9)
  }

  @Test func onlyPricesAndQuantitiesBecomeWider() throws {
    _ = try ingest("a.csv", day: 2, volume: "7")
    for name in ["symbol", "ts_event", "nothing"] {
      let error = #expect(throws: PassError.self) { try widen([name]) }
      #expect(error?.code == .usage && error?.message.contains(name) == true, "\(name)")
    }
    let error = #expect(throws: PassError.self) { try widen(["volum"]) }
    #expect(error?.remedy?.contains("volume") == true, "\(error?.remedy ?? "")")
  }
}
