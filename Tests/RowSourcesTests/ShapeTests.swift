import Testing

@testable import RowSources

/// Files whose rows are made into others before they are read.
@Suite struct ShapeTests {
  private func text(_ supply: any ByteSupply) throws -> String {
    var all: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 7)
    while true {
      let count = try chunk.withUnsafeMutableBytes { try supply.read(into: $0) }
      if count == 0 { return String(decoding: all, as: UTF8.self) }
      all += chunk[..<count]
    }
  }

  private func json(_ text: String, _ shape: JSONShape) throws -> String {
    let rows = try JSONRows(MemorySupply(Array(text.utf8), pieceByteCount: 5), shape)
    return try self.text(TranslatedSupply(rows, header: rows.header))
  }

  @Test func listsOfListsAreRows() throws {
    #expect(try json("[[1,\"2.50\",null],\n [3 , 4e-5 ,true]]", .list) == "1,2.50,\n3,4e-5,true\n")
  }

  @Test func membersThatOnlyLaterRowsHaveAreKept() throws {
    let first = (0..<200).map { _ in #"{"a":1,"b":"x,y"}"# }.joined(separator: "\n")
    let read = try json(first + "\n" + #"{"a":2,"c":3.10}"#, .lines)
    #expect(read.hasPrefix("a,b,extra\n1,\"x,y\",\n"))
    #expect(read.hasSuffix("2,,\"{\"\"c\"\":3.10}\"\n"))
  }

  @Test func rowsWithinAnObjectAreFound() throws {
    #expect(
      try json(#"{"error":[],"result":{"XBT":[[1,2],[3,4],[5,6]],"last":7}}"#, .document)
        == "1,2\n3,4\n5,6\n")
  }

  @Test(arguments: ["[[1,2],[3", "[[1,2]", "[[1,2],x]"])
  func whatIsCutOffIsAnError(text: String) {
    #expect(throws: SourceError.self) { try json(text, .list) }
  }

  @Test func aColumnASymbolBecomesARowEach() throws {
    var reading = InferredReading(
      lineCount: 1, names: ["Date", "A", "B"], delimiter: 0x2C, uses: [.time, .byName, .byName])
    reading.lineCount = 1
    let table = try WideTable(
      MemorySupply(Array("Date,A,B\n2024-01-02,1.5,\n2024-01-03,,2\n".utf8), pieceByteCount: 4),
      reading, timeColumn: 0, valueColumns: [1, 2])
    #expect(try text(TranslatedSupply(table)) == "2024-01-02,A,1.5\n2024-01-03,B,2\n")
    #expect(table.contentHash != nil)
  }

  @Test func millisecondsSinceMidnightGetTheirDate() throws {
    let reading = InferredReading(
      lineCount: 0, names: ["milliseconds", "open"], delimiter: 0x2C, uses: [.byName, .byName])
    let rows = try MidnightTimes(
      MemorySupply(Array("60000,1\nx,2\n".utf8)), reading, column: 0, form: .milliseconds,
      date: "2016-10-07")
    #expect(try text(TranslatedSupply(rows)) == "60000,1,2016-10-07 00:01:00.000\nx,2,x\n")
  }

  @Test func timesOfDayGetTheirDate() throws {
    let reading = InferredReading(
      lineCount: 1, names: ["time", "symbol"], delimiter: 0x2C, uses: [.byName, .field("symbol")])
    func read(_ text: String) throws -> String {
      let rows = try MidnightTimes(
        MemorySupply(Array(text.utf8)), reading, column: 0, form: .clock, date: "2024-01-02")
      return try self.text(TranslatedSupply(rows))
    }
    #expect(
      try read("time,symbol\n9:30,A\n16:00:00.000000001,A\n9:30:00.5,B\nnoon,B\n")
        == "9:30,A,2024-01-02 09:30:00.000\n"
        + "16:00:00.000000001,A,2024-01-02 16:00:00.000000001\n"
        + "9:30:00.5,B,2024-01-02 09:30:00.500\nnoon,B,noon\n")
    // Within an hour rows are out of order; times that begin again are of another day.
    #expect(try read("time,symbol\n9:30,A\n9:45,A\n9:40,A\n").contains("09:40"))
    #expect(throws: SourceError.self) { try read("time,symbol\n9:30,A\n16:00,A\n9:30,A\n") }
    #expect(throws: SourceError.self) { try read("time,symbol\n16:00,A\n9:30,A\n15:59,A\n") }
  }

  @Test func aCallAndAPutALineBecomeARowEach() throws {
    let names = [
      "QUOTE_UNIXTIME", "QUOTE_DATE", "UNDERLYING_LAST", "EXPIRE_DATE", "DTE", "C_DELTA", "C_SIZE",
      "C_BID", "STRIKE", "P_BID", "P_SIZE", "P_DELTA",
    ]
    let own = InferredReading(
      lineCount: 1, names: names, delimiter: 0x2C,
      uses: [.time] + [ColumnInference](repeating: .byName, count: names.count - 1))
    let layout = try #require(PairedChain.Layout(names, times: [0]))
    #expect(layout.names == ["delta", "size", "bid"])
    let row =
      "1638392400, 2021-12-01, 450.44, 2021-12-03, 2.0, 0.98, 300 x 12, 139.61, 310.500000, 0.01, n/a, -0.02"
    let chain = try PairedChain(
      MemorySupply(Array("x\n\(row)\nshort\n".utf8), pieceByteCount: 7), own, layout, times: [0],
      underlying: "SPY", date: nil)
    #expect(
      try text(TranslatedSupply(chain)).split(separator: "\n") == [
        "1638392400,SPY 2021-12-03 C 310.5,2021-12-03,310.500000,C,SPY,450.44,0.98,,139.61,300,12,2021-12-01,2.0",
        "1638392400,SPY 2021-12-03 P 310.5,2021-12-03,310.500000,P,SPY,450.44,-0.02,n/a,0.01,,,2021-12-01,2.0",
        "short",
      ])
    let reading = PairedChain.reading(own, layout, times: [0])
    #expect(
      reading.names == [
        "ts_event", "symbol", "expiry", "strike", "right", "underlying", "underlying_price",
        "delta", "size", "bid", "bid_size", "ask_size", "QUOTE_DATE", "DTE",
      ])
    #expect(reading.uses[0] == .time && reading.uses[8] == .extra)
    #expect(reading.uses[10] == .field("bid_size") && reading.uses.last == .extra)
    #expect(PairedChain.Layout(["strike", "expiry", "c_bid", "p_ask"], times: []) == nil)
  }

  @Test func foldersInAnArchiveAreNoFiles() throws {
    func four(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> ($0 * 8) & 255) } }
    func entry(_ name: String, _ content: [UInt8]) -> [UInt8] {
      let crc = content.isEmpty ? [0, 0, 0, 0] : Self.crc(content)
      return [0x50, 0x4B, 3, 4, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + crc + four(content.count)
        + four(content.count) + [UInt8(name.utf8.count), 0, 0, 0] + Array(name.utf8) + content
    }
    let (file, end) = (entry("a/x.csv", Array("a\n1\n".utf8)), [UInt8]([0x50, 0x4B, 1, 2, 0, 0]))
    func read(_ bytes: [UInt8]) throws -> String {
      let zip = try #require(try ZipSupply(bytes, MemorySupply(bytes)))
      #expect(zip.name == "a/x.csv")
      return try text(zip)
    }
    #expect(try read(entry("a/", []) + file + end) == "a\n1\n")
    #expect(
      try read(entry("a/", []) + entry("a/b/", []) + file + entry("c/", []) + end) == "a\n1\n")
    // A folder that is packed has two bytes, and its sum behind them.
    var packed = entry("a/", [3, 0]) + [0x50, 0x4B, 7, 8] + [UInt8](repeating: 0, count: 12)
    packed[6] = 8
    packed[8] = 8
    #expect(try read(packed + file + packed + end) == "a\n1\n")
    #expect(throws: SourceError.self) {
      try read(entry("a/", []) + file + entry("b/", []) + entry("y.csv", [0x31]) + end)
    }
    #expect(try ZipSupply(entry("a/", []) + end, MemorySupply([])) == nil)
  }

  @Test func anArchiveOfOneFileIsUnpackedAndHeldAgainstItsCRC() throws {
    // Stored, not deflated; CRC-32 of "a\n1\n".
    let content = Array("a\n1\n".utf8)
    func archive(crc: [UInt8], then rest: [UInt8]) -> [UInt8] {
      [0x50, 0x4B, 3, 4, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + crc
        + [4, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0] + Array("x.csv".utf8) + content + rest
    }
    let end: [UInt8] = [0x50, 0x4B, 1, 2, 0, 0]
    let crc = Self.crc(content)
    func read(_ bytes: [UInt8]) throws -> String {
      let zip = try #require(try ZipSupply(bytes, MemorySupply(bytes)))
      return try text(zip)
    }
    #expect(try read(archive(crc: crc, then: end)) == "a\n1\n")
    #expect(throws: SourceError.self) { try read(archive(crc: [1, 2, 3, 4], then: end)) }
    #expect(throws: SourceError.self) { try read(archive(crc: crc, then: [0x50, 0x4B, 3, 4])) }
    #expect(throws: SourceError.self) { try read(archive(crc: crc, then: [])) }
  }

  private static func crc(_ bytes: [UInt8]) -> [UInt8] {
    var value: UInt32 = .max
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
    value = ~value
    return (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32($0 * 8)) }
  }
}
