/// A set of integers as sorted closed intervals that do not touch. Every comparison with a literal becomes such
/// a set in the column's unscaled integers: filtering compares integers, and pruning by statistics intersects
/// intervals.
struct IntervalSet: Equatable, Sendable {
  struct Interval: Equatable, Sendable {
    var low: Int128
    var high: Int128
  }

  private(set) var intervals: [Interval]

  static let empty = IntervalSet(intervals: [])
  static let everything = IntervalSet(low: .min, high: .max)

  private init(intervals: [Interval]) { self.intervals = intervals }

  /// low…high, both included; empty where high < low.
  init(low: Int128, high: Int128) {
    intervals = low <= high ? [Interval(low: low, high: high)] : []
  }

  /// Values for which `value op literal` is true; the literal is `floor`, or lies between it and the next
  /// integer if not exact.
  init(_ comparison: Comparison, floor: Int128, isExact: Bool) {
    switch comparison {
    case .equal: self = isExact ? IntervalSet(low: floor, high: floor) : .empty
    case .notEqual:
      self = IntervalSet(.equal, floor: floor, isExact: isExact).complement
    case .lessOrEqual: self = IntervalSet(low: .min, high: floor)
    case .less:
      if isExact {
        self = floor == .min ? .empty : IntervalSet(low: .min, high: floor - 1)
      } else {
        self = IntervalSet(low: .min, high: floor)
      }
    case .greater, .greaterOrEqual:
      self = IntervalSet(comparison.negated, floor: floor, isExact: isExact).complement
    }
  }

  /// All other integers.
  var complement: IntervalSet {
    var result: [Interval] = []
    var next: Int128? = .min
    for interval in intervals {
      if let low = next, low < interval.low {
        result.append(Interval(low: low, high: interval.low - 1))
      }
      next = interval.high == .max ? nil : interval.high + 1
    }
    if let low = next { result.append(Interval(low: low, high: .max)) }
    return IntervalSet(intervals: result)
  }

  func union(_ other: IntervalSet) -> IntervalSet {
    var result: [Interval] = []
    for interval in (intervals + other.intervals).sorted(by: { $0.low < $1.low }) {
      if let last = result.last, last.high == .max || interval.low <= last.high + 1 {
        result[result.count - 1].high = Swift.max(last.high, interval.high)
      } else {
        result.append(interval)
      }
    }
    return IntervalSet(intervals: result)
  }

  func intersection(_ other: IntervalSet) -> IntervalSet {
    complement.union(other.complement).complement
  }

  func contains(_ value: Int128) -> Bool {
    intervals.contains { $0.low <= value && value <= $0.high }
  }

  /// Whether some, all or none of low…high is in the set.
  func verdict(low: Int128, high: Int128) -> Verdict {
    for interval in intervals {
      if interval.low <= low, high <= interval.high { return .all }
      if interval.low <= high, low <= interval.high { return .some }
    }
    return .none
  }
}

/// What bounds imply for the rows that they cover.
enum Verdict: Sendable {
  /// No row matches.
  case none
  /// The rows must be read.
  case some
  /// Every row matches.
  case all
}
