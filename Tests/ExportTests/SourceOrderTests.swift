import Bytes
import Databento
import Foundation
import LakeTestSupport
import Testing

@testable import Export

private let table = "raw.test_set_ohlcv_1s"

/// Exported records have the order of the source.
@Suite struct SourceOrderTests {
  private func exported(_ toy: ToyLake) throws -> [ToyLake.Bar] {
    let path = toy.folder.path + "/out.dbn"
    var options = DBNExport.Options()
    options.overwrites = true
    _ = try DBNExport(lake: toy.lake, table: table, options: options).write(to: path)
    let reader = try DBNReader(path: path)
    let block = DBNBlock()
    var bars: [ToyLake.Bar] = []
    while try reader.read(into: block) {
      for run in block.runs {
        for row in 0..<run.count {
          let record = UnsafeRawPointer(block.bytes.base) + run.start + row * run.stride
          let second = Int(record.loadLE(8, as: UInt64.self) / 1_000_000_000)
          bars.append(
            ToyLake.Bar(
              day: second / 86_400 - ToyLake.firstDay, second: second % 86_400,
              instrument: record.loadLE(4, as: UInt32.self),
              publisher: record.loadLE(2, as: UInt16.self)))
        }
      }
    }
    return bars
  }

  private typealias Bar = ToyLake.Bar

  @Test(arguments: [
    // Instruments, publishers and times in descending order; and two days of them.
    [Bar(second: 1, instrument: 2), Bar(second: 1, instrument: 1), Bar(second: 2, instrument: 1)],
    [Bar(second: 1, publisher: 37), Bar(second: 1, publisher: 26), Bar(second: 2, publisher: 22)],
    [Bar(second: 9), Bar(second: 3), Bar(second: 5)],
    [
      Bar(second: 7, instrument: 3), Bar(second: 7, instrument: 1), Bar(day: 1, second: 7),
      Bar(day: 1, second: 7, publisher: 0),
    ],
  ])
  func barsKeepTheOrderOfTheirSource(bars: [ToyLake.Bar]) throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", bars)])
    #expect(try exported(toy) == bars)
    #expect(try toy.rows(table, ["source_ordinal"]).allSatisfy { $0 != ["null"] })
  }

  @Test func barsOrderedByTheirValuesHaveNoOrdinals() throws {
    let toy = try ToyLake()
    let bars = (0..<300).flatMap { second in
      [(1, 1), (1, 5), (2, 1)].map { instrument, publisher in
        Bar(second: second, instrument: instrument, publisher: publisher)
      }
    }
    try toy.ingest([try toy.bars("a.dbn", bars)])
    #expect(try toy.rows(table, ["source_ordinal"]).allSatisfy { $0 == ["null"] })
    #expect(try exported(toy) == bars)
    // Another source with ordinals follows the first, with its rows in their order.
    let others = [4, 3].map { Bar(second: 5, instrument: $0) }
    try toy.ingest([try toy.bars("b.dbn", others)])
    let all = try exported(toy)
    #expect(all.filter { $0.instrument < 3 } == bars)
    #expect(all.filter { $0.instrument > 2 } == others)
  }

  @Test func barsOfOneTimeLieInTheOrderOfTheirSource() throws {
    let toy = try ToyLake()
    let bars = [37, 26, 41, 22].map { Bar(second: 1, publisher: $0) }
    try toy.ingest([try toy.bars("a.dbn", bars)])
    #expect(try toy.rows(table, ["publisher_id"]) == [["37"], ["26"], ["41"], ["22"]])
  }

  @Test func everyRecordOfALiveFeedHasATable() throws {
    let toy = try ToyLake()
    let path = toy.folder.path + "/live.dbn"
    let writer = try DBNWriter(
      path: path, metadata: DBNMetadata(dataset: "TEST.SET", schema: nil, start: 0, end: nil),
      overwrites: true)
    let mapping = DBNFields.fields(.symbolMapping, version: 3)
    func record(_ kind: RecordKind, _ time: UInt64, _ change: (inout [UInt8]) -> Void = { _ in })
      throws
    {
      var record = DBNFields.template(kind, version: 3, tsOut: false)
      record.withUnsafeMutableBytes { raw in
        raw.storeBytes(of: 5, toByteOffset: 4, as: UInt32.self)
        raw.storeBytes(of: time, toByteOffset: 8, as: UInt64.self)
        for offset in stride(from: 16, to: 48, by: 8) where kind.isBar {
          raw.storeBytes(of: 5_000_000_000, toByteOffset: offset, as: Int64.self)
        }
      }
      change(&record)
      try record.withUnsafeBytes { try writer.write($0) }
    }
    func named(_ name: String) -> (inout [UInt8]) -> Void {
      { record in
        guard let at = mapping.first(where: { $0.name == "stype_out_symbol" })?.offset else {
          return
        }
        record.replaceSubrange(at..<at + name.utf8.count, with: name.utf8)
      }
    }
    let noon = UInt64(ToyLake.firstDay * 86_400 + 43_200) * 1_000_000_000
    try record(.system, noon)
    try record(.symbolMapping, noon + 1, named("ESH4"))
    try record(.ohlcv1s, noon)
    // A mapping without a time still defines its symbol, and is not an error.
    try record(.symbolMapping, .max, named("ESM4"))
    try record(.ohlcv1s, noon + 1_000_000_000)
    try record(.error, noon + 5)
    try writer.finish()
    let report = try toy.ingest([path])
    #expect(report.files.map(\.quarantineCount) == [1])
    #expect(try toy.rows("raw.test_set_symbol_mapping", ["symbol"]) == [["ESH4"]])
    #expect(try toy.rows(table, ["symbol"]) == [["ESH4"], ["ESM4"]])
    #expect(try toy.rows("raw.test_set_system", ["symbol"]).count == 1)
    #expect(try toy.rows("raw.test_set_error", ["symbol"]).count == 1)
  }

  /// A column added to a schema after the table was created is added to the table.
  @Test func tablesFromBeforeTheColumnGetIt() throws {
    let toy = try ToyLake()
    let file = toy.folder.path + "/lake/schemas/ohlcv.yaml"
    try FileManager.default.createDirectory(
      atPath: toy.folder.path + "/lake/schemas", withIntermediateDirectories: true)
    let ours = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../schemas/ohlcv.yaml")
    let text = try String(contentsOf: ours, encoding: .utf8)
    let start = try #require(text.range(of: "  - name: source_ordinal"))
    let end = try #require(text.range(of: "\n  - name: ", range: start.upperBound..<text.endIndex))
    try text.replacingCharacters(in: start.lowerBound..<text.index(after: end.lowerBound), with: "")
      .write(toFile: file, atomically: true, encoding: .utf8)
    try toy.ingest([try toy.bars("a.dbn", [Bar(second: 1)])])
    try FileManager.default.removeItem(atPath: file)
    let bars = [Bar(day: 1, second: 9), Bar(day: 1, second: 3)]
    try toy.ingest([try toy.bars("b.dbn", bars)])
    let snapshot = try toy.lake.table(named: table).snapshot()
    #expect(snapshot.metadata.schemaString.contains("source_ordinal"))
    #expect(try exported(toy) == [Bar(second: 1)] + bars)
  }
}
