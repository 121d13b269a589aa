/// A page header without its statistics: what decoding needs, read without allocation.
struct PageHeaderScan {
  var type: PageType?
  var uncompressedByteCount: Int32 = -1
  var compressedByteCount: Int32 = -1
  var crc: UInt32?
  var valueCount: Int32 = -1
  var encoding = Encoding.plain
  var definitionLevelEncoding = Encoding.rle
  var repetitionLevelEncoding = Encoding.rle
  var nullCount: Int32 = 0
  var rowCount: Int32 = -1
  var definitionLevelsByteCount: Int32 = 0
  var repetitionLevelsByteCount: Int32 = 0
  var isCompressed = true
  /// Bytes of the header itself.
  var byteCount = 0

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: type = try reader.readOpen(wire, as: PageType.self)
      case 2: uncompressedByteCount = try reader.readI32(wire) ?? uncompressedByteCount
      case 3: compressedByteCount = try reader.readI32(wire) ?? compressedByteCount
      case 4: crc = try reader.readI32(wire).map { UInt32(bitPattern: $0) }
      case 5 where wire == .structure: try readDataPage(&reader)
      case 7 where wire == .structure: try readDictionaryPage(&reader)
      case 8 where wire == .structure: try readDataPageV2(&reader)
      default: try reader.skip(wire)
      }
    }
    byteCount = reader.offset
  }

  private mutating func readDataPage(_ reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: valueCount = try reader.readI32(wire) ?? valueCount
      case 2: encoding = try reader.readOpen(wire, as: Encoding.self) ?? encoding
      case 3:
        definitionLevelEncoding =
          try reader.readOpen(wire, as: Encoding.self) ?? definitionLevelEncoding
      case 4:
        repetitionLevelEncoding =
          try reader.readOpen(wire, as: Encoding.self) ?? repetitionLevelEncoding
      default: try reader.skip(wire)
      }
    }
  }

  private mutating func readDictionaryPage(_ reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: valueCount = try reader.readI32(wire) ?? valueCount
      case 2: encoding = try reader.readOpen(wire, as: Encoding.self) ?? encoding
      default: try reader.skip(wire)
      }
    }
  }

  private mutating func readDataPageV2(_ reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: valueCount = try reader.readI32(wire) ?? valueCount
      case 2: nullCount = try reader.readI32(wire) ?? nullCount
      case 3: rowCount = try reader.readI32(wire) ?? rowCount
      case 4: encoding = try reader.readOpen(wire, as: Encoding.self) ?? encoding
      case 5: definitionLevelsByteCount = try reader.readI32(wire) ?? definitionLevelsByteCount
      case 6: repetitionLevelsByteCount = try reader.readI32(wire) ?? repetitionLevelsByteCount
      case 7: isCompressed = try reader.readBool(wire) ?? isCompressed
      default: try reader.skip(wire)
      }
    }
  }
}
