import Bytes
import Catalog
import Columnar
import DeltaLog
import Parquet
import Storage

/// A value for a row of one of the lake's own small tables.
enum Cell: Sendable {
  case text(String)
  case integer(Int64)
  /// Nanoseconds since 1970 UTC.
  case time(Int64)
}

/// Appends rows to the lake's own small tables: quarantine and ledgers.
///
/// Rows are few and come at the end of a command; they go into one partition, that of the day on which
/// they were recorded.
struct SmallTable {
  let lake: Lake
  let name: TableName
  let schema: TableSchema

  init(lake: Lake, name: TableName, kind: String) throws {
    self.lake = lake
    self.name = name
    schema = try TableSchema.named(kind, in: lake)
  }

  /// Commits rows under an application id, once.
  ///
  /// - Parameters:
  ///   - rows: Values by column; what is missing is null.
  ///   - now: When they are recorded, in ns: it decides the partition.
  func append(
    _ rows: [[String: Cell]], now: Int64, appId: String, run: StagingRun
  ) throws {
    if rows.isEmpty { return }
    let target = try TableTarget(
      name: name, schema: schema, lake: lake, dataset: "", timeZone: "UTC")
    if target.has(input: appId) { return }
    let columns = schema.fileFields.map { column($0, rows) }
    let day = Int(now / 86_400_000_000_000)
    let writerColumns = schema.fileFields.map { WriterColumn($0) }
    let options = WriterOptions()
    // A run may append more than once: its own rows, and those that a dead run left.
    let unique = "\(run.id)-\(UniqueID.make().prefix(8))"
    let fileName = "part-\(unique)-\(name.layer)_\(name.name).zstd.parquet"
    let path = run.directory + "/" + fileName
    let writer = try ParquetFileWriter(path: path, columns: writerColumns, options: options)
    var sums = [UInt64](repeating: 0, count: 2 * rows.count)
    var chunks: [EncodedColumnChunk] = []
    for (column, writerColumn) in zip(columns, writerColumns) {
      let encoder = ColumnChunkEncoder(column: writerColumn, options: options)
      chunks.append(try encoder.encode(column, rows: 0..<rows.count))
      hash(column, writerColumn.field, rows, &sums)
    }
    try writer.append(rowGroup: chunks, rowCount: rows.count)
    let file = try writer.finish(isDurable: true)
    let fingerprint = sums.withUnsafeBufferPointer { sums in
      sums.baseAddress.map { RowHash.fingerprint($0, count: rows.count) } ?? Fingerprint()
    }
    let staged = StagedSegment(
      day: day, path: path, fileName: fileName, byteCount: file.byteCount, rowCount: rows.count,
      fingerprint: fingerprint, sentinelCount: 0, timeRange: nil, file: file)
    let tags = [
      AddFile.Tag.rows: "\(rows.count)", AddFile.Tag.rowHash2: fingerprint.description,
    ]
    target.add(
      PendingInput(appId: appId, segments: [PendingSegment(staged: staged, tags: tags)]))
    for _ in 0..<IngestPass.attemptMax {
      guard let outcome = try target.commit(run, parameters: [("run", run.id)]) else { return }
      if case .alreadyDone = outcome { return }
      try target.reload()
    }
    throw PassError(.conflict, "other commits came first again and again", place: target.root)
  }

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
        let remainder = (nanoseconds % 1000 + 1000) % 1000
        return isRemainder ? remainder : (nanoseconds - remainder) / 1000
      case .integer(let value)?: return value
      default: return 0
      }
    }
    return Column(type: field.type, storage: .integers(values), validity: validity)
  }

  /// Pairs are hashed as whole nanoseconds under the name of their first half.
  private func hash(
    _ column: Column, _ field: Field, _ rows: [[String: Cell]], _ sums: inout [UInt64]
  ) {
    if field.name.hasSuffix(RemainderColumns.suffix) { return }
    var column = column
    if case .timestamp = field.type {
      let hasRemainder = schema.column(named: field.name)?.hasNanoseconds == true
      column.storage = .integers(
        rows.map { row in
          let nanoseconds = row[field.name]?.nanoseconds ?? 0
          return hasRemainder ? nanoseconds : nanoseconds - (nanoseconds % 1000 + 1000) % 1000
        })
    }
    RowHash(name: field.name, type: field.type.hashName).add(column, sums: &sums)
  }
}

extension Cell {
  var text: String? {
    if case .text(let value) = self { value } else { nil }
  }

  var nanoseconds: Int64? {
    if case .time(let value) = self { value } else { nil }
  }
}
