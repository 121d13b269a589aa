import Catalog
import Foundation
import LakeTestSupport
import TestSupport
import Testing

@testable import Ingest

private let trades = "raw.test_set_trades"

/// Tables without a key hold as many equal rows as the input with most of them.
@Suite struct MultisetTests {
  private typealias Row = (second: Int, sequence: UInt32, size: UInt32)

  /// Few seconds, sequences and sizes, so that many rows are equal, within an input and between inputs.
  private func random(_ count: Int, _ generator: inout SeededGenerator) -> [Row] {
    (0..<count).map { _ in
      (
        second: Int.random(in: 0..<12, using: &generator),
        sequence: UInt32.random(in: 0..<3, using: &generator),
        size: UInt32.random(in: 1...2, using: &generator)
      )
    }
  }

  /// A file with some of the rows: a slice, every second one, a shuffled part, some of them twice.
  private func piece(_ rows: [Row], _ generator: inout SeededGenerator) -> [Row] {
    let low = Int.random(in: 0..<rows.count, using: &generator)
    let high = Int.random(in: low..<rows.count, using: &generator)
    var part = Array(rows[low...high])
    if Bool.random(using: &generator) { part.shuffle(using: &generator) }
    if Bool.random(using: &generator) { part += part.prefix(3) }
    return part
  }

