import Columnar

/// Pairs of a timestamp in microseconds and its nanosecond remainder.
package struct RemainderColumns: Sendable {
  /// Ends the name of the column with nanoseconds 0…999 beyond a timestamp's microseconds.
  package static let suffix = "_plus_ns"
  private let names: Set<String>

  /// Finds the pairs: a column counts as a remainder only if its timestamp is among `fields` too.
  package init(fields: [Field]) {
    let all = Set(fields.map(\.name))
    names = all.filter { $0.hasSuffix(Self.suffix) && all.contains(String($0.dropLast(8))) }
  }

  /// Whether a column holds the nanoseconds of another.
  package func isRemainder(_ name: String) -> Bool { names.contains(name) }

  /// Whether a timestamp has its nanoseconds in a column of their own.
  package func hasRemainder(_ time: String) -> Bool { names.contains(time + Self.suffix) }
}

extension Column {
  /// Times in ns: microseconds plus the nanoseconds in `remainder`.
  func nanoseconds(_ remainder: Column?) -> Column {
    guard case .integers(var values) = storage else { return self }
    for row in values.indices { values[row] = values[row] &* 1000 }
    if case .integers(let parts)? = remainder?.storage {
      for row in values.indices { values[row] = values[row] &+ parts[row] }
    }
    var result = self
    result.storage = .integers(values)
    return result
  }
}
