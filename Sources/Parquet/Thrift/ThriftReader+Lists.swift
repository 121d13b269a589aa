// Lists and structs of headers. A field of another wire type is skipped, as if it were missing.

extension ThriftReader {
  /// Elements for which memory is reserved unread: a count may be hostile.
  private static let reservedMax = 4096

  mutating func readStructures<T: ThriftReadable>(
    _ type: ThriftType, of: T.Type
  ) throws(ParquetError) -> [T]? {
    guard let count = try beginList(type, of: .structure) else { return nil }
    var values: [T] = []
    values.reserveCapacity(Swift.min(count, Self.reservedMax))
    for _ in 0..<count { values.append(try T(parsing: &self)) }
    return values
  }

  mutating func readStructure<T: ThriftReadable>(
    _ type: ThriftType, as: T.Type
  ) throws(ParquetError) -> T? {
    if type == .structure { return try T(parsing: &self) }
    try skip(type)
    return nil
  }

  mutating func readI64s(_ type: ThriftType) throws(ParquetError) -> [Int64]? {
    guard let count = try beginList(type, of: .i64) else { return nil }
    var values: [Int64] = []
    values.reserveCapacity(Swift.min(count, Self.reservedMax))
    for _ in 0..<count { values.append(try readInteger(Int64.self)) }
    return values
  }

  mutating func readI32s(_ type: ThriftType) throws(ParquetError) -> [Int32]? {
    guard let count = try beginList(type, of: .i32) else { return nil }
    var values: [Int32] = []
    values.reserveCapacity(Swift.min(count, Self.reservedMax))
    for _ in 0..<count { values.append(try readInteger(Int32.self)) }
    return values
  }

  mutating func readBools(_ type: ThriftType) throws(ParquetError) -> [Bool]? {
    guard let count = try beginList(type, of: .boolTrue) else { return nil }
    var values: [Bool] = []
    values.reserveCapacity(Swift.min(count, Self.reservedMax))
    for _ in 0..<count { values.append(try readBoolElement()) }
    return values
  }

  mutating func readStrings(_ type: ThriftType) throws(ParquetError) -> [String]? {
    guard let count = try beginList(type, of: .binary) else { return nil }
    var values: [String] = []
    values.reserveCapacity(Swift.min(count, Self.reservedMax))
    for _ in 0..<count { values.append(String(decoding: try readBytes(), as: UTF8.self)) }
    return values
  }

  mutating func readBinaries(_ type: ThriftType) throws(ParquetError) -> [[UInt8]]? {
    guard let count = try beginList(type, of: .binary) else { return nil }
    var values: [[UInt8]] = []
    values.reserveCapacity(Swift.min(count, Self.reservedMax))
    for _ in 0..<count { values.append([UInt8](try readBytes())) }
    return values
  }

  /// Reads the header of a list whose elements must be of one wire type.
  private mutating func beginList(
    _ type: ThriftType, of expected: ThriftType
  ) throws(ParquetError) -> Int? {
    if type != .list && type != .set {
      try skip(type)
      return nil
    }
    let (element, count) = try readList()
    let isBoolean = expected == .boolTrue && element == .boolFalse
    if count > 0 && element != expected && !isBoolean {
      throw corrupt("a list of \(element), expected \(expected)")
    }
    return count
  }
}
