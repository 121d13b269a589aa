import Catalog
import Foundation
import LakeTestSupport
import Testing

@testable import Ingest

/// The merge's memory is counted in bytes, against the command's limit.
@Suite struct MergeMemoryTests {
  private let toy: ToyLake

  init() throws { toy = try ToyLake() }

  private func take(
    _ name: String, _ kind: String, _ lines: [String], memory: Int
  ) throws -> IngestFileReport {
    let path = toy.folder.path + "/" + name
    try lines.joined(separator: "\n").appending("\n").write(
      toFile: path, atomically: true, encoding: .utf8)
    let report = try toy.ingest([path]) { options in
      options.table = try? TableName(parsing: "raw.x")
      options.kind = kind
      options.memoryByteCount = memory
    }
    return try #require(report.files.first)
  }

  private func expectRefusal(_ report: IngestFileReport, _ texts: String...) {
    guard case .failed(let error) = report.state else {
      Issue.record("not refused: \(report.state)")
      return
    }
    for text in texts { #expect("\(error)".contains(text), "\(error)") }
  }

  /// Different trades of one instant.
  private func trades(_ numbers: Range<Int>) -> [String] {
    let time = "2024-01-02T15:00:00.000000001Z"
    return ["ts_recv,ts_event,symbol,price,size,sequence"]
      + numbers.map { "\(time),\(time),SPY,1.5,7,\($0)" }
  }

  @Test func rowsOfOneInstantAreLimitedByTheMemoryThatWasGiven() throws {
    _ = try take("a.csv", "trades", trades(0..<6000), memory: 64 << 20)
    let refused = try take("b.csv", "trades", trades(3000..<9000), memory: 2 << 20)
    expectRefusal(refused, "one instant", "half of --memory", "--memory", "--overlap append")
    #expect(try toy.rows("raw.x", ["sequence"]).count == 6000)
    // The count is released again: many small instants fit, and so does the same input with more memory.
    let report = try take("c.csv", "trades", trades(3000..<9001), memory: 8 << 20)
    #expect(report.rowsStored == 3001 && report.alreadyStoredCount == 3000)
  }

  @Test func manySymbolsOneAfterTheOtherTakeNoMoreThanOne() throws {
    func lines(_ numbers: Range<Int>) -> [String] {
      let rows = trades(numbers)
      return [rows[0]]
        + (0..<20).flatMap { symbol in
          rows.dropFirst().map { $0.replacing("SPY", with: "S\(symbol)") }
        }
    }
    _ = try take("a.csv", "trades", lines(0..<2000), memory: 64 << 20)
    let report = try take("b.csv", "trades", lines(1000..<3000), memory: 4 << 20)
    #expect(report.rowsStored == 20_000 && report.alreadyStoredCount == 20_000)
  }

  @Test func keysOfOneInstantToo() throws {
    func bars(_ publishers: Range<Int>) -> [String] {
      ["ts_event,symbol,open,high,low,close,volume,publisher_id"]
        + publishers.map { "2024-01-02T15:00:00Z,SPY,1,2,0.5,1.5,7,\($0)" }
    }
    expectRefusal(
      try take("a.csv", "ohlcv-1m", bars(0..<20_000), memory: 2 << 20), "one instant", "--memory",
      "split the file")
    #expect(
      try take("a.csv", "ohlcv-1m", bars(0..<20_000), memory: 64 << 20).rowsStored == 20_000)
  }
}
