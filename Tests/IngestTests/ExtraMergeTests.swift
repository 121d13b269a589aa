import Catalog
import Foundation
import LakeTestSupport
import TestSupport
import Testing

@testable import Ingest

/// Overlapping inputs with fields that have no column.
@Suite struct ExtraMergeTests {
  private let toy: ToyLake

  init() throws { toy = try ToyLake() }

  @discardableResult
  private func take(
    _ name: String, _ kind: String, _ lines: [String], policy: OverlapPolicy = .merge
  ) throws -> IngestFileReport {
    let path = toy.folder.path + "/" + name
    try lines.joined(separator: "\n").appending("\n").write(
      toFile: path, atomically: true, encoding: .utf8)
    let report = try toy.ingest([path]) { options in
      options.table = try? TableName(parsing: "raw.x")
      options.kind = kind
      options.overlap = policy
    }
    return try #require(report.files.first)
  }

  private func trades(_ head: String, _ rows: [String]) -> [String] {
    ["ts_recv,symbol,price,size" + head]
      + rows.map { "2024-01-02T15:00:00.123456789Z,SPY,1.5,7" + $0 }
  }

  private func rows(_ columns: String...) throws -> [[String]] {
    try toy.rows("raw.x", columns).sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func venue(_ name: String) -> String { "{\"venue\":\"\(name)\"}" }

  @Test(arguments: [[",Y", ",X"], [",X", ",Y"]])
  func ofEqualRowsTheOneWithTheSameExtraIsTheStoredOne(order: [String]) throws {
    try take("a.csv", "trades", trades(",venue", [",X"]))
    let report = try take("b.csv", "trades", trades(",venue", order))
    #expect(report.rowsStored == 1 && report.alreadyStoredCount == 1 && report.overlap == nil)
    #expect(try rows("extra") == [[venue("X")], [venue("Y")]])
  }

  @Test func aRowWithoutFieldsIsNotTheOneThatHasSome() throws {
    try take("a.csv", "trades", trades(",venue", [",X"]))
    try take("b.csv", "trades", trades(",venue", [",", ",X"]))
    #expect(try rows("extra").map { $0[0] }.count { $0 == venue("X") } == 1)
    #expect(try rows("extra").count == 2)
  }

  @Test func whatContradictsAStoredRowTakesNothingAway() throws {
    try take("a.csv", "trades", trades(",venue", [",X"]))
    let report = try take("b.csv", "trades", trades(",venue,side", [",Y,B"]))
    #expect(report.overlap == .otherColumns && report.replacementCount == 0)
    #expect(try rows("extra") == [[venue("X")]])
  }

  @Test func rowsWithMoreInformationReplaceOthersOfTheirFile() throws {
    try take("a.csv", "trades", trades(",venue", [",X", ",", ",Y"]))
    let report = try take("b.csv", "trades", trades(",venue,side", [",,N", ",Y,B", ",X,A"]))
    #expect(report.replacementCount == 3 && report.overlap == nil)
    let found = try rows("side", "extra")
    #expect(found.map { $0[0] } == ["A", "B", "N"])
    #expect(found[0][1] == venue("X") && found[1][1] == venue("Y"))
  }

  @Test(arguments: ["trades", "ohlcv-1m"])
  func moreFieldsReplaceFewer(kind: String) throws {
    let (head, values) =
      kind == "trades"
      ? ("ts_recv,symbol,price,size", "2024-01-02T15:00:00.000000001Z,SPY,1.5,7")
      : ("ts_event,symbol,open,high,low,close", "2024-01-02T15:00:00Z,SPY,1,2,1,2")
    try take("a.csv", kind, [head + ",venue", values + ",X"])
    let report = try take("b.csv", kind, [head + ",foo,venue", values + ",1,X"], policy: .union)
    #expect(report.replacementCount == 1)
    let whole = try rows("extra")
    #expect(whole.count == 1 && whole[0][0].contains("foo") && whole[0][0].contains("venue"))
    // A row with less information changes nothing, and is no finding.
    let less = try take("c.csv", kind, [head + ",foo", values + ",1"])
    #expect(less.alreadyStoredCount == 1 && less.overlap == nil)
    #expect(try rows("extra") == whole)
  }

  /// Whole instants, in any order and with any number of columns: the table ends with the rows of the most
  /// complete file.
  @Test(arguments: 0..<12) func theFullestOfSomeFilesIsWhatIsStored(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let columns = ["side", "venue", "sequence", "note"].shuffled(using: &random)
    let all: [[String: String]] = (0..<12).map { number in
      func oneOf(_ texts: String...) -> String { texts.randomElement(using: &random) ?? "" }
      return [
        "ts_recv": "2024-01-02T15:00:0\(number / 5).000000001Z", "symbol": "SPY",
        "price": oneOf("1.5", "2.5"), "size": "7", "side": oneOf("A", "B", ""),
        "venue": oneOf("X", "Y", ""), "sequence": "\(number)", "note": oneOf("n", "m", ""),
      ]
    }
    var fullest = 0
    for file in 0..<4 {
      let count = Int.random(in: 0...columns.count, using: &random)
      fullest = max(fullest, count)
      let names =
        (["ts_recv", "symbol", "price", "size"] + columns.prefix(count)).shuffled(using: &random)
      let lines = all.shuffled(using: &random).map { row in
        names.map { row[$0] ?? "" }.joined(separator: ",")
      }
      try take("\(file).csv", "trades", [names.joined(separator: ",")] + lines, policy: .union)
    }
    let known = Set(columns.prefix(fullest))
    let wanted = all.map { row in
      let fields = ["note", "venue"].compactMap { name in
        known.contains(name) && row[name] != "" ? "\"\(name)\":\"\(row[name] ?? "")\"" : nil
      }
      let side = known.contains("side") ? row["side"] ?? "" : ""
      let sequence = known.contains("sequence") ? row["sequence"] ?? "" : ""
      return [side, sequence] + fields
    }
    let found = try toy.rows("raw.x", ["side", "sequence", "extra"]).map { row in
      let text = row[2].hasPrefix("{") ? String(row[2].dropFirst().dropLast()) : ""
      let blank = { (text: String) in text == "null" ? "" : text }
      return [blank(row[0]), blank(row[1])] + text.split(separator: ",").map(String.init).sorted()
    }
    let order = { (left: [String], right: [String]) in left.lexicographicallyPrecedes(right) }
    #expect(found.sorted(by: order) == wanted.sorted(by: order))
  }
}
