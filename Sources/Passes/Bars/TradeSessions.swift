import Bytes
import Columnar
import Market

/// Which trades count, and to which trading date they belong.
///
/// Answers are kept for the last stretch that was asked for, since trades come nearly in the order of time.
final class TradeSessions {
  /// Hours of trading.
  enum Hours: Sendable {
    case all(TimeZoneRules)
    /// [9:30, 16:00) New York on every date, whatever the exchange does.
    case newYork(TimeZoneRules)
    /// The sessions of a calendar, without their breaks.
    case sessions(ExchangeCalendar)
    /// The trading dates of a calendar.
    case dates(ExchangeCalendar)
  }

  /// A stretch of time in which all trades belong to one trading date.
  struct Stretch: Hashable {
    /// Nanoseconds since 1970 UTC.
    var times: Range<Int64>
    /// Days since 1970; nil where trades count for nothing.
    var day: Int?
  }

  let hours: Hours
  private(set) var last = Stretch(times: 0..<0, day: nil)
  /// The stretches of one UTC day, as an index since 1970.
  private var known: (day: Int, stretches: [Stretch]) = (.min, [])

  init(_ hours: Hours) { self.hours = hours }

  /// The stretch that holds an instant.
  func stretch(at instant: Int64) throws -> Stretch {
    if last.times.contains(instant) { return last }
    let day = Int(floorDivide(instant, CivilDate.nanosecondsPerDay))
    if known.day != day { known = (day, try stretches(onUTCDay: day)) }
    var found = Stretch(times: Self.range(ofUTCDay: day), day: nil)
    for stretch in known.stretches {
      if stretch.times.contains(instant) {
        found = stretch
        break
      }
      // The pause around the instant.
      if stretch.times.upperBound <= instant {
        found.times = stretch.times.upperBound..<found.times.upperBound
      } else if stretch.times.lowerBound > instant {
        found.times =
          found.times.lowerBound..<min(found.times.upperBound, stretch.times.lowerBound)
      }
    }
    last = found
    return found
  }

  /// The stretches of a trading date, ascending; empty on a date without a session.
  func stretches(of day: Int) throws -> [Range<Int64>] {
    switch hours {
    case .all(let zone):
      return [zone.startOfDay(day) * Self.second..<zone.startOfDay(day + 1) * Self.second]
    case .newYork(let zone): return [Self.newYork(day, zone)]
    case .sessions(let calendar):
      guard let session = try calendar.session(on: CivilDate(daysSinceEpoch: day)) else {
        return []
      }
      return session.openStretches
    case .dates(let calendar):
      guard let session = try calendar.session(on: CivilDate(daysSinceEpoch: day)) else {
        return []
      }
      return [calendar.day(of: session)]
    }
  }

  /// The trading dates of which some time is in a range, ascending.
  func days(overlapping range: Range<Int64>) throws -> [Int] {
    if range.isEmpty { return [] }
    let first = Int(floorDivide(range.lowerBound, CivilDate.nanosecondsPerDay)) - 2
    let last = Int(floorDivide(range.upperBound - 1, CivilDate.nanosecondsPerDay)) + 2
    return try (first...last).filter { day in
      try knows(day) && stretches(of: day).contains { $0.overlaps(range) }
    }
  }

  // MARK: -

  private static let second: Int64 = 1_000_000_000

  private static func range(ofUTCDay day: Int) -> Range<Int64> {
    let start = Int64(day) * CivilDate.nanosecondsPerDay
    return start..<start + CivilDate.nanosecondsPerDay
  }

  private func stretches(onUTCDay day: Int) throws -> [Stretch] {
    let range = Self.range(ofUTCDay: day)
    if case .sessions(let calendar) = hours { try Self.require(day, calendar) }
    if case .dates(let calendar) = hours { try Self.require(day, calendar) }
    var found: [Stretch] = []
    for date in day - 2...day + 2 where knows(date) {
      for times in try stretches(of: date) where times.overlaps(range) {
        found.append(Stretch(times: times, day: date))
      }
    }
    return found.sorted { $0.times.lowerBound < $1.times.lowerBound }
  }

  /// Refuses a day of which a calendar does not know whether there is a session.
  private static func require(_ day: Int, _ calendar: ExchangeCalendar) throws {
    _ = try calendar.session(on: CivilDate(daysSinceEpoch: day))
  }

  /// Days beside the first and last date of a calendar are asked for by accident only.
  private func knows(_ day: Int) -> Bool {
    switch hours {
    case .all, .newYork: return true
    case .sessions(let calendar), .dates(let calendar):
      let date = CivilDate(daysSinceEpoch: day)
      return calendar.firstDate <= date && date <= calendar.lastDate
    }
  }

  private static func newYork(_ day: Int, _ zone: TimeZoneRules) -> Range<Int64> {
    let midnight = Int64(day) * 86_400
    // Clocks change at night: both readings exist, once.
    func instant(_ reading: Int64) -> Int64 {
      switch zone.resolve(local: midnight + reading) {
      case .one(let instant), .two(let instant, _): instant * second
      case .none: (midnight + reading) * second
      }
    }
    return instant(34_200)..<instant(57_600)
  }
}

extension TradingSession {
  /// The session without its breaks.
  fileprivate var openStretches: [Range<Int64>] {
    var stretches: [Range<Int64>] = []
    var start = open
    for pause in breaks {
      if start < pause.lowerBound { stretches.append(start..<pause.lowerBound) }
      start = pause.upperBound
    }
    if start < close { stretches.append(start..<close) }
    return stretches
  }
}
