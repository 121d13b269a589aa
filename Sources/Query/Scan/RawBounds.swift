import Bytes
import Columnar
import Parquet

/// Bounds as column indexes store them: the bytes of one value each.
enum RawBounds {
  /// The decoded value; nil if the type has no order for bounds.
  static func value(_ bytes: [UInt8], _ leaf: LeafColumn) -> StatisticsValue? {
    switch leaf.physicalType {
    case .boolean: return bytes.first.map { .integer(Int64($0 & 1)) }
    case .int32:
      guard let bits: UInt32 = word(bytes) else { return nil }
      if case .integer(_, let isSigned) = leaf.type {
        let value = isSigned ? Int64(Int32(bitPattern: bits)) : Int64(bits)
        // A bound outside the type's range refers to bits that are cut off.
        return leaf.type.holds(value) ? .integer(value) : nil
      }
      if case .decimal(let precision, _) = leaf.type, precision > 18 {
        return .wide(Int128(Int32(bitPattern: bits)))
      }
      return .integer(Int64(Int32(bitPattern: bits)))
    case .int64:
      guard let bits: UInt64 = word(bytes) else { return nil }
      if case .decimal(let precision, _) = leaf.type, precision > 18 {
        return .wide(Int128(Int64(bitPattern: bits)))
      }
      return .integer(Int64(bitPattern: bits))
    case .float:
      guard let bits: UInt32 = word(bytes) else { return nil }
      let value = Float(bitPattern: bits)
      return value.isNaN ? nil : .double(Double(value))
    case .double:
      guard let bits: UInt64 = word(bytes) else { return nil }
      let value = Double(bitPattern: bits)
      return value.isNaN ? nil : .double(value)
    case .byteArray, .fixedLengthByteArray:
      switch leaf.type {
      case .string, .json, .enumeration: return .bytes(bytes)
      case .decimal(let precision, _):
        guard let number = bigEndian(bytes) else { return nil }
        return precision > 18 ? .wide(number) : Int64(exactly: number).map { .integer($0) }
      default: return nil
      }
    default: return nil
    }
  }

  private static func word<T: FixedWidthInteger & BitwiseCopyable>(_ bytes: [UInt8]) -> T? {
    guard bytes.count == MemoryLayout<T>.size else { return nil }
    return bytes.withUnsafeBytes { $0.baseAddress?.loadLE(0, as: T.self) }
  }

  /// A two's complement number, most significant byte first.
  private static func bigEndian(_ bytes: [UInt8]) -> Int128? {
    guard let first = bytes.first, bytes.count <= 16 else { return nil }
    var value: Int128 = first >= 0x80 ? -1 : 0
    for byte in bytes { value = value << 8 | Int128(byte) }
    return value
  }
}
