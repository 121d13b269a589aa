import Platform

/// A column that rows are ordered by.
struct OrderTerm: Equatable, Sendable {
  let column: Int
  let isDescending: Bool

  /// - Parameter texts: As in `--order`: lists of names, each with `:desc` or `:asc` behind it if wanted.
  static func terms(_ texts: [String], of table: QueryTable) throws -> [OrderTerm] {
    var terms: [OrderTerm] = []
    for name in texts.flatMap({ ColumnList.names(in: $0) ?? [$0] }) {
      let term = try term(name, table)
      guard !terms.contains(where: { $0.column == term.column }) else {
        throw QueryError(
          .syntax, "'--order' names '\(table.columns[term.column].name)' twice", at: table.name,
          remedy: "leave one out")
      }
      terms.append(term)
    }
    return terms
  }

  private static func term(_ text: String, _ table: QueryTable) throws -> OrderTerm {
    var name = text
    var isDescending = false
    // A column's own name may end like that.
    if table.column(named: text) == nil, let colon = text.lastIndex(of: ":") {
      let direction = text[text.index(after: colon)...].lowercased()
      guard ["asc", "desc"].contains(direction) else {
        throw QueryError(
          .syntax, "'\(text)': rows are ordered 'asc' or 'desc'", at: table.name,
          remedy: "--order \(text[..<colon]):desc")
      }
      name = String(text[..<colon])
      isDescending = direction == "desc"
    }
    let column = try table.requireColumn(named: name)
    guard table.columns[column].nested == nil else {
      throw QueryError(
        .syntax, "rows cannot be ordered by '\(name)', which is nested", at: table.name,
        remedy: "order by a column of plain values")
    }
    return OrderTerm(column: column, isDescending: isDescending)
  }
}

extension QueryTable {
  /// The column of a name, or of one of its other names.
  func requireColumn(named name: String) throws -> Int {
    if let index = column(named: name) { return index }
    if skippedColumns.contains(name) {
      throw QueryError(
        .unknownColumn, "column '\(name)' has a form that no query reads", at: self.name,
        remedy: "lake parquet FILE --rows prints nested values")
    }
    let known = columns.map(\.name)
    let near =
      NearestNames.question(name, among: known)
      ?? "the columns are " + known.joined(separator: ", ")
    throw QueryError(
      .unknownColumn, "no column is called '\(name)'", at: self.name,
      remedy: hasExtra
        ? near + "; fields that the table's kind does not know are in 'extra': --columns extra"
        : near)
  }
}
