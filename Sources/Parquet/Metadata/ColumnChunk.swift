// parquet.thrift, the structs of the same names. Unknown fields are passed over.

/// A free-form property.
public struct KeyValue: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// What it is about.
  public var key: String
  /// What is said; nil for the key alone.
  public var value: String?

  /// A remark in the footer.
  public init(key: String, value: String? = nil) {
    self.key = key
    self.value = value
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var key: String?
    var value: String?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: key = try reader.readString(wire)
      case 2: value = try reader.readString(wire)
      default: try reader.skip(wire)
      }
    }
    guard let key else {
      throw reader.corrupt("a KeyValue lacks a required field")
    }
    self.key = key
    self.value = value
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.string(1, key)
    writer.string(2, value)
    writer.endStruct()
  }
}

/// How many pages of a kind a chunk has.
public struct PageEncodingStats: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// The kind of pages.
  public var pageType: PageType
  /// The encoding of their values.
  public var encoding: Encoding
  /// How many such pages the chunk has.
  public var count: Int32

  /// Pages of one kind and encoding.
  public init(pageType: PageType, encoding: Encoding, count: Int32) {
    self.pageType = pageType
    self.encoding = encoding
    self.count = count
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var pageType: PageType?
    var encoding: Encoding?
    var count: Int32?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: pageType = try reader.readEnum(wire, "page type", as: PageType.self)
      case 2: encoding = try reader.readOpen(wire, as: Encoding.self)
      case 3: count = try reader.readI32(wire)
      default: try reader.skip(wire)
      }
    }
    guard let pageType, let encoding, let count else {
      throw reader.corrupt("a PageEncodingStats lacks a required field")
    }
    self.pageType = pageType
    self.encoding = encoding
    self.count = count
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.i32(1, pageType.rawValue)
    writer.i32(2, encoding.rawValue)
    writer.i32(3, count)
    writer.endStruct()
  }
}

/// What the footer says of a column chunk.
public struct ColumnMetadata: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// How the values are stored.
  public var type: PhysicalType
  /// All encodings of the chunk, of levels too.
  public var encodings: [Encoding]
  /// The column's path from the root.
  public var path: [String]
  /// How the pages are compressed.
  public var codec: CompressionCodec
  /// Nulls included.
  public var valueCount: Int64
  /// Page headers included.
  public var totalUncompressedByteCount: Int64
  /// Page headers included.
  public var totalCompressedByteCount: Int64
  /// What the writer says of the chunk.
  public var keyValueMetadata: [KeyValue]?
  /// Where the first data page begins.
  public var dataPageOffset: Int64
  /// Where an index page begins; nobody writes one.
  public var indexPageOffset: Int64?
  /// 0 is written by some for "none".
  public var dictionaryPageOffset: Int64?
  /// Bounds and counts, as they are stored.
  public var statistics: Statistics?
  /// Pages by kind and encoding.
  public var encodingStats: [PageEncodingStats]?
  /// Where the Bloom filter begins.
  public var bloomFilterOffset: Int64?
  /// The Bloom filter's size.
  public var bloomFilterByteCount: Int32?
  /// How large the values are in memory.
  public var sizeStatistics: SizeStatistics?

  /// What the footer says of a column chunk.
  public init(
    type: PhysicalType, encodings: [Encoding], path: [String], codec: CompressionCodec,
    valueCount: Int64, totalUncompressedByteCount: Int64, totalCompressedByteCount: Int64,
    keyValueMetadata: [KeyValue]? = nil, dataPageOffset: Int64, indexPageOffset: Int64? = nil,
    dictionaryPageOffset: Int64? = nil, statistics: Statistics? = nil,
    encodingStats: [PageEncodingStats]? = nil, bloomFilterOffset: Int64? = nil,
    bloomFilterByteCount: Int32? = nil, sizeStatistics: SizeStatistics? = nil
  ) {
    self.type = type
    self.encodings = encodings
    self.path = path
    self.codec = codec
    self.valueCount = valueCount
    self.totalUncompressedByteCount = totalUncompressedByteCount
    self.totalCompressedByteCount = totalCompressedByteCount
    self.keyValueMetadata = keyValueMetadata
    self.dataPageOffset = dataPageOffset
    self.indexPageOffset = indexPageOffset
    self.dictionaryPageOffset = dictionaryPageOffset
    self.statistics = statistics
    self.encodingStats = encodingStats
    self.bloomFilterOffset = bloomFilterOffset
    self.bloomFilterByteCount = bloomFilterByteCount
    self.sizeStatistics = sizeStatistics
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var type: PhysicalType?
    var encodings: [Encoding]?
    var path: [String]?
    var codec: CompressionCodec?
    var valueCount: Int64?
    var totalUncompressedByteCount: Int64?
    var totalCompressedByteCount: Int64?
    var keyValueMetadata: [KeyValue]?
    var dataPageOffset: Int64?
    var indexPageOffset: Int64?
    var dictionaryPageOffset: Int64?
    var statistics: Statistics?
    var encodingStats: [PageEncodingStats]?
    var bloomFilterOffset: Int64?
    var bloomFilterByteCount: Int32?
    var sizeStatistics: SizeStatistics?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: type = try reader.readEnum(wire, "physical type", as: PhysicalType.self)
      case 2: encodings = try reader.readI32s(wire)?.map { Encoding(rawValue: $0) }
      case 3: path = try reader.readStrings(wire)
      case 4: codec = try reader.readOpen(wire, as: CompressionCodec.self)
      case 5: valueCount = try reader.readI64(wire)
      case 6: totalUncompressedByteCount = try reader.readI64(wire)
      case 7: totalCompressedByteCount = try reader.readI64(wire)
      case 8: keyValueMetadata = try reader.readStructures(wire, of: KeyValue.self)
      case 9: dataPageOffset = try reader.readI64(wire)
      case 10: indexPageOffset = try reader.readI64(wire)
      case 11: dictionaryPageOffset = try reader.readI64(wire)
      case 12: statistics = try reader.readStructure(wire, as: Statistics.self)
      case 13: encodingStats = try reader.readStructures(wire, of: PageEncodingStats.self)
      case 14: bloomFilterOffset = try reader.readI64(wire)
      case 15: bloomFilterByteCount = try reader.readI32(wire)
      case 16: sizeStatistics = try reader.readStructure(wire, as: SizeStatistics.self)
      default: try reader.skip(wire)
      }
    }
    guard let type, let encodings, let path, let codec, let valueCount,
      let totalUncompressedByteCount, let totalCompressedByteCount, let dataPageOffset
    else {
      throw reader.corrupt("a ColumnMetadata lacks a required field")
    }
    self.type = type
    self.encodings = encodings
    self.path = path
    self.codec = codec
    self.valueCount = valueCount
    self.totalUncompressedByteCount = totalUncompressedByteCount
    self.totalCompressedByteCount = totalCompressedByteCount
    self.keyValueMetadata = keyValueMetadata
    self.dataPageOffset = dataPageOffset
    self.indexPageOffset = indexPageOffset
    self.dictionaryPageOffset = dictionaryPageOffset
    self.statistics = statistics
    self.encodingStats = encodingStats
    self.bloomFilterOffset = bloomFilterOffset
    self.bloomFilterByteCount = bloomFilterByteCount
    self.sizeStatistics = sizeStatistics
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.i32(1, type.rawValue)
    writer.i32s(2, encodings.map(\.rawValue))
    writer.strings(3, path)
    writer.i32(4, codec.rawValue)
    writer.i64(5, valueCount)
    writer.i64(6, totalUncompressedByteCount)
    writer.i64(7, totalCompressedByteCount)
    writer.structures(8, keyValueMetadata)
    writer.i64(9, dataPageOffset)
    writer.i64(10, indexPageOffset)
    writer.i64(11, dictionaryPageOffset)
    writer.structure(12, statistics)
    writer.structures(13, encodingStats)
    writer.i64(14, bloomFilterOffset)
    writer.i32(15, bloomFilterByteCount)
    writer.structure(16, sizeStatistics)
    writer.endStruct()
  }
}

