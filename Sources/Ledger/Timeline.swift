import Parquet

/// Values along a time line: what is painted later covers what was there.
package struct Timeline<Value: Sendable>: Sendable {
  /// Disjoint, ascending, half-open.
  package private(set) var stretches: [(interval: Range<Int64>, value: Value)] = []

  /// An empty time line.
  package init() {}

  /// Sets the value of an interval; parts of older stretches outside of it stay. O(1) for an interval behind
  /// all others, else O(stretches).
  package mutating func paint(_ interval: Range<Int64>, _ value: Value) {
    if interval.isEmpty { return }
    // Most events are in order of time.
    if let last = stretches.last, last.interval.upperBound > interval.lowerBound {
      var rest: [(interval: Range<Int64>, value: Value)] = []
      for stretch in stretches {
        let known = stretch.interval
        if known.lowerBound < interval.lowerBound {
          let end = min(known.upperBound, interval.lowerBound)
          rest.append((known.lowerBound..<end, stretch.value))
        }
        if known.upperBound > interval.upperBound {
          let start = max(known.lowerBound, interval.upperBound)
          rest.append((start..<known.upperBound, stretch.value))
        }
      }
      rest.append((interval, value))
      stretches = rest.sorted { $0.interval.lowerBound < $1.interval.lowerBound }
    } else {
      stretches.append((interval, value))
    }
  }
}

extension Timeline where Value: Equatable {
  /// Adjoining stretches of equal value become one.
  package func merged() -> [(interval: Range<Int64>, value: Value)] {
    var result: [(interval: Range<Int64>, value: Value)] = []
    for stretch in stretches {
      if let last = result.last, last.value == stretch.value,
        last.interval.upperBound == stretch.interval.lowerBound
      {
        result[result.count - 1].interval =
          last.interval.lowerBound..<stretch.interval.upperBound
      } else {
        result.append(stretch)
      }
    }
    return result
  }
}
