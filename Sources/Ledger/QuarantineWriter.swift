import Bytes
import Catalog
import Tables

/// Rows that were set aside, on their way into the quarantine table of their table.
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
  }

  /// Rows that wait.
  package var rowCount: Int { entries.count }

  package init(lake: Lake, runID: String, originals: OriginalStore) {
    self.lake = lake
    self.runID = runID
    self.originals = originals
  }

  package func add(_ rows: [RejectedRow], table: TableName, sha256: String, path: String) {
    entries.append(
      contentsOf: rows.map { Entry(table: table, sha256: sha256, path: path, row: $0) })
  }

  /// Forgets the rows of an input that will be read again.
  package func drop(sha256: String) { entries.removeAll { $0.sha256 == sha256 } }

  /// Commits all rows, once an input and table. Conflicts are apart: they come of what the table held,
  /// so that an input that is read again may have others.
  package func flush(run: StagingRun) throws {
    let now = Clock.nanoseconds()
    for (table, tableEntries) in Dictionary(grouping: entries, by: \.table).sorted(by: {
      $0.key < $1.key
    }) {
      let inputs = Dictionary(grouping: tableEntries) { entry in
        entry.sha256 + "/\(table)" + (entry.row.isConflict ? "/conflicts" : "")
          // The same answer may take the place of other rows another time.
          + (entry.row.rule == GoneRows.rule ? "/replaced/" + runID : "")
      }
      for (input, rows) in inputs.sorted(by: { $0.key < $1.key }) {
        let name = TableName.quarantine(for: table)
        try SmallTable(lake: lake, name: name, kind: "quarantine").append(
          now: now, appId: "lake/quarantine/" + input, run: run
        ) { _ in
          CellChunks(rows, byteCount: { $0.row.originalByteCount }) { try self.cells($0, now) }
        }
      }
    }
    entries = []
    try originals.removeAll()
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
