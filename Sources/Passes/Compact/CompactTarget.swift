import Bytes
import Catalog
import DeltaLog
import Ledger
import Synchronization
import Tables

/// A table whose files are merged.
final class CompactTarget: RewriteTarget {
  private let table: TableWriter
  private let staging: StagingSession
  private(set) var snapshot: Snapshot
  let merger: SegmentMerger
  /// nil where rows that are there twice stay.
  let key: RowKey?
  /// As it is in messages and in the table's history.
  let passName: String
  private let lake: Lake
  private let name: TableName
  /// Rows that conflict, by the first file of their unit, until they are quarantined.
  private let conflicts = Mutex<[String: [RejectedRow]]>([:])
  /// Columns that the table is partitioned by and its key does not name: rows of different values are not compared.
  let keylessPartitions: [String]
  /// Rows of a partition that may conflict.
  static let conflictMax = 100_000

  /// - Parameter keyColumns: nil where rows that are there twice stay; of a table that another program made, its key.
  init(
    _ table: LakeTable, _ name: TableName, passName: String, lake: Lake, staging: StagingSession,
    keyColumns: [String]?
  ) throws {
    self.passName = passName
    self.staging = staging
    self.lake = lake
    self.name = name
    let snapshot = try table.snapshot()
    try snapshot.requireWritable()
    self.snapshot = snapshot
    self.table = TableWriter(name, lake: lake, snapshot: snapshot)
    let partitions = snapshot.partitionColumns
    let schema = try table.schema(of: snapshot, in: lake)
    let fields = snapshot.fields.filter { !partitions.contains($0.name) }
    key = try keyColumns.map {
      try RowKey(snapshot, schema: schema, fields: fields, given: $0, place: table.path)
    }
    keylessPartitions =
      schema == nil ? partitions.filter { keyColumns?.contains($0) == false } : []
    merger = SegmentMerger(
      root: table.path, schema: schema, fields: fields, partitionColumns: partitions,
      order: key?.order)
  }

  var path: String { table.root }

  func livePaths() throws -> Set<String> { Set(try snapshot.files.map(\.path)) }

  /// Keeps rows that have the key of another one until their unit is committed. May be called on any thread.
  func keep(_ rows: [StoredRows], of unit: RewriteUnit) throws {
    let rejected = rows.flatMap { rows in
      (0..<rows.rowCount).map { row in
        RejectedRow(
          stored: rows.columns, row, rule: RejectedRow.conflictRule,
          reason: "an older row of the table has the same key, with other values",
          index: snapshot.configuration[TableProperty.index], partition: unit.partition.values)
      }
    }
    conflicts.withLock { $0[unit.files[0].path] = rejected.isEmpty ? nil : rejected }
  }

  /// Rows are quarantined before they leave the table: whatever dies between, they are somewhere.
  private func quarantine(
    _ units: [RewrittenUnit<PlacedSegment>], _ run: StagingRun
  ) throws {
    let writer = QuarantineWriter(
      lake: lake, runID: run.id, originals: OriginalStore(directory: run.directory))
    for done in units {
      guard let rows = conflicts.withLock({ $0.removeValue(forKey: done.unit.files[0].path) })
      else {
        continue
      }
      // What is written again has no content of its own that could be hashed: it is known by its files.
      let names = done.unit.files.map { $0.path + "\n" }.joined()
      writer.add(
        rows, table: name, sha256: Array(names.utf8).withUnsafeBytes { SHA256.hex(of: $0) },
        path: table.root + (done.unit.name.isEmpty ? "" : "/" + done.unit.name))
    }
    if writer.rowCount > 0 { try writer.flush(run: run) }
  }

  func commit(_ units: [RewrittenUnit<PlacedSegment>]) throws -> Int? {
    let run = try staging.run()
    try quarantine(units, run)
    var change = TableChange(.rewrite)
    change.changesRows = units.contains { $0.duplicateCount + $0.conflictCount > 0 }
    change.operation = "OPTIMIZE"
    change.parameters = [("pass", passName), ("run", run.id)]
    for done in units {
      change.removed += done.unit.files
      change.segments += done.products
    }
    let outcome = try table.commit(change, nil, run: run)
    snapshot = try table.load() ?? snapshot
    if case .committed(let version) = outcome { return version }
    return nil
  }
}
