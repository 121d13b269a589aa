import Columnar

/// A leaf of the schema: a stored column.
public struct LeafColumn: Hashable, Sendable {
  /// Names from the root's child down to the leaf.
  public let path: [String]
  /// The meaning of the values.
  public let type: ColumnType
  /// The physical type of the values.
  public let physicalType: PhysicalType
  /// Size of a FIXED_LEN_BYTE_ARRAY value (12 for INT96), else 0.
  public let typeLength: Int
  /// The definition level of a value that is not null.
  public let maxDefinitionLevel: Int
  /// Number of repeated fields on the path; 0 for a flat column.
  public let maxRepetitionLevel: Int

  /// The path, joined with dots.
  public var name: String { path.joined(separator: ".") }
  /// Whether it may be null.
  public var isNullable: Bool { maxDefinitionLevel > 0 }

  /// Size of a PLAIN value; nil if values differ in length, or share a byte.
  var plainByteCount: Int? {
    switch physicalType {
    case .int32, .float: 4
    case .int64, .double: 8
    case .int96, .fixedLengthByteArray: typeLength
    case .boolean, .byteArray: nil
    }
  }

  func retyped(_ type: ColumnType) -> LeafColumn {
    LeafColumn(
      path: path, type: type, physicalType: physicalType, typeLength: typeLength,
      maxDefinitionLevel: maxDefinitionLevel, maxRepetitionLevel: maxRepetitionLevel)
  }
}

/// A node of the schema, with what follows from its position in the tree.
public struct SchemaNode: Sendable {
  /// The node in the footer.
  public let element: SchemaElement
  /// The nodes below; none for a leaf.
  public let children: [SchemaNode]
  /// Optional and repeated nodes from the root to this one.
  public let maxDefinitionLevel: Int
  /// Repeated nodes from the root to this one.
  public let maxRepetitionLevel: Int
  /// The leaves at or under this node.
  public let leafRange: Range<Int>
  /// nil for groups.
  public let type: ColumnType?

  /// The node's name, without its path.
  public var name: String { element.name }
  /// Whether it is a stored column.
  public var isLeaf: Bool { type != nil }
  /// Whether it is required, optional or repeated.
  public var repetition: Repetition { element.repetition ?? .required }
}

/// Builds the tree from its depth-first list.
struct SchemaBuilder {
  private let elements: [SchemaElement]
  private var next = 0
  private(set) var leaves: [LeafColumn] = []

  static func build(
    _ elements: [SchemaElement]
  ) throws(ParquetError) -> (root: SchemaNode, leaves: [LeafColumn]) {
    var builder = SchemaBuilder(elements: elements)
    let root = try builder.node(path: [], definition: 0, repetition: 0)
    if builder.next != elements.count {
      throw ParquetError(
        .corrupt, "the schema's tree has \(builder.next) nodes, its list \(elements.count)")
    }
    if root.isLeaf && elements.count == 1 && root.element.type != nil {
      throw ParquetError(.corrupt, "the schema's root is a column")
    }
    return (root, builder.leaves)
  }

  private init(elements: [SchemaElement]) { self.elements = elements }

  private mutating func node(
    path: [String], definition: Int, repetition: Int
  ) throws(ParquetError) -> SchemaNode {
    if next >= elements.count { throw ParquetError(.corrupt, "the schema's list ends early") }
    let element = elements[next]
    let isRoot = next == 0
    next += 1
    if path.count > Limits.schemaDepthMax {
      throw ParquetError(.unsupported, "a schema deeper than \(Limits.schemaDepthMax) groups")
    }
    var definition = definition
    var repetition = repetition
    if !isRoot {
      switch element.repetition {
      // Some writers omit the first value of the enumeration, as if it were a default.
      case .required?, nil: break
      case .optional?: definition += 1
      case .repeated?:
        definition += 1
        repetition += 1
      }
    }
    let childCount = Int(element.childCount ?? 0)
    // A group may be empty; a leaf always has a type.
    if let physical = element.type, !isRoot, childCount == 0 {
      return try leaf(element, physical, path, definition, repetition)
    }
    if childCount < 0 || childCount > elements.count - next {
      throw ParquetError(
        .corrupt, "the schema gives '\(element.name)' \(childCount) children")
    }
    let firstLeaf = leaves.count
    var children: [SchemaNode] = []
    for _ in 0..<childCount {
      let name = next < elements.count ? elements[next].name : ""
      children.append(
        try node(path: path + [name], definition: definition, repetition: repetition))
    }
    return SchemaNode(
      element: element, children: children, maxDefinitionLevel: definition,
      maxRepetitionLevel: repetition, leafRange: firstLeaf..<leaves.count, type: nil)
  }

  private mutating func leaf(
    _ element: SchemaElement, _ physical: PhysicalType, _ path: [String], _ definition: Int,
    _ repetition: Int
  ) throws(ParquetError) -> SchemaNode {
    var length = 0
    if physical == .int96 { length = 12 }
    if physical == .fixedLengthByteArray {
      length = Int(element.typeLength ?? 0)
      if length < 1 {
        throw ParquetError(
          .corrupt, "the schema gives '\(element.name)' a fixed length of \(length) bytes")
      }
    }
    if leaves.count >= Limits.leafCountMax {
      throw ParquetError(.unsupported, "a schema of more than \(Limits.leafCountMax) columns")
    }
    if let converted = element.convertedType, element.logicalType == nil,
      !ColumnType.canMean(converted, element, physical, length)
    {
      throw ParquetError(
        .corrupt,
        "the schema says '\(element.name)' is \(converted), which \(physical.name) cannot be")
    }
    let type = ColumnType(element: element, physical: physical, length: length)
    leaves.append(
      LeafColumn(
        path: path, type: type, physicalType: physical, typeLength: length,
        maxDefinitionLevel: definition, maxRepetitionLevel: repetition))
    return SchemaNode(
      element: element, children: [], maxDefinitionLevel: definition,
      maxRepetitionLevel: repetition, leafRange: (leaves.count - 1)..<leaves.count, type: type)
  }
}

