import Catalog
import RowSources
import Tables

/// Values of a new table need more room than the exact kinds have: it is to be read again, with wider columns.
struct NeedsWiderColumns: Error {
  let names: Set<String>
}

extension RowFileSource {
  /// Whether nothing was put into the table yet, so that its columns may be as wide as they have to.
  func isOfNewTable(_ opened: OpenSource) throws -> Bool {
    guard let name = tableName(kind: opened.schema.kind) else { return false }
    return try pass.wideColumns(of: name) == nil
  }

  /// The table that rows of a kind go to, as far as flags say it.
  func tableName(kind: String?) -> TableName? {
    item.options.table
      ?? kind.flatMap { kind in
        item.options.dataset.map { TableName.raw(dataset: $0, kind: kind) }
      }
  }

  /// Stops where the rows so far show that columns are too narrow, and could be wider.
  func checkWidths(_ opened: OpenSource) throws {
    let report = opened.source.report
    var names = report.crampedColumns
    // A single value that is too large is a mistake; many are what the column is like.
    if report.rejectedCount * 10 > report.rowCount + report.rejectedCount {
      names.formUnion(report.overfullColumns)
    }
    names.formIntersection(opened.schema.widenableColumns)
    if !names.isEmpty { throw NeedsWiderColumns(names: names) }
  }

  /// The words of the command line for this file alone.
  var commandWords: [String] {
    let words = item.options.commandWords
    return words.isEmpty ? ["ingest", path] : words + [path]
  }
}
