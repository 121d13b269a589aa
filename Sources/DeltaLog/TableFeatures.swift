/// What `lake` can read and write, by the names of the protocol.
///
/// - Spec: Delta PROTOCOL.md, "Table Features".
enum TableFeatures {
  static let readerVersionMax = 1
  static let writerVersionMax = 2
  /// Writer features that are honoured where a table lists them.
  static let writableFeatures: Set<String> = ["appendOnly", "invariants"]

  /// Refuses a table that cannot be read in full. Writer features do not matter to a reader.
  static func checkRead(
    _ table: TableProtocol, _ metadata: TableMetadata, _ place: String
  ) throws(DeltaError) {
    let features = (table.readerFeatures ?? []).sorted()
    if table.minReaderVersion == 3, !features.isEmpty {
      throw unsupported(features.joined(separator: ", "), place)
    }
    if table.minReaderVersion == 2 {
      throw unsupported("columnMapping", place, because: "its reader version is 2")
    }
    if table.minReaderVersion > readerVersionMax, table.minReaderVersion != 3 {
      let names = features.isEmpty ? "" : " (table features: \(features.joined(separator: ", ")))"
      throw DeltaError(
        .unsupported,
        "the table needs reader version \(table.minReaderVersion)\(names), lake has "
          + "\(readerVersionMax)", path: place,
        remedy:
          "read it with the engine that wrote it, or copy it to a table without newer features"
      )
    }
    if metadata.formatProvider != "parquet" {
      throw DeltaError(
        .unsupported, "the table's files are in the format '\(metadata.formatProvider)'",
        path: place)
    }
    if let mode = metadata.configuration["delta.columnMapping.mode"], mode != "none" {
      throw unsupported("columnMapping", place, because: "its mode is '\(mode)'")
    }
  }

  /// Refuses a table whose rules for writers are not all known.
  static func checkWrite(
    _ table: TableProtocol, _ metadata: TableMetadata, _ place: String
  ) throws(DeltaError) {
    try checkRead(table, metadata, place)
    if table.minWriterVersion == 7 {
      let unknown = (table.writerFeatures ?? []).filter { !writableFeatures.contains($0) }.sorted()
      if !unknown.isEmpty {
        throw unwritable(
          "the table feature" + (unknown.count == 1 ? " " : "s ")
            + unknown.joined(separator: ", "), place)
      }
    } else if table.minWriterVersion > writerVersionMax {
      let implied = [
        3: "checkConstraints", 4: "changeDataFeed, generatedColumns", 5: "columnMapping",
        6: "identityColumns",
      ]
      let names = (3...Swift.max(3, Swift.min(table.minWriterVersion, 6)))
        .compactMap { implied[$0] }.joined(separator: ", ")
      throw unwritable("writer version \(table.minWriterVersion) (\(names))", place)
    }
    if let name = metadata.configuration.keys.filter({ $0.hasPrefix("delta.constraints.") }).min() {
      throw unwritable("checkConstraints ('\(name.dropFirst("delta.constraints.".count))')", place)
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
    if let found { throw unwritable(found, place) }
  }

  static func unsupported(
    _ feature: String, _ place: String, because reason: String? = nil
  ) -> DeltaError {
    let plural = feature.contains(",") ? "features" : "feature"
    return DeltaError(
      .unsupported,
      "the table uses the table \(plural) '\(feature)'" + (reason.map { " (\($0))" } ?? "")
        + ", which lake does not read", path: place,
      remedy: "read it with the engine that wrote it, or copy it to a table without newer features")
  }

  private static func unwritable(_ what: String, _ place: String) -> DeltaError {
    DeltaError(
      .unsupported, "the table uses \(what), which lake does not write", path: place,
      remedy: "write with the engine that made the table, or into a table of your own")
  }
}
