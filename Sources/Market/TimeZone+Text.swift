import Columnar

extension TimeZoneRules {
  /// The instant that a date or a time names, in ns since 1970 UTC; nil where it names none.
  ///
  /// - Parameters:
  ///   - text: Like `2024-01-02`, `2024-01-02T14:30:00Z`, or without a zone: then it is read in this one.
  ///   - isEnd: A bare date means the end of that day, since all of it is meant.
  public func instant(_ text: String, isEnd: Bool) -> Int64? {
    if let date = CivilDate(iso: text) {
      let (nanoseconds, overflow) = startOfDay(date.daysSinceEpoch + (isEnd ? 1 : 0))
        .multipliedReportingOverflow(by: 1_000_000_000)
      return overflow ? nil : nanoseconds
    }
    guard let (nanoseconds, hasZone) = TimeText.parseISO(text) else { return nil }
    return hasZone ? nanoseconds : instant(local: nanoseconds)
  }

  /// The instant at which clocks show a reading: the first of two, the end of a gap.
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
      // The clocks jumped over it: the moment of the jump, whatever the fraction.
      rest = 0
      instant = segment(at: seconds - segment(at: seconds).offset).start
    }
    let (scaled, overflow) = instant.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? (instant < 0 ? .min : .max) : scaled &+ rest
  }
}