  @Test(arguments: 0..<24)
  func anyFilesInAnyCommandsAreTheModel(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed))
    let toy = try ToyLake()
    let feed = random(Int.random(in: 5...120, using: &generator), &generator)
    var model: [String: Int] = [:]
    var number = 0
    for _ in 0..<Int.random(in: 1...4, using: &generator) {
      var paths: [String] = []
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let rows = piece(feed, &generator)
        number += 1
        paths.append(try toy.trades("\(number).dbn", rows, start: 0, end: 60))
        var counts: [String: Int] = [:]
        for row in rows { counts["\(row.second)|\(row.sequence)|\(row.size)", default: 0] += 1 }
        model.merge(counts) { max($0, $1) }
      }
      let report = try toy.ingest(paths) { $0.jobs = seed % 2 + 1 }
      #expect(report.failureCount == 0)
    }
    let rows = try toy.rows(trades, ["ts_recv", "sequence", "size"])
    let found = rows.reduce(into: [String: Int]()) { counts, row in
      let second = (Int64(row[0]) ?? 0) / 1_000_000 % 86_400
      counts["\(second)|\(row[1])|\(row[2])", default: 0] += 1
    }
    #expect(found == model, "seed \(seed)")
    // Ordinals stay unique.
    let places = try toy.rows(trades, ["source_ordinal"]).map { $0[0] }
    #expect(Set(places).count == places.count)
  }

  // MARK: - Text files

  private func csv(_ toy: ToyLake, _ name: String, _ lines: [String]) throws -> String {
    let path = toy.folder.path + "/" + name
    try lines.joined(separator: "\n").appending("\n").write(
      toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  private func take(
    _ toy: ToyLake, _ path: String, _ change: (inout IngestOptions) -> Void = { _ in }
  ) throws -> IngestFileReport {
    let report = try toy.ingest([path]) { options in
      options.table = try? TableName(parsing: "raw.x_trades")
      options.kind = "trades"
      change(&options)
    }
    return try #require(report.files.first)
  }

  private static let head = "ts_recv,ts_event,symbol,price,size,side,sequence,instrument_id"

  private func line(_ second: Int, _ sequence: Int, symbol: String = "SPY", more: String = "")
    -> String
  {
    let time = "2024-01-02T15:00:\(second).000000001Z"
    return "\(time),\(time),\(symbol),1.5,7,A,\(sequence),42\(more)"
  }

  @Test func rowsWithMoreInformationReplaceThoseWithLess() throws {
    let toy = try ToyLake()
    let plain = try csv(toy, "a.csv", [Self.head] + (10..<20).map { line($0, $0) })
    let fuller = try csv(
      toy, "b.csv",
      [Self.head + ",flags"] + (10..<25).map { line($0, $0, more: ",128") })
    #expect(try take(toy, plain).rowsStored == 10)
    let report = try take(toy, fuller)
    #expect(report.rowsStored == 15 && report.replacementCount == 10)
    #expect(try toy.rows("raw.x_trades", ["flags"]).allSatisfy { $0 == ["128"] })
    #expect(try toy.rows("raw.x_trades", ["sequence"]).count == 15)
    // In the other order nothing is lost either.
    let again = try csv(toy, "c.csv", [Self.head] + (12..<22).map { line($0, $0) })
    #expect(try take(toy, again).alreadyStoredCount == 10)
    #expect(try toy.rows("raw.x_trades", ["flags"]).allSatisfy { $0 == ["128"] })
  }

  @Test func aResolvedSymbolReplacesItsFallback() throws {
    let toy = try ToyLake()
    let unknown = try csv(
      toy, "a.csv", [Self.head] + (10..<20).map { line($0, $0, symbol: "INSTRUMENT_42") })
    let known = try csv(toy, "b.csv", [Self.head] + (15..<25).map { line($0, $0) })
    #expect(try take(toy, unknown).rowsStored == 10)
    #expect(try take(toy, known).replacementCount == 5)
    let symbols = try toy.rows("raw.x_trades", ["symbol"]).map { $0[0] }
    #expect(symbols.filter { $0 == "SPY" }.count == 10 && symbols.count == 15)
    // Rows with a fallback symbol that are stored under the resolved one are skipped.
    let late = try csv(
      toy, "c.csv", [Self.head] + (20..<25).map { line($0, $0, symbol: "INSTRUMENT_42") })
    #expect(try take(toy, late).alreadyStoredCount == 5)
  }

  @Test func filesOfOneCommandMayTakeEachOthersPlace() throws {
    let toy = try ToyLake()
    let plain = try csv(toy, "a.csv", [Self.head] + (10..<20).map { line($0, $0) })
    let fuller = try csv(
      toy, "b.csv", [Self.head + ",flags"] + (10..<20).map { line($0, $0, more: ",1") })
    let report = try toy.ingest([plain, fuller]) { options in
      options.table = try? TableName(parsing: "raw.x_trades")
      options.kind = "trades"
    }
    #expect(report.failureCount == 0)
    #expect(try toy.rows("raw.x_trades", ["flags"]) == [[String]](repeating: ["1"], count: 10))
  }

  @Test func aFileThatTheLogNamesOutsideTheTableIsNotOpened() throws {
    let toy = try ToyLake()
    _ = try take(toy, csv(toy, "a.csv", [Self.head] + (10..<20).map { line($0, $0) }))
    let folder = try toy.lake.table(named: "raw.x_trades").path
    let file = try #require(toy.files("raw.x_trades").first)
    try FileManager.default.moveItem(
      atPath: folder + "/" + file.filePath, toPath: toy.folder.path + "/outside.parquet")
    let log = folder + "/_delta_log/00000000000000000000.json"
    let text = try String(contentsOfFile: log, encoding: .utf8)
    try text.replacing(file.path, with: "../../../outside.parquet").write(
      toFile: log, atomically: true, encoding: .utf8)
    let report = try take(toy, csv(toy, "b.csv", [Self.head] + (15..<25).map { line($0, $0) }))
    guard case .failed(let error) = report.state else {
      Issue.record("stored: \(report.state)")
      return
    }
    #expect("\(error)".contains("outside its table"))
  }

  @Test(arguments: OverlapPolicy.allCases)
  func aFileThatIsInIsKnownWithoutAStoredRowBeingRead(policy: OverlapPolicy) throws {
    let toy = try ToyLake()
    let path = try csv(toy, "a.csv", [Self.head] + (10..<60).map { line($0, $0) })
    #expect(try take(toy, path) { $0.overlap = policy }.rowsStored == 50)
    let folder = try toy.lake.table(named: "raw.x_trades").path
    let file = folder + "/" + (try #require(toy.files("raw.x_trades").first)).filePath
    var bytes = [UInt8](try #require(FileManager.default.contents(atPath: file)))
    let footer =
      bytes.count - 8 - Int(bytes.suffix(8).first ?? 0) - 256 * Int(bytes[bytes.count - 7])
    for index in 4..<footer / 2 { bytes[index] ^= 0xFF }
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    let again = try take(toy, path) { $0.overlap = policy }
    guard case .alreadyDone = again.state else {
      Issue.record("not known: \(again.state)")
      return
    }
    #expect(again.alreadyStoredCount == 50)
    // Comparing with the stored rows fails, since they cannot be read.
    if policy == .append { return }
    let other = try take(toy, csv(toy, "b.csv", [Self.head] + (15..<65).map { line($0, $0) }))
    guard case .failed = other.state else {
      Issue.record("stored: \(other.state)")
      return
    }
  }

  @Test func indistinguishableRowsAreAFinding() throws {
    let toy = try ToyLake()
    let head = "ts_recv,ts_event,symbol,price,size"
    func rows(_ seconds: Range<Int>) -> [String] {
      seconds.map { "2024-01-02T15:00:\($0)Z,2024-01-02T15:00:\($0)Z,SPY,1.5,7" }
    }
    #expect(try take(toy, csv(toy, "a.csv", [head] + rows(10..<20))).overlap == nil)
    let report = try take(toy, csv(toy, "b.csv", [head] + rows(15..<25)))
    #expect(report.overlap == .nothingIdentifies && report.alreadyStoredCount == 5)
    let union = try take(toy, csv(toy, "c.csv", [head] + rows(16..<26))) { $0.overlap = .union }
    #expect(union.overlap == nil && union.rowsStored == 1)
    let append = try take(toy, csv(toy, "d.csv", [head] + rows(10..<12))) { $0.overlap = .append }
    #expect(append.rowsStored == 2 && append.overlap == nil)
    let refused = try take(toy, csv(toy, "e.csv", [head] + rows(25..<30))) {
      $0.overlap = .refuse
    }
    guard case .failed = refused.state else {
      Issue.record("stored: \(refused.state)")
      return
    }
    #expect(try toy.rows("raw.x_trades", ["symbol"]).count == 18)
  }

  @Test func coarserTimesOfTheSameEventsAreAFinding() throws {
    let toy = try ToyLake()
    #expect(
      try take(toy, csv(toy, "a.csv", [Self.head] + (10..<20).map { line($0, $0) })).overlap == nil)
    let coarse = (10..<20).map { line($0, $0).replacing("000000001Z", with: "000000Z") }
    #expect(try take(toy, csv(toy, "b.csv", [Self.head] + coarse)).overlap == .otherPrecision)
    // Different events at the same instants are not duplicates.
    let others = (10..<20).map { line($0, $0 + 1000) }
    let report = try take(toy, csv(toy, "c.csv", [Self.head] + others))
    #expect(report.overlap == nil && report.rowsStored == 10)
  }

  @Test func theSameContentReadOtherwiseIsAnotherInput() throws {
    let toy = try ToyLake()
    let head = "ts_recv,ts_event,price,size,sequence"
    let path = try csv(
      toy, "a.csv",
      [head] + (10..<20).map { "2024-01-02 15:00:\($0),2024-01-02 15:00:\($0),1.5,7,\($0)" })
    func read(_ symbol: String, _ zone: String) throws -> IngestFileReport {
      try take(toy, path) { options in
        options.symbol = symbol
        options.timeZone = zone
      }
    }
    #expect(try read("AAA", "UTC").rowsStored == 10)
    #expect(try read("BBB", "UTC").rowsStored == 10)
    #expect(try read("AAA", "America/New_York").rowsStored == 10)
    guard case .alreadyDone = try read("AAA", "UTC").state else {
      Issue.record("read again")
      return
    }
    #expect(try toy.rows("raw.x_trades", ["symbol"]).count == 30)
  }
}
