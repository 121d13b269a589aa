import Columnar
import JSON

/// One column of a table, or one field of a struct.
public struct DeltaField: Hashable, Sendable {
  /// The column's name.
  public var name: String
  /// The type of its values.
  public var type: DeltaType
  /// Whether rows may be null.
  public var isNullable: Bool
  /// Further members in the log: comments, invariants, generation expressions.
  public var metadata: JSONObject

  /// A column of a table.
  public init(
    _ name: String, _ type: DeltaType, isNullable: Bool = true, metadata: JSONObject = JSONObject()
  ) {
    self.name = name
    self.type = type
    self.isNullable = isNullable
    self.metadata = metadata
  }
}

/// The columns of a table, as in `schemaString`.
///
/// - Spec: Delta PROTOCOL.md, "Schema Serialization Format".
public struct DeltaSchema: Hashable, Sendable {
  /// The columns, in order.
  public var fields: [DeltaField]

  /// A schema of these columns.
  public init(fields: [DeltaField]) { self.fields = fields }

  /// A flat schema.
  ///
  /// - Throws: `schema` if Delta has no type for a column.
  public init(_ fields: [Field]) throws(DeltaError) {
    self.fields = []
    for field in fields {
      guard let type = DeltaType(field.type) else {
        throw DeltaError(
          .schema, "Delta has no type for column '\(field.name)' of type \(field.type.name)")
      }
      self.fields.append(DeltaField(field.name, type, isNullable: field.isNullable))
    }
  }

  /// Reads `schemaString`.
  public init(parsing schemaString: String) throws(DeltaError) {
    do throws(JSONError) {
      let value = try JSONValue(parsing: schemaString)
      try self.init(value, subject: "the schema")
    } catch {
      throw DeltaError(.schema, "the schema is not what Delta writes: \(error.message)")
    }
  }

  /// The columns as flat fields; nested and unknown ones are left out.
  public var flatFields: [Field] {
    fields.compactMap { field in
      field.type.columnType.map { Field(field.name, $0, isNullable: field.isNullable) }
    }
  }

  /// The column of a name; nil if there is none.
  public subscript(_ name: String) -> DeltaField? { fields.first { $0.name == name } }

  /// Visits every field, nested ones too.
  func forEachField(_ body: (DeltaField) -> Void) {
    func visit(_ type: DeltaType) {
      switch type {
      case .structure(let schema): schema.forEachField(body)
      case .array(let element, _): visit(element)
      case .map(let key, let value, _):
        visit(key)
        visit(value)
      default: break
      }
    }
    for field in fields {
      body(field)
      visit(field.type)
    }
  }
}

// MARK: - JSON

extension DeltaSchema {
  private static func wrong(_ what: String) -> JSONError {
    JSONError(code: .type, message: what, offset: 0)
  }

  private init(_ value: JSONValue, subject: String) throws(JSONError) {
    guard value["type"]?.string == "struct", let elements = value["fields"]?.array else {
      throw Self.wrong("\(subject) is no struct")
    }
    fields = []
    fields.reserveCapacity(elements.count)
    for element in elements {
      guard let name = element["name"]?.string, let type = element["type"] else {
        throw Self.wrong("\(subject) has a field without a name or type")
      }
      fields.append(
        DeltaField(
          name, try Self.type(type, subject: "'\(name)'"),
          isNullable: element["nullable"]?.boolean ?? true,
          metadata: element["metadata"]?.object ?? JSONObject()))
    }
  }

  private static func type(_ value: JSONValue, subject: String) throws(JSONError) -> DeltaType {
    if let name = value.string {
      do throws(DeltaError) {
        return try DeltaType.primitive(name)
      } catch { throw wrong(error.message) }
    }
    switch value["type"]?.string {
    case "struct": return .structure(try DeltaSchema(value, subject: subject))
    case "array":
      guard let element = value["elementType"] else { throw wrong("\(subject) is no array") }
      return .array(
        element: try type(element, subject: subject),
        containsNull: value["containsNull"]?.boolean ?? true)
    case "map":
      guard let key = value["keyType"], let element = value["valueType"] else {
        throw wrong("\(subject) is no map")
      }
      return .map(
        key: try type(key, subject: subject), value: try type(element, subject: subject),
        valueContainsNull: value["valueContainsNull"]?.boolean ?? true)
    case let name?: return .unknown(name)
    case nil: throw wrong("\(subject) has no type")
    }
  }

  /// The schema as the log writes it.
  public var schemaString: String {
    var writer = JSONWriter()
    write(to: &writer)
    return writer.string
  }

  private func write(to writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("type")
    writer.string("struct")
    writer.key("fields")
    writer.beginArray()
    for field in fields {
      writer.beginObject()
      writer.key("name")
      writer.string(field.name)
      writer.key("type")
      Self.write(field.type, to: &writer)
      writer.key("nullable")
      writer.boolean(field.isNullable)
      writer.key("metadata")
      writer.value(.object(field.metadata))
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
  }

  private static func write(_ type: DeltaType, to writer: inout JSONWriter) {
    switch type {
    case .structure(let schema): schema.write(to: &writer)
    case .array(let element, let containsNull):
      writer.beginObject()
      writer.key("type")
      writer.string("array")
      writer.key("elementType")
      write(element, to: &writer)
      writer.key("containsNull")
      writer.boolean(containsNull)
      writer.endObject()
    case .map(let key, let value, let valueContainsNull):
      writer.beginObject()
      writer.key("type")
      writer.string("map")
      writer.key("keyType")
      write(key, to: &writer)
      writer.key("valueType")
      write(value, to: &writer)
      writer.key("valueContainsNull")
      writer.boolean(valueContainsNull)
      writer.endObject()
    default: writer.string(type.name)
    }
  }
}
