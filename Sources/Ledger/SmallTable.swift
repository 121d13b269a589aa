import Bytes
import Catalog
import Columnar
import DeltaLog
import Parquet
import Platform
import Storage
import Tables

/// One of the lake's own small tables, quarantine or ledger: rows are appended to it.
///
/// Rows are few and come at the end of a command; they go into one partition, that of the day on which
/// they were recorded. The segments of a partition are merged when they become many.
final class SmallTable {
  let lake: Lake
  let name: TableName
  let schema: TableSchema
  private let storage: DirectoryStorage
  private let definition: TableDefinition
  /// The table as it was last looked at; nil where there was none, or nobody looked.
  private(set) var snapshot: Snapshot?

  init(lake: Lake, name: TableName, kind: String) throws {
    self.lake = lake
    self.name = name
    schema = try TableSchema.named(kind, in: lake).forLayer(name.layer)
    storage = DirectoryStorage(root: lake.path(of: name))
    definition = TableDefinition(name, schema: schema, timezone: "UTC")
  }

  /// The table as it is now; nil where there is none.
  @discardableResult
  func load() throws -> Snapshot? {
    if let known = snapshot {
      snapshot = try known.refreshed(storage)
    } else {
      snapshot = try Snapshot.loadIfPresent(storage)
      if snapshot == nil { try lake.requireLog(of: name) }
    }
    return snapshot
  }

  /// Commits rows, whatever other writers do meanwhile.
  ///
  /// - Parameters:
  ///   - now: When they are recorded, in ns: it decides the partition.
  ///   - appId: Commits nothing where the table has this application already.
  ///   - readsAll: The rows depend on all that the table holds.
  ///   - rows: Chooses the rows, by the table as it is now; asked again after a lost race.
  func append(
    now: Int64, appId: String? = nil, run: StagingRun, readsAll: Bool = false,
    rows: (Snapshot?) throws -> CellChunks
  ) throws {
    let day = Int(now / 86_400_000_000_000)
    try CommitGroup.retry(lake.path(of: name)) { lostCount -> Void? in
      // What came since it was looked at first, the commit meets.
      if snapshot == nil || lostCount > 0 { try load() }
      if let snapshot {
        try snapshot.requireWritable()
        try definition.requireMatch(snapshot)
        if let appId, snapshot.txns[appId] != nil { return () }
      }
      let chosen = try rows(snapshot)
      if chosen.count == 0 { return () }
      let segment = try write(chosen, day: day, run: run)
      var transaction =
        snapshot == nil
        ? try definition.transaction(on: storage)
        : Transaction(snapshot: snapshot, storage: storage)
      try transaction.addColumns(missingColumns())
      transaction.operation = "WRITE"
      transaction.operationParameters = [("mode", "Append"), ("run", run.id)]
      transaction.append([segment.file])
      if readsAll { transaction.readPartitions = .all }
      if let appId { transaction.setApplication(appId, version: 1) }
      switch try publish(segment, run, &transaction) {
      case .committed:
        try compactIfDue(day: day, run: run)
        return ()
      case .alreadyDone: return ()
      case .conflict: return nil
      }
    }
  }

  /// Columns of the schema that the table does not declare: it was made before it had them.
  private func missingColumns() throws -> [Field] {
    guard let snapshot else { return [] }
    let names = Set(snapshot.schema.fields.map { $0.name.lowercased() })
    return schema.fileFields.filter { !names.contains($0.name.lowercased()) }
  }

  // MARK: - Segments

  /// A segment in staging, and what the log will say of it.
  private struct Segment {
    var path: String
    var file: AddFile
    var fingerprint: Fingerprint
  }

  private func publish(
    _ segment: Segment, _ run: StagingRun, _ transaction: inout Transaction
  ) throws -> CommitOutcome {
    let folder = name.layer + "/" + name.name + "/"
    if snapshot == nil {
      try DirectoryStorage(root: lake.root).createDirectory(folder + "_delta_log")
    }
    return try run.publish([(segment.path, folder + segment.file.path)]) {
      try transaction.commit()
    }
  }

  private func write(_ chunks: CellChunks, day: Int, run: StagingRun) throws -> Segment {
    let options = WriterOptions()
    // A run may write more than once: its own rows, and those that a dead run left.
    let unique = "\(run.id)-\(UniqueID.make().prefix(8))"
    let writer = try SegmentWriter(
      directory: run.directory, fileName: "part-\(unique)-\(name.layer)_\(name.name).zstd.parquet",
      day: day, columns: schema.fileFields.map { WriterColumn($0) }, options: options)
    let encoder = GroupEncoder(fields: schema.fileFields, options: options)
    for place in 0..<chunks.count {
      let rows = try chunks.make(place)
      try writer.append(try encoder.encode(rowCount: rows.count) { column($0, rows) })
    }
    let staged = try writer.finish()
    let tags = [
      AddFile.Tag.rows: "\(staged.rowCount)",
      AddFile.Tag.rowHash2: staged.fingerprint.description,
    ]
    let date = CivilDate(daysSinceEpoch: day).iso
    let file = AddFile(
      path: PartitionKey(date: date).folder([TableSchema.partitionColumn]) + "/" + staged.fileName,
      partitionValues: [TableSchema.partitionColumn: date], size: Int64(staged.byteCount),
      modificationTime: Clock.milliseconds(), stats: staged.logStatistics(schema).json,
      tags: tags)
    return Segment(path: staged.path, file: file, fingerprint: staged.fingerprint)
  }

