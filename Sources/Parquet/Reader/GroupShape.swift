/// What a group represents.
enum GroupShape {
  case structure
  /// The repeated node, and the element within it; nil if the repeated node itself is the element.
  case list(repeated: SchemaNode, element: SchemaNode?)
  /// The repeated node of keys and values.
  case map(entries: SchemaNode)
}

extension SchemaNode {
  /// The group's shape by its annotation, with the rules for files of older writers.
  ///
  /// Spec: Parquet LogicalTypes.md, "Lists", "Maps" and their backward-compatibility rules.
  var shape: GroupShape {
    guard children.count == 1, children[0].repetition == .repeated else { return .structure }
    let repeated = children[0]
    if isAnnotatedMap {
      if repeated.children.count == 2 { return .map(entries: repeated) }
      // Keys without values: a set, read as a list.
      if let key = repeated.children.first, repeated.children.count == 1 {
        return .list(repeated: repeated, element: key)
      }
      return .structure
    }
    guard isAnnotatedList else { return .structure }
    if repeated.isLeaf || repeated.children.count != 1 {
      return .list(repeated: repeated, element: nil)
    }
    let inner = repeated.children[0]
    if inner.repetition == .repeated || repeated.name == "array"
      || repeated.name == name + "_tuple"
    {
      return .list(repeated: repeated, element: nil)
    }
    return .list(repeated: repeated, element: inner)
  }

  private var isAnnotatedList: Bool {
    element.logicalType == .list || element.convertedType == .list
  }

  private var isAnnotatedMap: Bool {
    element.logicalType == .map || element.convertedType == .map
      || element.convertedType == .mapKeyValue
  }
}
