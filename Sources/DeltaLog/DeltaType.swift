import Columnar
import JSON

/// The type of a column in a table's schema.
///
/// - Spec: Delta PROTOCOL.md, "Schema Serialization Format".
public indirect enum DeltaType: Hashable, Sendable {
  case string, long, integer, short, byte, float, double, boolean, binary, date
  case timestamp
  case timestampNtz
  case decimal(precision: Int, scale: Int)
  /// Always null, and never in a data file.
  case void
  case array(element: DeltaType, containsNull: Bool)
  case map(key: DeltaType, value: DeltaType, valueContainsNull: Bool)
  case structure(DeltaSchema)
  /// An unknown name: files can be listed, but the column not read.
  case unknown(String)

  /// Values of any type, binary; never a column of its own in a data file, but two of binary data.
  ///
  /// - Spec: Delta PROTOCOL.md, "Variant Data Type".
  public static let variant = DeltaType.unknown("variant")

  /// The type as a flat column; nil for nested and unknown ones.
  public var columnType: ColumnType? {
    switch self {
    case .string: .string
    case .long: .long
    case .integer: .int
    case .short: .short
    case .byte: .byte
    case .float: .float
    case .double: .double
    case .boolean: .boolean
    case .binary: .binary
    case .date: .date
    case .timestamp: .timestamp
    case .timestampNtz: .timestamp(.microseconds, isUTC: false)
    case .decimal(let precision, let scale): .decimal(precision: precision, scale: scale)
    case .void: .null
    case .array, .map, .structure, .unknown: nil
    }
  }

  /// The Delta type for a column type; nil if there is none.
  public init?(_ type: ColumnType) {
    switch type {
    case .boolean: self = .boolean
    case .integer(8, true): self = .byte
    case .integer(16, true): self = .short
    case .integer(32, true): self = .integer
    case .integer(64, true): self = .long
    case .float: self = .float
    case .double: self = .double
    case .decimal(let precision, let scale): self = .decimal(precision: precision, scale: scale)
    case .string, .json, .enumeration: self = .string
    case .binary: self = .binary
    case .date: self = .date
    case .timestamp(.microseconds, true): self = .timestamp
    case .timestamp(.microseconds, false): self = .timestampNtz
    case .null: self = .void
    default: return nil
    }
  }

  /// The name as the log writes it; `array`, `map` and `struct` for nested types.
  public var name: String {
    switch self {
    case .string: "string"
    case .long: "long"
    case .integer: "integer"
    case .short: "short"
    case .byte: "byte"
    case .float: "float"
    case .double: "double"
    case .boolean: "boolean"
    case .binary: "binary"
    case .date: "date"
    case .timestamp: "timestamp"
    case .timestampNtz: "timestamp_ntz"
    case .decimal(let precision, let scale): "decimal(\(precision),\(scale))"
    case .void: "void"
    case .array: "array"
    case .map: "map"
    case .structure: "struct"
    case .unknown(let name): name
    }
  }

  static func primitive(_ name: String) throws(DeltaError) -> DeltaType {
    switch name {
    case "string": return .string
    case "long": return .long
    case "integer": return .integer
    case "short": return .short
    case "byte": return .byte
    case "float": return .float
    case "double": return .double
    case "boolean": return .boolean
    case "binary": return .binary
    case "date": return .date
    case "timestamp": return .timestamp
    case "timestamp_ntz": return .timestampNtz
    case "void", "null": return .void
    case "decimal": return .decimal(precision: 10, scale: 0)
    default: break
    }
    guard name.hasPrefix("decimal("), name.hasSuffix(")") else { return .unknown(name) }
    let parts = name.dropFirst(8).dropLast().split(separator: ",").map {
      Int($0.drop { $0 == " " }.prefix { $0 != " " })
    }
    guard parts.count == 2, let precision = parts[0], let scale = parts[1],
      (1...38).contains(precision), (0...precision).contains(scale)
    else { throw DeltaError(.schema, "the schema has the type '\(name)'") }
    return .decimal(precision: precision, scale: scale)
  }
}
