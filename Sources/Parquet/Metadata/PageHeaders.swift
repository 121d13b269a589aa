// The structs of the same names in parquet.thrift. Unknown fields are skipped.

/// Header of a data page of version 1.
struct DataPageHeader: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// Nulls included.
  var valueCount: Int32
  var encoding: Encoding
  var definitionLevelEncoding: Encoding
  var repetitionLevelEncoding: Encoding
  var statistics: Statistics?

  init(
    valueCount: Int32, encoding: Encoding, definitionLevelEncoding: Encoding,
    repetitionLevelEncoding: Encoding, statistics: Statistics? = nil
  ) {
    self.valueCount = valueCount
    self.encoding = encoding
    self.definitionLevelEncoding = definitionLevelEncoding
    self.repetitionLevelEncoding = repetitionLevelEncoding
    self.statistics = statistics
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var valueCount: Int32?
    var encoding: Encoding?
    var definitionLevelEncoding: Encoding?
    var repetitionLevelEncoding: Encoding?
    var statistics: Statistics?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: valueCount = try reader.readI32(wire)
      case 2: encoding = try reader.readOpen(wire, as: Encoding.self)
      case 3: definitionLevelEncoding = try reader.readOpen(wire, as: Encoding.self)
      case 4: repetitionLevelEncoding = try reader.readOpen(wire, as: Encoding.self)
      case 5: statistics = try reader.readStructure(wire, as: Statistics.self)
      default: try reader.skip(wire)
      }
    }
    guard let valueCount, let encoding, let definitionLevelEncoding, let repetitionLevelEncoding
    else {
      throw reader.corrupt("a DataPageHeader lacks a required field")
    }
    self.valueCount = valueCount
    self.encoding = encoding
    self.definitionLevelEncoding = definitionLevelEncoding
    self.repetitionLevelEncoding = repetitionLevelEncoding
    self.statistics = statistics
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.i32(1, valueCount)
    writer.i32(2, encoding.rawValue)
    writer.i32(3, definitionLevelEncoding.rawValue)
    writer.i32(4, repetitionLevelEncoding.rawValue)
    writer.structure(5, statistics)
    writer.endStruct()
  }
}

/// Header of a dictionary page.
struct DictionaryPageHeader: Hashable, Sendable, ThriftReadable, ThriftWritable {
  var valueCount: Int32
  var encoding: Encoding
  var isSorted: Bool?

  init(valueCount: Int32, encoding: Encoding, isSorted: Bool? = nil) {
    self.valueCount = valueCount
    self.encoding = encoding
    self.isSorted = isSorted
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var valueCount: Int32?
    var encoding: Encoding?
    var isSorted: Bool?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: valueCount = try reader.readI32(wire)
      case 2: encoding = try reader.readOpen(wire, as: Encoding.self)
      case 3: isSorted = try reader.readBool(wire)
      default: try reader.skip(wire)
      }
    }
    guard let valueCount, let encoding else {
      throw reader.corrupt("a DictionaryPageHeader lacks a required field")
    }
    self.valueCount = valueCount
    self.encoding = encoding
    self.isSorted = isSorted
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.i32(1, valueCount)
    writer.i32(2, encoding.rawValue)
    writer.bool(3, isSorted)
    writer.endStruct()
  }
}