  // MARK: - Merging

  /// Merges the small segments of a day where they have become too many. That another commit comes first
  /// harms nothing: the next one tries again.
  private func compactIfDue(day: Int, run: StagingRun) throws {
    let date = CivilDate(daysSinceEpoch: day).iso
    func files() throws -> [AddFile] { try snapshot?.files(date: date) ?? [] }
    // The snapshot is from before the commit, which added one.
    guard try files().count >= SegmentTier.segmentCountMax, try load() != nil else { return }
    let old = try SegmentTier.due(try files()) { try rowByteCount($0) }
    guard !old.isEmpty else { return }
    var sum = Fingerprint()
    for file in old {
      if let part = file.taggedRowHash.flatMap(Fingerprint.init(hex:)) { sum &+= part }
    }
    let merged = try write(rows(of: old), day: day, run: run)
    // What the segments say of their rows must be true of those that were read.
    if old.allSatisfy({ $0.taggedRowHash != nil }), sum != merged.fingerprint {
      throw PassError(
        .conservation, "the rows of \(old.count) segments are not what their tags say",
        place: lake.path(of: name), remedy: "lake files \(name) lists them")
    }
    var transaction = Transaction(snapshot: snapshot, storage: storage)
    transaction.operation = "OPTIMIZE"
    transaction.operationParameters = [("run", run.id)]
    transaction.operationMetrics = [
      ("numRemovedFiles", "\(old.count)"), ("numAddedFiles", "1"),
    ]
    transaction.compact(removing: old, adding: [merged.file])
    _ = try publish(merged, run, &transaction)
  }

  /// Uncompressed bytes of a segment's rows; nil where it has other columns than are written here.
  private func rowByteCount(_ file: AddFile) throws -> Int? {
    let reader = try self.reader(file)
    let kinds = Dictionary(
      uniqueKeysWithValues: schema.fileFields.map { ($0.name, $0.type.storage) })
    if !reader.hasOnly(kinds) { return nil }
    var byteCount = 0
    for group in 0..<reader.rowGroupCount {
      guard let own = reader.byteCount(rowGroup: group) else { return nil }
      let (sum, overflow) = byteCount.addingReportingOverflow(own)
      if overflow { return nil }
      byteCount = sum
    }
    return byteCount
  }

  private func reader(_ file: AddFile) throws -> SegmentReader {
    try SegmentReader(
      path: file.localPath(in: lake.path(of: name)), fields: schema.fileFields)
  }

  /// The rows of segments, some row groups at a time.
  private func rows(of files: [AddFile]) throws -> CellChunks {
    let readers = try files.map(reader)
    let groups = readers.flatMap { reader in reader.rowGroups.map { (reader, $0) } }
    let cuts = CellChunks.cuts(
      groups.map { reader, group in
        // What says nonsense was left out by `rowByteCount`.
        CellChunks.byteCount(
          reader.byteCount(rowGroup: group.rowGroup) ?? 0, rowCount: group.count)
      })
    return CellChunks(count: cuts.count) { place in
      try groups[cuts[place]].flatMap { try self.rows($0, $1) }
    }
  }

  private func rows(_ reader: SegmentReader, _ group: StoredSpan) throws -> [[String: Cell]] {
    let columns = try RowColumns(reader, group)
    return (0..<columns.rowCount).map { row in
      var cells: [String: Cell] = [:]
      for column in schema.columns where column.name != TableSchema.partitionColumn {
        cells[column.name] = columns.cell(column.name, row)
      }
      return cells
    }
  }

  // MARK: - Columns

  private func column(_ field: Field, _ rows: [[String: Cell]]) -> Column {
    let base =
      field.name.hasSuffix(RemainderColumns.suffix)
      ? String(field.name.dropLast(RemainderColumns.suffix.count)) : field.name
    let isRemainder = base != field.name && schema.column(named: base)?.hasNanoseconds == true
    let cells = rows.map { $0[isRemainder ? base : field.name] }
    let validity = cells.map { $0 == nil ? UInt8(0) : 1 }
    if case .bytes = field.type.storage {
      var text = ByteColumn()
      for cell in cells { text.append(cell?.text ?? "") }
      return Column(type: field.type, storage: .bytes(text), validity: validity)
    }
    let values = cells.map { cell -> Int64 in
      switch cell {
      case .time(let nanoseconds)?:
        return isRemainder
          ? (nanoseconds % 1000 + 1000) % 1000 : floorDivide(nanoseconds, 1000)
      case .integer(let value)?: return value
      default: return 0
      }
    }
    return Column(type: field.type, storage: .integers(values), validity: validity)
  }
}
