import Bytes
import Columnar
import Parquet
import Storage

/// One row group of a checkpoint.
struct CheckpointRowGroup: Sendable {
  private let reader: ParquetReader
  private let rowGroup: Int
  let rowCount: Int

  /// Name of the file.
  var name: String { reader.name }

  init(_ reader: ParquetReader, _ rowGroup: Int) {
    self.reader = reader
    self.rowGroup = rowGroup
    rowCount = reader.rowCount(rowGroup: rowGroup)
  }

  /// - Parameter isDeferred: Leaves rarely needed columns undecoded, and the files to `deferFiles`.
  func apply(to replay: inout LogReplay, isDeferred: Bool = false) throws(ParquetError) {
    replay.checkpointActionCount = replay.checkpointActionCount.adding(clamped: rowCount)
    if !isDeferred || !isEmpty("protocol.minReaderVersion") { try applyProtocol(to: &replay) }
    if !isDeferred || !isEmpty("metaData.id") { try applyMetadata(to: &replay) }
    try applyTransactions(to: &replay, isDeferred: isDeferred)
    if !isDeferred || !isEmpty("domainMetadata.domain") { try applyDomains(to: &replay) }
    if isDeferred {
      if !isEmpty("remove.path") { replay.tombstones.take(self) }
    } else {
      try applyRemoves(to: &replay)
      try applyAdds(to: &replay)
    }
  }

  /// Adds the live files and tombstones, of which a sidecar consists.
  func applyFiles(to replay: inout LogReplay) throws(ParquetError) {
    replay.checkpointActionCount = replay.checkpointActionCount.adding(clamped: rowCount)
    try applyRemoves(to: &replay)
    try applyAdds(to: &replay)
  }

  /// Adds what a V2 checkpoint says of itself; nothing in any other.
  func addManifest(to manifest: inout CheckpointManifest) throws(ParquetError) {
    let versions = try numbers("checkpointMetadata.version")
    if let row = versions.firstRow {
      if manifest.version != nil || versions.valueCount > 1 {
        throw ParquetError.twice("a 'checkpointMetadata'")
      }
      manifest.version = versions[row]
    }
    guard let paths = try text("sidecar.path"), paths.firstRow != nil else { return }
    let sizes = try numbers("sidecar.sizeInBytes")
    for row in 0..<rowCount {
      guard let path = paths.string(row) else { continue }
      manifest.sidecars.append(CheckpointManifest.Sidecar(path: path, byteCount: sizes[row]))
    }
  }

  // MARK: - Columns

  /// The footer's statistics of a column; nil if there are none.
  func statistics(_ name: String) -> ColumnStatistics? {
    reader.leafIndex(named: name).flatMap { reader.statistics(rowGroup: rowGroup, leaf: $0) }
  }

  /// Whether all rows are null in a column, according to the footer, which is trusted only in a sealed
  /// checkpoint.
  private func isEmpty(_ name: String) -> Bool {
    guard reader.leafIndex(named: name) != nil else { return true }
    return statistics(name)?.nullCount == rowCount
  }

  /// nil if the checkpoint has no such column.
  private func column(_ name: String) throws(ParquetError) -> Column? {
    guard let leaf = reader.leafIndex(named: name) else { return nil }
    var column = Column(type: reader.leaves[leaf].type, storage: .integers([]))
    try reader.readColumn(rowGroup: rowGroup, leaf: leaf, into: &column)
    return column
  }

  func text(_ name: String) throws(ParquetError) -> TextColumn? {
    try column(name).map { TextColumn($0) }
  }

  private func numbers(_ name: String) throws(ParquetError) -> NumberColumn {
    NumberColumn(try column(name))
  }

  /// The map or list at a path; nil if there is none, or it is not of text.
  private func collection(_ path: [String]) throws(ParquetError) -> TextCollection? {
    try repeated(path).map {
      TextCollection($0.keys, keyLevel: $0.keyLevel, values: $0.values, valueLevel: $0.valueLevel)
    }
  }

  /// The same, for rows in any order.
  func rowMaps(_ path: [String]) throws(ParquetError) -> RowMaps? {
    try repeated(path).map {
      RowMaps($0.keys, keyLevel: $0.keyLevel, values: $0.values, valueLevel: $0.valueLevel)
    }
  }

  /// The columns of a map or list, with the definition levels of existing entries.
  private struct Repeated {
    var keys: RepeatedColumn
    var keyLevel: Int
    var values: RepeatedColumn?
    var valueLevel: Int
  }

