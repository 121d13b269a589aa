import Columnar
import Tables

extension StoredMerge {
  /// How new rows are compared with those of a file.
  ///
  /// - Parameters:
  ///   - stored: Columns of the file's rows.
  ///   - new: Columns of the new ones.
  func view(
    _ file: StoredFile, _ schema: StoredSchema, stored: Set<String>, new: Set<String>
  ) -> StoredView {
    let common = new.intersection(stored)
    let isKnown = file.source.columns != nil
    // Rows with more columns may replace others; rows with merely different columns may not.
    let saysLess = isKnown && stored.isStrictSubset(of: new)
    return StoredView(
      form: form(common),
      digest: StoredDigest(
        content: schema.fields.filter { common.contains($0.name) },
        key: schema.fields.filter { settings.keyColumns.contains($0.name) },
        identity: Self.identity(common, schema.fields),
        // New rows without extra fields must be distinguished from stored ones with some, if they may replace
        // them.
        extra: (extraDigest != nil || saysLess) && file.hasExtra
          ? schema.fields.first { $0.name == ExtraTime.column } : nil,
        indexField: schema.index),
      stored: schema.fields.filter { stored.contains($0.name) },
      saysLess: saysLess, saysNoMore: stored.isSubset(of: new),
      lacksColumns: isKnown && !new.isSubset(of: stored),
      hasWholeKey: settings.keyColumns.allSatisfy { key in
        !ColumnSet.isCompared(key) || new.contains(key) == stored.contains(key)
      },
      gained: plan.columns.filter {
        new.contains($0.field.name) && !stored.contains($0.field.name)
      }.compactMap(\.origin.field))
  }

  /// The same for the rows of one symbol, for which some columns have no values.
  ///
  /// - Parameters:
  ///   - symbol: As in the file.
  ///   - blank: Columns in which no new row of the symbol has a value.
  func view(_ file: StoredFile, symbol: String, blank: Set<String>) throws -> StoredView? {
    guard let whole = file.view, let day else { return nil }
    let storedBlank = try file.blankColumns(of: symbol, among: whole.stored)
    if storedBlank == blank { return whole }
    // Nulls on both sides are equal: nothing is missing on one of them.
    return view(
      file, day.schema,
      stored: Set(whole.stored.map(\.name)).subtracting(storedBlank.subtracting(blank)),
      new: compared.subtracting(blank.subtracting(storedBlank)))
  }

  /// The columns that are null in all rows of a symbol, though not for others.
  func blankColumns(_ symbol: borrowing SymbolRows) throws -> Set<String> {
    struct AllFilled: Error {}
    let known = Set(plan.columns.map(\.field.name)).subtracting(compared)
    let stride = plan.layout.stride
    var blanks = BlankColumns(plan, without: known)
    if blanks.isEmpty { return [] }
    symbol.run.forEachSpan { blanks.look(at: $0, stride: stride, count: $1) }
    if blanks.isEmpty || symbol.fragments.isEmpty { return blanks.names(plan.columns) }
    do {
      try RowMerge.forEachSpan(symbol, order: plan.order, stride: stride) { base, count in
        blanks.look(at: base, stride: stride, count: count)
        if blanks.isEmpty { throw AllFilled() }
      }
    } catch is AllFilled {
      return []
    }
    return blanks.names(plan.columns)
  }
}
