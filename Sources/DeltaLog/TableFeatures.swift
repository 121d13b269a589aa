import Platform

/// Which tables `lake` can read and write, by the protocol's feature names.
///
/// - Spec: Delta PROTOCOL.md, "Table Features".
enum TableFeatures {
  static let readerVersionMax = 3
  static let writerVersionMax = 2
  /// Writer features that are supported.
  static let writableFeatures: Set<String> = ["appendOnly", "invariants"]

  /// Features that some writers list for readers though they don't affect reading.
  private static let featuresOfWriters: Set<String> = [
    "vacuumProtocolCheck", "appendOnly", "invariants", "checkConstraints", "changeDataFeed",
    "generatedColumns", "identityColumns", "allowColumnDefaults", "domainMetadata", "rowTracking",
    "clustering", "liquid", "inCommitTimestamp", "icebergCompatV1", "icebergCompatV2",
    "checkpointProtection",
  ]

  /// Reader features that are read, at least by queries.
  private static let readFeatures: Set<String> = [
    "columnMapping", "deletionVectors", "v2Checkpoint", "timestampNtz", "typeWidening",
    "typeWidening-preview", "variantType", "variantType-preview",
  ]

  /// Refuses a table that cannot be read completely. Writer features don't matter to a reader, and a reader
  /// feature only if the table uses it.
  ///
  /// - Parameter applies: Features that the caller applies to data files.
  static func checkRead(
    _ table: TableProtocol, _ metadata: TableMetadata, _ path: String, _ applies: FeatureSupport
  ) throws(DeltaError) {
    try checkVersion(table, path)
    for feature in (table.readerFeatures ?? []).sorted() where table.minReaderVersion == 3 {
      if try isUsed(feature, metadata) { throw unsupported(feature, path) }
    }
    if metadata.formatProvider != "parquet" {
      throw DeltaError(
        .unsupported, "the table's files are in the format '\(metadata.formatProvider)'",
        path: path)
    }
    if let mapping = try ColumnMapping.of(metadata, table, path), applies == .plainFiles {
      throw onlyQueried("columnMapping", path, because: "its mode is '\(mapping.rawValue)'")
    }
  }

  /// Refuses a table for any unsupported feature that it lists: if its log cannot be parsed, that is the better
  /// error.
  static func checkListed(_ table: TableProtocol, _ path: String) throws(DeltaError) {
    try checkVersion(table, path)
    let listed = (table.readerFeatures ?? []).filter {
      !featuresOfWriters.contains($0) && !readFeatures.contains($0)
    }.sorted()
    if table.minReaderVersion == 3, !listed.isEmpty {
      throw unsupported(listed.joined(separator: ", "), path)
    }
  }

  private static func checkVersion(
    _ table: TableProtocol, _ path: String
  ) throws(DeltaError) {
    if table.minReaderVersion <= 3 { return }
    let features = (table.readerFeatures ?? []).sorted()
    let names = features.isEmpty ? "" : " (table features: \(features.joined(separator: ", ")))"
    throw DeltaError(
      .unsupported,
      "the table needs reader version \(table.minReaderVersion)\(names), lake has "
        + "\(readerVersionMax)", path: path, remedy: remedy)
  }

  /// Whether the table uses a reader feature; true for an unknown one.
  private static func isUsed(
    _ feature: String, _ metadata: TableMetadata
  ) throws(DeltaError) -> Bool {
    switch feature {
    case _ where readFeatures.contains(feature): return false
    case "variantShredding", "variantShredding-preview":
      return try hasType(metadata) { $0 == .variant }
    default: return !featuresOfWriters.contains(feature)
    }
  }

  /// Whether some column, nested or not, has such a type.
  private static func hasType(
    _ metadata: TableMetadata, _ isSuch: (DeltaType) -> Bool
  ) throws(DeltaError) -> Bool {
    func holds(_ type: DeltaType) -> Bool {
      switch type {
      case .array(let element, _): holds(element)
      case .map(let key, let value, _): holds(key) || holds(value)
      case .structure(let schema): schema.fields.contains { holds($0.type) }
      default: isSuch(type)
      }
    }
    return try DeltaSchema(parsing: metadata.schemaString).fields.contains { holds($0.type) }
  }

