// The structs of the same names in parquet.thrift. Unknown fields are skipped.

/// A free-form property.
public struct KeyValue: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// The key.
  public var key: String
  /// The value; nil for a key without one.
  public var value: String?

  /// An entry of key-value metadata.
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

/// The number of pages of one kind and encoding.
public struct PageEncodingStats: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// The kind of pages.
  public var pageType: PageType
  /// The encoding of their values.
  public var encoding: Encoding
  /// The number of such pages in the chunk.
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

/// The footer's metadata of a column chunk.
public struct ColumnMetadata: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// The physical type.
  public var type: PhysicalType
  /// All encodings of the chunk, of levels too.
  public var encodings: [Encoding]
  /// The column's path from the root.
  public var path: [String]
  /// The codec of the pages.
  public var codec: CompressionCodec
  /// Nulls included.
  public var valueCount: Int64
  /// Page headers included.
  public var totalUncompressedByteCount: Int64
  /// Page headers included.
  public var totalCompressedByteCount: Int64
  /// Further metadata from the writer.
  public var keyValueMetadata: [KeyValue]?
  /// Offset of the first data page in the file.
  public var dataPageOffset: Int64
  /// Offset of an index page; no writer has any.
  public var indexPageOffset: Int64?
  /// Some writers use 0 for "none".
  public var dictionaryPageOffset: Int64?
  /// Bounds and counts as stored.
  public var statistics: Statistics?
  /// Pages by kind and encoding.
  public var encodingStats: [PageEncodingStats]?
  /// Offset of the Bloom filter.
  public var bloomFilterOffset: Int64?
  /// Size of the Bloom filter.
  public var bloomFilterByteCount: Int32?
  /// Sizes of the values in memory.
  public var sizeStatistics: SizeStatistics?

  /// Metadata of a column chunk.
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
  /// Another file with the chunk; no reader supports this.
  public var filePath: String?
  /// Deprecated; 0 or the offset of the metadata.
  public var fileOffset: Int64
  /// Missing only if it is encrypted.
  public var metadata: ColumnMetadata?
  /// Offset of the offset index.
  public var offsetIndexOffset: Int64?
  /// Size of the offset index.
  public var offsetIndexByteCount: Int32?
  /// Offset of the column index.
  public var columnIndexOffset: Int64?
  /// Size of the column index.
  public var columnIndexByteCount: Int32?
  /// Whether the pages are encrypted; how is not kept.
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
