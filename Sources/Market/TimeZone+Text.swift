import Columnar

extension TimeZoneRules {
  /// Parses a date or time to an instant in ns since 1970 UTC; nil for invalid text.
  ///
  /// - Parameters:
  ///   - text: Like `2024-01-02`, `2024-01-02T14:30:00Z`, or without an offset: then in this zone's local
  ///     time.
  ///   - isEnd: Whether a bare date means the end of that day (an inclusive upper bound).
  public func instant(_ text: String, isEnd: Bool) -> Int64? {
    if let date = CivilDate(iso: text) {
      let (nanoseconds, overflow) = startOfDay(date.daysSinceEpoch + (isEnd ? 1 : 0))
        .multipliedReportingOverflow(by: 1_000_000_000)
      return overflow ? nil : nanoseconds
    }
    guard let (nanoseconds, hasZone) = TimeText.parseISO(text) else { return nil }
    return hasZone ? nanoseconds : instant(local: nanoseconds)
  }

  /// The instant of a local time: the earlier one if it is ambiguous, the end of the gap if it is skipped.
  public func instant(local nanoseconds: Int64) -> Int64 {
    var (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    if rest < 0 {
      seconds -= 1
      rest += 1_000_000_000
    }
    let instant: Int64
    switch resolve(local: seconds) {
    case .one(let only): instant = only
    case .two(let earlier, _): instant = earlier
    case .none:
      // A skipped local time maps to the transition, whatever the fraction.
      rest = 0
      instant = segment(at: seconds - segment(at: seconds).offset).start
    }
    let (scaled, overflow) = instant.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? (instant < 0 ? .min : .max) : scaled &+ rest
  }
}
