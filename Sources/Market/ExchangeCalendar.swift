import Bytes
import Columnar

/// The trading sessions of an exchange as UTC instants, for the dates covered by the calendar.
///
/// - `rules`, `idle` and `offsets` are sorted by first date; each entry applies until the next one.
/// - `holidays` and `special` are sorted without duplicates; `rules` and `offsets` each have an entry in effect
///   on `firstDate`.
public struct ExchangeCalendar: Sendable {
  /// Regular weekly hours, in effect from a date on.
  public struct Rule: Hashable, Sendable {
    /// Days since 1970-01-01.
    public var firstDay: Int
    /// Bit 0 is Monday, bit 6 Sunday.
    public var weekdays: UInt8
    /// Session hours in local time.
    public var hours: SessionHours

    /// Regular hours of the given weekdays, in effect from a day on.
    public init(firstDay: Int, weekdays: UInt8, hours: SessionHours) {
      self.firstDay = firstDay
      self.weekdays = weekdays
      self.hours = hours
    }
  }

  /// A value tagged with a day (days since 1970-01-01): the day that it applies to, or from which on it
  /// applies.
  public struct Dated<Value: Hashable & Sendable>: Hashable, Sendable {
    /// Days since 1970-01-01.
    public var day: Int
    /// The value on, or from, that day.
    public var value: Value

    /// Tags a value with a day.
    public init(day: Int, value: Value) {
      self.day = day
      self.value = value
    }
  }

  /// The market identifier code where there is one, such as `XNYS`.
  public let name: String
  /// A one-line description for people.
  public let description: String
  /// Alternative names accepted by lookups.
  public let aliases: [String]
  /// What it was generated from, with the version.
  public let source: String
  /// IANA name of the time zone of the hours.
  public let timeZoneName: String
  /// First covered date.
  public let firstDate: CivilDate
  /// Last covered date.
  public let lastDate: CivilDate
  let rules: [Rule]
  let holidays: [Int]
  let special: [Dated<SessionHours>]
  let idle: [Dated<SessionHours>]
  /// UTC offsets of the zone in minutes, each in effect from noon of its day on.
  let offsets: [Dated<Int>]

  /// - Precondition: The lists satisfy the type's invariants: sorted, with a rule and an offset in effect on
  ///   `firstDate`.
  public init(
    name: String, description: String, aliases: [String], source: String, timeZoneName: String,
    firstDate: CivilDate, lastDate: CivilDate, rules: [Rule], holidays: [Int],
    special: [Dated<SessionHours>], idle: [Dated<SessionHours>], offsets: [Dated<Int>]
  ) {
    let first = firstDate.daysSinceEpoch
    precondition(rules.first.map { $0.firstDay <= first } ?? false, "no rule on the first date")
    precondition(offsets.first.map { $0.day < first } ?? false, "no offset before the first date")
    self.name = name
    self.description = description
    self.aliases = aliases
    self.source = source
    self.timeZoneName = timeZoneName
    self.firstDate = firstDate
    self.lastDate = lastDate
    self.rules = rules
    self.holidays = holidays
    self.special = special
    self.idle = idle
    self.offsets = offsets
  }

  // MARK: - Queries

  /// The session of a date; nil for a date without one.
  public func session(on date: CivilDate) throws(CalendarError) -> TradingSession? {
    try requireKnown(date)
    return session(day: date.daysSinceEpoch)
  }

  /// The sessions of the dates [`first`, `end`), in order.
  public func sessions(from first: CivilDate, to end: CivilDate) throws(CalendarError)
    -> [TradingSession]
  {
    guard first < end else { return [] }
    try requireKnown(first)
    try requireKnown(CivilDate(daysSinceEpoch: end.daysSinceEpoch - 1))
    return (first.daysSinceEpoch..<end.daysSinceEpoch).compactMap(session(day:))
  }

  /// The sessions that overlap [`range.lowerBound`, `range.upperBound`), in order.
  ///
  /// - Parameter range: Nanoseconds since 1970 UTC; its UTC dates must be covered.
  public func sessions(overlapping range: Range<Int64>) throws(CalendarError) -> [TradingSession] {
    if range.isEmpty { return [] }
    let first = Self.utcDay(range.lowerBound)
    let last = Self.utcDay(range.upperBound - 1)
    try requireKnown(CivilDate(daysSinceEpoch: first))
    try requireKnown(CivilDate(daysSinceEpoch: last))
    // A session begins up to a day before its date, and the zone is up to a day away from UTC.
    return (first - 2...last + 2).compactMap(session(day:)).filter {
      $0.open < range.upperBound && range.lowerBound < $0.close
    }
  }

  /// Covered dates in [`first`, `end`) on which the regular week has a session but the exchange is closed.
  public func holidays(from first: CivilDate, to end: CivilDate) -> [CivilDate] {
    holidays.filter { first.daysSinceEpoch <= $0 && $0 < end.daysSinceEpoch }.map {
      CivilDate(daysSinceEpoch: $0)
    }
  }

  /// The session that contains an instant, breaks included; nil between sessions.
  public func session(at instant: Int64) throws(CalendarError) -> TradingSession? {
    try sessions(overlapping: instant..<instant + 1).first
  }