  /// Refuses a table with writer requirements that are not supported.
  static func checkWrite(
    _ table: TableProtocol, _ metadata: TableMetadata, _ path: String
  ) throws(DeltaError) {
    try checkRead(table, metadata, path, .allFeatures)
    if table.minWriterVersion == 7 {
      let unknown = (table.writerFeatures ?? []).filter { !writableFeatures.contains($0) }.sorted()
      if !unknown.isEmpty {
        throw unwritable(
          "the table feature" + (unknown.count == 1 ? " " : "s ")
            + unknown.joined(separator: ", "), path)
      }
    } else if table.minWriterVersion > writerVersionMax {
      let implied = [
        3: "checkConstraints", 4: "changeDataFeed, generatedColumns", 5: "columnMapping",
        6: "identityColumns",
      ]
      let names = (3...Swift.max(3, Swift.min(table.minWriterVersion, 6)))
        .compactMap { implied[$0] }.joined(separator: ", ")
      throw unwritable("writer version \(table.minWriterVersion) (\(names))", path)
    }
    if let name = metadata.configuration.keys.filter({ $0.hasPrefix("delta.constraints.") }).min() {
      throw unwritable("checkConstraints ('\(name.dropFirst("delta.constraints.".count))')", path)
    }
    var found: String?
    try DeltaSchema(parsing: metadata.schemaString).forEachField { field in
      if field.metadata["delta.invariants"] != nil { found = "invariants (column '\(field.name)')" }
      if field.metadata["delta.generationExpression"] != nil {
        found = "generatedColumns (column '\(field.name)')"
      }
      if field.metadata.keys.contains(where: { $0.hasPrefix("delta.identity.") }) {
        found = "identityColumns (column '\(field.name)')"
      }
      if !field.isNullable { found = "invariants (column '\(field.name)' is not nullable)" }
    }
    if let found { throw unwritable(found, path) }
  }

  private static let remedy =
    "read it with the engine that wrote it, or copy it to a table without newer features"

  static func unsupported(
    _ feature: String, _ path: String, because reason: String? = nil
  ) -> DeltaError {
    let plural = feature.contains(",") ? "features" : "feature"
    return DeltaError(
      .unsupported,
      "the table uses the table \(plural) '\(feature)'" + (reason.map { " (\($0))" } ?? "")
        + ", which lake does not read", path: path, remedy: remedy(feature))
  }

  /// The error for a feature that those who change a table don't apply.
  static func onlyQueried(_ feature: String, _ path: String, because reason: String) -> DeltaError {
    DeltaError(
      .unsupported,
      "the table uses the table feature '\(feature)' (\(reason)): lake reads such tables, and never writes them",
      path: path,
      remedy: copyRemedy(path))
  }

  private static func copyRemedy(_ path: String) -> String {
    let table = LoggedFile.table(in: path)
    return "lake query \(table) prints its rows; to change them, copy them into a table of the "
      + "lake: lake query \(table) -o rows.parquet, then lake ingest rows.parquet"
  }

  /// How to make a table readable that uses a feature.
  private static func remedy(_ feature: String) -> String {
    switch feature {
    case "catalogManaged", "catalogOwned", "catalogOwned-preview":
      "its newest commits are known to its catalog alone: read it through the catalog, or have it "
        + "copied there to a table of its own folder (CREATE TABLE … AS SELECT)"
    case "variantShredding", "variantShredding-preview":
      "have its engine copy it with the variant columns as text (CAST(… AS STRING), to_json)"
    default: remedy
    }
  }

  static func unwritable(_ what: String, _ path: String) -> DeltaError {
    DeltaError(
      .unsupported, "the table uses \(what), which lake does not write", path: path,
      remedy: "write with the engine that made the table, or into a table of your own")
  }
}
