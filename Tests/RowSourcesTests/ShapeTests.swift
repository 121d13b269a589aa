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
      MemorySupply(Array("60000,1\nx,2\n".utf8)), reading, column: 0, date: "2016-10-07")
    #expect(try text(TranslatedSupply(rows)) == "60000,1,2016-10-07 00:01:00.000\nx,2,x\n")
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
