import Columnar
import Platform

/// How the expiration is chosen for the contracts of a day.
public enum ExpiryRule: Hashable, Sendable {
  /// The following calendar day, whether or not it has a session.
  case nextCalendarDay
  /// The date of the next session.
  case nextTradingDay
  /// The first Friday after the day, or the last session before that Friday if the exchange is closed on it.
  case nextFriday
  /// The same date for every day.
  case fixed(CivilDate)

  static let names = ["next_calendar_day", "next_trading_day", "next_friday"]

  /// Parses a rule's name or a fixed date: `next_friday`, `2025-03-21`, `fixed:2025-03-21`.
  public init(parsing text: String) throws(OptionError) {
    switch text {
    case "next_calendar_day": self = .nextCalendarDay
    case "next_trading_day": self = .nextTradingDay
    case "next_friday": self = .nextFriday
    default:
      let isNamed = text.hasPrefix("fixed:")
      guard let date = CivilDate(iso: isNamed ? text.dropFirst(6) : text[...]) else {
        throw OptionError(
          .badExpiry,
          "expiry '\(text)' is not next_calendar_day, next_trading_day, next_friday or a date",
          remedy: NearestNames.question(text, among: Self.names) ?? "--expiry 2025-03-21")
      }
      self = .fixed(date)
    }
  }

  /// The form that the initializer parses: `next_friday`, `fixed:2025-03-21`.
  public var name: String {
    switch self {
    case .nextCalendarDay: "next_calendar_day"
    case .nextTradingDay: "next_trading_day"
    case .nextFriday: "next_friday"
    case .fixed(let date): "fixed:\(date.iso)"
    }
  }

  /// The expiration date for the contracts of a day.
  ///
  /// On the Thursday before a Friday without a session, `nextFriday` is that Thursday itself.
  ///
  /// - Throws: `OptionError.expired` for a fixed date before the day; `CalendarError` for dates that the
  ///   calendar does not cover.
  public func expiration(on day: CivilDate, by calendar: ExchangeCalendar) throws -> CivilDate {
    switch self {
    case .nextCalendarDay: return CivilDate(daysSinceEpoch: day.daysSinceEpoch + 1)
    case .nextTradingDay: return try calendar.nextSession(after: day).date
    case .nextFriday:
      let ahead = (5 - day.isoWeekday + 7) % 7
      let friday = CivilDate(daysSinceEpoch: day.daysSinceEpoch + (ahead == 0 ? 7 : ahead))
      if try calendar.session(on: friday) != nil { return friday }
      return try calendar.previousSession(before: friday).date
    case .fixed(let date):
      if date < day {
        throw OptionError(
          .expired, "contracts of \(date.iso) have expired on \(day.iso)",
          remedy: "end the range on \(date.iso), or name a later expiry")
      }
      return date
    }
  }
}