/// Header of a data page of version 2: levels are never compressed.
struct DataPageHeaderV2: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// Nulls included.
  var valueCount: Int32
  var nullCount: Int32
  var rowCount: Int32
  var encoding: Encoding
  var definitionLevelsByteCount: Int32
  var repetitionLevelsByteCount: Int32
  /// Whether the values are compressed; true if missing.
  var isCompressed: Bool
  var statistics: Statistics?

  init(
    valueCount: Int32, nullCount: Int32, rowCount: Int32, encoding: Encoding,
    definitionLevelsByteCount: Int32, repetitionLevelsByteCount: Int32, isCompressed: Bool,
    statistics: Statistics? = nil
  ) {
    self.valueCount = valueCount
    self.nullCount = nullCount
    self.rowCount = rowCount
    self.encoding = encoding
    self.definitionLevelsByteCount = definitionLevelsByteCount
    self.repetitionLevelsByteCount = repetitionLevelsByteCount
    self.isCompressed = isCompressed
    self.statistics = statistics
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var valueCount: Int32?
    var nullCount: Int32?
    var rowCount: Int32?
    var encoding: Encoding?
    var definitionLevelsByteCount: Int32?
    var repetitionLevelsByteCount: Int32?
    var isCompressed: Bool?
    var statistics: Statistics?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: valueCount = try reader.readI32(wire)
      case 2: nullCount = try reader.readI32(wire)
      case 3: rowCount = try reader.readI32(wire)
      case 4: encoding = try reader.readOpen(wire, as: Encoding.self)
      case 5: definitionLevelsByteCount = try reader.readI32(wire)
      case 6: repetitionLevelsByteCount = try reader.readI32(wire)
      case 7: isCompressed = try reader.readBool(wire)
      case 8: statistics = try reader.readStructure(wire, as: Statistics.self)
      default: try reader.skip(wire)
      }
    }
    guard let valueCount, let nullCount, let rowCount, let encoding, let definitionLevelsByteCount,
      let repetitionLevelsByteCount
    else {
      throw reader.corrupt("a DataPageHeaderV2 lacks a required field")
    }
    self.valueCount = valueCount
    self.nullCount = nullCount
    self.rowCount = rowCount
    self.encoding = encoding
    self.definitionLevelsByteCount = definitionLevelsByteCount
    self.repetitionLevelsByteCount = repetitionLevelsByteCount
    self.isCompressed = isCompressed ?? true
    self.statistics = statistics
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.i32(1, valueCount)
    writer.i32(2, nullCount)
    writer.i32(3, rowCount)
    writer.i32(4, encoding.rawValue)
    writer.i32(5, definitionLevelsByteCount)
    writer.i32(6, repetitionLevelsByteCount)
    writer.bool(7, isCompressed)
    writer.structure(8, statistics)
    writer.endStruct()
  }
}

/// The header before every page.
struct PageHeader: Hashable, Sendable, ThriftReadable, ThriftWritable {
  var type: PageType
  var uncompressedByteCount: Int32
  var compressedByteCount: Int32
  /// CRC-32 of the stored page.
  var crc: Int32?
  var dataPage: DataPageHeader?
  var dictionaryPage: DictionaryPageHeader?
  var dataPageV2: DataPageHeaderV2?

  init(
    type: PageType, uncompressedByteCount: Int32, compressedByteCount: Int32, crc: Int32? = nil,
    dataPage: DataPageHeader? = nil, dictionaryPage: DictionaryPageHeader? = nil,
    dataPageV2: DataPageHeaderV2? = nil
  ) {
    self.type = type
    self.uncompressedByteCount = uncompressedByteCount
    self.compressedByteCount = compressedByteCount
    self.crc = crc
    self.dataPage = dataPage
    self.dictionaryPage = dictionaryPage
    self.dataPageV2 = dataPageV2
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var type: PageType?
    var uncompressedByteCount: Int32?
    var compressedByteCount: Int32?
    var crc: Int32?
    var dataPage: DataPageHeader?
    var dictionaryPage: DictionaryPageHeader?
    var dataPageV2: DataPageHeaderV2?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: type = try reader.readEnum(wire, "page type", as: PageType.self)
      case 2: uncompressedByteCount = try reader.readI32(wire)
      case 3: compressedByteCount = try reader.readI32(wire)
      case 4: crc = try reader.readI32(wire)
      case 5: dataPage = try reader.readStructure(wire, as: DataPageHeader.self)
      case 7: dictionaryPage = try reader.readStructure(wire, as: DictionaryPageHeader.self)
      case 8: dataPageV2 = try reader.readStructure(wire, as: DataPageHeaderV2.self)
      default: try reader.skip(wire)
      }
    }
    guard let type, let uncompressedByteCount, let compressedByteCount else {
      throw reader.corrupt("a PageHeader lacks a required field")
    }
    self.type = type
    self.uncompressedByteCount = uncompressedByteCount
    self.compressedByteCount = compressedByteCount
    self.crc = crc
    self.dataPage = dataPage
    self.dictionaryPage = dictionaryPage
    self.dataPageV2 = dataPageV2
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.i32(1, type.rawValue)
    writer.i32(2, uncompressedByteCount)
    writer.i32(3, compressedByteCount)
    writer.i32(4, crc)
    writer.structure(5, dataPage)
    writer.structure(7, dictionaryPage)
    writer.structure(8, dataPageV2)
    writer.endStruct()
  }
}