  private func repeated(_ path: [String]) throws(ParquetError) -> Repeated? {
    let indices = reader.leaves.indices.filter { index in
      let leaf = reader.leaves[index]
      return leaf.path.count > path.count && leaf.path.starts(with: path)
        && leaf.maxRepetitionLevel == 1
    }
    guard let first = indices.first, indices.count <= 2 else { return nil }
    let keys = try reader.readRepeated(rowGroup: rowGroup, leaf: first)
    var values: RepeatedColumn?
    if indices.count == 2 { values = try reader.readRepeated(rowGroup: rowGroup, leaf: indices[1]) }
    return Repeated(
      keys: keys, keyLevel: reader.leaves[first].maxDefinitionLevel, values: values,
      valueLevel: reader.leaves[indices[indices.count - 1]].maxDefinitionLevel)
  }

  /// The deletion vector of each row; nil if no row has one.
  private func deletionVectors(
    _ action: String
  ) throws(ParquetError) -> ((Int) -> DeletionVector?)? {
    guard let kinds = try text(action + ".deletionVector.storageType"), kinds.firstRow != nil else {
      return nil
    }
    let paths = try text(action + ".deletionVector.pathOrInlineDv")
    let offsets = try numbers(action + ".deletionVector.offset")
    let sizes = try numbers(action + ".deletionVector.sizeInBytes")
    let counts = try numbers(action + ".deletionVector.cardinality")
    return { row in
      kinds.string(row).map {
        DeletionVector(
          storageType: $0, pathOrInlineDV: paths?.string(row) ?? "", offset: offsets[row],
          byteCount: sizes[row] ?? -1, cardinality: counts[row] ?? -1)
      }
    }
  }

  // MARK: - Actions

  /// The live files, left undecoded.
  func deferFiles(to replay: inout LogReplay) throws(DeltaError) {
    let count = statistics("add.path")?.nullCount.map { rowCount - $0 } ?? rowCount
    if count > 0 { try replay.files.take(StoredFiles(self, count: count)) }
  }

  /// The live files; `details` decodes their other members on demand.
  func files(_ details: CheckpointDetails) throws(ParquetError) -> [AddFile] {
    guard let paths = try text("add.path"), paths.firstRow != nil else { return [] }
    let sizes = try numbers("add.size")
    let times = try numbers("add.modificationTime")
    let changes = try numbers("add.dataChange")
    var files: [AddFile] = []
    files.reserveCapacity(paths.valueCount)
    for row in 0..<rowCount {
      guard let path = paths.string(row) else { continue }
      files.append(
        AddFile(
          path: path, size: try Self.size(sizes[row], row, path), modificationTime: times[row] ?? 0,
          dataChange: changes[row] != 0, details: details, row: row))
    }
    return files
  }

  private static func size(
    _ size: Int64?, _ row: Int, _ path: String
  ) throws(ParquetError) -> Int64 {
    guard let size, size >= 0 else {
      throw ParquetError(.corrupt, "row \(row): the file '\(path)' has no size")
    }
    return size
  }

  private func applyAdds(to replay: inout LogReplay) throws(ParquetError) {
    guard let paths = try text("add.path"), paths.firstRow != nil else { return }
    let sizes = try numbers("add.size")
    let times = try numbers("add.modificationTime")
    let changes = try numbers("add.dataChange")
    let stats = try text("add.stats")
    let parsed = try parsedStatistics(hasText: stats?.firstRow != nil)
    var partitions = try collection(["add", "partitionValues"])
    var tags = try collection(["add", "tags"])
    let vectors = try deletionVectors("add")
    for row in 0..<rowCount {
      let values = partitions?.nextInterned() ?? [:]
      let fileTags = tags?.nextStrings() ?? [:]
      guard let path = paths.string(row) else { continue }
      var file = AddFile(
        path: path, partitionValues: values, size: try Self.size(sizes[row], row, path),
        modificationTime: times[row] ?? 0, dataChange: changes[row] != 0,
        stats: stats?.string(row) ?? parsed?[row], tags: fileTags)
      file.deletionVector = vectors?(row)
      try replay.applyOnce(file)
    }
  }

  /// Statistics that exist only as columns, as JSON text; nil if there are none.
  private func parsedStatistics(hasText: Bool) throws(ParquetError) -> [String?]? {
    let hasColumns = reader.leaves.contains { $0.path.starts(with: ["add", "stats_parsed"]) }
    if hasText || !hasColumns { return nil }
    let rows = try reader.rows(rowGroup: rowGroup, columns: ["add"])
    var texts: [String?] = []
    texts.reserveCapacity(rowCount)
    while let row = try rows.next() {
      texts.append(row[0]["stats_parsed"].flatMap { FileStatistics(parsed: $0)?.json })
    }
    return texts
  }

  private func applyRemoves(to replay: inout LogReplay) throws(ParquetError) {
    for file in try readRemoves() { try replay.applyOnce(file) }
  }

