import Columnar

extension SchemaNode {
  /// The schema as indented lines: repetition, physical type, name, meaning.
  public var lines: [String] {
    var lines: [String] = []
    for child in children { child.append(to: &lines, depth: 0) }
    return lines
  }

  private func append(to lines: inout [String], depth: Int) {
    var line = String(repeating: "  ", count: depth)
    switch repetition {
    case .required: line += "required "
    case .optional: line += "optional "
    case .repeated: line += "repeated "
    }
    line += physicalName + " " + name
    if let meaning = annotation { line += " (" + meaning + ")" }
    if let id = element.fieldID { line += " = \(id)" }
    lines.append(line)
    for child in children { child.append(to: &lines, depth: depth + 1) }
  }

  /// The physical type in the format's spelling; `group` for groups.
  public var physicalName: String {
    guard let type = element.type, isLeaf else { return "group" }
    if type == .fixedLengthByteArray { return "\(type.name)(\(element.typeLength ?? 0))" }
    return type.name
  }

  /// The logical, else the converted type, in the format's spelling.
  public var annotation: String? {
    if let logical = element.logicalType { return logical.name }
    guard let converted = element.convertedType else { return nil }
    if converted == .decimal { return "DECIMAL(\(element.precision ?? 0),\(element.scale ?? 0))" }
    return converted.name
  }
}

extension ConvertedType {
  /// The name in the format's spelling.
  public var name: String {
    switch self {
    case .utf8: "UTF8"
    case .map: "MAP"
    case .mapKeyValue: "MAP_KEY_VALUE"
    case .list: "LIST"
    case .enumeration: "ENUM"
    case .decimal: "DECIMAL"
    case .date: "DATE"
    case .timeMillis: "TIME_MILLIS"
    case .timeMicros: "TIME_MICROS"
    case .timestampMillis: "TIMESTAMP_MILLIS"
    case .timestampMicros: "TIMESTAMP_MICROS"
    case .uint8: "UINT_8"
    case .uint16: "UINT_16"
    case .uint32: "UINT_32"
    case .uint64: "UINT_64"
    case .int8: "INT_8"
    case .int16: "INT_16"
    case .int32: "INT_32"
    case .int64: "INT_64"
    case .json: "JSON"
    case .bson: "BSON"
    case .interval: "INTERVAL"
    }
  }
}

extension StatisticsValue {
  /// The bound as a value of a column.
  public func value(of type: ColumnType) -> Value {
    switch self {
    case .integer(let number):
      return Value(column: Column(type: type, storage: .integers([number])), row: 0, type: type)
    case .wide(let number):
      return Value(column: Column(type: type, storage: .wide([number])), row: 0, type: type)
    case .double(let number):
      return Value(column: Column(type: type, storage: .doubles([number])), row: 0, type: type)
    case .bytes(let bytes):
      var text = ByteColumn()
      bytes.withUnsafeBytes { text.append($0) }
      return Value(column: Column(type: type, storage: .bytes(text)), row: 0, type: type)
    }
  }
}
