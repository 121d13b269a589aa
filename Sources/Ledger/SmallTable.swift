import Bytes
import Catalog
import Columnar
import DeltaLog
import Parquet
import Platform
import Tables

/// Appends rows to one of the lake's own small tables, a quarantine table or a ledger.
///
/// Rows are few and written at the end of a command, into the partition of the day on which they were recorded.
/// The segments of a partition are merged when there are too many.
final class SmallTable {
  let lake: Lake
  let name: TableName
  let schema: TableSchema
  private let table: TableWriter
  private let definition: TableDefinition

  init(lake: Lake, name: TableName, kind: String) throws {
    self.lake = lake
    self.name = name
    schema = try TableSchema.named(kind, in: lake).forLayer(name.layer)
    definition = TableDefinition(name, schema: schema, timezone: "UTC")
    table = TableWriter(name, lake: lake)
  }

  /// The current table; nil if there is none.
  @discardableResult
  func load() throws -> Snapshot? { try table.load() }

  /// Commits rows, until no other writer's commit comes first.
  ///
  /// - Parameters:
  ///   - now: Recording time in ns, which decides the partition.
  ///   - appId: Commits nothing if the table has this application already.
  ///   - readsAll: Whether the rows depend on everything in the table.
  ///   - rows: Returns the rows, given the current table; called again after a lost race.
  func append(
    now: Int64, appId: String? = nil, run: StagingRun, readsAll: Bool = false,
    rows: (Snapshot?) throws -> CellChunks
  ) throws {
    let day = Int(now / CivilDate.nanosecondsPerDay)
    // The commit notices what was added since the table was read.
    if table.snapshot == nil { try table.load() }
    let version = try table.commit(run: run) { lost in
      if case .alreadyDone? = lost { return nil }
      try table.requireMatch(definition)
      if let appId, table.snapshot?.txns[appId] != nil { return nil }
      let chosen = try rows(table.snapshot)
      if chosen.count == 0 { return nil }
      var change = TableChange(readsAll ? .merge(.all) : .append)
      change.parameters = [("mode", "Append"), ("run", run.id)]
      change.segments = [try write(chosen, day: day, run: run)]
      if let appId { change.applications = [(appId, 1)] }
      return (change, definition)
    }
    if version != nil { try compactIfDue(day: day, run: run) }
  }

  // MARK: - Segments

  private func write(_ chunks: CellChunks, day: Int, run: StagingRun) throws -> PlacedSegment {
    let options = WriterOptions()
    // A run may write more than once: its own rows, and those of a dead run.
    let unique = "\(run.id)-\(UniqueID.make().prefix(8))"
    let writer = try SegmentWriter(
      directory: run.directory,
      fileName: "part-\(unique)-\(name.layer)_\(name.name)" + SegmentWriter.suffix, day: day,
      columns: schema.fileFields.map { WriterColumn($0) }, options: options)
    let encoder = GroupEncoder(fields: schema.fileFields, options: options)
    for index in 0..<chunks.count {
      let rows = try chunks.make(index)
      try writer.append(try encoder.encode(rowCount: rows.count) { column($0, rows) })
    }
    return try writer.finish().placed(schema)
  }

  // MARK: - Merging

  /// Merges the small segments of a day if there are too many. Losing the race does no harm: the next command
  /// tries again.
  private func compactIfDue(day: Int, run: StagingRun) throws {
    let date = CivilDate(daysSinceEpoch: day).iso
    func files() throws -> [AddFile] {
      try table.snapshot?.files(where: TableSchema.dateColumn, is: date) ?? []
    }
    // The snapshot is older than the commit, which added a segment.
    guard try files().count >= SegmentTier.segmentCountMax, try table.load() != nil else { return }
    let old = try SegmentTier.due(try files()) { try rowByteCount($0) }
    guard !old.isEmpty else { return }
    var sum = Fingerprint()
    for file in old {
      if let part = file.taggedRowHash.flatMap(Fingerprint.init(hex:)) { sum &+= part }
    }
    let merged = try write(rows(of: old), day: day, run: run)
    // The merged rows must match the segments' tags.
    if old.allSatisfy({ $0.taggedRowHash != nil }), sum != merged.staged.fingerprint {
      throw PassError(
        .conservation, "the rows of \(old.count) segments are not what their tags say",
        place: table.root, remedy: "lake files \(name) lists them")
    }
    var change = TableChange(.rewrite)
    change.changesRows = false
    change.operation = "OPTIMIZE"
    change.parameters = [("run", run.id)]
    change.metrics = [("numRemovedFiles", "\(old.count)"), ("numAddedFiles", "1")]
    change.removed = old
    change.segments = [merged]
    _ = try table.commit(change, nil, run: run)
  }

  /// Uncompressed bytes of a segment's rows; nil if it has other columns than are written here.
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
      path: file.localPath(in: table.root), fields: schema.fileFields)
  }

  /// The rows of segments, some row groups at a time.
  private func rows(of files: [AddFile]) throws -> CellChunks {
    let readers = try files.map(reader)
    let groups = readers.flatMap { reader in reader.rowGroups.map { (reader, $0) } }
    let cuts = CellChunks.cuts(
      groups.map { reader, group in
        // Segments with invalid sizes were left out by `rowByteCount`.
        CellChunks.byteCount(
          reader.byteCount(rowGroup: group.rowGroup) ?? 0, rowCount: group.count)
      })
    return CellChunks(count: cuts.count) { index in
      try groups[cuts[index]].flatMap { try self.rows($0, $1) }
    }
  }

  private func rows(_ reader: SegmentReader, _ group: StoredSpan) throws -> [[String: Cell]] {
    let columns = try RowColumns(reader, group)
    return (0..<columns.rowCount).map { row in
      var cells: [String: Cell] = [:]
      for column in schema.columns where column.name != TableSchema.dateColumn {
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
