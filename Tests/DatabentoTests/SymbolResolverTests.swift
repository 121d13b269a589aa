import Columnar
import Market
import Testing

@testable import Databento

@Suite struct SymbolResolverTests {
  private func date(_ text: String) -> CivilDate {
    CivilDate(iso: text) ?? CivilDate(daysSinceEpoch: 0)
  }
  private func day(_ text: String) -> Int { date(text).daysSinceEpoch }

  private func metadata(
    _ stypeIn: SType?, _ stypeOut: SType, symbols: [String],
    _ mappings: [(String, [(String, String, String)])]
  ) -> DBNMetadata {
    DBNMetadata(
      dataset: "GLBX.MDP3", schema: .trades, start: 0, end: nil, stypeIn: stypeIn,
      stypeOut: stypeOut, symbols: symbols,
      mappings: mappings.map { symbol, intervals in
        SymbolMapping(
          rawSymbol: symbol,
          intervals: intervals.map {
            MappingInterval(startDate: date($0.0), endDate: date($0.1), symbol: $0.2)
          })
      })
  }

  @Test func datedMappingsHoldOnTheirDaysOnly() {
    var resolver = SymbolResolver(
      metadata: metadata(
        .rawSymbol, .instrumentID, symbols: ["ESH4", "ESM4"],
        [
          ("ESH4", [("2024-01-01", "2024-01-03", "10")]),
          ("ESM4", [("2024-01-03", "2024-01-05", "10")]),
        ]))
    #expect(resolver.resolve(instrumentID: 10, day: day("2024-01-02")).symbol == "ESH4")
    #expect(resolver.resolve(instrumentID: 10, day: day("2024-01-03")).symbol == "ESM4")
    #expect(resolver.resolve(instrumentID: 10, day: day("2024-01-05")).symbol == "INSTRUMENT_10")
    #expect(resolver.resolve(instrumentID: 0, day: 0).symbol == "UNKNOWN_SYMBOL")
    #expect(resolver.counts == [.metadata: 2, .instrumentID: 1, .unknown: 1])
  }

  @Test func aContinuousSymbolIsOnlyWhatWasRequested() {
    var resolver = SymbolResolver(
      metadata: metadata(
        .continuous, .instrumentID, symbols: ["ES.c.0"],
        [("ES.c.0", [("2024-01-01", "2024-01-03", "10"), ("2024-01-03", "2024-01-05", "11")])]))
    var found = resolver.resolve(instrumentID: 10, day: day("2024-01-02"))
    #expect(found.symbol == "INSTRUMENT_10" && found.requested == "ES.c.0")
    resolver.observe(
      definition: definition(id: 10, symbol: "ESH4", day: day("2024-01-01")), version: 3)
    found = resolver.resolve(instrumentID: 10, day: day("2024-01-02"))
    #expect(found.symbol == "ESH4" && found.requested == "ES.c.0" && found.step == .definition)
    found = resolver.resolve(instrumentID: 11, day: day("2024-01-04"))
    #expect(found.symbol == "INSTRUMENT_11" && found.requested == "ES.c.0")
  }

  @Test func namesAreReportedWithTheirInstruments() {
    var resolver = SymbolResolver(
      metadata: metadata(
        .continuous, .instrumentID, symbols: ["ES.c.0", "ES.v.0"],
        [
          ("ES.c.0", [("2024-01-01", "2024-01-03", "10"), ("2024-01-03", "2024-01-05", "11")]),
          ("ES.v.0", [("2024-01-01", "2024-01-02", "10"), ("2024-01-02", "2024-01-05", "11")]),
        ]),
      instruments: [
        InstrumentName(instrumentID: 10, days: 0..<40_000, symbol: "ESH4"),
        InstrumentName(instrumentID: 11, days: 0..<40_000, symbol: "ESM4"),
      ])
    for (id, date) in [
      (11, "2024-01-04"), (10, "2024-01-01"), (10, "2024-01-02"), (11, "2024-01-02"),
      (11, "2024-01-03"), (10, "2024-01-02"),
    ] as [(UInt32, String)] {
      _ = resolver.resolve(instrumentID: id, day: day(date))
    }
    let told = resolver.requestedNames.map {
      "\($0.name) \($0.symbol) \($0.days.lowerBound - day("2024-01-01")) \($0.days.count)"
    }
    #expect(told == ["ES.c.0 ESH4 0 2", "ES.c.0 ESM4 2 2", "ES.v.0 ESH4 0 1", "ES.v.0 ESM4 1 3"])
  }

  @Test func twoRequestsForOneInstrumentAreBothKept() {
    var resolver = SymbolResolver(
      metadata: metadata(
        .continuous, .instrumentID, symbols: ["ES.v.0", "ES.c.0"],
        [
          ("ES.v.0", [("2024-01-01", "2024-01-03", "10")]),
          ("ES.c.0", [("2024-01-01", "2024-01-03", "10")]),
        ]))
    #expect(resolver.resolve(instrumentID: 10, day: day("2024-01-02")).requested == "ES.c.0,ES.v.0")
  }

  @Test func idsMappedToRawSymbolsAreReadTheOtherWayRound() {
    var resolver = SymbolResolver(
      metadata: metadata(
        .instrumentID, .rawSymbol, symbols: ["10"], [("10", [("2024-01-01", "2024-01-03", "ESH4")])]
      ))
    let found = resolver.resolve(instrumentID: 10, day: day("2024-01-02"))
    #expect(found.symbol == "ESH4" && found.requested == "10" && found.step == .metadata)
  }