extension ColumnType {
  /// The type by a leaf's logical, else converted, else physical type. A logical type that does not fit the
  /// physical type is ignored, as the format demands. So is UNKNOWN, which otherwise means only nulls, if the
  /// converted type is more specific: parquet-java writes it beside INTERVAL, which has no logical type.
  init(element: SchemaElement, physical: PhysicalType, length: Int) {
    if element.logicalType == .unknown, let converted = element.convertedType,
      let type = ColumnType(
        converted: converted, element: element, physical: physical, length: length)
    {
      self = type
    } else if let logical = element.logicalType,
      let type = ColumnType(logical: logical, physical: physical, length: length)
    {
      self = type
    } else if let converted = element.convertedType,
      let type = ColumnType(
        converted: converted, element: element, physical: physical, length: length)
    {
      self = type
    } else {
      self = ColumnType(physical: physical, length: length)
    }
  }

  /// Whether a physical type can have a converted type. An unknown logical type may be newer than this reader
  /// and is ignored; converted types are all known.
  static func canMean(
    _ converted: ConvertedType, _ element: SchemaElement, _ physical: PhysicalType, _ length: Int
  ) -> Bool {
    if converted == .bson { return physical == .byteArray }
    return ColumnType(converted: converted, element: element, physical: physical, length: length)
      != nil
  }

  private init(physical: PhysicalType, length: Int) {
    switch physical {
    case .boolean: self = .boolean
    case .int32: self = .int
    case .int64: self = .long
    case .int96: self = .timestamp(.nanoseconds, isUTC: false)
    case .float: self = .float
    case .double: self = .double
    case .byteArray: self = .binary
    case .fixedLengthByteArray: self = .binary(fixed: length)
    }
  }

  private init?(logical: LogicalType, physical: PhysicalType, length: Int) {
    switch (logical, physical) {
    case (.string, .byteArray): self = .string
    case (.enumeration, .byteArray): self = .enumeration
    case (.json, .byteArray): self = .json
    case (.decimal(let scale, let precision), _):
      guard let type = Self.decimal(scale, precision, physical) else { return nil }
      self = type
    case (.date, .int32): self = .date
    case (.time(let isUTC, .milliseconds), .int32): self = .time(.milliseconds, isUTC: isUTC)
    case (.time(let isUTC, let unit), .int64) where unit != .milliseconds:
      self = .time(unit, isUTC: isUTC)
    case (.timestamp(let isUTC, let unit), .int64): self = .timestamp(unit, isUTC: isUTC)
    case (.integer(64, let isSigned), .int64): self = .integer(bitWidth: 64, isSigned: isSigned)
    case (.integer(let width, let isSigned), .int32) where width <= 32:
      self = .integer(bitWidth: Int(width), isSigned: isSigned)
    case (.uuid, .fixedLengthByteArray) where length == 16: self = .uuid
    case (.float16, .fixedLengthByteArray) where length == 2: self = .float16
    case (.unknown, _): self = .null
    default: return nil
    }
  }

  private init?(
    converted: ConvertedType, element: SchemaElement, physical: PhysicalType, length: Int
  ) {
    switch (converted, physical) {
    case (.utf8, .byteArray): self = .string
    case (.enumeration, .byteArray): self = .enumeration
    case (.json, .byteArray): self = .json
    case (.decimal, _):
      guard let type = Self.decimal(element.scale ?? 0, element.precision ?? 0, physical)
      else { return nil }
      self = type
    case (.date, .int32): self = .date
    case (.timeMillis, .int32): self = .time(.milliseconds, isUTC: true)
    case (.timeMicros, .int64): self = .time(.microseconds, isUTC: true)
    case (.timestampMillis, .int64): self = .timestamp(.milliseconds, isUTC: true)
    case (.timestampMicros, .int64): self = .timestamp(.microseconds, isUTC: true)
    case (.uint8, .int32): self = .integer(bitWidth: 8, isSigned: false)
    case (.uint16, .int32): self = .integer(bitWidth: 16, isSigned: false)
    case (.uint32, .int32): self = .integer(bitWidth: 32, isSigned: false)
    case (.uint64, .int64): self = .integer(bitWidth: 64, isSigned: false)
    case (.int8, .int32): self = .byte
    case (.int16, .int32): self = .short
    case (.int32, .int32): self = .int
    case (.int64, .int64): self = .long
    case (.interval, .fixedLengthByteArray) where length == 12: self = .interval
    default: return nil
    }
  }

  private static func decimal(
    _ scale: Int32, _ precision: Int32, _ physical: PhysicalType
  ) -> ColumnType? {
    let isInteger = physical == .int32 || physical == .int64
    let isBytes = physical == .byteArray || physical == .fixedLengthByteArray
    guard isInteger || isBytes, precision >= 1, scale >= 0, scale <= precision else { return nil }
    return .decimal(precision: Int(precision), scale: Int(scale))
  }
}
