import Bytes
import Databento
import JSON
import LakeTestSupport
import Market
import Testing

@testable import Ledger

@Suite("Symbol types in the ledger")
struct SymbolTypeTests {
  /// A file without records whose header has symbols of a type.
  private func file(_ toy: ToyLake, _ type: SType) throws -> String {
    let start = UInt64(ToyLake.firstDay) * 86_400_000_000_000
    let metadata = DBNMetadata(
      dataset: "TEST.SET", schema: .ohlcv1s, start: start, end: start + 86_400_000_000_000,
      stypeIn: type, symbols: ["NAME"], mappings: [])
    let path = toy.folder.path + "/\(type.name).dbn"
    let writer = try DBNWriter(path: path, metadata: metadata, overwrites: true)
    var record = DBNFields.template(.ohlcv1s, version: 3, tsOut: false)
    try record.withUnsafeMutableBytes { raw in
      guard let base = raw.baseAddress else { return }
      base.storeLE(UInt32(7), 4)
      base.storeLE(start, 8)
      for price in 0..<4 { base.storeLE(Int64(1_000_000_000), 16 + 8 * price) }
      base.storeLE(UInt64(1), 48)
      try writer.write(UnsafeRawBufferPointer(raw))
    }
    try writer.finish()
    return path
  }

  @Test("a file's symbols are recorded with the vendor's type name", arguments: SType.allCases)
  func vendorsName(type: SType) throws {
    let toy = try ToyLake()
    try toy.ingest([try file(toy, type)]) { $0.badRowShareMax = 1 }
    let events = try CoverageLedger.read(toy.lake).events
    #expect(events.map(\.symbolType) == [type.name])
    #expect(events.map(\.symbols) == [["NAME"]])
  }

  @Test("names of types in older ledgers are recognised", arguments: SType.allCases)
  func olderName(type: SType) throws {
    func event(_ name: String) -> CoverageEvent {
      CoverageEvent(
        dataset: "TEST.SET", schema: "trades", symbols: ["NAME"], symbolType: name,
        interval: 0..<10, state: .complete, recordedAt: 1000)
    }
    #expect(event("\(type)") == event(type.name))
    var json = event(type.name).json.description
    json = json.replacing("\"\(type.name)\"", with: "\"\(type)\"")
    #expect(CoverageEvent(json: try JSONValue(parsing: Array(json.utf8))) == event(type.name))
    let ledger = CoverageLedger(events: [event("\(type)")])
    #expect(
      ledger.missing(
        dataset: "TEST.SET", schema: "trades", symbolType: type.name, symbol: "NAME", in: 0..<10
      ) { _ in true }.isEmpty)
  }
}
