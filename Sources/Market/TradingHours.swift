// When simulated markets are open, as UTC seconds of a day. Real sessions come from versioned
// calendars; these are rules, good enough for made-up data of any year.

import Columnar

/// A stretch of a UTC day in which a market is open with one character.
public struct TradingPhase: Hashable, Sendable {
  /// How busy a part of the day is.
  public enum Kind: Hashable, Sendable { case early, regular, late, overnight }

  /// How busy it is.
  public let kind: Kind
  /// Seconds since midnight UTC.
  public let seconds: Range<Int>

  /// A part of a day.
  public init(_ kind: Kind, _ seconds: Range<Int>) {
    self.kind = kind
    self.seconds = seconds
  }
}

/// The weekly rhythm of a kind of market.
public enum TradingHours: Hashable, Sendable {
  /// New York, Monday to Friday: 04:00, 09:30–16:00, until 20:00 or midnight UTC if that is earlier.
  case equities
  /// Chicago, Sunday 17:00 to Friday 16:00 with an hour's break from 16:00; busiest 08:30–15:00.
  case futures

  /// The open stretches of a UTC day, in order; none on days without trading.
  public func phases(on date: CivilDate) -> [TradingPhase] {
    switch self {
    case .equities: Self.equityPhases(date)
    case .futures: Self.futuresPhases(date)
    }
  }

  private static func equityPhases(_ date: CivilDate) -> [TradingPhase] {
    guard date.isoWeekday <= 5 else { return [] }
    let hour = 3600
    let midnight = (isDaylightSaving(date) ? 4 : 5) * hour
    return [
      TradingPhase(.early, midnight + 4 * hour..<midnight + 9 * hour + 1800),
      TradingPhase(.regular, midnight + 9 * hour + 1800..<midnight + 16 * hour),
      TradingPhase(.late, midnight + 16 * hour..<min(midnight + 20 * hour, 24 * hour)),
    ]
  }

  private static func futuresPhases(_ date: CivilDate) -> [TradingPhase] {
    let hour = 3600
    let midnight = (isDaylightSaving(date) ? 5 : 6) * hour
    let close = midnight + 16 * hour
    let evening = TradingPhase(.overnight, close + hour..<24 * hour)
    let day = [
      TradingPhase(.overnight, 0..<midnight + 8 * hour + 1800),
      TradingPhase(.regular, midnight + 8 * hour + 1800..<midnight + 15 * hour),
      TradingPhase(.late, midnight + 15 * hour..<close),
    ]
    switch date.isoWeekday {
    case 7: return [evening]
    case 6: return []
    case 5: return day
    default: return day + [evening]
    }
  }

  /// Whether the United States' clocks are an hour ahead on that day (from 02:00 local on): from the
  /// second Sunday of March to the first of November, the rule since 2007.
  static func isDaylightSaving(_ date: CivilDate) -> Bool {
    let (year, month, _) = date.components
    guard let march = CivilDate(year: year, month: 3, day: 8),
      let november = CivilDate(year: year, month: 11, day: 1)
    else { return (4...10).contains(month) }
    return sunday(onOrAfter: march) <= date && date < sunday(onOrAfter: november)
  }

  private static func sunday(onOrAfter date: CivilDate) -> CivilDate {
    CivilDate(daysSinceEpoch: date.daysSinceEpoch + (7 - date.isoWeekday))
  }
}
