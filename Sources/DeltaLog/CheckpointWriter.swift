import Columnar
import Parquet
import Platform
import Storage

/// Writes classic checkpoints, by the V1 spec.
///
/// - Spec: Delta PROTOCOL.md, "Checkpoints" of the writer requirements, "Checkpoint Schema".
public enum CheckpointWriter {
  /// Rows per row group in a small table: to find one file, this many are decoded.
  private static let rowGroupRowCountMin = 2048
  /// Row groups of a large table, approximately: every command reads the footer.
  private static let rowGroupCountMax = 64

  /// Writes the checkpoint of a snapshot and reads it back; only then renames it and updates
  /// `_last_checkpoint`.
  ///
  /// - Throws: `corrupt` if what was read back differs; then the file is removed.
  public static func write(
    _ snapshot: Snapshot, _ storage: any TableStorage
  ) throws(DeltaError) {
    let kept = try tombstonesToKeep(snapshot, storage)
    let txns = snapshot.txns.all.values.sorted { $0.appId < $1.appId }
    let files = try inOrder(snapshot)
    let bytes: [UInt8]
    do throws(ParquetError) {
      bytes = try encode(snapshot, txns, files, kept)
    } catch {
      throw DeltaError(
        .corrupt, "the checkpoint cannot be written: \(error.message)", path: storage.name)
    }
    let name = UniqueID.make()
    let temporary = "\(LogFile.directory)/.\(LogFile.padded(snapshot.version)).\(name).tmp"
    try storing { () throws(StorageError) in try storage.writeDurably(temporary, bytes) }
    do throws(DeltaError) {
      try verify(temporary, snapshot, files, kept, storage)
    } catch {
      // If this fails, a later checkpoint removes it, a day later.
      _ = try? storage.delete(temporary)
      throw error
    }
    try storing { () throws(StorageError) in
      try storage.rename(temporary, to: LogFile.checkpointPath(snapshot.version))
      try storage.syncDirectory(LogFile.directory)
    }
    let actionCount =
      2 + txns.count + snapshot.domainMetadata.count + files.count + kept.count
    try LastCheckpoint(
      version: snapshot.version, actionCount: actionCount, byteCount: bytes.count,
      addCount: files.count
    ).write(storage)
  }

  /// The live files by partition, else in log order, so that those of one partition are in few row groups.
  private static func inOrder(_ snapshot: Snapshot) throws(DeltaError) -> [AddFile] {
    let files = try snapshot.files
    guard let column = snapshot.partitionColumns.first else { return files }
    let dates = files.map { $0.partitionValue(column) ?? "" }
    // Most tables grow by date, so this is the common case.
    if zip(dates, dates.dropFirst()).allSatisfy({ $0 <= $1 }) { return files }
    return files.indices.sorted { (dates[$0], $0) < (dates[$1], $1) }.map { files[$0] }
  }

  /// Tombstones are kept until they have expired and their bytes are removed.
  private static func tombstonesToKeep(
    _ snapshot: Snapshot, _ storage: any TableStorage
  ) throws(DeltaError) -> [RemoveFile] {
    let retention =
      snapshot.configuration["delta.deletedFileRetentionDuration"].flatMap(Retention.milliseconds)
      ?? Retention.deletedFileDefault
    let horizon = Clock.milliseconds().subtractingReportingOverflow(retention).partialValue
    var kept: [RemoveFile] = []
    for file in try snapshot.tombstones {
      if (file.deletionTimestamp ?? 0) >= horizon {
        kept.append(file)
        continue
      }
      let path = file.filePath
      let isElsewhere = path.contains("://") || !DataFolder.isBelow(path)
      let isThere = try storing { () throws(StorageError) in
        isElsewhere ? true : try storage.exists(path)
      }
      if isThere { kept.append(file) }
    }
    return kept
  }

  private static func verify(
    _ path: String, _ snapshot: Snapshot, _ files: [AddFile], _ tombstones: [RemoveFile],
    _ storage: any TableStorage
  ) throws(DeltaError) {
    let replay = try CheckpointReader.read(
      [path], version: snapshot.version, storage, isWhole: true
    ).replay
    let files = files.map { file in
      var file = file
      file.dataChange = false
      return file
    }
    let found = try replay.files.all()
    let foundTombstones = try replay.tombstones.values()
    let isEqual =
      replay.table == snapshot.protocol && replay.metadata == snapshot.metadata
      && replay.txns == snapshot.txns && replay.domains == snapshot.domainMetadata
      && found == files
      && foundTombstones.map(\.path) == tombstones.map(\.path)
    guard isEqual else {
      throw DeltaError(
        .corrupt, "the checkpoint reads back differently from what was written",
        path: storage.name + "/" + path, remedy: "report this: the table itself is whole")
    }
  }

  // MARK: - Parquet

