import Catalog
import Foundation
import LakeTestSupport
import Testing

@testable import Ingest

/// Files with a column that is blank in every row: it counts as missing.
@Suite struct BlankColumnTests {
  private let toy: ToyLake

  init() throws { toy = try ToyLake() }

  private func write(_ name: String, _ lines: [String]) throws -> String {
    let path = toy.folder.path + "/" + name
    try lines.joined(separator: "\n").appending("\n").write(
      toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func take(_ paths: [String], _ kind: String) throws -> [IngestFileReport] {
    let report = try toy.ingest(paths) { options in
      options.table = try? TableName(parsing: "raw.x")
      options.kind = kind
    }
    #expect(report.failureCount == 0)
    return report.files
  }

  /// Trades of one day; `side` is a row's value.
  private func trades(day: Int = 2, _ side: (Int) -> String) -> [String] {
    (10..<20).map { second in
      let time = "2024-01-0\(day)T15:00:\(second).000000001Z"
      return "\(time),\(time),SPY,1.5,7,\(second),\(side(second))"
    }
  }

  private static let head = "ts_recv,ts_event,symbol,price,size,sequence,side"

  /// Bars with a part of the key, `publisher_id`, and a volume.
  private func bars(_ publisher: String, _ volume: String) -> [String] {
    ["ts_event,symbol,open,high,low,close,publisher_id,volume"]
      + (10..<20).map { "2024-01-02T15:\($0):00Z,SPY,1,2,0.5,1.5,\(publisher),\(volume)" }
  }

  @Test(arguments: [false, true], [false, true])
  func blankAndFilledAreStoredOnce(isFilledFirst: Bool, isOneCommand: Bool) throws {
    let blank = try write("blank.csv", [Self.head] + trades { _ in "" })
    let filled = try write("filled.csv", [Self.head] + trades { _ in "A" })
    let paths = isFilledFirst ? [filled, blank] : [blank, filled]
    var reports: [IngestFileReport] = []
    if isOneCommand {
      reports = try take(paths, "trades")
    } else {
      for path in paths { reports += try take([path], "trades") }
    }
    let second = try #require(reports.last)
    #expect(second.overlap == nil && second.quarantineCount == 0)
    #expect(second.alreadyStoredCount == (isFilledFirst ? 10 : 0))
    #expect(second.replacementCount == (isFilledFirst ? 0 : 10))
    #expect(try toy.rows("raw.x", ["side"]) == [[String]](repeating: ["A"], count: 10))
  }

  @Test(arguments: ["publisher_id", "volume"], [false, true])
  func barsToo(column: String, isFilledFirst: Bool) throws {
    let isKey = column == "publisher_id"
    let filled = try write("filled.csv", bars("95", "7"))
    let blank = try write("blank.csv", isKey ? bars("", "7") : bars("95", ""))
    for path in isFilledFirst ? [filled, blank] : [blank, filled] {
      let file = try #require(try take([path], "ohlcv-1m").first)
      #expect(file.quarantineCount == 0 && file.overlap == nil)
    }
    let values = try toy.rows("raw.x", ["publisher_id", "volume"])
    #expect(values == [[String]](repeating: ["95", "7"], count: 10))
  }

  @Test func itIsLookedForDateByDate() throws {
    // On the first date no side is known, on the second one some are.
    let lines = trades(day: 2) { _ in "" } + trades(day: 3) { $0 == 19 ? "B" : "" }
    _ = try take([try write("a.csv", [Self.head] + lines)], "trades")
    let fuller = trades(day: 2) { _ in "A" } + trades(day: 3) { $0 == 19 ? "B" : "" }
    let report = try #require(
      try take([try write("b.csv", [Self.head] + fuller)], "trades").first)
    #expect(report.replacementCount == 10 && report.alreadyStoredCount == 10)
    let sides = try toy.rows("raw.x", ["side"]).map { $0[0] }
    #expect(sides.count == 20 && sides.count { $0 == "A" } == 10 && sides.count { $0 == "B" } == 1)
  }

  @Test func aValueInTheLastRowOfManyCounts() throws {
    // Alternating dates, and more rows than a block.
    func lines(_ last: String) -> [String] {
      (0..<9000).map { row in
        let time = "2024-01-0\(2 + row % 2)T15:00:00.\(100_000_000 + row)Z"
        return "\(time),\(time),SPY,1.5,7,\(row),\(row >= 8998 ? last : "")"
      }
    }
    _ = try take([try write("a.csv", [Self.head] + lines("A"))], "trades")
    // Sides are given, so a row without one is another event.
    let other = try #require(
      try take([try write("b.csv", [Self.head] + lines("B"))], "trades").first)
    #expect(other.rowsStored == 2 && other.alreadyStoredCount == 8998)
    let blank = try #require(
      try take([try write("c.csv", [Self.head] + lines(""))], "trades").first)
    #expect(blank.rowsStored == 0 && blank.alreadyStoredCount == 9000)
  }

  // MARK: - Per symbol

  /// Trades of two symbols; only the sides of the second differ between files.
  private func pair(_ side: (Int) -> String) -> [String] {
    [Self.head]
      + (10..<20).flatMap { second in
        let time = "2024-01-02T15:00:\(second).000000001Z"
        return [
          "\(time),\(time),SPY,1.5,7,\(second),A",
          "\(time),\(time),QQQ,2.5,7,\(second),\(side(second))",
        ]
      }
  }

  @Test(arguments: [false, true])
  func aColumnThatOnlyOtherSymbolsHaveIsNotReported(isFilledFirst: Bool) throws {
    let blank = try write("blank.csv", pair { _ in "" })
    let filled = try write("filled.csv", pair { _ in "B" })
    var second: IngestFileReport?
    for path in isFilledFirst ? [filled, blank] : [blank, filled] {
      second = try take([path], "trades").first
    }
    #expect(second?.overlap == nil)
    #expect(second?.alreadyStoredCount == (isFilledFirst ? 20 : 10))
    #expect(second?.replacementCount == (isFilledFirst ? 0 : 10))
    #expect(try toy.rows("raw.x", ["symbol", "side"]) == rows(side: "B"))
    // And again: now the table has everything.
    for path in [filled, blank] {
      let copy = try write("copy.csv", pair { _ in path == filled ? "B" : "" } + [""])
      let again = try #require(try take([copy], "trades").first)
      #expect(again.rowsStored == 0 && again.replacementCount == 0 && again.overlap == nil)
    }
  }

  private func rows(side: String) -> [[String]] {
    [[String]](repeating: ["QQQ", side], count: 10)
      + [[String]](repeating: ["SPY", "A"], count: 10)
  }

  @Test(arguments: ["publisher_id", "volume"], [false, true])
  func barsOfASymbolToo(column: String, isFilledFirst: Bool) throws {
    let others = bars("95", "7").dropFirst().map { $0.replacing(",SPY,", with: ",QQQ,") }
    let filled = try write("filled.csv", bars("95", "7") + others)
    let bare = column == "publisher_id" ? bars("", "7") : bars("95", "")
    let blank = try write("blank.csv", bare + others)
    for path in isFilledFirst ? [filled, blank] : [blank, filled] {
      let file = try #require(try take([path], "ohlcv-1m").first)
      #expect(file.quarantineCount == 0 && file.overlap == nil)
    }
    let values = try toy.rows("raw.x", ["publisher_id", "volume"])
    #expect(values == [[String]](repeating: ["95", "7"], count: 20))
  }

  @Test func onlyRowsWithMoreInformationReplaceOthers() throws {
    _ = try take([try write("a.csv", pair { _ in "" })], "trades")
    let report = try #require(
      try take([try write("b.csv", pair { $0 < 13 ? "B" : "" })], "trades").first)
    #expect(report.replacementCount == 3 && report.alreadyStoredCount == 17)
    #expect(try toy.rows("raw.x", ["side"]).count { $0 == ["B"] } == 3)
  }

  @Test func valuesOfOneSymbolThatDifferAreOtherEvents() throws {
    _ = try take([try write("a.csv", pair { _ in "A" })], "trades")
    let report = try #require(try take([try write("b.csv", pair { _ in "B" })], "trades").first)
    #expect(report.rowsStored == 10 && report.alreadyStoredCount == 10)
  }
}
