import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Databento

@Suite struct DBNTextTests {
  /// Prints bytes as a file with a header.
  private func text(
    _ metadata: DBNMetadata, _ records: [[UInt8]], width: Int = 2,
    _ change: (inout DBNTextOptions) -> Void = { _ in }
  ) throws -> String {
    try Fixtures.withScratch { folder in
      try Fixtures.write(try metadata.serialized() + records.joined(), folder + "/a.dbn")
      var options = DBNTextOptions()
      change(&options)
      let collected = Mutex<[UInt8]>([])
      let printer = DBNText(
        reader: try DBNReader(path: folder + "/a.dbn"), options: options, shouldStop: { false },
        output: { bytes in collected.withLock { $0 += bytes } })
      let count = try printer.run(width: width)
      let text = String(decoding: collected.withLock { $0 }, as: UTF8.self)
      if options.format == .jsonl { #expect(text.split(separator: "\n").count == count) }
      return text
    }
  }

  /// A record with some fields set.
  private func record(
    _ kind: RecordKind, version: Int = 3, tsOut: Bool = false, _ values: [String: Any] = [:]
  ) -> [UInt8] {
    var record = DBNFields.template(kind, version: version, tsOut: tsOut)
    for field in DBNFields.fields(kind, version: version, tsOut: tsOut) {
      guard let value = values[field.name] else { continue }
      if let text = value as? String {
        record.replaceSubrange(field.offset..<field.offset + text.utf8.count, with: text.utf8)
      } else if let number = value as? Int {
        var bits = UInt64(bitPattern: Int64(number))
        for index in 0..<field.form.byteCount {
          record[field.offset + index] = UInt8(truncatingIfNeeded: bits)
          bits >>= 8
        }
      }
    }
    return record
  }

  private var metadata: DBNMetadata {
    var metadata = Fixtures.sampleMetadata(version: 3)
    metadata.schema = .ohlcv1s
    return metadata
  }

  private let noon = 1_704_196_800_123_456_789  // 2024-01-02T12:00:00.123456789Z

  @Test func barsPrintAsTheVendorPrintsThem() throws {
    let bar = record(
      .ohlcv1s,
      [
        "ts_event": noon, "publisher_id": 1, "instrument_id": 5482, "open": 3_720_250_000_000,
        "high": -1, "low": 0, "volume": 57,
      ])
    let other = record(.ohlcv1s, ["ts_event": noon, "instrument_id": 1, "close": 1])
    let header = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n"
    #expect(
      try text(metadata, [bar, other])
        == header
        + "2024-01-02T12:00:00.123456789Z,32,1,5482,3720.250000000,-0.000000001,0.000000000,,57,ESH4\n"
        + "2024-01-02T12:00:00.123456789Z,32,0,1,,,,0.000000001,0,\n")
    #expect(
      try text(metadata, [bar]) { $0.isRaw = true }
        == header
        + "1704196800123456789,32,1,5482,3720250000000,-1,0,9223372036854775807,57,ESH4\n")
    #expect(
      try text(metadata, [bar]) { $0.format = .jsonl }
        == #"{"hd":{"ts_event":"2024-01-02T12:00:00.123456789Z","rtype":32,"publisher_id":1,"#
        + #""instrument_id":5482},"open":"3720.250000000","high":"-0.000000001","#
        + #""low":"0.000000000","close":null,"volume":"57","symbol":"ESH4"}"# + "\n")
    #expect(try text(metadata, []) == header)
    #expect(
      try text(metadata, [bar]) {
        $0.hasHeader = false
        $0.isRaw = true
      }.hasPrefix("17041968"))
  }

  @Test func levelsAndSendingTimesAreNestedInJSON() throws {
    var header = metadata
    header.tsOut = true
    let quote = record(
      .mbp10, tsOut: true, ["action": "T", "bid_px_09": 5, "ask_ct_09": 7, "ts_out": noon])
    let line = try text(header, [quote]) { $0.format = .jsonl }
    #expect(line.hasPrefix(#"{"ts_recv":null,"hd":{"ts_event":null,"rtype":10,"#))
    #expect(line.contains(#""action":"T","side":null,"depth":0,"price":null,"#))
    #expect(
      line.hasSuffix(
        #"},{"bid_px":"0.000000005","ask_px":null,"bid_sz":0,"ask_sz":0,"bid_ct":0,"ask_ct":7}],"#
          + #""ts_out":"2024-01-02T12:00:00.123456789Z","symbol":null}"# + "\n"))
  }

  @Test func oddTextIsQuotedAndEscaped() throws {
    let odd = record(
      .definition,
      [
        "raw_symbol": "A,\"B\"\n", "group": "é\u{7}", "asset": "E/D\u{1F}",
        "instrument_class": 34, "match_algorithm": 9,
      ])
    let csv = try text(metadata, [odd]) { $0.isRaw = true }
    #expect(csv.contains(#","A,""B"""# + "\n\","))
    #expect(csv.contains(#","\""","#) && csv.contains(#",\t,"#) && csv.contains(",é\u{7},"))
    let json = try text(metadata, [odd]) { $0.format = .jsonl }
    #expect(json.contains(#""raw_symbol":"A,\"B\"\n""#))
    #expect(json.contains(#""group":"é\u0007""#))
    #expect(json.contains(#""asset":"E\/D\u001F""#))
    #expect(
      json.contains(#""instrument_class":"\"","#) && json.contains(#""match_algorithm":"\t""#))
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json.utf8)) }
    var broken = record(.system, ["msg": "x"])
    broken[16] = 0xFF
    #expect(try text(metadata, [broken]) { $0.format = .jsonl }.contains(#""msg":"","#))
  }

  @Test func lettersOfOldDefinitionsAreTexts() throws {
    let old = record(
      .definition, version: 1, ["security_update_action": 10, "user_defined_instrument": 0])
    var header = Fixtures.sampleMetadata(version: 1)
    header.schema = .definition
    #expect(try text(header, [old]).contains(",\"\n\","))
    let json = try text(header, [old]) { $0.format = .jsonl }
    #expect(json.contains(#""security_update_action":"\n""#))
    #expect(json.contains(#""user_defined_instrument":"\u0000""#))
  }

  @Test func aMappingCountsFromItsOwnRecordOn() throws {
    var header = metadata
    header.schema = nil
    header.mappings = []
    let records = ["ESH4", "ESM4"].map {
      record(.symbolMapping, ["instrument_id": 7, "stype_out_symbol": $0])
    }
    let json = try text(header, records + [record(.trades, ["instrument_id": 7])]) {
      $0.format = .jsonl
    }
    let symbols = json.split(separator: "\n").map { $0.suffix(16) }
    // Whatever their times are: here they have none.
    #expect(symbols == [#""symbol":"ESH4"}"#, #""symbol":"ESM4"}"#, #""symbol":"ESM4"}"#])
  }

  @Test func everyKindOfEveryVersionIsValidJSON() throws {
    for version in 1...3 {
      var header = Fixtures.sampleMetadata(version: version)
      header.schema = nil
      let records = RecordKind.allCases.filter { $0 != .tbbo }.map {
        record($0, version: version, ["instrument_id": 5482, "ts_recv": noon, "ts_event": noon])
      }
      for isRaw in [true, false] {
        let lines = try text(header, records) {
          $0.format = .jsonl
          $0.isRaw = isRaw
        }.split(separator: "\n")
        #expect(lines.count == records.count)
        for line in lines {
          let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
          #expect(object?["symbol"] as? String == "ESH4", "\(line)")
        }
      }
    }
  }

  @Test func oneCSVHoldsOneKind() throws {
    let bar = record(.ohlcv1s)
    let minute = record(.ohlcv1m)
    let trade = record(.trades)
    #expect(try text(metadata, [bar, minute, bar]).split(separator: "\n").count == 4)
    let error = #expect(throws: DBNError.self) { try text(metadata, [bar, bar, trade]) }
    #expect(
      error?.message
        == "a record of 'trades' follows records of 'ohlcv-1s': one CSV cannot hold both")
    #expect(error?.place.record == 2)
    #expect(
      try text(metadata, [bar, trade, bar]) { $0.schema = .trades }.split(separator: "\n").count
        == 2)
    #expect(
      try text(metadata, [bar, trade]) { $0.format = .jsonl }.split(separator: "\n").count == 2)
  }

  @Test(arguments: [1, 2, 5]) func orderAndLimitHoldOverManyBlocks(width: Int) throws {
    let count = 60_000
    let records = (0..<count).map { record(.ohlcv1s, ["volume": $0, "instrument_id": $0 % 3]) }
    let lines = try text(metadata, records, width: width).split(separator: "\n").dropFirst()
    #expect(lines.count == count)
    #expect(lines.enumerated().allSatisfy { $0.element.hasSuffix(",\($0.offset),") })
    for limit in [1, 18_724, 18_725, 50_000, count + 1] {
      let limited = try text(metadata, records, width: width) { $0.limit = limit }
      #expect(limited.split(separator: "\n").count == 1 + min(limit, count))
    }
  }

  @Test func aFailingOutputStopsThePrinting() throws {
    struct Full: Error {}
    try Fixtures.withScratch { folder in
      let records = [UInt8]((0..<100_000).map { _ in record(.ohlcv1s) }.joined())
      try Fixtures.write(try metadata.serialized() + records, folder + "/a.dbn")
      let printer = DBNText(
        reader: try DBNReader(path: folder + "/a.dbn"), options: DBNTextOptions(),
        shouldStop: { false }, output: { _ in throw Full() })
      #expect(throws: Full.self) { try printer.run(width: 3) }
    }
  }

  @Test(arguments: [1, 2, 3]) func liveStreamsTakeSymbolsFromMappingRecords(version: Int) throws {
    var header = Fixtures.sampleMetadata(version: version)
    header.mappings = []
    header.schema = nil
    let trade = record(.trades, version: version, ["instrument_id": 7, "ts_recv": noon])
    func mapping(_ symbol: String) -> [UInt8] {
      record(
        .symbolMapping, version: version,
        ["instrument_id": 7, "stype_in_symbol": "ES.c.0", "stype_out_symbol": symbol])
    }
    let lines = try text(
      header, [trade, mapping("ESH4"), trade, trade, mapping("ESM4"), trade]
    ) { $0.schema = .trades }.split(separator: "\n").dropFirst()
    #expect(
      lines.map { $0.split(separator: ",", omittingEmptySubsequences: false).last } == [
        "", "ESH4", "ESH4", "ESM4",
      ])
  }

  @Test func theHeaderPrintsAsJSON() throws {
    let raw = Fixtures.sampleMetadata(version: 3).json(isRaw: true)
    #expect(
      raw
        == #"{"version":3,"dataset":"GLBX.MDP3","schema":"trades","start":"1","end":"2","#
        + #""limit":"3","stype_in":"raw_symbol","stype_out":"instrument_id","ts_out":false,"#
        + #""symbol_cstr_len":71,"symbols":["ESH4"],"partial":["NQH4"],"not_found":["X"],"#
        + #""mappings":[{"raw_symbol":"ESH4","intervals":[{"start_date":20240102,"#
        + #""end_date":20240103,"symbol":"5482"},{"start_date":20240102,"end_date":20240103,"#
        + #""symbol":"5482"}]},{"raw_symbol":"NQH4","intervals":[]}]}"# + "\n")
    var live = Fixtures.sampleMetadata(version: 1)
    live.schema = nil
    live.end = nil
    live.limit = nil
    live.stypeIn = nil
    live.start = .max
    let pretty = live.json(isRaw: false)
    #expect(pretty.contains("    \"schema\": null,\n    \"start\": null,\n    \"end\": null,\n"))
    #expect(pretty.contains("\"start_date\": \"2024-01-02\","))
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(pretty.utf8)) }
  }
}

