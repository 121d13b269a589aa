import Bytes
import Catalog
import Platform
import Tables

/// Rejected rows, on their way into the quarantine table of their table.
package final class QuarantineWriter {
  private let lake: Lake
  private let runID: String
  private let originals: OriginalStore
  private var entries: [Entry] = []

  private struct Entry {
    var table: TableName
    var sha256: String
    var path: String
    var row: RejectedRow
    /// Whether the quarantine table has other rows of the input already.
    var isLater: Bool
  }

  /// Rows of inputs in quarantine tables, as far as they were read since the last commit.
  private var known: [String: KnownRejections] = [:]

  /// Rows that are not written yet.
  package var rowCount: Int { entries.count }

  /// - Parameter originals: Has the original records.
  package init(lake: Lake, runID: String, originals: OriginalStore) {
    self.lake = lake
    self.runID = runID
    self.originals = originals
  }

  /// Takes rows of one input; they are written by the next `flush`.
  ///
  /// - Parameters:
  ///   - table: The table that refused them.
  ///   - sha256: Of the input's decompressed content.
  ///   - path: The input, as the user named it.
  package func add(_ rows: [RejectedRow], table: TableName, sha256: String, path: String) {
    let isLater = known[sha256 + "/\(table)"]?.isEmpty == false
    entries.append(
      contentsOf: rows.map {
        Entry(table: table, sha256: sha256, path: path, row: $0, isLater: isLater)
      })
  }

  /// The rows that were not quarantined when the same content came before, and are not pending.
  package func fresh(_ rows: [RejectedRow], table: TableName, sha256: String) throws
    -> [RejectedRow]
  {
    if rows.isEmpty { return [] }
    var known = try knownRows(table: table, sha256: sha256)
    for entry in entries where entry.table == table && entry.sha256 == sha256 {
      let original = try originals.original(of: entry.row)
      known.add(entry.row, original: entry.row.originalText(original))
    }
    if known.isEmpty { return rows }
    return try rows.filter { row in
      !known.take(row, original: row.originalText(try originals.original(of: row)))
    }
  }

  private func knownRows(table: TableName, sha256: String) throws -> KnownRejections {
    let input = sha256 + "/\(table)"
    if let known = known[input] { return known }
    var found = KnownRejections()
    let name = TableName.quarantine(for: table)
    if lake.hasTable(name) {
      let snapshot = try lake.table(name).snapshot()
      if snapshot.txns.contains(prefix: Self.prefix + input) {
        let root = lake.path(of: name)
        for file in try snapshot.files {
          try found.add(sha256: sha256, path: file.localPath(in: root))
        }
      }
    }
    known[input] = found
    return found
  }

  private static let prefix = "lake/quarantine/"

  /// Drops the pending rows of an input that will be read again.
  package func drop(sha256: String) { entries.removeAll { $0.sha256 == sha256 } }

  /// Commits all rows, once per input and table. Conflicts are separate: they depend on the table's rows, so
  /// that an input that is read again may have others; those are identified by their content.
  package func flush(run: StagingRun) throws {
    let now = Clock.nanoseconds()
    for (table, tableEntries) in Dictionary(grouping: entries, by: \.table).sorted(by: {
      $0.key < $1.key
    }) {
      let inputs = Dictionary(grouping: tableEntries) { entry in
        entry.sha256 + "/\(table)" + (entry.row.isConflict ? "/conflicts" : "")
          // The same answer may replace other rows another time.
          + (entry.row.rule == RemovedRows.rule ? "/replaced/" + runID : "")
          + (entry.isLater ? "/later/" : "")
      }
      for (input, rows) in inputs.sorted(by: { $0.key < $1.key }) {
        let name = TableName.quarantine(for: table)
        try SmallTable(lake: lake, name: name, kind: "quarantine").append(
          now: now, appId: Self.prefix + input + laterID(rows), run: run
        ) { _ in
          CellChunks(rows, byteCount: { $0.row.originalByteCount }) { try self.cells($0, now) }
        }
      }
    }
    entries = []
    known = [:]
    try originals.removeAll()
  }

  /// Identifies rows that came later than others of their input by their content; empty if they were the first.
  private func laterID(_ rows: [Entry]) -> String {
    guard rows.first?.isLater == true else { return "" }
    let text = rows.map {
      "\($0.row.rule) \($0.row.position) \($0.row.symbol ?? "") \($0.row.timestamp ?? 0) \($0.row.reason)\n"
    }.sorted().joined()
    return Array(text.utf8).withUnsafeBytes { String(SHA256.hex(of: $0).prefix(16)) }
  }

  private func cells(_ entry: Entry, _ now: Int64) throws -> [String: Cell] {
    let original = entry.row.originalText(try originals.original(of: entry.row))
    var cells: [String: Cell] = [
      "quarantined_at": .time(now), "table": .text(entry.table.description),
      "source_sha256": .text(entry.sha256), "source_path": .text(entry.path),
      "rule": .text(entry.row.rule), "reason": .text(entry.row.reason),
      "original": .text(original), "original_form": .text(entry.row.originalForm),
      "position_unit": .text(entry.row.positionUnit), "run_id": .text(runID),
      "state": .text("held"),
    ]
    if entry.row.position >= 0 { cells["source_position"] = .integer(entry.row.position) }
    if let symbol = entry.row.symbol { cells["symbol"] = .text(symbol) }
    if let timestamp = entry.row.timestamp { cells["ts"] = .time(timestamp) }
    return cells
  }
}
