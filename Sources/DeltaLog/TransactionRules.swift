/// What a valid commit may contain.
///
/// - Spec: Delta PROTOCOL.md, "Delta Log Entries" of the writer requirements, "Append-only Tables".
enum TransactionRules {
  static func check(
    _ actions: [Action], _ snapshot: Snapshot?, _ path: String
  ) throws(DeltaError) {
    var metadata = snapshot?.metadata
    var table = snapshot?.protocol
    var keys: Set<String> = []
    var appIds: Set<String> = []
    var metadataCount = 0
    for action in actions {
      switch action {
      case .add(let file):
        guard keys.insert("+" + LogReplay.key(file.path, nil)).inserted else {
          throw refused("adds '\(file.path)' twice", path)
        }
      case .remove(let file):
        guard keys.insert("-" + LogReplay.key(file.path, nil)).inserted else {
          throw refused("removes '\(file.path)' twice", path)
        }
        if keys.contains("+" + LogReplay.key(file.path, nil)) {
          throw refused("adds and removes '\(file.path)'", path)
        }
      case .txn(let txn):
        guard appIds.insert(txn.appId).inserted else {
          throw refused("has two versions of the application '\(txn.appId)'", path)
        }
      case .metadata(let new):
        metadata = new
        metadataCount += 1
      case .protocol(let new):
        table = new
      default: break
      }
    }
    if metadataCount > 1 { throw refused("changes the metadata twice", path) }
    guard let metadata, let table else {
      throw refused("creates a table without protocol and metadata", path)
    }
    try TableFeatures.checkWrite(snapshot?.protocol ?? table, snapshot?.metadata ?? metadata, path)
    try TableFeatures.checkWrite(table, metadata, path)
    try checkPartitions(actions, metadata, path)
    if snapshot?.configuration["delta.appendOnly"]?.lowercased() == "true" {
      for case .remove(let file) in actions where file.dataChange {
        throw DeltaError(
          .refused,
          "the table is append-only ('delta.appendOnly'), and this would remove '\(file.path)'",
          path: path)
      }
    }
  }

  private static func checkPartitions(
    _ actions: [Action], _ metadata: TableMetadata, _ path: String
  ) throws(DeltaError) {
    let columns = Set(metadata.partitionColumns)
    let schema = try DeltaSchema(parsing: metadata.schemaString)
    for column in columns where schema[column] == nil {
      throw DeltaError(
        .schema, "the partition column '\(column)' is not in the schema", path: path)
    }
    for case .add(let file) in actions where Set(file.partitionValues.keys) != columns {
      throw refused("adds '\(file.path)' without the table's partition columns", path)
    }
  }

  private static func refused(_ what: String, _ path: String) -> DeltaError {
    DeltaError(.refused, "the commit \(what)", path: path)
  }
}
