import Columnar

/// Finds rows by names that they were requested by, even if another request brought them.
///
/// A row keeps the names of the request that brought it (`ES.c.0`, or `ES.c.0,ES.v.0` if one request had both).
/// If the same contract was requested by another name since, the lake knows which symbol that name stood for
/// and when, and a test for the name matches these rows too.
struct RequestedNames {
  static let column = "requested_symbol"

  private let table: QueryTable
  private let named: (String) throws -> [NamedStretch]
  private let column: Int?

  init(_ table: QueryTable, _ named: @escaping (String) throws -> [NamedStretch]) {
    self.table = table
    self.named = named
    column = table.column(named: Self.column).flatMap { table.columns[$0].isText ? $0 : nil }
  }

  /// The filter with its tests for names (`=`, `!=`, `in`) extended to symbols and times.
  func widened(_ filter: Filter) throws -> Filter {
    switch filter {
    case .everything, .nothing: return filter
    case .and(let parts): return .conjunction(try parts.map(widened))
    case .or(let parts): return .disjunction(try parts.map(widened))
    case .leaf(var leaf):
      guard leaf.column == column, case .bytes(let test) = leaf.test,
        case .values(let names) = test.kind
      else { return filter }
      leaf.test = .bytes(BytesTest(.listed(names), isNegated: test.isNegated))
      var parts = [Filter.leaf(leaf)]
      for name in names {
        for stretch in try named(String(decoding: name, as: UTF8.self)) {
          if let part = inside(stretch, isNegated: test.isNegated) { parts.append(part) }
        }
      }
      return test.isNegated ? .conjunction(parts) : .disjunction(parts)
    }
  }

  /// A test for a symbol in a period; nil if the table lacks the columns.
  private func inside(_ stretch: NamedStretch, isNegated: Bool) -> Filter? {
    guard let symbol = table.symbolColumn, let index = table.indexColumn else { return nil }
    let range = TimeRange(start: stretch.interval.lowerBound, end: stretch.interval.upperBound)
    let set = range.set(for: table.columns[index])
    let name = BytesTest(values: [Array(stretch.symbol.utf8)], isNegated: isNegated)
    let parts: [Filter] = [
      .leaf(
        Filter.Leaf(
          column: symbol, test: .bytes(name),
          text: "\(table.columns[symbol].name) \(isNegated ? "!=" : "=") '\(stretch.symbol)'")),
      .leaf(
        Filter.Leaf(
          column: index, test: .values(isNegated ? set.complement : set),
          text: "\(table.columns[index].name) \(isNegated ? "not in" : "in") \(range.text)")),
    ]
    return isNegated ? .disjunction(parts) : .conjunction(parts)
  }
}
