// The enumerations of parquet.thrift. Those that may gain members are open (a raw value), so that
// an unknown one is refused only by the column that needs it.

import Compression

/// How values are stored: the physical type.
public enum PhysicalType: Int32, Hashable, Sendable {
  case boolean = 0
  case int32 = 1
  case int64 = 2
  case int96 = 3
  case float = 4
  case double = 5
  case byteArray = 6
  case fixedLengthByteArray = 7

  /// The name in the format's spelling.
  public var name: String {
    switch self {
    case .boolean: "BOOLEAN"
    case .int32: "INT32"
    case .int64: "INT64"
    case .int96: "INT96"
    case .float: "FLOAT"
    case .double: "DOUBLE"
    case .byteArray: "BYTE_ARRAY"
    case .fixedLengthByteArray: "FIXED_LEN_BYTE_ARRAY"
    }
  }
}

/// Whether a field is required, optional or repeated.
public enum Repetition: Int32, Hashable, Sendable {
  case required = 0
  case optional = 1
  case repeated = 2
}

/// The older form of logical types.
public enum ConvertedType: Int32, Hashable, Sendable {
  case utf8 = 0
  case map = 1
  case mapKeyValue = 2
  case list = 3
  case enumeration = 4
  case decimal = 5
  case date = 6
  case timeMillis = 7
  case timeMicros = 8
  case timestampMillis = 9
  case timestampMicros = 10
  case uint8 = 11
  case uint16 = 12
  case uint32 = 13
  case uint64 = 14
  case int8 = 15
  case int16 = 16
  case int32 = 17
  case int64 = 18
  case json = 19
  case bson = 20
  case interval = 21
}

/// How a page's values are encoded.
public struct Encoding: RawRepresentable, Hashable, Sendable {
  /// The Thrift value; unknown ones are kept.
  public var rawValue: Int32
  /// An encoding by its Thrift value, known or not.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Values one after the other.
  public static let plain = Encoding(rawValue: 0)
  /// The dictionary encoding of old writers, in dictionary and data pages.
  public static let plainDictionary = Encoding(rawValue: 2)
  /// The hybrid of run lengths and packed bits.
  public static let rle = Encoding(rawValue: 3)
  /// Packed bits, most significant first: deprecated, for levels only.
  public static let bitPacked = Encoding(rawValue: 4)
  /// Differences of integers, in packed blocks.
  public static let deltaBinaryPacked = Encoding(rawValue: 5)
  /// Lengths as differences, then the bytes.
  public static let deltaLengthByteArray = Encoding(rawValue: 6)
  /// Lengths of common beginnings, then the rest of each value.
  public static let deltaByteArray = Encoding(rawValue: 7)
  /// Indices into a dictionary, as the hybrid.
  public static let rleDictionary = Encoding(rawValue: 8)
  /// The first bytes of all values, then the second ones, and so on.
  public static let byteStreamSplit = Encoding(rawValue: 9)

  /// The name in the format's spelling.
  public var name: String {
    switch rawValue {
    case 0: "PLAIN"
    case 2: "PLAIN_DICTIONARY"
    case 3: "RLE"
    case 4: "BIT_PACKED"
    case 5: "DELTA_BINARY_PACKED"
    case 6: "DELTA_LENGTH_BYTE_ARRAY"
    case 7: "DELTA_BYTE_ARRAY"
    case 8: "RLE_DICTIONARY"
    case 9: "BYTE_STREAM_SPLIT"
    default: "ENCODING_\(rawValue)"
    }
  }

  /// Whether values are indices into the chunk's dictionary page.
  public var isDictionary: Bool { self == .rleDictionary || self == .plainDictionary }
}

/// How a column chunk's pages are compressed.
public struct CompressionCodec: RawRepresentable, Hashable, Sendable {
  /// The Thrift value; one that this program does not know is kept, and refused when a page is read.
  public var rawValue: Int32
  /// A codec by its Thrift value, known or not.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// Stored as they are.
  public static let uncompressed = CompressionCodec(rawValue: 0)
  /// Snappy, without framing.
  public static let snappy = CompressionCodec(rawValue: 1)
  /// gzip.
  public static let gzip = CompressionCodec(rawValue: 2)
  /// LZO, which is not read.
  public static let lzo = CompressionCodec(rawValue: 3)
  /// Brotli.
  public static let brotli = CompressionCodec(rawValue: 4)
  /// LZ4 in Hadoop's framing, and in whatever else writers put under this number.
  public static let lz4 = CompressionCodec(rawValue: 5)
  /// Zstandard.
  public static let zstd = CompressionCodec(rawValue: 6)
  /// One block of LZ4.
  public static let lz4Raw = CompressionCodec(rawValue: 7)

  /// The name in the format's spelling.
  public var name: String {
    switch rawValue {
    case 0: "UNCOMPRESSED"
    case 1: "SNAPPY"
    case 2: "GZIP"
    case 3: "LZO"
    case 4: "BROTLI"
    case 5: "LZ4"
    case 6: "ZSTD"
    case 7: "LZ4_RAW"
    default: "CODEC_\(rawValue)"
    }
  }

  /// The matching codec; nil for LZO and unknown ones.
  public var codec: Codec? {
    switch rawValue {
    case 0: .uncompressed
    case 1: .snappy
    case 2: .gzip
    case 4: .brotli
    case 5: .lz4Hadoop
    case 6: .zstd
    case 7: .lz4Raw
    default: nil
    }
  }
}

/// The kind of a page.
public enum PageType: Int32, Hashable, Sendable {
  case dataPage = 0
  case indexPage = 1
  case dictionaryPage = 2
  case dataPageV2 = 3
}

/// Whether the pages' bounds in a column index ascend or descend.
public enum BoundaryOrder: Int32, Hashable, Sendable {
  case unordered = 0
  case ascending = 1
  case descending = 2
}

/// The order in which a column's statistics were computed.
public enum ColumnOrder: Hashable, Sendable {
  /// The order of the column's type, as the format defines it.
  case typeDefined
  /// IEEE 754 totalOrder, for floating point.
  case ieee754Total
  /// A newer order: its statistics are ignored.
  case unknown
}

extension ThriftReader {
  mutating func readEnum<T: RawRepresentable>(
    _ type: ThriftType, _ name: String, as: T.Type
  ) throws(ParquetError) -> T? where T.RawValue == Int32 {
    guard let raw = try readI32(type) else { return nil }
    guard let value = T(rawValue: raw) else { throw corrupt("\(name) \(raw) does not exist") }
    return value
  }

  /// An enumeration that may gain members.
  mutating func readOpen<T: RawRepresentable>(
    _ type: ThriftType, as: T.Type
  ) throws(ParquetError) -> T? where T.RawValue == Int32 {
    try readI32(type).flatMap { T(rawValue: $0) }
  }
}