  @Test func childrenOfAParentAreRawSymbols() {
    var resolver = SymbolResolver(
      metadata: metadata(
        .parent, .instrumentID, symbols: ["ES.FUT"],
        [("ESH4", [("2024-01-01", "2024-01-03", "10")])]))
    let found = resolver.resolve(instrumentID: 10, day: day("2024-01-02"))
    #expect(found.symbol == "ESH4" && found.requested == "ES.FUT" && found.step == .metadata)
  }

  @Test func twoSymbolsForOneIdAndDayAreNotGuessedFrom() {
    var resolver = SymbolResolver(
      metadata: metadata(
        .rawSymbol, .instrumentID, symbols: ["A", "B"],
        [("A", [("2024-01-01", "2024-01-03", "10")]), ("B", [("2024-01-01", "2024-01-03", "10")])]))
    #expect(resolver.resolve(instrumentID: 10, day: day("2024-01-02")).symbol == "INSTRUMENT_10")
  }

  @Test func theOnlySymbolIsNotGivenToAnotherInstrument() {
    let header = metadata(
      .rawSymbol, .instrumentID, symbols: ["SPY"], [("SPY", [("2024-01-01", "2024-01-03", "10")])])
    var resolver = SymbolResolver(metadata: header)
    #expect(resolver.resolve(instrumentID: 11, day: day("2024-01-02")).step == .instrumentID)
    let later = resolver.resolve(instrumentID: 11, day: day("2024-02-02"))
    #expect(later.symbol == "SPY" && later.step == .onlySymbol)
    var everything = SymbolResolver(
      metadata: metadata(.rawSymbol, .instrumentID, symbols: ["ALL_SYMBOLS"], []))
    #expect(everything.resolve(instrumentID: 11, day: 0).symbol == "INSTRUMENT_11")
  }

  @Test(arguments: [1, 2, 3])
  func mappingRecordsOfEveryVersionTeachSymbols(version: Int) {
    var resolver = SymbolResolver(metadata: nil)
    let before = resolver.generation
    let record = mapping(
      version: version, id: 10, input: "ES.c.0", output: "ESH4", stypeIn: 3, stypeOut: 1)
    record.withUnsafeBytes { resolver.observe(symbolMapping: $0, version: version) }
    #expect(resolver.generation > before)
    let found = resolver.resolve(instrumentID: 10, day: day("2024-01-02"))
    #expect(found.symbol == "ESH4" && found.requested == "ES.c.0" && found.step == .mappingRecord)
    let again = resolver.generation
    record.withUnsafeBytes { resolver.observe(symbolMapping: $0, version: version) }
    #expect(resolver.generation == again)
  }

  @Test func aMappingRecordToAnIdKeepsTheRawSymbolAskedFor() {
    var resolver = SymbolResolver(metadata: nil)
    let record = mapping(version: 3, id: 10, input: "ESH4", output: "10", stypeIn: 1, stypeOut: 0)
    record.withUnsafeBytes { resolver.observe(symbolMapping: $0, version: 3) }
    let found = resolver.resolve(instrumentID: 10, day: 0)
    #expect(found.symbol == "ESH4" && found.requested == nil)
  }

  @Test func aReusedIdTakesTheDefinitionOfItsTime() {
    var resolver = SymbolResolver(metadata: nil)
    for (symbol, date) in [("ESM4", "2024-03-01"), ("ESH4", "2024-01-01")] {
      resolver.observe(definition: definition(id: 10, symbol: symbol, day: day(date)), version: 3)
    }
    #expect(resolver.resolve(instrumentID: 10, day: day("2024-02-01")).symbol == "ESH4")
    #expect(resolver.resolve(instrumentID: 10, day: day("2024-03-01")).symbol == "ESM4")
    #expect(resolver.resolve(instrumentID: 10, day: day("2023-03-01")).step == .instrumentID)
  }

  private func mapping(
    version: Int, id: UInt32, input: String, output: String, stypeIn: UInt8, stypeOut: UInt8
  ) -> [UInt8] {
    var record = [UInt8](
      repeating: 0, count: recordByteCount(.symbolMapping, version: version, tsOut: false))
    withUnsafeBytes(of: id.littleEndian) { record.replaceSubrange(4..<8, with: $0) }
    for field in DBNFields.fields(.symbolMapping, version: version) {
      switch field.name {
      case "stype_in_symbol":
        record.replaceSubrange(field.offset..<field.offset + input.utf8.count, with: input.utf8)
      case "stype_out_symbol":
        record.replaceSubrange(field.offset..<field.offset + output.utf8.count, with: output.utf8)
      case "stype_in": record[field.offset] = stypeIn
      case "stype_out": record[field.offset] = stypeOut
      case "end_ts": for index in 0..<8 { record[field.offset + index] = 0xFF }
      default: break
      }
    }
    return record
  }

  private func definition(id: UInt32, symbol: String, day: Int) -> UnsafeRawBufferPointer {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 520, alignment: 8)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    bytes.storeBytes(of: id, toByteOffset: 4, as: UInt32.self)
    bytes.storeBytes(of: UInt64(day) * 86_400_000_000_000 + 1, toByteOffset: 16, as: UInt64.self)
    let field = DBNFields.fields(.definition, version: 3).first { $0.name == "raw_symbol" }
    for (index, byte) in symbol.utf8.enumerated() { bytes[(field?.offset ?? 0) + index] = byte }
    return UnsafeRawBufferPointer(bytes)
  }
}
