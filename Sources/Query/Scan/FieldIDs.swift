import Parquet

/// Finds the columns of a file by the field ids of its schema, as tables demand that map their columns by id.
enum FieldIDs {
  /// - Parameter wanted: Field ids by the names under which columns are asked for.
  /// - Returns: Leaves of flat columns, and nested columns, by these names; columns that the file lacks are left
  ///   out.
  /// - Throws: If the file has no field ids at all, or one of them twice.
  static func columns(
    of reader: ParquetReader, _ wanted: [String: Int32]
  ) throws -> (leaves: [String: Int], nested: [String: (node: SchemaNode, type: NestedType)]) {
    var nodes: [Int32: SchemaNode] = [:]
    for node in reader.schema.children {
      guard let id = node.element.fieldID else { continue }
      if let other = nodes.updateValue(node, forKey: id) {
        throw QueryError(
          .badData, "columns '\(other.name)' and '\(node.name)' have one field id, \(id)",
          at: reader.name, remedy: "copy the file again from where it is whole")
      }
    }
    if nodes.isEmpty, !reader.schema.children.isEmpty {
      throw QueryError(
        .badData, "the file has no field ids, by which the table maps its columns",
        at: reader.name, remedy: "have the table's engine write the file anew")
    }
    var leaves: [String: Int] = [:]
    var nested: [String: (node: SchemaNode, type: NestedType)] = [:]
    for (name, id) in wanted {
      guard let node = nodes[id] else { continue }
      if node.isLeaf && node.repetition != .repeated {
        leaves[name] = node.leafRange.lowerBound
      } else if let type = node.nestedType {
        nested[name] = (node, type)
      }
    }
    return (leaves, nested)
  }
}