  /// The tombstones.
  func removes() throws(DeltaError) -> [RemoveFile] {
    do throws(ParquetError) {
      return try readRemoves()
    } catch {
      throw CheckpointReader.corrupt(error, reader.name)
    }
  }

  private func readRemoves() throws(ParquetError) -> [RemoveFile] {
    guard let paths = try text("remove.path"), paths.firstRow != nil else { return [] }
    let times = try numbers("remove.deletionTimestamp")
    let changes = try numbers("remove.dataChange")
    let sizes = try numbers("remove.size")
    var partitions = try collection(["remove", "partitionValues"])
    let vectors = try deletionVectors("remove")
    var files: [RemoveFile] = []
    for row in 0..<rowCount {
      let values = partitions?.nextInterned()
      guard let path = paths.string(row) else { continue }
      var file = RemoveFile(
        path: path, deletionTimestamp: times[row], dataChange: changes[row] != 0,
        partitionValues: values, size: sizes[row])
      file.deletionVectorID = vectors?(row)?.uniqueID
      files.append(file)
    }
    return files
  }

  private func applyProtocol(to replay: inout LogReplay) throws(ParquetError) {
    let readers = try numbers("protocol.minReaderVersion")
    guard let row = readers.firstRow, let reader = readers[row] else { return }
    if replay.table != nil || readers.valueCount > 1 { throw ParquetError.twice("a 'protocol'") }
    let writer = try numbers("protocol.minWriterVersion")[row] ?? 0
    var readerFeatures = try collection(["protocol", "readerFeatures"])
    var writerFeatures = try collection(["protocol", "writerFeatures"])
    replay.table = TableProtocol(
      minReaderVersion: Int(reader), minWriterVersion: Int(writer),
      readerFeatures: readerFeatures?.elements(ofRow: row),
      writerFeatures: writerFeatures?.elements(ofRow: row))
  }

  private func applyMetadata(to replay: inout LogReplay) throws(ParquetError) {
    guard let ids = try text("metaData.id"), let row = ids.firstRow, let id = ids.string(row) else {
      return
    }
    if replay.metadata != nil || ids.valueCount > 1 { throw ParquetError.twice("a 'metaData'") }
    guard let schemaString = try text("metaData.schemaString")?.string(row) else {
      throw ParquetError(.corrupt, "row \(row): 'metaData' has no 'schemaString'")
    }
    var columns = try collection(["metaData", "partitionColumns"])
    var configuration = try collection(["metaData", "configuration"])
    var options = try collection(["metaData", "format", "options"])
    var metadata = TableMetadata(
      id: id, name: try text("metaData.name")?.string(row),
      description: try text("metaData.description")?.string(row), schemaString: schemaString,
      partitionColumns: columns?.elements(ofRow: row) ?? [],
      configuration: configuration?.strings(ofRow: row) ?? [:],
      createdTime: try numbers("metaData.createdTime")[row])
    metadata.formatProvider = try text("metaData.format.provider")?.string(row) ?? "parquet"
    metadata.formatOptions = options?.strings(ofRow: row) ?? [:]
    replay.metadata = metadata
  }

  private func applyTransactions(
    to replay: inout LogReplay, isDeferred: Bool
  ) throws(ParquetError) {
    if isDeferred, isEmpty("txn.appId") { return }
    if isDeferred, let bounds = statistics("txn.appId"), bounds.minimum != nil {
      return replay.txns.take(StoredApplications(self, bounds))
    }
    for txn in try transactions() {
      if replay.txns[txn.appId] != nil {
        throw ParquetError.twice("the application '\(txn.appId)'")
      }
      replay.apply(.txn(txn))
    }
  }

  /// In stored order.
  func transactions() throws(ParquetError) -> [TxnAction] {
    guard let ids = try text("txn.appId"), ids.firstRow != nil else { return [] }
    let versions = try numbers("txn.version")
    let times = try numbers("txn.lastUpdated")
    var txns: [TxnAction] = []
    for row in 0..<rowCount {
      guard let id = ids.string(row) else { continue }
      txns.append(TxnAction(appId: id, version: versions[row] ?? 0, lastUpdated: times[row]))
    }
    return txns
  }

  private func applyDomains(to replay: inout LogReplay) throws(ParquetError) {
    guard let domains = try text("domainMetadata.domain"), domains.firstRow != nil else { return }
    let configurations = try text("domainMetadata.configuration")
    let removed = try numbers("domainMetadata.removed")
    for row in 0..<rowCount {
      guard let domain = domains.string(row) else { continue }
      if replay.domains[domain] != nil { throw ParquetError.twice("the domain '\(domain)'") }
      replay.apply(
        .domainMetadata(
          DomainMetadata(
            domain: domain, configuration: configurations?.string(row) ?? "",
            removed: removed[row] == 1)))
    }
  }
}
