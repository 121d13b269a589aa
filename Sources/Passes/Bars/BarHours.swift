import Catalog
import Market
import Tables

/// The hours whose trades are in bars: the choice of `--session`.
public enum TradeSession: String, Sendable, CaseIterable {
  /// Every trade; a day is a date of the table's zone.
  case all
  /// Regular hours.
  case rth
  /// A calendar's whole trading date, with the hours before and after the session.
  case eth
}

/// Reads what users say of hours and intervals.
enum BarHours {
  /// The stock exchanges' calendar, whose sessions are the regular hours of a dataset that follows it.
  private static let stocks = "XNYS"

  /// The hours of a choice.
  ///
  /// - Parameters:
  ///   - calendar: As named by the user; nil for the dataset's.
  ///   - zone: Of the table's dates.
  ///   - place: The table, in errors.
  static func hours(
    _ choice: TradeSession, calendar: ExchangeCalendar?, dataset: String?, zone: TimeZoneRules,
    lake: Lake?, place: String
  ) throws -> TradeSessions.Hours {
    switch choice {
    case .all:
      if let calendar {
        throw PassError(
          .usage, "--calendar \(calendar.name) tells sessions, and --session all has none",
          remedy: "--session rth or --session eth")
      }
      return .all(zone)
    case .rth:
      if let calendar { return .sessions(calendar) }
      if let dataset, let own = try ExchangeCalendar.of(dataset: dataset, in: lake),
        own.name == stocks
      {
        return .sessions(own)
      }
      return .newYork(try TimeZoneRules.named("America/New_York"))
    case .eth:
      if let calendar { return .dates(calendar) }
      if let dataset, let own = try ExchangeCalendar.of(dataset: dataset, in: lake) {
        return .dates(own)
      }
      throw PassError(
        .usage,
        "no calendar is known for \(dataset.map { "dataset '\($0)'" } ?? "rows without a dataset")",
        place: place, remedy: "--calendar NAME: lake calendar lists them")
    }
  }

  /// An interval that bars may have.
  static func interval(_ text: String) throws -> Interval {
    guard let interval = Interval.parse(text) else {
      throw PassError(
        .usage, "'\(text)' is no interval", remedy: "a count and a unit, like 15s, 1m, 1h or 1d")
    }
    guard interval.dividesDay else {
      throw PassError(
        .usage, "bars of \(interval.name) do not divide a day",
        remedy: "an interval that a day holds a whole number of, like 15s, 30m, 6h; "
          + "lake resample makes weeks of days")
    }
    return interval
  }
}

extension TradeSessions.Hours {
  /// Which hours these are, calendars with what they were generated from: other hours give other bars.
  var source: String {
    switch self {
    case .all: "all"
    case .newYork: "09:30 to 16:00 America/New_York"
    case .sessions(let calendar): "sessions of \(calendar.name): \(calendar.source)"
    case .dates(let calendar): "dates of \(calendar.name): \(calendar.source)"
    }
  }
}
