import Catalog
import Foundation
import LakeTestSupport
import Testing

@testable import Ingest

/// Inputs with different information on the same events.
@Suite struct OverlapTests {
  private let toy: ToyLake

  init() throws { toy = try ToyLake() }

  private func take(
    _ name: String, _ kind: String, _ lines: [String],
    _ change: (inout IngestOptions) -> Void = { _ in }
  ) throws -> IngestFileReport {
    let path = toy.folder.path + "/" + name
    try lines.joined(separator: "\n").appending("\n").write(
      toFile: path, atomically: true, encoding: .utf8)
    let report = try toy.ingest([path]) { options in
      options.table = try? TableName(parsing: "raw.x")
      options.kind = kind
      change(&options)
    }
    return try #require(report.files.first)
  }

  private func time(_ minute: Int) -> String { "2024-01-02T15:\(minute):00Z" }

  /// Bars of ten minutes; `more` follows the volume.
  private func bars(
    _ head: String, symbol: String = "SPY", volume: Int = 10, more: (Int) -> String = { _ in "" }
  ) -> [String] {
    ["ts_event,symbol,open,high,low,close,volume" + head]
      + (10..<20).map { "\(time($0)),\(symbol),1,2,0.5,1.5,\(volume + $0)\(more($0))" }
  }

