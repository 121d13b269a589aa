import Columnar

/// The columns that are null in all of some rows.
///
/// A column without any value says no more than a missing one: writers of tables often leave such columns in.
/// Detected per date, as rows are compared with stored ones per date, and also per symbol within a date: a
/// writer that puts several feeds into one file fills what each has.
struct BlankColumns {
  private var fields: [RowField]

  /// All columns that may lack values are blank before the first row.
  ///
  /// Sources with sentinels have the columns of their format, not of a writer's choice: theirs count as filled.
  ///
  /// - Parameter known: Names of columns that are ignored.
  init(_ plan: RowPlan, without known: Set<String> = []) {
    var seen: Set<Int> = []
    fields = plan.columns.compactMap { column in
      guard column.isPresent, ColumnSet.isCompared(column.field.name),
        !known.contains(column.field.name),
        let field = column.origin.field, case .bit = field.null, seen.insert(field.offset).inserted
      else { return nil }
      return field
    }
  }

  var isEmpty: Bool { fields.isEmpty }

  /// Removes the columns that have a value in one of `count` rows.
  mutating func look(at rows: UnsafeRawPointer, stride: Int, count: Int) {
    if fields.isEmpty { return }
    fields.removeAll { field in
      var row = rows
      for _ in 0..<count {
        if field.isValid(row) { return true }
        row += stride
      }
      return false
    }
  }

  /// Names of physical columns.
  func names(_ columns: [PhysicalColumn]) -> Set<String> {
    if fields.isEmpty { return [] }
    let offsets = Set(fields.map(\.offset))
    return Set(
      columns.filter { column in
        column.origin.field.map { offsets.contains($0.offset) } ?? false
      }.map(\.field.name))
  }
}
