/// A page header without its statistics: what decoding needs, parsed without allocation.
///
/// Headers have no checksum, so the header is checked for consistency: its type must be known and match its one
/// structure, which must have all required fields.
struct PageHeaderScan {
  var type = PageType.dataPage
  var uncompressedByteCount: Int32 = -1
  var compressedByteCount: Int32 = -1
  var crc: UInt32?
  var valueCount: Int32 = -1
  var encoding = Encoding.plain
  var definitionLevelEncoding = Encoding.rle
  var repetitionLevelEncoding = Encoding.rle
  var nullCount: Int32 = -1
  var rowCount: Int32 = -1
  var definitionLevelsByteCount: Int32 = -1
  var repetitionLevelsByteCount: Int32 = -1
  var isCompressed = true
  /// Bytes of the header itself.
  var byteCount = 0

  /// It has neither values nor rows.
  var isIndexPage: Bool { type == .indexPage }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var rawType: Int32?
    var structures = 0
    var structure = PageType.dataPage
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: rawType = try reader.readI32(wire)
      case 2: uncompressedByteCount = try reader.readI32(wire) ?? uncompressedByteCount
      case 3: compressedByteCount = try reader.readI32(wire) ?? compressedByteCount
      case 4: crc = try reader.readI32(wire).map { UInt32(bitPattern: $0) }
      case 5...8 where wire == .structure:
        structures += 1
        switch id {
        case 5:
          structure = .dataPage
          try readDataPage(&reader)
        case 6:
          structure = .indexPage
          try reader.skip(wire)
        case 7:
          structure = .dictionaryPage
          try readDictionaryPage(&reader)
        default:
          structure = .dataPageV2
          try readDataPageV2(&reader)
        }
      default: try reader.skip(wire)
      }
    }
    byteCount = reader.offset
    guard let rawType else { throw reader.corrupt("a page header without a type") }
    guard let type = PageType(rawValue: rawType) else {
      throw ParquetError(.unsupported, "a page of the unknown type \(rawType)")
    }
    if structures != 1 || structure != type {
      throw reader.corrupt("a page header of type \(rawType) that describes another type of page")
    }
    self.type = type
  }

  private mutating func readDataPage(_ reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var seen = RequiredFields(1...4)
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: valueCount = seen.take(id, try reader.readI32(wire)) ?? valueCount
      case 2: encoding = seen.take(id, try reader.readOpen(wire, as: Encoding.self)) ?? encoding
      case 3:
        definitionLevelEncoding =
          seen.take(id, try reader.readOpen(wire, as: Encoding.self)) ?? definitionLevelEncoding
      case 4:
        repetitionLevelEncoding =
          seen.take(id, try reader.readOpen(wire, as: Encoding.self)) ?? repetitionLevelEncoding
      default: try reader.skip(wire)
      }
    }
    if !seen.isComplete { throw reader.corrupt("a DataPageHeader lacks a required field") }
  }

  private mutating func readDictionaryPage(_ reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var seen = RequiredFields(1...2)
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: valueCount = seen.take(id, try reader.readI32(wire)) ?? valueCount
      case 2: encoding = seen.take(id, try reader.readOpen(wire, as: Encoding.self)) ?? encoding
      default: try reader.skip(wire)
      }
    }
    if !seen.isComplete { throw reader.corrupt("a DictionaryPageHeader lacks a required field") }
  }

  private mutating func readDataPageV2(_ reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var seen = RequiredFields(1...6)
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: valueCount = seen.take(id, try reader.readI32(wire)) ?? valueCount
      case 2: nullCount = seen.take(id, try reader.readI32(wire)) ?? nullCount
      case 3: rowCount = seen.take(id, try reader.readI32(wire)) ?? rowCount
      case 4: encoding = seen.take(id, try reader.readOpen(wire, as: Encoding.self)) ?? encoding
      case 5:
        definitionLevelsByteCount =
          seen.take(id, try reader.readI32(wire)) ?? definitionLevelsByteCount
      case 6:
        repetitionLevelsByteCount =
          seen.take(id, try reader.readI32(wire)) ?? repetitionLevelsByteCount
      case 7: isCompressed = try reader.readBool(wire) ?? isCompressed
      default: try reader.skip(wire)
      }
    }
    if !seen.isComplete { throw reader.corrupt("a DataPageHeaderV2 lacks a required field") }
  }
}

/// The required fields of a structure that were found so far.
private struct RequiredFields {
  private var missing: UInt16 = 0

  init(_ ids: ClosedRange<Int>) {
    for id in ids { missing |= 1 << UInt16(id) }
  }

  var isComplete: Bool { missing == 0 }

  /// Returns a field's value, and marks the field as found if there is one.
  mutating func take<T>(_ id: Int16, _ value: T?) -> T? {
    if value != nil { missing &= ~(1 << UInt16(id)) }
    return value
  }
}
