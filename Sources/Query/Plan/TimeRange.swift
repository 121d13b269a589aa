import Columnar
import Market

/// The half-open range [start, end) that `--start` and `--end` name, in nanoseconds since 1970 UTC.
public struct TimeRange: Equatable, Sendable {
  /// Inclusive; nil for as early as there are rows.
  public var start: Int64?
  /// Exclusive; nil for as late as there are rows.
  public var end: Int64?

  /// Parses the flags. A bare date as end means that whole day, as start its first instant. Times without a
  /// zone are read in `zone`.
  public static func parse(
    start: String?, end: String?, zone: TimeZoneRules
  ) throws(QueryError) -> TimeRange {
    var range = TimeRange()
    if let start { range.start = try instant(start, "--start", zone, isEnd: false) }
    if let end { range.end = try instant(end, "--end", zone, isEnd: true) }
    if let start, let end, let first = range.start, let last = range.end, first >= last {
      throw QueryError(
        .badRange,
        "--start '\(start)' (\(text(first))) is not before --end '\(end)' (\(text(last)))",
        remedy: "the end is not part of the range, but a bare date as end means that whole day")
    }
    return range
  }

  private static func instant(
    _ text: String, _ flag: String, _ zone: TimeZoneRules, isEnd: Bool
  ) throws(QueryError) -> Int64 {
    if let instant = zone.instant(text, isEnd: isEnd) { return instant }
    throw QueryError(
      .badRange, "\(flag) is '\(text)', expected a date or a time",
      remedy: "\(flag) 2024-01-02, or \(flag) 2024-01-02T14:30:00Z")
  }

  /// The instant, with as many digits as it has.
  static func text(_ nanoseconds: Int64) -> String {
    let digits =
      nanoseconds % 1_000_000_000 == 0
      ? 0 : nanoseconds % 1_000_000 == 0 ? 3 : nanoseconds % 1_000 == 0 ? 6 : 9
    return TimeText.iso(nanoseconds: nanoseconds, digits: digits)
  }

  /// `[2024-01-02T00:00:00Z, 2024-01-03T00:00:00Z)`.
  var text: String {
    "[" + (start.map(Self.text) ?? "the beginning") + ", "
      + (end.map(Self.text) ?? "the end") + ")"
  }

  /// The instants in the domain of a time column.
  func set(for column: QueryColumn) -> IntervalSet {
    let scale = ValueDomain.scale(of: column) ?? 9
    var set = IntervalSet.everything
    if let start {
      let (floor, isExact) = ExactNumber(mantissa: Int128(start), exponent: -9).floor(scale: scale)
      set = IntervalSet(.greaterOrEqual, floor: floor, isExact: isExact)
    }
    if let end {
      let (floor, isExact) = ExactNumber(mantissa: Int128(end), exponent: -9).floor(scale: scale)
      set = set.intersection(IntervalSet(.less, floor: floor, isExact: isExact))
    }
    return set
  }
}
