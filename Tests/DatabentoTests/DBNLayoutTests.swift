import Databento
import Testing

@Suite struct DBNLayoutTests {
  /// Sizes from the vendor's own declarations.
  @Test(arguments: [
    (RecordKind.mbo, [56, 56, 56]), (.trades, [48, 48, 48]), (.mbp1, [80, 80, 80]),
    (.tbbo, [80, 80, 80]), (.mbp10, [368, 368, 368]), (.bbo1s, [80, 80, 80]),
    (.bbo1m, [80, 80, 80]), (.cmbp1, [80, 80, 80]), (.tcbbo, [80, 80, 80]),
    (.cbbo1s, [80, 80, 80]), (.cbbo1m, [80, 80, 80]), (.ohlcv1s, [56, 56, 56]),
    (.definition, [360, 400, 520]), (.statistics, [64, 64, 80]), (.status, [40, 40, 40]),
    (.imbalance, [112, 112, 112]), (.symbolMapping, [80, 176, 176]), (.error, [80, 320, 320]),
    (.system, [80, 320, 320]),
  ])
  func recordsHaveTheVendorsSizes(kind: RecordKind, byteCounts: [Int]) {
    for version in 1...3 {
      #expect(
        recordByteCount(kind, version: version, tsOut: false) == byteCounts[version - 1],
        "\(kind) version \(version)")
      #expect(
        recordByteCount(kind, version: version, tsOut: true) == byteCounts[version - 1] + 8)
    }
  }

  @Test(arguments: RecordKind.allCases)
  func fieldsLieWithinTheRecordAndDoNotOverlap(kind: RecordKind) {
    for version in 1...3 {
      let fields = DBNFields.fields(kind, version: version, tsOut: true)
      var end = 1
      for field in fields.sorted(by: { $0.offset < $1.offset }) {
        #expect(field.offset >= end, "\(kind) \(version) \(field.name)")
        end = field.offset + field.form.byteCount
      }
      #expect(end <= recordByteCount(kind, version: version, tsOut: true))
      #expect(Set(fields.map(\.name)).count == fields.count)
    }
  }

  @Test(arguments: RecordKind.allCases)
  func everyKindIsFoundByItsRecordType(kind: RecordKind) {
    #expect(RecordKind(rtype: kind.rtype, schema: kind.isSchema ? kind : nil) == kind)
    if let number = kind.schemaNumber { #expect(RecordKind(schemaNumber: number) == kind) }
  }

  @Test func onlyTheSchemaDistinguishesTopOfBookTradesFromQuotes() {
    #expect(RecordKind(rtype: 1, schema: nil) == .mbp1)
    #expect(RecordKind(rtype: 1, schema: .mbp1) == .mbp1)
    #expect(RecordKind(rtype: 1, schema: .tbbo) == .tbbo)
    #expect(RecordKind(rtype: 0, schema: .tbbo) == .trades)
    #expect(RecordKind(rtype: 0x11, schema: .ohlcv1h) == .ohlcv1h)
    #expect(RecordKind(rtype: 0x11, schema: .trades) == nil)
    #expect(RecordKind(rtype: 0xEE, schema: .mbo) == nil)
  }
}
