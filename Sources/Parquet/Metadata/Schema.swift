// The structs of the same names in parquet.thrift. Unknown fields are skipped.

/// One node of the schema tree, which is stored depth first.
public struct SchemaElement: Hashable, Sendable, ThriftReadable, ThriftWritable {
  /// nil for groups.
  public var type: PhysicalType?
  /// Size of a FIXED_LEN_BYTE_ARRAY value.
  public var typeLength: Int32?
  /// nil only for the root.
  public var repetition: Repetition?
  /// The node's name.
  public var name: String
  /// Number of children, which follow in the list; nil for a leaf.
  public var childCount: Int32?
  /// The meaning of the values, in the older form.
  public var convertedType: ConvertedType?
  /// A decimal's, for old readers.
  public var scale: Int32?
  /// A decimal's, for old readers.
  public var precision: Int32?
  /// The field's id in the writer's own schema.
  public var fieldID: Int32?
  /// The meaning of the values.
  public var logicalType: LogicalType?

  /// A node of a schema.
  public init(
    type: PhysicalType? = nil, typeLength: Int32? = nil, repetition: Repetition? = nil,
    name: String, childCount: Int32? = nil, convertedType: ConvertedType? = nil,
    scale: Int32? = nil, precision: Int32? = nil, fieldID: Int32? = nil,
    logicalType: LogicalType? = nil
  ) {
    self.type = type
    self.typeLength = typeLength
    self.repetition = repetition
    self.name = name
    self.childCount = childCount
    self.convertedType = convertedType
    self.scale = scale
    self.precision = precision
    self.fieldID = fieldID
    self.logicalType = logicalType
  }

  init(parsing reader: inout ThriftReader) throws(ParquetError) {
    try reader.enter()
    var id: Int16 = 0
    var type: PhysicalType?
    var typeLength: Int32?
    var repetition: Repetition?
    var name: String?
    var childCount: Int32?
    var convertedType: ConvertedType?
    var scale: Int32?
    var precision: Int32?
    var fieldID: Int32?
    var logicalType: LogicalType?
    while let wire = try reader.nextField(&id) {
      switch id {
      case 1: type = try reader.readEnum(wire, "physical type", as: PhysicalType.self)
      case 2: typeLength = try reader.readI32(wire)
      case 3: repetition = try reader.readEnum(wire, "repetition", as: Repetition.self)
      case 4: name = try reader.readString(wire)
      case 5: childCount = try reader.readI32(wire)
      case 6: convertedType = try reader.readOpen(wire, as: ConvertedType.self)
      case 7: scale = try reader.readI32(wire)
      case 8: precision = try reader.readI32(wire)
      case 9: fieldID = try reader.readI32(wire)
      case 10: logicalType = try reader.readStructure(wire, as: LogicalType.self)
      default: try reader.skip(wire)
      }
    }
    guard let name else {
      throw reader.corrupt("a SchemaElement lacks a required field")
    }
    self.type = type
    self.typeLength = typeLength
    self.repetition = repetition
    self.name = name
    self.childCount = childCount
    self.convertedType = convertedType
    self.scale = scale
    self.precision = precision
    self.fieldID = fieldID
    self.logicalType = logicalType
  }

  func write(to writer: inout ThriftWriter) {
    writer.beginStruct()
    writer.i32(1, type?.rawValue)
    writer.i32(2, typeLength)
    writer.i32(3, repetition?.rawValue)
    writer.string(4, name)
    writer.i32(5, childCount)
    writer.i32(6, convertedType?.rawValue)
    writer.i32(7, scale)
    writer.i32(8, precision)
    writer.i32(9, fieldID)
    writer.structure(10, logicalType)
    writer.endStruct()
  }
}