  /// Whether the exchange is open at an instant: nanoseconds since 1970 UTC.
  public func isOpen(at instant: Int64) throws(CalendarError) -> Bool {
    try session(at: instant)?.contains(instant) ?? false
  }

  /// The first session with a later date.
  ///
  /// - Throws: `CalendarError.outOfRange` if the calendar ends before the next session.
  public func nextSession(after date: CivilDate) throws(CalendarError) -> TradingSession {
    try neighbour(of: date, step: 1)
  }

  /// The last session with an earlier date.
  public func previousSession(before date: CivilDate) throws(CalendarError) -> TradingSession {
    try neighbour(of: date, step: -1)
  }

  private func neighbour(of date: CivilDate, step: Int) throws(CalendarError) -> TradingSession {
    var next = date
    while true {
      next = CivilDate(daysSinceEpoch: next.daysSinceEpoch + step)
      if let session = try session(on: next) { return session }
    }
  }

  private func requireKnown(_ date: CivilDate) throws(CalendarError) {
    if firstDate <= date, date <= lastDate { return }
    throw CalendarError(
      code: .outOfRange,
      message: "calendar '\(name)' knows \(firstDate.iso) to \(lastDate.iso), not \(date.iso)",
      remedy: "ask for dates it knows, or put a calendar with more of them into the lake: "
        + "schemas/calendars/\(Self.fileName(name))")
  }

  /// The file name of a calendar: `XNYS.yaml`, `24-7.yaml`.
  public static func fileName(_ name: String) -> String {
    String(name.map { $0 == "/" ? "-" : $0 }) + ".yaml"
  }

  /// The time range attributed to a session's date: its local day, cut where a neighbouring session reaches
  /// into it.
  ///
  /// It contains pre-market and after-hours trades, as vendors' daily files do.
  public func day(of session: TradingSession) -> Range<Int64> {
    let day = session.date.daysSinceEpoch
    var start = min(session.open, instant(day, 0))
    var end = max(session.close, instant(day + 1, 0))
    if let before = self.session(day: day - 1) { start = max(start, before.close) }
    if let after = self.session(day: day + 1) { end = min(end, after.open) }
    return min(start, session.open)..<max(end, session.close)
  }

  // MARK: - One session

  /// The session of a day (days since 1970-01-01), without checking that the day is covered.
  private func session(day: Int) -> TradingSession? {
    guard firstDate.daysSinceEpoch <= day, day <= lastDate.daysSinceEpoch,
      let rule = rules.last(where: { $0.firstDay <= day })
    else { return nil }
    let own = Self.lastIndex(special, upTo: day).map { special[$0] }
    let isSpecial = own?.day == day
    if !isSpecial {
      let weekday = CivilDate(daysSinceEpoch: day).isoWeekday
      guard rule.weekdays >> UInt8(weekday - 1) & 1 == 1, !isHoliday(day) else { return nil }
    }
    let hours = isSpecial ? own?.value ?? rule.hours : rule.hours
    let stretches = hours.stretches.map {
      instant(day, $0.lowerBound)..<instant(day, $0.upperBound)
    }
    guard let open = stretches.first?.lowerBound, let close = stretches.last?.upperBound else {
      return nil
    }
    return TradingSession(
      date: CivilDate(daysSinceEpoch: day), open: open, close: close,
      breaks: zip(stretches, stretches.dropFirst()).map { $0.upperBound..<$1.lowerBound },
      idle: idle(day: day, within: open..<close),
      isHalfDay: hours.minuteCount < rule.hours.minuteCount)
  }

  private func idle(day: Int, within session: Range<Int64>) -> [Range<Int64>] {
    guard let index = Self.lastIndex(idle, upTo: day) else { return [] }
    return idle[index].value.stretches.compactMap {
      let stretch = (instant(day, $0.lowerBound)..<instant(day, $0.upperBound)).clamped(to: session)
      return stretch.isEmpty ? nil : stretch
    }
  }

  private func isHoliday(_ day: Int) -> Bool {
    var low = 0
    var high = holidays.count
    while low < high {
      let middle = (low + high) / 2
      if holidays[middle] < day { low = middle + 1 } else { high = middle }
    }
    return low < holidays.count && holidays[low] == day
  }

  /// The instant at which local time is `minutes` after the midnight that begins a day.
  private func instant(_ day: Int, _ minutes: Int) -> Int64 {
    // 24:00 uses the offset of the date that it ends.
    let clockDay = day + (minutes < 0 ? -1 : minutes > SessionHours.minutesPerDay ? 1 : 0)
    let offset = Self.lastIndex(offsets, upTo: clockDay).map { offsets[$0].value } ?? 0
    return Int64(day * SessionHours.minutesPerDay + minutes - offset) * 60_000_000_000
  }

  /// Index of the last entry that begins on or before a day.
  private static func lastIndex<Value>(_ entries: [Dated<Value>], upTo day: Int) -> Int? {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].day <= day { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? nil : low - 1
  }

  private static func utcDay(_ instant: Int64) -> Int {
    Int(floorDivide(instant, CivilDate.nanosecondsPerDay))
  }
}
