import JSON

/// How columns are found in data files, if a table maps them.
///
/// - Spec: Delta PROTOCOL.md, "Column Mapping".
public enum ColumnMapping: String, Hashable, Sendable {
  /// By their physical names.
  case name
  /// By the field ids of a Parquet schema.
  case id

  /// Key of the table property.
  static let property = "delta.columnMapping.mode"
  private static let physicalNameKey = "delta.columnMapping.physicalName"
  private static let idKey = "delta.columnMapping.id"

  /// The mapping of a table; nil if its files have the columns under their own names. The property counts only in
  /// a table whose protocol has the feature.
  ///
  /// - Throws: `unsupported` for an unknown mode.
  static func of(
    _ metadata: TableMetadata, _ table: TableProtocol, _ path: String
  ) throws(DeltaError) -> ColumnMapping? {
    guard let mode = metadata.configuration[property], mode != "none" else { return nil }
    let hasFeature =
      table.minReaderVersion == 2
      || table.minReaderVersion >= 3 && table.readerFeatures?.contains("columnMapping") == true
    guard hasFeature else { return nil }
    guard let mapping = ColumnMapping(rawValue: mode) else {
      throw TableFeatures.unsupported("columnMapping", path, because: "its mode is '\(mode)'")
    }
    return mapping
  }

  /// Checks that every column, nested ones too, can be found, and none is another.
  ///
  /// - Throws: `schema` for a column without a physical name or id, or with that of another one.
  func check(_ schema: DeltaSchema) throws(DeltaError) {
    var ids: [Int32: String] = [:]
    try check(schema, within: "", &ids)
  }

  private func check(
    _ schema: DeltaSchema, within path: String, _ ids: inout [Int32: String]
  ) throws(DeltaError) {
    var names: [String: String] = [:]
    for field in schema.fields {
      let column = path + field.name
      guard let name = field.physicalName, !name.isEmpty else {
        throw Self.wrong("column '\(column)' has no physical name", self)
      }
      if let other = names.updateValue(column, forKey: name) {
        throw Self.wrong(
          "columns '\(other)' and '\(column)' have one physical name, '\(name)'", self)
      }
      if self == .id {
        guard let id = field.columnID else {
          throw Self.wrong("column '\(column)' has no id", self)
        }
        if let other = ids.updateValue(column, forKey: id) {
          throw Self.wrong("columns '\(other)' and '\(column)' have one id, \(id)", self)
        }
      }
      try check(field.type, within: column, &ids)
    }
  }

  private func check(
    _ type: DeltaType, within path: String, _ ids: inout [Int32: String]
  ) throws(DeltaError) {
    switch type {
    case .structure(let schema): try check(schema, within: path + ".", &ids)
    case .array(let element, _): try check(element, within: path + ".element", &ids)
    case .map(let key, let value, _):
      try check(key, within: path + ".key", &ids)
      try check(value, within: path + ".value", &ids)
    default: break
    }
  }

  private static func wrong(_ what: String, _ mapping: ColumnMapping) -> DeltaError {
    DeltaError(
      .schema, "\(what), and the table maps its columns by \(mapping.rawValue)",
      remedy: "the schema in the log is damaged: read an earlier version of the table (--version)")
  }

  // MARK: - Fields

  fileprivate static func physicalName(_ field: DeltaField) -> String? {
    field.metadata[physicalNameKey]?.string
  }

  fileprivate static func id(_ field: DeltaField) -> Int32? {
    field.metadata[idKey]?.int64.flatMap { Int32(exactly: $0) }
  }
}

extension DeltaField {
  /// The name in data files, partition values and statistics of a table that maps its columns; nil in any other.
  public var physicalName: String? { ColumnMapping.physicalName(self) }

  /// The field id in data files of a table that maps its columns; nil in any other.
  public var columnID: Int32? { ColumnMapping.id(self) }

  /// Whether files may have it in a narrower type.
  fileprivate var isWidened: Bool { metadata[Self.typeChanges] != nil }

  private static let typeChanges = "delta.typeChanges"

  /// Whether its type was changed from one of these to the present one.
  func wasWidened(from types: Set<String>) -> Bool {
    (metadata[Self.typeChanges]?.array ?? []).contains { change in
      change["fromType"]?.string.map { types.contains($0) } ?? false
    }
  }
}

extension DeltaSchema {
  /// A column, nested or not, that files may have in a narrower type; nil if there is none.
  var widenedColumn: String? {
    var found: String?
    forEachField { field in if found == nil, field.isWidened { found = field.name } }
    return found
  }
}

/// How the log tells of a table's columns: partition values and statistics may be under other names than the
/// table's, and of types that the columns had before.
struct LoggedColumns: Hashable, Sendable {
  /// By the table's names; nil if the log uses these.
  var physicalNames: [String: String]?
  /// Columns of doubles that were floats: their bounds may be printed as floats.
  var formerFloats: Set<String> = []

  /// nil for a table whose log tells of its columns as they are.
  init?(_ schema: DeltaSchema, _ mapping: ColumnMapping?) {
    if mapping != nil {
      var names: [String: String] = [:]
      for field in schema.fields { names[field.name] = field.physicalName }
      physicalNames = names
    }
    for field in schema.fields where field.type == .double && field.wasWidened(from: ["float"]) {
      formerFloats.insert(field.name)
    }
    if physicalNames == nil, formerFloats.isEmpty { return nil }
  }

  func name(of column: String) -> String { physicalNames?[column] ?? column }

  /// Partition values by the table's names.
  func translated(_ values: [String: String?]) -> [String: String?] {
    guard let physicalNames else { return values }
    var result: [String: String?] = [:]
    for (column, name) in physicalNames {
      if let value = values[name] { result.updateValue(value, forKey: column) }
    }
    return result
  }
}