  /// The bytes of a checkpoint.
  static func encode(
    _ snapshot: Snapshot, _ txns: [TxnAction], _ files: [AddFile], _ tombstones: [RemoveFile]
  ) throws(ParquetError) -> [UInt8] {
    var options = WriterOptions()
    options.rowGroupRowCountMax = Swift.max(
      rowGroupRowCountMin, (txns.count + files.count + tombstones.count) / rowGroupCountMax)
    options.keyValueMetadata = [
      KeyValue(key: CheckpointReader.versionKey, value: "\(snapshot.version)"), FileSeal.metadata,
    ]
    let writer = try NestedParquetWriter(inMemory: schema, options: options)
    try writer.append(value(snapshot.protocol), as: "protocol")
    try writer.append(value(snapshot.metadata), as: "metaData")
    for txn in txns {
      try writer.append(
        .structure([
          .init("appId", .string(txn.appId)), .init("version", .integer(txn.version)),
          .init("lastUpdated", txn.lastUpdated.map { .integer($0) } ?? .null),
        ]), as: "txn")
    }
    for domain in snapshot.domainMetadata.values.sorted(by: { $0.domain < $1.domain }) {
      try writer.append(
        .structure([
          .init("domain", .string(domain.domain)),
          .init("configuration", .string(domain.configuration)),
          .init("removed", .boolean(false)),
        ]), as: "domainMetadata")
    }
    for file in tombstones { try writer.append(value(file), as: "remove") }
    // Files get row groups of their own, so that bounds cover only files.
    try writer.endRowGroup()
    for file in files { try writer.append(value(file), as: "add") }
    var bytes = try writer.finishInMemory().bytes
    FileSeal.seal(&bytes)
    return bytes
  }

  private static let textMap = NestedType.map(key: .string, value: .primitive(.string))

  private static let schema: [NestedField] = [
    NestedField(
      "txn",
      .structure([
        NestedField("appId", .string), NestedField("version", .long),
        NestedField("lastUpdated", .long),
      ])),
    NestedField(
      "add",
      .structure([
        NestedField("path", .string), NestedField("partitionValues", textMap),
        NestedField("size", .long), NestedField("modificationTime", .long),
        NestedField("dataChange", .boolean), NestedField("stats", .string),
        NestedField("tags", textMap),
      ])),
    NestedField(
      "remove",
      .structure([
        NestedField("path", .string), NestedField("deletionTimestamp", .long),
        NestedField("dataChange", .boolean), NestedField("extendedFileMetadata", .boolean),
        NestedField("partitionValues", textMap), NestedField("size", .long),
      ])),
    NestedField(
      "metaData",
      .structure([
        NestedField("id", .string), NestedField("name", .string),
        NestedField("description", .string),
        NestedField(
          "format",
          .structure([NestedField("provider", .string), NestedField("options", textMap)])),
        NestedField("schemaString", .string),
        NestedField("partitionColumns", .list(.primitive(.string))),
        NestedField("configuration", textMap), NestedField("createdTime", .long),
      ])),
    NestedField(
      "protocol",
      .structure([
        NestedField("minReaderVersion", .int), NestedField("minWriterVersion", .int),
        NestedField("readerFeatures", .list(.primitive(.string))),
        NestedField("writerFeatures", .list(.primitive(.string))),
      ])),
    NestedField(
      "domainMetadata",
      .structure([
        NestedField("domain", .string), NestedField("configuration", .string),
        NestedField("removed", .boolean),
      ])),
  ]

  private static func value(_ table: TableProtocol) -> Value {
    func list(_ features: [String]?) -> Value {
      features.map { .list($0.map { .string($0) }) } ?? .null
    }
    return .structure([
      .init("minReaderVersion", .integer(Int64(table.minReaderVersion))),
      .init("minWriterVersion", .integer(Int64(table.minWriterVersion))),
      .init("readerFeatures", list(table.readerFeatures)),
      .init("writerFeatures", list(table.writerFeatures)),
    ])
  }

  private static func value(_ metadata: TableMetadata) -> Value {
    .structure([
      .init("id", .string(metadata.id)),
      .init("name", metadata.name.map { .string($0) } ?? .null),
      .init("description", metadata.description.map { .string($0) } ?? .null),
      .init(
        "format",
        .structure([
          .init("provider", .string(metadata.formatProvider)),
          .init("options", map(metadata.formatOptions)),
        ])),
      .init("schemaString", .string(metadata.schemaString)),
      .init("partitionColumns", .list(metadata.partitionColumns.map { .string($0) })),
      .init("configuration", map(metadata.configuration)),
      .init("createdTime", metadata.createdTime.map { .integer($0) } ?? .null),
    ])
  }

  private static func value(_ file: AddFile) -> Value {
    .structure([
      .init("path", .string(file.path)),
      .init("partitionValues", map(file.partitionValues)),
      .init("size", .integer(file.size)),
      .init("modificationTime", .integer(file.modificationTime)),
      // A checkpoint changes no data.
      .init("dataChange", .boolean(false)),
      .init("stats", file.stats.map { .string($0) } ?? .null),
      .init("tags", file.tags.isEmpty ? .null : map(file.tags)),
    ])
  }

  private static func value(_ file: RemoveFile) -> Value {
    .structure([
      .init("path", .string(file.path)),
      .init("deletionTimestamp", file.deletionTimestamp.map { .integer($0) } ?? .null),
      .init("dataChange", .boolean(file.dataChange)),
      .init(
        "extendedFileMetadata", .boolean(file.partitionValues != nil && file.size != nil)),
      .init("partitionValues", file.partitionValues.map { map($0) } ?? .null),
      .init("size", file.size.map { .integer($0) } ?? .null),
    ])
  }

  private static func map(_ values: [String: String]) -> Value {
    .map(
      values.sorted { $0.key < $1.key }
        .map { .init(key: .string($0.key), value: .string($0.value)) })
  }

  private static func map(_ values: [String: String?]) -> Value {
    .map(
      values.sorted { $0.key < $1.key }
        .map { .init(key: .string($0.key), value: $0.value.map { .string($0) } ?? .null) })
  }
}
