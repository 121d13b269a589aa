// Thrift compact protocol, the wire form of every Parquet header.
// Apache Thrift, doc/specs/thrift-compact-protocol.md.

/// The wire types of the compact protocol.
enum ThriftType: UInt8, Sendable {
  case boolTrue = 1
  case boolFalse = 2
  case byte = 3
  case i16 = 4
  case i32 = 5
  case i64 = 6
  case double = 7
  case binary = 8
  case list = 9
  case set = 10
  case map = 11
  case structure = 12
  case uuid = 13
}

/// Reads compact-protocol values from untrusted bytes: every length is checked against the remaining bytes, and
/// nesting is limited.
///
/// The caller keeps the bytes alive while the reader is used.
struct ThriftReader {
  /// Nesting of structs and lists; Parquet's own headers need 8.
  static let depthMax = 24

  let bytes: UnsafeRawBufferPointer
  let end: Int
  /// Bytes read so far.
  private(set) var offset = 0
  private var depth = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    end = bytes.count
  }

  var remaining: Int { end - offset }

  // MARK: - Structs and lists

  /// Begins a struct. Call `nextField` until it returns nil.
  mutating func enter() throws(ParquetError) {
    depth += 1
    if depth > Self.depthMax {
      throw corrupt("structs nested deeper than \(Self.depthMax)")
    }
  }

  /// Reads the next field header of the struct begun last.
  ///
  /// - Parameter id: The previous field's id, 0 at first; becomes this field's id.
  /// - Returns: The field's wire type; nil at the struct's end.
  mutating func nextField(_ id: inout Int16) throws(ParquetError) -> ThriftType? {
    let header = try readByte()
    if header == 0 {
      depth -= 1
      return nil
    }
    guard let type = ThriftType(rawValue: header & 0x0F) else {
      throw corrupt("thrift wire type \(header & 0x0F) does not exist")
    }
    let delta = Int16(header &>> 4)
    if delta == 0 {
      id = try readInteger(Int16.self)
    } else {
      let (next, overflow) = id.addingReportingOverflow(delta)
      if overflow { throw corrupt("thrift field id beyond 32767") }
      id = next
    }
    return type
  }

  /// Reads a list's header. The count is at most the number of remaining bytes.
  mutating func readList() throws(ParquetError) -> (element: ThriftType, count: Int) {
    let header = try readByte()
    var count = UInt64(header &>> 4)
    if count == 15 { count = try readVarint() }
    if count == 0 { return (.byte, 0) }
    guard let element = ThriftType(rawValue: header & 0x0F) else {
      throw corrupt("thrift wire type \(header & 0x0F) does not exist")
    }
    if count > UInt64(remaining) {
      throw truncated("a list of \(count) elements in \(remaining) bytes")
    }
    return (element, Int(count))
  }

  /// Skips a value of any type.
  mutating func skip(_ type: ThriftType) throws(ParquetError) {
    switch type {
    case .boolTrue, .boolFalse: return
    case .byte: try advance(1)
    case .i16, .i32, .i64: _ = try readVarint()
    case .double: try advance(8)
    case .uuid: try advance(16)
    case .binary: _ = try readBytes()
    case .list, .set:
      let (element, count) = try readList()
      try skipElements(element, count: count)
    case .map:
      let count = try readVarint()
      if count == 0 { return }
      if count > UInt64(remaining) {
        throw truncated("a map of \(count) entries in \(remaining) bytes")
      }
      let types = try readByte()
      guard let key = ThriftType(rawValue: types &>> 4),
        let value = ThriftType(rawValue: types & 0x0F)
      else { throw corrupt("thrift map of unknown wire types") }
      for _ in 0..<count {
        try skipElements(key, count: 1)
        try skipElements(value, count: 1)
      }
    case .structure:
      try enter()
      var id: Int16 = 0
      while let type = try nextField(&id) { try skip(type) }
    }
  }

  /// Within lists and maps a boolean is one byte, unlike in a field.
  private mutating func skipElements(_ type: ThriftType, count: Int) throws(ParquetError) {
    depth += 1
    if depth > Self.depthMax { throw corrupt("values nested deeper than \(Self.depthMax)") }
    for _ in 0..<count {
      if type == .boolTrue || type == .boolFalse { try advance(1) } else { try skip(type) }
    }
    depth -= 1
  }

  // MARK: - Values

  // A field of an unexpected wire type is skipped, as if it were missing: Thrift's generated readers do so, and
  // files rely on it.

  /// A field's boolean, which is in its header.
  mutating func readBool(_ type: ThriftType) throws(ParquetError) -> Bool? {
    switch type {
    case .boolTrue: return true
    case .boolFalse: return false
    default:
      try skip(type)
      return nil
    }
  }

  /// A boolean within a list. Both 0 and 2 are used for false.
  mutating func readBoolElement() throws(ParquetError) -> Bool { try readByte() == 1 }

  mutating func readI8(_ type: ThriftType) throws(ParquetError) -> Int8? {
    guard try expect(.byte, type) else { return nil }
    return Int8(bitPattern: try readByte())
  }

  mutating func readI16(_ type: ThriftType) throws(ParquetError) -> Int16? {
    guard try expect(.i16, type) else { return nil }
    return try readInteger(Int16.self)
  }

  mutating func readI32(_ type: ThriftType) throws(ParquetError) -> Int32? {
    guard try expect(.i32, type) else { return nil }
    return try readInteger(Int32.self)
  }

  mutating func readI64(_ type: ThriftType) throws(ParquetError) -> Int64? {
    guard try expect(.i64, type) else { return nil }
    return try readInteger(Int64.self)
  }

  mutating func readString(_ type: ThriftType) throws(ParquetError) -> String? {
    guard try expect(.binary, type) else { return nil }
    return String(decoding: try readBytes(), as: UTF8.self)
  }

  mutating func readBinary(_ type: ThriftType) throws(ParquetError) -> [UInt8]? {
    guard try expect(.binary, type) else { return nil }
    return [UInt8](try readBytes())
  }

  /// Whether a field has the expected wire type; else it is skipped.
  private mutating func expect(
    _ expected: ThriftType, _ found: ThriftType
  ) throws(ParquetError) -> Bool {
    if found == expected { return true }
    try skip(found)
    return false
  }

  /// The bytes of a string or binary, not copied.
  mutating func readBytes() throws(ParquetError) -> UnsafeRawBufferPointer {
    let count = try readVarint()
    if count > UInt64(remaining) {
      throw truncated("a string of \(count) bytes in \(remaining) bytes")
    }
    let start = offset
    offset += Int(count)
    return UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
  }

  mutating func readInteger<T: FixedWidthInteger & SignedInteger>(
    _ type: T.Type
  ) throws(ParquetError) -> T {
    let raw = try readVarint()
    let value = Int64(bitPattern: raw &>> 1) ^ -Int64(bitPattern: raw & 1)
    guard let exact = T(exactly: value) else {
      throw corrupt("the number \(value) does not fit in \(T.bitWidth) bits")
    }
    return exact
  }

  mutating func readVarint() throws(ParquetError) -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while offset < end {
      let byte = bytes[offset]
      offset &+= 1
      if shift == 63 && byte > 1 { throw corrupt("a varint of more than 64 bits") }
      result |= UInt64(byte & 0x7F) &<< shift
      if byte & 0x80 == 0 { return result }
      shift &+= 7
      if shift > 63 { throw corrupt("a varint of more than 10 bytes") }
    }
    throw truncated("a number")
  }

  mutating func readByte() throws(ParquetError) -> UInt8 {
    if offset >= end { throw truncated("a byte") }
    let byte = bytes[offset]
    offset &+= 1
    return byte
  }

  private mutating func advance(_ count: Int) throws(ParquetError) {
    if count > remaining { throw truncated("\(count) bytes") }
    offset += count
  }

  // MARK: - Errors

  func corrupt(_ what: String) -> ParquetError {
    ParquetError(.corrupt, what, place: .init(offset: offset))
  }

  private func truncated(_ what: String) -> ParquetError {
    ParquetError(
      .truncated, "the header's bytes end within \(what)", place: .init(offset: offset))
  }
}
