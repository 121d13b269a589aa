import Columnar
import Platform

extension TableSchema {
  /// The schema of a record kind: the lake's own file if it has one, else the built-in one.
  ///
  /// - Parameter kind: Like `mbp-1`; also bars of any interval, like `ohlcv-15s`.
  public static func named(_ kind: String, in lake: Lake? = nil) throws(CatalogError)
    -> TableSchema
  {
    for schema in try own(of: lake) where schema.describes(kind) { return schema.named(kind) }
    for file in EmbeddedSchemas.files where file.kinds.contains(kind) {
      return try SchemaParser(file.text, path: nil, name: file.name).parse().named(kind)
    }
    for file in EmbeddedSchemas.files {
      // Only the file that may describe the kind is read: its own, or that of bars of any interval.
      let stem = kind.split(separator: "-").first.map { $0 + "-" } ?? kind
      if !file.kinds.contains(where: { $0 == kind || $0.hasPrefix(stem) }) { continue }
      let schema = try SchemaParser(file.text, path: nil, name: file.name).parse()
      if schema.describes(kind) { return schema.named(kind) }
    }
    let known = try all(in: lake).map(\.kind)
    throw CatalogError(
      .unknownKind, "unknown record kind '\(kind)'",
      remedy: NearestNames.question(kind, among: known) ?? "lake schema list")
  }

  /// Every record kind, by name: a lake's own files replace built-in ones of the same name.
  public static func all(in lake: Lake? = nil) throws(CatalogError) -> [TableSchema] {
    var schemas: [String: TableSchema] = [:]
    for file in EmbeddedSchemas.files {
      let schema = try SchemaParser(file.text, path: nil, name: file.name).parse()
      for kind in schema.kinds { schemas[kind] = schema.named(kind) }
    }
    for schema in try own(of: lake) {
      for kind in schema.kinds { schemas[kind] = schema.named(kind) }
    }
    return schemas.values.sorted { $0.kind < $1.kind }
  }

  /// The schema file of a record kind, as text.
  public static func fileText(_ kind: String, in lake: Lake? = nil) throws(CatalogError) -> String {
    let schema = try named(kind, in: lake)
    if let path = schema.path { return try FileSystem.text(path) }
    for file in EmbeddedSchemas.files {
      let parsed = try SchemaParser(file.text, path: nil, name: file.name).parse()
      if parsed.kinds == schema.kinds { return file.text }
    }
    return ""
  }

  /// The schemas in a lake's `schemas` folder.
  private static func own(of lake: Lake?) throws(CatalogError) -> [TableSchema] {
    guard let lake else { return [] }
    let folder = lake.root + "/schemas"
    var schemas: [TableSchema] = []
    for name in try FileSystem.names(in: folder) where name.hasSuffix(".yaml") {
      let path = folder + "/" + name
      let text = try FileSystem.text(path)
      schemas.append(
        try SchemaParser(text, path: path, name: String(name.dropLast(5))).parse())
    }
    return schemas
  }
}
