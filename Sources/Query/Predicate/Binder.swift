import Columnar
import Glibc
import Platform

/// Resolves names and types literals: turns a clause as written into a filter over columns.
struct Binder {
  let clause: ClauseText
  let columns: [QueryColumn]
  /// Other names of columns.
  var aliases: [String: Int] = [:]
  /// Reads a local date and time without a zone as nanoseconds since 1970 UTC.
  let instant: (Int64) -> Int64

  func bind(_ expression: Expression, isNegated: Bool = false) throws(QueryError) -> Filter {
    switch expression {
    case .and(let parts): return try bind(parts, isConjunction: !isNegated, isNegated)
    case .or(let parts): return try bind(parts, isConjunction: isNegated, isNegated)
    case .not(let inner): return try bind(inner, isNegated: !isNegated)
    case .compare(let left, let comparison, let right):
      return try compare(left, isNegated ? comparison.negated : comparison, right)
    case .member(let operand, let values, let isOut):
      var filters: [Filter] = []
      let isNegated = isOut != isNegated
      for value in values {
        filters.append(try compare(operand, isNegated ? .notEqual : .equal, value))
      }
      return try member(operand, filters, isNegated: isNegated)
    case .between(let operand, let low, let high, let isOut):
      let isNegated = isOut != isNegated
      let above = try compare(operand, isNegated ? .less : .greaterOrEqual, low)
      let below = try compare(operand, isNegated ? .greater : .lessOrEqual, high)
      return isNegated ? .disjunction([above, below]) : .conjunction([above, below])
    case .isNull(let operand, let isOut):
      let column = try requireColumn(operand)
      let isNull = isOut == isNegated
      return .leaf(
        Filter.Leaf(
          column: column, test: isNull ? .isNull : .isNotNull,
          text: columns[column].name + (isNull ? " is null" : " is not null")))
    case .like(let operand, let pattern, let isOut):
      return try like(operand, pattern, isNegated: isOut != isNegated)
    case .truth(let operand):
      let column = try requireColumn(operand)
      guard columns[column].type == .boolean else {
        throw clause.error(
          .typeMismatch,
          "column '\(columns[column].name)' is not a boolean: compare it with a value",
          at: operand.offset)
      }
      return try compare(
        operand, .equal, Operand(kind: .boolean(!isNegated), offset: operand.offset))
    }
  }

  private func bind(
    _ parts: [Expression], isConjunction: Bool, _ isNegated: Bool
  ) throws(QueryError) -> Filter {
    var filters: [Filter] = []
    for part in parts { filters.append(try bind(part, isNegated: isNegated)) }
    return isConjunction ? .conjunction(filters) : .disjunction(filters)
  }

  // MARK: - Operands

  /// The column an operand names; nil for a literal.
  private func column(_ operand: Operand) throws(QueryError) -> Int? {
    switch operand.kind {
    case .name(let name):
      if let index = named(name) { return index }
      throw unknown(name, at: operand.offset)
    case .quotedName(let name): return named(name)
    default: return nil
    }
  }

  private func named(_ name: String) -> Int? {
    columns.firstIndex { $0.name == name } ?? aliases[name]
  }

  private func requireColumn(_ operand: Operand) throws(QueryError) -> Int {
    if let index = try column(operand) { return index }
    if case .quotedName(let name) = operand.kind { throw unknown(name, at: operand.offset) }
    throw clause.error(.syntax, "expected a column name, found a value", at: operand.offset)
  }

  private func unknown(_ name: String, at offset: Int) -> QueryError {
    let near = NearestNames.question(name, among: columns.map(\.name))
    return clause.error(
      .unknownColumn, "no column is called '\(name)'", at: offset,
      remedy: near ?? "text stands between single quotes; the columns are "
        + columns.map(\.name).joined(separator: ", "))
  }

  // MARK: - Tests

  private func compare(
    _ left: Operand, _ comparison: Comparison, _ right: Operand
  ) throws(QueryError) -> Filter {
    let leftColumn = try column(left)
    let rightColumn = try column(right)
    switch (leftColumn, rightColumn) {
    case (let column?, nil): return try test(column, comparison, right)
    case (nil, let column?): return try test(column, comparison.flipped, left)
    case (let column?, let other?):
      return try compareColumns(column, comparison, other, at: right.offset)
    case (nil, nil):
      throw clause.error(
        .syntax, "neither side of the comparison is a column", at: left.offset)
    }
  }

