import Catalog
import Ingest
import LakeTestSupport
import TestSupport
import Testing

@testable import Passes

/// Bars whose prices and volumes need more than 64 bits.
@Suite struct WideBarTests {
  private let toy: ToyLake

  init() throws { toy = try ToyLake() }

  /// A volume in units of 10^-18, as text.
  private func text(_ units: Int128) -> String {
    let digits = String(units)
    let padded = String(repeating: "0", count: max(0, 19 - digits.count)) + digits
    return padded.dropLast(18) + "." + padded.suffix(18)
  }

  private func ingest(_ name: String, _ rows: [(minute: Int, volume: Int128?)]) throws {
    let lines = rows.map { row in
      let minute = row.minute < 10 ? "0\(row.minute)" : "\(row.minute)"
      let volume = row.volume.map { text($0) } ?? ""
      return
        "2024-01-02T15:\(minute):00Z,SPY,1.5,2.0000000000001,0.5,1.\(row.minute + 10),\(volume)"
    }
    let path = toy.folder.path + "/" + name
    try (["ts_event,symbol,open,high,low,close,volume"] + lines).joined(separator: "\n")
      .appending("\n").write(toFile: path, atomically: true, encoding: .utf8)
    let report = try toy.ingest([path]) { options in
      options.table = try? TableName(parsing: "raw.x_1m")
      options.kind = "ohlcv-1m"
    }
    #expect(report.files.allSatisfy { $0.rowsStored == rows.count })
  }

  private func bars() throws -> [[String]] {
    var options = ResamplePass.Options()
    options.intervals = ["5m"]
    let pass = try ResamplePass(lake: toy.lake, table: "raw.x_1m", options: options)
    let report = try pass.run(try pass.plan())
    #expect(report.failureCount == 0)
    return try toy.rows("bars.x_1m_5m", ["open", "high", "close", "volume"])
  }

  private let unit: Int128 = 1_000_000_000_000_000_000

  @Test(arguments: [false, true])
  func volumesAreAddedExactly(areTwoFiles: Bool) throws {
    var random = SeededGenerator(seed: 11)
    var volumes: [Int128] = (0..<20).map { _ in
      Int128(Int64.random(in: 0...Int64.max, using: &random)) * 1_000_003
        + Int128(Int64.random(in: 0...Int64.max, using: &random))
    }
    // The low bits carry, and the greatest sum that is possible.
    volumes[0] = (1 << 60) - 1
    volumes[1] = 1
    volumes[5] = 4_000_000_000_000_000_000 * unit
    volumes[6] = 5_000_000_000_000_000_000 * unit
    let rows = volumes.enumerated().map { (minute: $0.offset, volume: Int128?.some($0.element)) }
    if areTwoFiles {
      try ingest("a.csv", rows.filter { $0.minute % 2 == 0 })
      try ingest("b.csv", rows.filter { $0.minute % 2 == 1 })
    } else {
      try ingest("a.csv", rows)
    }
    let bars = try bars()
    let sums = (0..<4).map { bar in volumes[bar * 5..<bar * 5 + 5].reduce(0, +) }
    #expect(bars.map { $0[3] } == sums.map { "\($0)" })
    #expect(bars.map { $0[1] } == [String](repeating: "2000000000000100000", count: 4))
    #expect(bars.map { $0[2] } == [14, 19, 24, 29].map { "1\($0)0000000" })
  }

  @Test func aMissingVolumeAddsNothing() throws {
    try ingest(
      "a.csv", [(0, nil), (1, unit / 3), (2, unit / 3), (5, nil), (6, nil), (10, 1)])
    #expect(try bars().map { $0[3] } == ["\(unit / 3 * 2)", "null", "1"])
  }
}