@Suite struct DigitTextTests {
  private func put(_ body: (UnsafeMutableRawPointer) -> Int) -> String {
    withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { room in
      guard let base = room.baseAddress else { return "" }
      return String(
        decoding: UnsafeRawBufferPointer(start: base, count: body(base)), as: UTF8.self)
    }
  }

  @Test func numbersPrintLikeTheStandardLibrary() {
    var random = SeededGenerator(seed: 5)
    var values: [UInt64] = [0, 9, 10, 99_999_999, 100_000_000, 9_999_999_999_999_999, .max]
    for digits in 1...19 {
      let power = (0..<digits).reduce(UInt64(1)) { power, _ in power * 10 }
      values += [power - 1, power, power + 1]
      for _ in 0..<200 { values.append(UInt64.random(in: 0...power, using: &random)) }
    }
    for value in values {
      #expect(put { putUnsigned(value, $0) } == String(value))
      let signed = Int64(bitPattern: value)
      #expect(put { putSigned(signed, $0) } == String(signed))
      let magnitude = signed.magnitude
      let fraction = String(magnitude % 1_000_000_000 + 1_000_000_000).dropFirst()
      #expect(
        put { putPrice(signed, $0) }
          == (signed < 0 ? "-" : "") + "\(magnitude / 1_000_000_000).\(fraction)")
    }
  }

  @Test func timesPrintLikeFoundation() {
    let formatter = ISO8601DateFormatter()
    var random = SeededGenerator(seed: 6)
    var cache = TimestampText()
    for _ in 0..<2000 {
      let second = UInt64.random(in: 0...18_446_744_072, using: &random)
      for nanosecond in [0, 1, 999_999_999, UInt64.random(in: 0...999_999_999, using: &random)] {
        let text = put {
          cache.put(second * 1_000_000_000 + nanosecond, $0)
          return TimestampText.byteCount
        }
        let date = formatter.string(from: Date(timeIntervalSince1970: Double(second)))
        let fraction = String(1_000_000_000 + nanosecond).dropFirst()
        #expect(text == date.dropLast() + "." + fraction + "Z")
      }
    }
  }
}