  private func compareColumns(
    _ left: Int, _ comparison: Comparison, _ right: Int, at offset: Int
  ) throws(QueryError) -> Filter {
    try requireFlat(left, at: offset)
    try requireFlat(right, at: offset)
    guard ColumnComparison.isPossible(columns[left], columns[right]) else {
      throw clause.error(
        .typeMismatch,
        "'\(columns[left].name)' (\(columns[left].type.name)) cannot be compared with "
          + "'\(columns[right].name)' (\(columns[right].type.name))", at: offset)
    }
    return .leaf(
      Filter.Leaf(
        column: left, test: .compare(comparison, column: right),
        text: "\(columns[left].name) \(comparison.rawValue) \(columns[right].name)"))
  }

  private func test(
    _ index: Int, _ comparison: Comparison, _ literal: Operand
  ) throws(QueryError) -> Filter {
    let column = columns[index]
    try requireFlat(index, at: literal.offset)
    let text = "\(column.name) \(comparison.rawValue) \(Self.text(literal))"
    if literal.kind == .null {
      throw clause.error(
        .typeMismatch, "nothing is equal to null", at: literal.offset,
        remedy: "'\(column.name) is null' or '\(column.name) is not null'")
    }
    if column.isText {
      return .leaf(
        Filter.Leaf(
          column: index, test: .bytes(BytesTest(comparison, try bytes(literal, column))),
          text: text))
    }
    guard column.hasNumericDomain else {
      throw clause.error(
        .typeMismatch,
        "column '\(column.name)' is \(column.type.name), which has no literals here",
        at: literal.offset)
    }
    let typing = LiteralTyping(clause: clause, column: column, instant: instant)
    return .leaf(
      Filter.Leaf(
        column: index, test: .values(try typing.set(comparison, literal)), text: text))
  }

  private func requireFlat(_ index: Int, at offset: Int) throws(QueryError) {
    if columns[index].nested == nil { return }
    throw clause.error(
      .typeMismatch, "column '\(columns[index].name)' is nested: it can only be null or not",
      at: offset)
  }

  /// `in (…)` as one test.
  private func member(
    _ operand: Operand, _ filters: [Filter], isNegated: Bool
  ) throws(QueryError) -> Filter {
    let index = try requireColumn(operand)
    var values: [[UInt8]] = []
    var set = isNegated ? IntervalSet.everything : .empty
    for filter in filters {
      guard case .leaf(let leaf) = filter else { return .disjunction(filters) }
      switch leaf.test {
      case .bytes(let test):
        if case .values(let some) = test.kind { values += some }
      case .values(let some): set = isNegated ? set.intersection(some) : set.union(some)
      default: return isNegated ? .conjunction(filters) : .disjunction(filters)
      }
    }
    let listed = filters.compactMap { filter -> String? in
      guard case .leaf(let leaf) = filter else { return nil }
      return String(leaf.text.dropFirst(columns[index].name.count + (isNegated ? 4 : 3)))
    }
    let text =
      columns[index].name + (isNegated ? " not in (" : " in (")
      + listed.joined(separator: ", ") + ")"
    let test: Filter.Test =
      columns[index].isText
      ? .bytes(BytesTest(values: values, isNegated: isNegated)) : .values(set)
    return .leaf(Filter.Leaf(column: index, test: test, text: text))
  }

  private func like(
    _ operand: Operand, _ pattern: Operand, isNegated: Bool
  ) throws(QueryError) -> Filter {
    let index = try requireColumn(operand)
    try requireFlat(index, at: operand.offset)
    guard columns[index].isText else {
      throw clause.error(
        .typeMismatch,
        "'like' needs a text column, '\(columns[index].name)' is "
          + columns[index].type.name, at: operand.offset)
    }
    let text: String
    switch pattern.kind {
    case .text(let written), .quotedName(let written): text = written
    default:
      throw clause.error(
        .typeMismatch, "'like' needs a pattern between single quotes", at: pattern.offset)
    }
    return .leaf(
      Filter.Leaf(
        column: index, test: .bytes(BytesTest(.like(LikePattern(text)), isNegated: isNegated)),
        text: columns[index].name + (isNegated ? " not like " : " like ") + Self.text(pattern)))
  }

  private func bytes(_ literal: Operand, _ column: QueryColumn) throws(QueryError) -> [UInt8] {
    switch literal.kind {
    case .text(let text), .quotedName(let text): return Array(text.utf8)
    default:
      throw clause.error(
        .typeMismatch, "column '\(column.name)' is text, \(Self.text(literal)) is not",
        at: literal.offset, remedy: "put it between single quotes: '\(Self.text(literal))'")
    }
  }

  static func text(_ literal: Operand) -> String {
    switch literal.kind {
    case .name(let name): name
    case .quotedName(let text), .text(let text):
      "'" + String(text.flatMap { $0 == "'" ? "''" : String($0) }) + "'"
    case .number(let text): text
    case .boolean(let value): value ? "true" : "false"
    case .null: "null"
    }
  }
}
