import Columnar

/// A where-clause over typed columns, with `not` pushed down to the tests.
///
/// In this form a row is selected exactly if the filter is *true*. Three-valued logic needs no third value: a
/// test of null is not true, and `not` of a test is another test, which is not true for null either.
indirect enum Filter: Equatable, Sendable {
  case everything
  case nothing
  case and([Filter])
  case or([Filter])
  case leaf(Leaf)

  /// A test of one column.
  struct Leaf: Equatable, Sendable {
    /// Index into the table's columns.
    var column: Int
    var test: Test
    /// The test as a user would write it.
    var text: String
  }

  enum Test: Equatable, Sendable {
    /// The value is in the set, in the column's domain (`ValueDomain`).
    case values(IntervalSet)
    case bytes(BytesTest)
    case isNull
    case isNotNull
    /// This column compared with another one.
    case compare(Comparison, column: Int)
  }

  static func conjunction(_ filters: [Filter]) -> Filter {
    var parts: [Filter] = []
    for filter in filters {
      switch filter {
      case .everything: continue
      case .nothing: return .nothing
      case .and(let inner): parts += inner
      default: parts.append(filter)
      }
    }
    return parts.isEmpty ? .everything : parts.count == 1 ? parts[0] : .and(parts)
  }

  static func disjunction(_ filters: [Filter]) -> Filter {
    var parts: [Filter] = []
    for filter in filters {
      switch filter {
      case .nothing: continue
      case .everything: return .everything
      case .or(let inner): parts += inner
      default: parts.append(filter)
      }
    }
    return parts.isEmpty ? .nothing : parts.count == 1 ? parts[0] : .or(parts)
  }

  /// The columns that must be read to evaluate it.
  var columns: Set<Int> {
    switch self {
    case .everything, .nothing: []
    case .and(let parts), .or(let parts): parts.reduce(into: []) { $0.formUnion($1.columns) }
    case .leaf(let leaf):
      if case .compare(_, let other) = leaf.test { [leaf.column, other] } else { [leaf.column] }
    }
  }

  var text: String {
    switch self {
    case .everything: "every row"
    case .nothing: "no row"
    case .and(let parts): parts.map(\.operandText).joined(separator: " and ")
    case .or(let parts): parts.map(\.operandText).joined(separator: " or ")
    case .leaf(let leaf): leaf.text
    }
  }

  private var operandText: String {
    switch self {
    case .and, .or: "(" + text + ")"
    default: text
    }
  }
}

/// What is known of a column in a file, row group or page without reading its values.
struct FilterBounds: Sendable {
  /// Outer bounds: no value is outside, but the bounds themselves need not occur.
  var low: BoundValue?
  var high: BoundValue?
  var nullCount: Int?
  var rowCount: Int
  /// Whether NaN, which no bound covers, may occur.
  var mayHoldNaN = false

  /// The bounds of `rowCount` rows that all hold one value; nil is null.
  static func constant(_ value: BoundValue?, rowCount: Int) -> FilterBounds {
    FilterBounds(
      low: value, high: value, nullCount: value == nil ? rowCount : 0, rowCount: rowCount)
  }
}

/// A value in a column's domain.
enum BoundValue: Equatable, Sendable {
  case number(Int128)
  case bytes([UInt8])
}

extension Filter {
  /// What bounds imply for the rows that they describe.
  ///
  /// - Parameter bounds: Returns the bounds of a column, by index; nil if unknown.
  func verdict(_ bounds: (Int) -> FilterBounds?) -> Verdict {
    switch self {
    case .everything: return .all
    case .nothing: return .none
    case .and(let parts):
      var result = Verdict.all
      for part in parts {
        switch part.verdict(bounds) {
        case .none: return .none
        case .some: result = .some
        case .all: continue
        }
      }
      return result
    case .or(let parts):
      var result = Verdict.none
      for part in parts {
        switch part.verdict(bounds) {
        case .all: return .all
        case .some: result = .some
        case .none: continue
        }
      }
      return result
    case .leaf(let leaf):
      guard let known = bounds(leaf.column) else { return .some }
      return leaf.verdict(known)
    }
  }

  /// The parts of a conjunction; itself otherwise.
  var conjuncts: [Filter] {
    if case .and(let parts) = self { return parts }
    return self == .everything ? [] : [self]
  }
}

extension Filter.Leaf {
  func verdict(_ bounds: FilterBounds) -> Verdict {
    switch test {
    case .isNull:
      guard let nullCount = bounds.nullCount else { return .some }
      return nullCount == 0 ? .none : nullCount == bounds.rowCount ? .all : .some
    case .isNotNull:
      guard let nullCount = bounds.nullCount else { return .some }
      return nullCount == 0 ? .all : nullCount == bounds.rowCount ? .none : .some
    case .compare:
      return bounds.nullCount == bounds.rowCount ? .none : .some
    case .values, .bytes:
      if bounds.nullCount == bounds.rowCount { return .none }
      let inside = insideVerdict(bounds)
      if bounds.mayHoldNaN, inside == .all || selectsNaN { return .some }
      return inside == .all && bounds.nullCount != 0 ? .some : inside
    }
  }

  private var selectsNaN: Bool {
    if case .values(let set) = test { return set.contains(ValueDomain.key(.nan)) }
    return false
  }

  private func insideVerdict(_ bounds: FilterBounds) -> Verdict {
    switch test {
    case .values(let set):
      if set == .empty { return .none }
      var low = Int128.min
      var high = Int128.max
      if case .number(let value)? = bounds.low { low = value }
      if case .number(let value)? = bounds.high { high = value }
      return set.verdict(low: low, high: high)
    case .bytes(let test):
      var low: [UInt8]?
      var high: [UInt8]?
      if case .bytes(let value)? = bounds.low { low = value }
      if case .bytes(let value)? = bounds.high { high = value }
      return test.verdict(low: low, high: high)
    default: return .some
    }
  }
}
