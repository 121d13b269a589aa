import Columnar
import Testing

@testable import Parquet

/// A file of one column, whose footer and pages `change` may alter.
private func file(
  _ type: ColumnType, _ storage: Column.Storage, _ change: (inout FileMetadata) -> Void = { _ in }
) throws -> [UInt8] {
  let column = WriterColumn(Field("x", type, isNullable: false))
  let writer = try ParquetFileWriter(inMemory: [column], options: WriterOptions())
  let values = Column(type: type, storage: storage)
  let chunk = try ColumnChunkEncoder(column: column, options: WriterOptions())
    .encode(values, rows: 0..<values.count)
  try writer.append(rowGroup: [chunk], rowCount: values.count)
  let bytes = try writer.finishInMemory().bytes
  let reader = try ParquetReader(bytes: bytes, name: "sound")
  var metadata = reader.metadata
  change(&metadata)
  return refooted(Array(bytes[..<reader.footerOffset]), metadata)
}

private func refooted(_ pages: [UInt8], _ metadata: FileMetadata) -> [UInt8] {
  var writer = ThriftWriter()
  metadata.write(to: &writer)
  let footer = Array(writer.bytes)
  let length = withUnsafeBytes(of: UInt32(footer.count).littleEndian) { Array($0) }
  return pages + footer + length + Array("PAR1".utf8)
}

private func rows(_ bytes: [UInt8]) throws -> [Value] {
  let reader = try ParquetReader(bytes: bytes, name: "odd")
  let cursor = try reader.rows(rowGroup: 0)
  var values: [Value] = []
  while let row = try cursor.next() { values += row }
  return values
}

@Suite struct ReadOddFooterTests {
  @Test func aColumnThatDoesNotSayHowItRepeatsIsRequired() throws {
    let bytes = try file(.long, .integers([7, -8])) { $0.schema[1].repetition = nil }
    #expect(try rows(bytes) == [.integer(7), .integer(-8)])
  }

  @Test func aRowGroupOfMoreRowsThanAnyColumnHasValuesIsRefused() throws {
    let error = #expect(throws: ParquetError.self) {
      _ = try rows(try file(.long, .integers([1, 2])) { $0.rowGroups[0].rowCount = 1 << 40 })
    }
    #expect(error?.message.contains("none of its columns more than 2 values") ?? false)
  }

  @Test func anOlderTypeThatItsPhysicalTypeCannotHoldIsRefused() throws {
    let wrong: [(ColumnType, ConvertedType)] = [
      (.long, .uint32), (.long, .int32), (.long, .timeMillis), (.long, .utf8), (.long, .list),
      (.int, .timestampMicros), (.int, .int64), (.int, .decimal), (.double, .date),
    ]
    for (type, converted) in wrong {
      let storage: Column.Storage = type == .double ? .doubles([1]) : .integers([1])
      let bytes = try file(type, storage) {
        $0.schema[1].logicalType = nil
        $0.schema[1].convertedType = converted
      }
      let error = #expect(throws: ParquetError.self, "\(converted) of \(type.name)") {
        _ = try rows(bytes)
      }
      #expect(error?.message.contains("'x' is \(converted)") ?? false)
    }
    let right = try file(.long, .integers([1])) {
      $0.schema[1].logicalType = nil
      $0.schema[1].convertedType = .uint64
    }
    #expect(try rows(right) == [.unsigned(1)])
  }

  @Test func textThatIsNotUTF8IsRefusedAndBinaryIsNot() throws {
    func text(_ values: [[UInt8]]) -> Column.Storage {
      var column = ByteColumn()
      for value in values { value.withUnsafeBytes { column.append($0) } }
      return .bytes(column)
    }
    let euro = Array("€".utf8)
    // The last two together are a character: each is none.
    let wrong: [[[UInt8]]] = [
      [[0x80]], [Array("abc".utf8), [0xC3]], [[0xED, 0xA0, 0x80]], [[0xFF, 0xFE], []],
      [Array(euro[..<1]), Array(euro[1...])],
    ]
    for values in wrong {
      let error = #expect(throws: ParquetError.self, "\(values)") {
        _ = try rows(try file(.string, text(values)))
      }
      #expect(error?.code == .corrupt)
      #expect(try rows(try file(.binary, text(values))) == values.map { .binary($0) })
    }
    let sound = ["", "a", "€", "", "日本", String(repeating: "ü", count: 100), ""]
    #expect(
      try rows(try file(.string, text(sound.map { Array($0.utf8) }))) == sound.map { .string($0) })
  }

  @Test func anEncryptedColumnIsRefusedByItsName() throws {
    var writer = ThriftWriter()
    writer.beginStruct()
    writer.i64(2, 4)
    writer.emptyStructure(8)
    writer.endStruct()
    let chunk = try Array(writer.bytes).withUnsafeBytes { raw in
      var reader = ThriftReader(raw)
      return try ColumnChunk(parsing: &reader)
    }
    #expect(chunk.isEncrypted)
    #expect(chunk.fileOffset == 4)
  }

  @Test func decimalsOfMoreDigitsThanAColumnHoldsArePrinted() {
    func format(_ bytes: [UInt8], _ scale: Int) -> String {
      Value.oversize(unscaled: bytes, scale: scale).plainText
    }
    #expect(format([], 0) == "0")
    #expect(format([0], 3) == "0.000")
    #expect(format([0xFF], 2) == "-0.01")
    #expect(format([0x80], 0) == "-128")
    #expect(
      format([0x01] + [UInt8](repeating: 0, count: 16), 0)
        == "340282366920938463463374607431768211456")
    #expect(
      format([0x80] + [UInt8](repeating: 0, count: 16), 40)
        == "-4.3556142965880123323311949751266331066368")
    #expect(format([0x3B, 0x9A, 0xCA, 0x00], 0) == "1000000000")
  }
}
