import Columnar

/// The columns of which none of some rows has a value.
///
/// A column that is blank throughout says no more of an event than one that is missing: writers of tables leave such
/// columns standing. It is looked for date by date, as rows meet stored ones date by date, and where rows of a symbol
/// meet stored ones among those of the symbol too: a writer that puts several feeds into one file fills what each has.
struct BlankColumns {
  private var fields: [RowField]

  /// All columns that may lack values are blank before the first row.
  ///
  /// Sources that mark nulls by a value take their columns from the format, not from a writer's choice: theirs count
  /// as filled.
  ///
  /// - Parameter known: Names of columns that are not looked at.
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

  /// Takes the columns out that have a value in one of `count` rows.
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