/// A column of a row group.
public struct ColumnChunk: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// Another file that holds the chunk; not supported by anyone.
  public var filePath: String?
  /// Deprecated; 0 or the offset of the metadata.
  public var fileOffset: Int64
  /// Absent only where it is encrypted.
  public var metadata: ColumnMetadata?
  /// Where the offset index begins.
  public var offsetIndexOffset: Int64?
  /// The offset index' size.
  public var offsetIndexByteCount: Int32?
  /// Where the column index begins.
  public var columnIndexOffset: Int64?
  /// The column index' size.
  public var columnIndexByteCount: Int32?
  /// Whether the pages are encrypted; what the file says of how is not kept.
  public private(set) var isEncrypted = false

  /// A column chunk of the footer.
  public init(
    filePath: String? = nil, fileOffset: Int64, metadata: ColumnMetadata? = nil,
    offsetIndexOffset: Int64? = nil, offsetIndexByteCount: Int32? = nil,
    columnIndexOffset: Int64? = nil, columnIndexByteCount: Int32? = nil
  ) {
    self.filePath = filePath
    self.fileOffset = fileOffset
    self.metadata = metadata
    self.offsetIndexOffset = offsetIndexOffset
    self.offsetIndexByteCount = offsetIndexByteCount
    self.columnIndexOffset = columnIndexOffset
    self.columnIndexByteCount = columnIndexByteCount
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var filePath: String?
    var fileOffset: Int64?
    var metadata: ColumnMetadata?
    var offsetIndexOffset: Int64?
    var offsetIndexByteCount: Int32?
    var columnIndexOffset: Int64?
    var columnIndexByteCount: Int32?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: filePath = try reader.readString(wire)
      case 2: fileOffset = try reader.readI64(wire)
      case 3: metadata = try reader.readStructure(wire, as: ColumnMetadata.self)
      case 4: offsetIndexOffset = try reader.readI64(wire)
      case 5: offsetIndexByteCount = try reader.readI32(wire)
      case 6: columnIndexOffset = try reader.readI64(wire)
      case 7: columnIndexByteCount = try reader.readI32(wire)
      case 8, 9:
        isEncrypted = true
        try reader.skip(wire)
      default: try reader.skip(wire)
      }
    }
    self.filePath = filePath
    self.fileOffset = fileOffset ?? 0
    self.metadata = metadata
    self.offsetIndexOffset = offsetIndexOffset
    self.offsetIndexByteCount = offsetIndexByteCount
    self.columnIndexOffset = columnIndexOffset
    self.columnIndexByteCount = columnIndexByteCount
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.string(1, filePath)
    writer.i64(2, fileOffset)
    writer.structure(3, metadata)
    writer.i64(4, offsetIndexOffset)
    writer.i32(5, offsetIndexByteCount)
    writer.i64(6, columnIndexOffset)
    writer.i32(7, columnIndexByteCount)
    writer.endStruct()
  }
}
