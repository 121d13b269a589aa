import Testing

@testable import Parquet

@Suite struct ReadThriftTests {
  static let metadata = FileMetadata(
    version: 2,
    schema: [
      SchemaElement(name: "schema", childCount: 2),
      SchemaElement(
        type: .int64, repetition: .optional, name: "ts", fieldID: 3,
        logicalType: .timestamp(isAdjustedToUTC: true, unit: .microseconds)),
      SchemaElement(
        type: .fixedLengthByteArray, typeLength: 16, repetition: .required, name: "price",
        convertedType: .decimal, scale: 18, precision: 38,
        logicalType: .decimal(scale: 18, precision: 38)),
    ],
    rowCount: 1 << 40,
    rowGroups: [
      RowGroup(
        columns: [
          ColumnChunk(
            fileOffset: 4,
            metadata: ColumnMetadata(
              type: .int64, encodings: [.plain, .rleDictionary, Encoding(rawValue: 99)],
              path: ["ts"], codec: .zstd, valueCount: -1, totalUncompressedByteCount: .max,
              totalCompressedByteCount: .min, dataPageOffset: 4, dictionaryPageOffset: 0,
              statistics: Statistics(
                nullCount: 0, maxValue: [1, 2], minValue: [], isMaxValueExact: true,
                isMinValueExact: false),
              encodingStats: [PageEncodingStats(pageType: .dataPage, encoding: .plain, count: 7)],
              sizeStatistics: SizeStatistics(definitionLevelHistogram: [1, 2, 3])),
            offsetIndexOffset: 5, offsetIndexByteCount: 6)
        ], totalByteCount: 17, rowCount: 9,
        sortingColumns: [SortingColumn(columnIndex: 1, isDescending: true, nullsFirst: false)],
        ordinal: 12)
    ],
    keyValueMetadata: (0..<20).map { KeyValue(key: "k\($0)", value: $0 == 3 ? nil : "v") },
    createdBy: "lake", columnOrders: [.typeDefined, .ieee754Total])

  private func parse<T: ThriftReadable>(_ bytes: [UInt8], as type: T.Type) throws -> T {
    try bytes.withUnsafeBytes { raw in
      var reader = ThriftReader(raw)
      return try T(parsing: &reader)
    }
  }

  @Test func aFooterSurvivesWritingAndReading() throws {
    let bytes = Self.metadata.thriftBytes
    #expect(try parse(bytes, as: FileMetadata.self) == Self.metadata)
  }

  @Test func everyLogicalTypeSurvivesWritingAndReading() throws {
    let types: [LogicalType] = [
      .string, .map, .list, .enumeration, .decimal(scale: 2, precision: 9), .date,
      .time(isAdjustedToUTC: false, unit: .milliseconds),
      .timestamp(isAdjustedToUTC: true, unit: .nanoseconds),
      .integer(bitWidth: 8, isSigned: false), .unknown, .json, .bson, .uuid, .float16,
      .variant(version: 1), .geometry(crs: "x"), .geography(crs: nil, algorithm: 2),
      .other(id: 90),
    ]
    for type in types { #expect(try parse(type.thriftBytes, as: LogicalType.self) == type) }
  }

  @Test func everyPrefixOfAFooterIsAnError() {
    let bytes = Self.metadata.thriftBytes
    for length in 0..<bytes.count {
      #expect(throws: ParquetError.self, "\(length) bytes") {
        try parse(Array(bytes.prefix(length)), as: FileMetadata.self)
      }
    }
  }

  @Test func aHugeListIsRefusedBeforeMemoryIsTaken() {
    var writer = ThriftWriter()
    writer.beginStruct()
    writer.i32(1, 2)
    writer.field(2, .list)
    let bytes = writer.bytes + [0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
    let error = #expect(throws: ParquetError.self) { try parse(bytes, as: FileMetadata.self) }
    #expect(error?.message.contains("a list of 34359738367 elements in 0 bytes") == true)
  }

  @Test func deepNestingIsRefused() {
    // Deeply nested structs: field 100, wire type struct, long form of its id.
    let bytes = [UInt8](repeating: 0x1C, count: 1_000_000)
    let error = #expect(throws: ParquetError.self) { try parse(bytes, as: FileMetadata.self) }
    #expect(error?.message.contains("nested deeper than") == true)
  }

  @Test func aFieldOfAnotherTypeIsAsIfAbsent() throws {
    var writer = ThriftWriter()
    writer.beginStruct()
    writer.string(1, "not a number")
    writer.i64(2, 5)
    writer.string(3, "price")
    writer.endStruct()
    #expect(try parse(writer.bytes, as: KeyValue.self) == KeyValue(key: "not a number"))
    #expect(throws: ParquetError.self) { try parse(writer.bytes, as: PageLocation.self) }
  }

  @Test func thePageHeaderScanAgreesWithTheWholeHeader() throws {
    let header = PageHeader(
      type: .dataPageV2, uncompressedByteCount: 100, compressedByteCount: 90, crc: -2,
      dataPageV2: DataPageHeaderV2(
        valueCount: 11, nullCount: 1, rowCount: 10, encoding: .deltaBinaryPacked,
        definitionLevelsByteCount: 3, repetitionLevelsByteCount: 4, isCompressed: false,
        statistics: Statistics(maxValue: [9], minValue: [1])))
    let bytes = header.thriftBytes
    #expect(try parse(bytes, as: PageHeader.self) == header)
    try (bytes + [1, 2, 3]).withUnsafeBytes { raw in
      var reader = ThriftReader(raw)
      let scan = try PageHeaderScan(parsing: &reader)
      #expect(scan.type == .dataPageV2)
      #expect(scan.uncompressedByteCount == 100 && scan.compressedByteCount == 90)
      #expect(scan.crc == UInt32.max - 1 && !scan.isCompressed)
      #expect(scan.valueCount == 11 && scan.encoding == .deltaBinaryPacked)
      #expect(scan.definitionLevelsByteCount == 3 && scan.repetitionLevelsByteCount == 4)
      #expect(scan.byteCount == bytes.count)
    }
  }
}
