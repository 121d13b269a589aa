import Catalog
import RowSources
import Tables

/// Values of a new table need more room than the exact kinds have: what goes into it is to be read again, with wider
/// columns.
struct NeedsWiderColumns: Error {
  let table: TableName
  let names: Set<String>
}

extension RowFileSource {
  /// The table that the rows go to, where it does not exist yet: its columns may be as wide as they have to.
  func newTable(_ opened: OpenSource) throws -> TableName? {
    guard let name = tableName(kind: opened.schema.kind) else { return nil }
    return try pass.wideColumns(of: name) == nil ? name : nil
  }

  /// The table that rows of a kind go to, as far as flags say it.
  func tableName(kind: String?) -> TableName? {
    item.options.table
      ?? kind.flatMap { kind in
        item.options.dataset.map { TableName.raw(dataset: $0, kind: kind) }
      }
  }

  /// Stops where the rows so far show that columns of a new table are too narrow, and could be wider.
  func checkWidths(_ opened: OpenSource, of table: TableName) throws {
    let report = opened.source.report
    var names = report.crampedColumns
    // A single value that is too large is a mistake; many are what the column is like.
    if report.rejectedCount * 10 > report.rowCount + report.rejectedCount {
      names.formUnion(report.overfullColumns)
    }
    names.formIntersection(opened.schema.widenableColumns)
    if !names.isEmpty { throw NeedsWiderColumns(table: table, names: names) }
  }

  /// What makes room for values that are too wide for a table that exists.
  func widening(_ opened: OpenSource) -> String? {
    guard let table = tableName(kind: opened.schema.kind) else { return nil }
    let report = opened.source.report
    let names = report.crampedColumns.union(report.overfullColumns)
      .intersection(opened.schema.widenableColumns)
    if names.isEmpty { return nil }
    return "lake alter \(table) --widen \(names.sorted().joined(separator: ",")), then again"
  }
}
