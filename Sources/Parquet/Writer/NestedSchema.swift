import Columnar

/// The type of a column that may be nested.
public indirect enum NestedType: Hashable, Sendable {
  case primitive(ColumnType)
  case structure([NestedField])
  /// Elements may be null.
  case list(NestedType)
  /// Keys may not be null, values may.
  case map(key: ColumnType, value: NestedType)
}

/// A named column of a nested schema. Every one may be null.
public struct NestedField: Hashable, Sendable {
  /// The field's name.
  public var name: String
  /// The field's type.
  public var type: NestedType
  /// Whether its values, `binary(12)`, are INT96 times.
  public var isInt96 = false
  /// Its name in the file that is read, if that is another one.
  public var storedName: String?
  /// Its field id, if a file's field is found by that.
  public var fieldID: Int32?

  /// A field of a nested schema.
  public init(_ name: String, _ type: NestedType) {
    self.name = name
    self.type = type
  }

  /// A field without nesting.
  public init(_ name: String, _ type: ColumnType) {
    self.init(name, .primitive(type))
  }
}

/// A nested schema prepared for writing: schema elements depth first, leaves, and the tree by which rows are
/// shredded. Parquet LogicalTypes.md, "Nested Types"; lists have three levels.
struct NestedLayout {
  /// A node of the tree, with the levels at which it is defined.
  indirect enum Node {
    case leaf(Int, isRequired: Bool)
    case structure([Child], definitionLevel: Int, leaves: Range<Int>)
    /// `elementLevel` is the definition level of an existing element, null or not.
    case list(Node, definitionLevel: Int, elementLevel: Int, repetition: Int, leaves: Range<Int>)
    case map(
      key: Node, value: Node, definitionLevel: Int, elementLevel: Int, repetition: Int,
      leaves: Range<Int>)
  }

  /// A named node.
  struct Child {
    var name: String
    var node: Node
  }

  struct Leaf {
    var column: WriterColumn
    var path: [String]
    var definitionLevelMax: Int
    var repetitionLevelMax: Int
  }

  private(set) var elements: [SchemaElement]
  private(set) var leaves: [Leaf] = []
  private(set) var nodes: [Child] = []

  init(_ fields: [NestedField]) {
    elements = [SchemaElement(name: "schema", childCount: Int32(fields.count))]
    for field in fields {
      let node = add(field.name, field.type, [], definition: 0, repetition: 0, isRequired: false)
      if field.isInt96, case .leaf(let leaf, _) = node {
        leaves[leaf].column.isInt96 = true
        elements[elements.count - 1] = leaves[leaf].column.schemaElement
      }
      nodes.append(Child(name: field.name, node: node))
    }
  }

  private mutating func add(
    _ name: String, _ type: NestedType, _ parent: [String], definition: Int, repetition: Int,
    isRequired: Bool
  ) -> Node {
    let path = parent + [name]
    let present = isRequired ? definition : definition + 1
    let first = leaves.count
    switch type {
    case .primitive(let type):
      let column = WriterColumn(Field(path.joined(separator: "."), type))
      var element = column.schemaElement
      element.name = name
      element.repetition = isRequired ? .required : .optional
      elements.append(element)
      leaves.append(
        Leaf(
          column: column, path: path, definitionLevelMax: present, repetitionLevelMax: repetition))
      return .leaf(first, isRequired: isRequired)
    case .structure(let fields):
      elements.append(
        SchemaElement(repetition: .optional, name: name, childCount: Int32(fields.count)))
      var children: [Child] = []
      for field in fields {
        let node = add(
          field.name, field.type, path, definition: present, repetition: repetition,
          isRequired: false)
        children.append(Child(name: field.name, node: node))
      }
      return .structure(children, definitionLevel: present, leaves: first..<leaves.count)
    case .list(let type):
      elements.append(
        SchemaElement(
          repetition: .optional, name: name, childCount: 1, convertedType: .list,
          logicalType: .list))
      elements.append(SchemaElement(repetition: .repeated, name: "list", childCount: 1))
      let element = add(
        "element", type, path + ["list"], definition: present + 1, repetition: repetition + 1,
        isRequired: false)
      return .list(
        element, definitionLevel: present, elementLevel: present + 1, repetition: repetition + 1,
        leaves: first..<leaves.count)
    case .map(let keyType, let valueType):
      elements.append(
        SchemaElement(
          repetition: .optional, name: name, childCount: 1, convertedType: .map,
          logicalType: .map))
      elements.append(SchemaElement(repetition: .repeated, name: "key_value", childCount: 2))
      let inner = path + ["key_value"]
      let key = add(
        "key", .primitive(keyType), inner, definition: present + 1, repetition: repetition + 1,
        isRequired: true)
      let value = add(
        "value", valueType, inner, definition: present + 1, repetition: repetition + 1,
        isRequired: false)
      return .map(
        key: key, value: value, definitionLevel: present, elementLevel: present + 1,
        repetition: repetition + 1, leaves: first..<leaves.count)
    }
  }
}