  @Test(arguments: [false, true])
  func barsWithAndWithoutAPartOfTheKeyAreStoredOnce(isFullerFirst: Bool) throws {
    let plain = bars("")
    let fuller = bars(",publisher_id") { _ in ",95" }
    _ = try take("a.csv", "ohlcv-1m", isFullerFirst ? fuller : plain)
    let second = try take("b.csv", "ohlcv-1m", isFullerFirst ? plain : fuller)
    #expect(second.overlap == nil)
    #expect(second.alreadyStoredCount == (isFullerFirst ? 10 : 0))
    #expect(
      try toy.rows("raw.x", ["publisher_id"]) == [[String]](repeating: ["95"], count: 10))
  }

  @Test func barsOfAnotherPublisherStayAndAreAFinding() throws {
    _ = try take("a.csv", "ohlcv-1m", bars(""))
    // Of each minute one bar is the stored one and one is another publisher's, in any order.
    let own = bars(",publisher_id") { _ in ",95" }
    let others = bars(",publisher_id", volume: 500) { _ in ",2" }
    let both = zip(own.dropFirst(), others.dropFirst()).flatMap { [$1, $0] }
    let report = try take("b.csv", "ohlcv-1m", [own[0]] + both)
    #expect(report.overlap == .otherKey)
    #expect(report.rowsStored == 20 && report.replacementCount == 10)
    #expect(try toy.rows("raw.x", ["publisher_id"]).count { $0 == ["2"] } == 10)
    #expect(try toy.rows("raw.x", ["symbol"]).count == 20)
  }

  @Test(arguments: [false, true])
  func barsUnderAFallbackSymbolAreStoredOnce(isResolvedFirst: Bool) throws {
    let fallback = bars(",instrument_id", symbol: "INSTRUMENT_42") { _ in ",42" }
    let resolved = bars(",instrument_id") { _ in ",42" }
    _ = try take("a.csv", "ohlcv-1m", isResolvedFirst ? resolved : fallback)
    _ = try take("b.csv", "ohlcv-1m", isResolvedFirst ? fallback : resolved)
    #expect(try toy.rows("raw.x", ["symbol"]) == [[String]](repeating: ["SPY"], count: 10))
  }

  /// Trades; `more` follows the size.
  private func trades(_ head: String, more: (Int) -> String = { _ in "" }) -> [String] {
    ["ts_recv,ts_event,symbol,price,size" + head]
      + (10..<20).map { second in
        let time = "2024-01-02T15:00:\(second).000000001Z"
        return "\(time),\(time),SPY,1.5,7\(more(second))"
      }
  }

  @Test func fieldsWithoutAColumnSayMore() throws {
    let plain = trades(",side") { _ in ",A" }
    let fuller = trades(",side,venue") { ",A,X\($0)" }
    _ = try take("a.csv", "trades", plain)
    #expect(try take("b.csv", "trades", fuller).replacementCount == 10)
    let extras = try toy.rows("raw.x", ["extra"]).map { $0[0] }
    #expect(Set(extras) == Set((10..<20).map { "{\"venue\":\"X\($0)\"}" }))
    // Rows with less information remove nothing.
    _ = try take("c.csv", "trades", plain.reversed().reversed() + [plain[1]])
    #expect(try Set(toy.rows("raw.x", ["extra"]).map { $0[0] }).isSuperset(of: extras))
  }

  @Test func whatHasOtherColumnsDoesNotTakeFieldsAway() throws {
    _ = try take("a.csv", "trades", trades(",venue") { ",X\($0)" })
    let report = try take("b.csv", "trades", trades(",side") { _ in ",A" })
    #expect(report.overlap == .otherColumns && report.alreadyStoredCount == 10)
    let extras = try toy.rows("raw.x", ["extra"]).map { $0[0] }
    #expect(extras.count { $0.contains("venue") } == 10)
  }

  @Test func otherFieldsWithoutAColumnAreAFinding() throws {
    let first = trades(",venue_id") { ",V\($0)" }
    _ = try take("a.csv", "trades", first)
    // The same fields in another input: nothing is lost by skipping its rows.
    let again = try take("b.csv", "trades", [first[0]] + first.dropFirst().reversed())
    #expect(again.overlap == nil && again.alreadyStoredCount == 10)
    for (name, head, value) in [("c.csv", ",venue_id", "W"), ("d.csv", ",order_tag", "V")] {
      let report = try take(name, "trades", trades(head) { ",\(value)\($0)" })
      #expect(report.overlap == .otherColumns && report.alreadyStoredCount == 10)
    }
    #expect(try toy.rows("raw.x", ["extra"]).count == 10)
  }

  @Test func barsWithAnotherValueWithoutAColumnAreConflicts() throws {
    _ = try take("a.csv", "ohlcv-1m", bars(",my_signal") { _ in ",1.7" })
    let report = try take("b.csv", "ohlcv-1m", bars(",my_signal") { _ in ",1.9" }) {
      $0.badRowShareMax = 1
    }
    #expect(report.quarantineCount == 10 && report.alreadyStoredCount == 0)
    let extras = try toy.rows("raw.x", ["extra"]).map { $0[0] }
    #expect(Set(extras) == ["{\"my_signal\":1.7}"])
  }

  @Test func barsWithOtherFieldsWithoutAColumnAreAFinding() throws {
    _ = try take("a.csv", "ohlcv-1m", bars(",my_signal") { _ in ",1.7" })
    let report = try take("b.csv", "ohlcv-1m", bars(",your_signal") { _ in ",1.7" })
    #expect(report.overlap == .otherColumns && report.alreadyStoredCount == 10)
  }

  @Test(arguments: [1_000, 1_000_000, 1_000_000_000] as [Int64])
  func coarserTimesAreAFindingThoughSomeAreEqual(unit: Int64) throws {
    func lines(_ unit: Int64) -> [String] {
      ["ts_recv,ts_event,symbol,price,size,sequence"]
        + (0..<40).map { index in
          // Two of the times are whole seconds.
          let nanoseconds = index % 20 == 0 ? 0 : Int64(index) * 17_345_679
          let text = String(nanoseconds / unit * unit + 1_000_000_000).dropFirst()
          let time = "2024-01-02T15:00:\(10 + index).\(text)Z"
          return "\(time),\(time),SPY,1.5,7,\(index)"
        }
    }
    #expect(try take("a.csv", "trades", lines(1)).overlap == nil)
    let report = try take("b.csv", "trades", lines(unit))
    #expect(report.overlap == .otherPrecision && report.alreadyStoredCount == 2)
    #expect(try take("c.csv", "trades", lines(unit) + []) { $0.overlap = .union }.overlap == nil)
  }

  @Test func copiesOfCopiesKeepShortNames() throws {
    // Each file completes one row of the first.
    _ = try take("a.csv", "trades", trades(""))
    let fuller = trades(",side") { _ in ",A" }
    for row in 1...10 { _ = try take("\(row).csv", "trades", [fuller[0], fuller[row]]) }
    let names = try toy.files("raw.x").map { ($0.filePath as NSString).lastPathComponent }
    #expect(names.allSatisfy { $0.utf8.count < 100 }, "\(names)")
    #expect(try toy.rows("raw.x", ["side"]) == [[String]](repeating: ["A"], count: 10))
  }
}
