import Columnar
import Glibc

/// Turns `comparison literal` into a set of values in a column's domain.
struct LiteralTyping {
  let clause: ClauseText
  let column: QueryColumn
  /// Reads a local date and time without a zone as nanoseconds since 1970 UTC.
  let instant: (Int64) -> Int64

  func set(_ comparison: Comparison, _ literal: Operand) throws(QueryError) -> IntervalSet {
    switch column.type {
    case .float16, .float, .double: return try doubles(comparison, literal)
    case .date: return try dates(comparison, literal)
    case .timestamp, .time: return try times(comparison, literal)
    case .boolean:
      guard case .boolean(let value) = literal.kind else {
        throw mismatch(literal, "true or false")
      }
      return IntervalSet(comparison, floor: value ? 1 : 0, isExact: true)
    default: break
    }
    guard case .number(let text) = literal.kind, let number = ExactNumber(text) else {
      throw mismatch(literal, "a number")
    }
    let (floor, isExact) = number.floor(scale: ValueDomain.scale(of: column) ?? 0)
    return IntervalSet(comparison, floor: floor, isExact: isExact)
  }

  private func mismatch(_ literal: Operand, _ expected: String) -> QueryError {
    var remedy: String?
    if case .text(let text) = literal.kind, ExactNumber(text) != nil {
      remedy = "write the number without quotes: \(text)"
    }
    return clause.error(
      .typeMismatch,
      "column '\(column.name)' is \(column.type.name): expected \(expected), found "
        + Binder.text(literal), at: literal.offset, remedy: remedy)
  }

  /// A literal stands for the nearest double, as in every language.
  private func doubles(
    _ comparison: Comparison, _ literal: Operand
  ) throws(QueryError) -> IntervalSet {
    guard case .number(let text) = literal.kind else { throw mismatch(literal, "a number") }
    var value = strtod(text, nil)
    if column.type != .double { value = Double(Float(value)) }
    if value == 0 {
      // −0 and 0 are equal but have two keys.
      let zero = IntervalSet(low: ValueDomain.key(-0.0), high: ValueDomain.key(0.0))
      let below = IntervalSet(low: .min, high: ValueDomain.key(-0.0) - 1)
      let set: IntervalSet
      switch comparison {
      case .equal, .notEqual: set = zero
      case .less, .greaterOrEqual: set = below
      case .lessOrEqual, .greater: set = below.union(zero)
      }
      let isPlain = comparison == .equal || comparison == .less || comparison == .lessOrEqual
      return withNaN(isPlain ? set : set.complement, comparison)
    }
    return withNaN(
      IntervalSet(comparison, floor: ValueDomain.key(value), isExact: true), comparison)
  }

  /// NaN is greater than every number, as in DuckDB, Polars, Spark and PostgreSQL, so that every row satisfies
  /// either a comparison or its negation.
  private func withNaN(_ set: IntervalSet, _ comparison: Comparison) -> IntervalSet {
    let numbers = IntervalSet(
      low: ValueDomain.key(-Double.infinity), high: ValueDomain.key(Double.infinity))
    switch comparison {
    case .greater, .greaterOrEqual, .notEqual: return set.union(numbers.complement)
    case .less, .lessOrEqual, .equal: return set.intersection(numbers)
    }
  }

  private func dates(
    _ comparison: Comparison, _ literal: Operand
  ) throws(QueryError) -> IntervalSet {
    guard case .text(let text) = literal.kind,
      let (nanoseconds, hasZone) = TimeText.parseWideISO(text)
    else { throw mismatch(literal, "a date like 2024-01-02") }
    if hasZone { throw mismatch(literal, "a date without a zone") }
    let (day, rest) = nanoseconds.quotientAndRemainder(
      dividingBy: Int128(CivilDate.nanosecondsPerDay))
    return IntervalSet(comparison, floor: rest < 0 ? day - 1 : day, isExact: rest == 0)
  }

  private func times(
    _ comparison: Comparison, _ literal: Operand
  ) throws(QueryError) -> IntervalSet {
    var isLocal = false
    var isTimeOfDay = false
    switch column.type {
    case .time: isTimeOfDay = true
    case .timestamp(_, let isUTC): isLocal = !isUTC
    default: break
    }
    guard case .text(let text) = literal.kind,
      let (read, hasZone) = TimeText.parseWideISO(isTimeOfDay ? "1970-01-01T" + text : text)
    else {
      throw mismatch(
        literal,
        isTimeOfDay ? "a time like '14:30:00'" : "a time like '2024-01-02T14:30:00.123456789Z'")
    }
    let isBare = !hasZone && !isLocal && !isTimeOfDay
    // Years outside 64 bits of nanoseconds are read as UTC.
    let local = isBare ? Int64(exactly: read) : nil
    let (floor, isExact) = ExactNumber(
      mantissa: local.map { Int128(instant($0)) } ?? read, exponent: -9
    )
    .floor(scale: ValueDomain.scale(of: column) ?? 9)
    return IntervalSet(comparison, floor: floor, isExact: isExact)
  }
}
