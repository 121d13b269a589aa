/// The unit of a time of day or timestamp.
public enum TimeUnit: Hashable, Sendable {
  case milliseconds, microseconds, nanoseconds

  /// Units in one second.
  public var perSecond: Int64 {
    switch self {
    case .milliseconds: 1_000
    case .microseconds: 1_000_000
    case .nanoseconds: 1_000_000_000
    }
  }
}

/// The logical type of a column.
public enum ColumnType: Hashable, Sendable {
  case boolean
  /// `bitWidth` is 8, 16, 32 or 64.
  case integer(bitWidth: Int, isSigned: Bool)
  case float16, float, double
  /// Unscaled integers: value × 10^scale. Up to 38 digits.
  case decimal(precision: Int, scale: Int)
  case string, json, enumeration
  /// Binary data; `fixed` is the common length of all values, if they have one.
  case binary(fixed: Int?)
  case uuid
  /// Days since 1970-01-01.
  case date
  case time(TimeUnit, isUTC: Bool)
  case timestamp(TimeUnit, isUTC: Bool)
  /// Parquet INTERVAL: months, days, milliseconds, each an unsigned 32-bit integer in 12 bytes.
  case interval
  /// A type whose values are all null.
  case null

  /// A signed integer of 8 bits.
  public static let byte = ColumnType.integer(bitWidth: 8, isSigned: true)
  /// A signed integer of 16 bits.
  public static let short = ColumnType.integer(bitWidth: 16, isSigned: true)
  /// A signed integer of 32 bits.
  public static let int = ColumnType.integer(bitWidth: 32, isSigned: true)
  /// A signed integer of 64 bits.
  public static let long = ColumnType.integer(bitWidth: 64, isSigned: true)
  /// Binary data of any length.
  public static let binary = ColumnType.binary(fixed: nil)
  /// The timestamp type of Delta tables: microseconds, UTC.
  public static let timestamp = ColumnType.timestamp(.microseconds, isUTC: true)

  /// How values of this type are stored in memory.
  public var storage: StorageKind {
    switch self {
    case .boolean, .integer, .date, .time, .timestamp, .null: .integers
    case .float16, .float, .double: .doubles
    case .decimal(let precision, _): precision <= 18 ? .integers : .wide
    case .string, .json, .enumeration, .binary, .uuid, .interval: .bytes
    }
  }

  /// The name in schema files and messages.
  public var name: String {
    switch self {
    case .boolean: "boolean"
    case .integer(8, true): "byte"
    case .integer(16, true): "short"
    case .integer(32, true): "integer"
    case .integer(64, true): "long"
    case .integer(let width, let signed): (signed ? "int" : "uint") + String(width)
    case .float16: "float16"
    case .float: "float"
    case .double: "double"
    case .decimal(let precision, let scale): "decimal(\(precision),\(scale))"
    case .string: "string"
    case .json: "json"
    case .enumeration: "enum"
    case .binary(nil): "binary"
    case .binary(let fixed?): "binary(\(fixed))"
    case .uuid: "uuid"
    case .date: "date"
    case .time(let unit, _): "time_" + unit.suffix
    case .timestamp(.microseconds, true): "timestamp"
    case .timestamp(.microseconds, false): "timestamp_ntz"
    case .timestamp(let unit, let isUTC): "timestamp_" + unit.suffix + (isUTC ? "" : "_ntz")
    case .interval: "interval"
    case .null: "null"
    }
  }
}

extension TimeUnit {
  /// `ms`, `us` or `ns`.
  public var suffix: String {
    switch self {
    case .milliseconds: "ms"
    case .microseconds: "us"
    case .nanoseconds: "ns"
    }
  }
}

/// In-memory representation of a column.
public enum StorageKind: Sendable { case integers, wide, doubles, bytes }

/// A named column of a flat schema.
public struct Field: Hashable, Sendable {
  /// The column's name, with the spelling of the file or log.
  public var name: String
  /// The logical type.
  public var type: ColumnType
  /// Whether rows may be null.
  public var isNullable: Bool

  /// A column of a schema.
  public init(_ name: String, _ type: ColumnType, isNullable: Bool = true) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
  }
}

extension ColumnType {
  /// The type's name in the row hash; see `RowHash.init(name:type:)`.
  public var hashName: String {
    switch self {
    case .boolean: "boolean"
    case .integer: "integer"
    case .float16, .float, .double: "double"
    case .decimal(_, let scale): "decimal(\(scale))"
    case .string, .json, .enumeration: "string"
    case .binary, .uuid, .interval: "binary"
    case .date: "date"
    case .time, .timestamp: "timestamp"
    case .null: "null"
    }
  }
}
