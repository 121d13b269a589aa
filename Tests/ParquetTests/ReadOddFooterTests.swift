import Columnar
import Testing

@testable import Parquet

/// A file of one column, with changes to its footer and pages by `change`.
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
  @Test func aColumnWithoutRepetitionTypeIsRequired() throws {
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
    // The last two bytes form one character; each alone is invalid.
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

@Suite struct OddWriterTests {
  @Test func aConvertedTypeOverridesUnknown() throws {
    let bytes = try file(
      .interval, .bytes(ByteColumn(["4321abcdwxyz"]))
    ) {
      $0.schema[1].logicalType = .unknown
      $0.schema[1].convertedType = .interval
    }
    #expect(
      try rows(bytes) == [
        .interval(months: 0x3132_3334, days: 0x6463_6261, milliseconds: 0x7A79_7877)
      ])
    let nothing = try file(.long, .integers([1])) { $0.schema[1].logicalType = .unknown }
    #expect(try rows(nothing) == [.null])
  }

  @Test(arguments: [
    (ConvertedType.uint8, [Value.unsigned(255), .unsigned(0), .unsigned(7)]),
    (.int8, [.integer(-1), .integer(0), .integer(7)]),
    (.uint16, [.unsigned(65_535), .unsigned(0), .unsigned(7)]),
    (.int16, [.integer(-1), .integer(0), .integer(7)]),
  ])
  func bitsThatATypeDoesNotHaveAreCutOff(type: ConvertedType, expected: [Value]) throws {
    let bytes = try file(.int, .integers([-1, Int64(Int32.min), 7])) {
      $0.schema[1].convertedType = type
    }
    #expect(try rows(bytes) == expected)
    let reader = try ParquetReader(bytes: bytes, name: "narrow")
    // Bounds with truncated bits are ignored.
    #expect(reader.statistics(rowGroup: 0, leaf: 0)?.minimum == nil)
    var column = Column(type: .long, storage: .integers([]))
    try reader.readColumn(rowGroup: 0, leaf: 0, into: &column)
    #expect((0..<3).map { Value(column: column, row: $0, type: column.type) } == expected)
  }

  /// Which statistics are trusted by writer: bounds and null counts of the footer, maxima of pages.
  @Test(arguments: [
    ("lake version 0.1.0", "bounds nulls maxima"), ("", "bounds nulls maxima"),
    ("github.com/segmentio/parquet-go", "bounds nulls"),
    ("github.com/parquet-go/parquet-go version 0.20.0(build )", "bounds nulls"),
    ("parquet-cpp-arrow version 4.0.1", "maxima"),
    ("parquet-cpp-arrow version 10.0.1", "nulls maxima"),
    ("parquet-cpp-arrow version 11.0.0", "bounds nulls maxima"),
    ("Arrow2 - Native Rust implementation of Arrow", "bounds maxima"),
    ("parquet-mr version 1.7.0 (build x)", "nulls maxima"),
    ("parquet-mr version 1.10.0 (build x)", "bounds nulls maxima"),
  ])
  func statisticsAreReliedOnByTheWriter(writer: String, trusted: String) throws {
    let texts = ByteColumn(["a", "b", "a", "a"])
    let bytes = try file(.string, .bytes(texts)) { $0.createdBy = writer }
    let reader = try ParquetReader(bytes: bytes, name: "trusted")
    let footer = try #require(reader.statistics(rowGroup: 0, leaf: 0))
    var found: [String] = []
    if footer.minimum == .bytes([0x61]) && footer.maximum == .bytes([0x62]) {
      found.append("bounds")
    }
    if footer.nullCount == 0 { found.append("nulls") }
    if reader.trust(rowGroup: 0, leaf: 0).pageMaxima { found.append("maxima") }
    #expect(found.joined(separator: " ") == trusted)
  }

  @Test(arguments: [
    ("parquet-cpp version 1.5.1-SNAPSHOT", false), ("parquet-cpp-arrow version 3.0.0", false),
    ("parquet-cpp-arrow version 4.0.0", true), ("Polars", false), ("ClickHouse v25.1", false),
  ])
  func boundsOfWideDecimalsAreReliedOnByTheWriter(writer: String, isTrusted: Bool) throws {
    let bytes = try file(.decimal(precision: 30, scale: 2), .wide([-5, 7])) {
      $0.createdBy = writer
    }
    let known = try ParquetReader(bytes: bytes, name: "decimals").statistics(rowGroup: 0, leaf: 0)
    #expect((known?.minimum == .wide(-5)) == isTrusted)
    #expect((known?.maximum == nil) != isTrusted)
  }

  /// As parquetjs writes it: every page begins with row 0. As Impala does: missing pages. As parquet-mr does:
  /// null pages with values.
  @Test(arguments: ["rows", "places", "nulls", "none"])
  func aPageIndexThatLiesIsNotUsed(lie: String) throws {
    var options = WriterOptions()
    options.pageRowCountMax = 10
    options.createdBy = "parquet.js"
    let column = WriterColumn(Field("x", .long))
    let writer = try ParquetFileWriter(inMemory: [column], options: options)
    let values = Column(type: .long, storage: .integers(Array(0..<40)))
    let chunk = try ColumnChunkEncoder(column: column, options: options).encode(
      values, rows: 0..<40)
    try writer.append(rowGroup: [chunk], rowCount: 40)
    let bytes = try writer.finishInMemory().bytes
    let sound = try ParquetReader(bytes: bytes, name: "sound")
    var index = try #require(try sound.offsetIndex(rowGroup: 0, leaf: 0))
    for page in index.pageLocations.indices {
      if lie == "rows" { index.pageLocations[page].firstRowIndex = 0 }
      if lie == "places" && page == 1 { index.pageLocations[page].offset = -1 }
    }
    var bounds = try #require(try sound.columnIndex(rowGroup: 0, leaf: 0))
    if lie == "nulls" {
      bounds.nullPages = bounds.nullPages.map { _ in true }
      bounds.nullCounts = bounds.nullCounts?.map { _ in -1 }
    }
    var metadata = sound.metadata
    metadata.rowGroups[0].columns[0].columnIndexOffset = Int64(
      sound.footerOffset + index.thriftBytes.count)
    metadata.rowGroups[0].columns[0].columnIndexByteCount = Int32(bounds.thriftBytes.count)
    metadata.rowGroups[0].columns[0].offsetIndexOffset = Int64(sound.footerOffset)
    metadata.rowGroups[0].columns[0].offsetIndexByteCount = Int32(index.thriftBytes.count)
    let changed = refooted(
      Array(bytes[..<sound.footerOffset]) + index.thriftBytes + bounds.thriftBytes, metadata)
    let reader = try ParquetReader(bytes: changed, name: "lying")
    #expect((reader.soundPageIndex(rowGroup: 0, leaf: 0) != nil) == (lie == "none"))
    var part = Column(type: .long, storage: .integers([]))
    try reader.readColumn(rowGroup: 0, leaf: 0, rows: 25..<35, into: &part)
    #expect(
      (0..<10).map { Value(column: part, row: $0, type: .long) } == (25..<35).map { .integer($0) })
  }
}
