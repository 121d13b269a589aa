import Bytes
import Columnar

/// When an exchange is open: its sessions as instants, for the dates that the calendar knows.
///
/// - `rules`, `idle` and `offsets` rise by their first date and hold until the next one.
/// - `holidays` and `special` rise strictly; `rules` and `offsets` have one in effect on `firstDate`.
public struct ExchangeCalendar: Sendable {
  /// Hours of the week from a date on.
  public struct Rule: Hashable, Sendable {
    /// Days since 1970-01-01.
    public var firstDay: Int
    /// Bit 0 is Monday, bit 6 Sunday.
    public var weekdays: UInt8
    /// When the session is.
    public var hours: SessionHours

    /// Hours of some weekdays, from a day on.
    public init(firstDay: Int, weekdays: UInt8, hours: SessionHours) {
      self.firstDay = firstDay
      self.weekdays = weekdays
      self.hours = hours
    }
  }

  /// A value with the day, counted since 1970-01-01, to which or from which on it belongs.
  public struct Dated<Value: Hashable & Sendable>: Hashable, Sendable {
    /// Days since 1970-01-01.
    public var day: Int
    /// What is different on that day.
    public var value: Value

    /// Something about one day.
    public init(day: Int, value: Value) {
      self.day = day
      self.value = value
    }
  }

  /// Like `XNYS`, the market identifier code where there is one.
  public let name: String
  /// What the calendar is, for people.
  public let description: String
  /// Other names that it is asked for by.
  public let aliases: [String]
  /// What it was made from, with the version.
  public let source: String
  /// The zone of its hours.
  public let timeZoneName: String
  /// First date that it knows.
  public let firstDate: CivilDate
  /// Last date that it knows.
  public let lastDate: CivilDate
  let rules: [Rule]
  let holidays: [Int]
  let special: [Dated<SessionHours>]
  let idle: [Dated<SessionHours>]
  /// Minutes that the zone's clocks are ahead of UTC from noon of a day on.
  let offsets: [Dated<Int>]

  /// - Precondition: The lists are as the type says: sorted, with a rule and an offset at the start.
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

  // MARK: - Questions

  /// The session of a date; nil on a day without one.
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
  /// - Parameter range: Nanoseconds since 1970 UTC; its UTC dates must be known.
  public func sessions(overlapping range: Range<Int64>) throws(CalendarError) -> [TradingSession] {
    if range.isEmpty { return [] }
    let first = Self.utcDay(range.lowerBound)
    let last = Self.utcDay(range.upperBound - 1)
    try requireKnown(CivilDate(daysSinceEpoch: first))
    try requireKnown(CivilDate(daysSinceEpoch: last))
    // A session begins up to a day before its date, and clocks are up to a day apart from UTC's.
    return (first - 2...last + 2).compactMap(session(day:)).filter {
      $0.open < range.upperBound && range.lowerBound < $0.close
    }
  }

  /// The dates of [`first`, `end`) that the calendar knows and on which the week would have a session, but
  /// the exchange is closed.
  public func holidays(from first: CivilDate, to end: CivilDate) -> [CivilDate] {
    holidays.filter { first.daysSinceEpoch <= $0 && $0 < end.daysSinceEpoch }.map {
      CivilDate(daysSinceEpoch: $0)
    }
  }

  /// The session in which an instant lies, breaks included; nil between sessions.
  public func session(at instant: Int64) throws(CalendarError) -> TradingSession? {
    try sessions(overlapping: instant..<instant + 1).first
  }

  /// Whether the exchange is open at an instant: nanoseconds since 1970 UTC.
  public func isOpen(at instant: Int64) throws(CalendarError) -> Bool {
    try session(at: instant)?.contains(instant) ?? false
  }

  /// The first session with a later date.
  ///
  /// - Throws: `CalendarError.outOfRange` where the calendar ends before there is one.
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

  /// The name of a calendar's file: `XNYS.yaml`, `24-7.yaml`.
  public static func fileName(_ name: String) -> String {
    String(name.map { $0 == "/" ? "-" : $0 }) + ".yaml"
  }

  /// The time that belongs to a session's date: its local day, where no other session reaches into it.
  ///
  /// What trades before the opening and after the close, as in vendors' files of a day, lies in it.
  public func day(of session: TradingSession) -> Range<Int64> {
    let day = session.date.daysSinceEpoch
    var start = min(session.open, instant(day, 0))
    var end = max(session.close, instant(day + 1, 0))
    if let before = self.session(day: day - 1) { start = max(start, before.close) }
    if let after = self.session(day: day + 1) { end = min(end, after.open) }
    return min(start, session.open)..<max(end, session.close)
  }

  // MARK: - One session

  /// The session of a day since 1970-01-01, whether the calendar vouches for that day or not.
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

  /// The instant at which the zone's clocks show `minutes` after the midnight that begins a day.
  private func instant(_ day: Int, _ minutes: Int) -> Int64 {
    // 24:00 is still on the clock of its own date.
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
