import Columnar
import Market
import Testing

/// A small calendar: New York's hours and time zone for one year, one holiday, one half day, one Saturday.
private func sample(idle: String? = nil, hours week: String = "09:30 to 16:00") throws
  -> ExchangeCalendar
{
  func day(_ iso: String) throws -> Int { try #require(CivilDate(iso: iso)).daysSinceEpoch }
  func hours(_ text: String) throws -> SessionHours { try #require(SessionHours(parsing: text)) }
  return ExchangeCalendar(
    name: "TEST", description: "a test", aliases: [], source: "by hand",
    timeZoneName: "America/New_York", firstDate: try #require(CivilDate(iso: "2024-01-01")),
    lastDate: try #require(CivilDate(iso: "2024-12-31")),
    rules: [.init(firstDay: try day("2024-01-01"), weekdays: 0b11111, hours: try hours(week))],
    holidays: [try day("2024-01-01"), try day("2024-07-04")],
    special: [
      .init(day: try day("2024-07-03"), value: try hours("09:30 to 13:00")),
      .init(day: try day("2024-07-06"), value: try hours("09:30 to 16:00")),
    ],
    idle: try idle.map { [.init(day: try day("2024-01-01"), value: try hours($0))] } ?? [],
    offsets: [
      .init(day: try day("2023-11-05"), value: -300),
      .init(day: try day("2024-03-10"), value: -240),
      .init(day: try day("2024-11-03"), value: -300),
    ])
}

private func date(_ iso: String) throws -> CivilDate { try #require(CivilDate(iso: iso)) }
private func instant(_ iso: String) throws -> Int64 {
  try #require(TimeText.parseISO(iso)).nanoseconds
}
private func text(_ session: TradingSession?) -> String {
  guard let session else { return "none" }
  return TimeText.iso(nanoseconds: session.open, digits: 0) + " "
    + TimeText.iso(nanoseconds: session.close, digits: 0) + (session.isHalfDay ? " half" : "")
}

@Suite struct ExchangeCalendarTests {
  @Test(
    arguments: [
      ("2024-01-01", "none"),
      ("2024-01-02", "2024-01-02T14:30:00Z 2024-01-02T21:00:00Z"),
      ("2024-03-08", "2024-03-08T14:30:00Z 2024-03-08T21:00:00Z"),
      ("2024-03-11", "2024-03-11T13:30:00Z 2024-03-11T20:00:00Z"),
      ("2024-07-03", "2024-07-03T13:30:00Z 2024-07-03T17:00:00Z half"),
      ("2024-07-04", "none"),
      ("2024-07-06", "2024-07-06T13:30:00Z 2024-07-06T20:00:00Z"),
      ("2024-07-07", "none"),
      ("2024-11-01", "2024-11-01T13:30:00Z 2024-11-01T20:00:00Z"),
      ("2024-11-04", "2024-11-04T14:30:00Z 2024-11-04T21:00:00Z"),
    ]) func knowsHolidaysHalfDaysExtraDaysAndBothClockChanges(day: String, told: String) throws
  {
    #expect(text(try sample().session(on: try date(day))) == told)
  }

  @Test func anEveningOpeningUsesTheClocksOfThatEvening() throws {
    // Daylight saving time begins on Sunday morning; Monday's session opens that evening.
    let calendar = try sample(hours: "prev 18:00 to 17:00")
    #expect(
      text(try calendar.session(on: try date("2024-03-11")))
        == "2024-03-10T22:00:00Z 2024-03-11T21:00:00Z")
    #expect(
      text(try calendar.session(on: try date("2024-11-04")))
        == "2024-11-03T23:00:00Z 2024-11-04T22:00:00Z")
    #expect(try calendar.session(at: try instant("2024-03-10T22:30:00Z"))?.date.iso == "2024-03-11")
  }

  @Test(
    arguments: [
      // New York's day, in winter and in summer: trades after the close belong to that day.
      ("09:30 to 16:00", "2024-01-02", "2024-01-02T05:00:00Z 2024-01-03T05:00:00Z"),
      ("09:30 to 16:00", "2024-07-03", "2024-07-03T04:00:00Z 2024-07-04T04:00:00Z"),
      ("09:30 to 16:00", "2024-12-31", "2024-12-31T05:00:00Z 2025-01-01T05:00:00Z"),
      // The evening belongs to the next session.
      ("prev 18:00 to 17:00", "2024-01-03", "2024-01-02T23:00:00Z 2024-01-03T23:00:00Z"),
      ("prev 18:00 to 17:00", "2024-07-05", "2024-07-04T22:00:00Z 2024-07-06T04:00:00Z"),
      ("00:00 to 24:00", "2024-01-03", "2024-01-03T05:00:00Z 2024-01-04T05:00:00Z"),
    ]) func aDayEndsWhereTheNextSessionBegins(hours: String, day: String, told: String) throws
  {
    let calendar = try sample(hours: hours)
    let range = calendar.day(of: try #require(try calendar.session(on: try date(day))))
    let texts = [range.lowerBound, range.upperBound].map {
      TimeText.iso(nanoseconds: $0, digits: 0)
    }
    #expect(texts.joined(separator: " ") == told)
  }

  @Test func opensAtTheOpenAndIsClosedAtTheClose() throws {
    let calendar = try sample(hours: "09:30 to 12:00, 13:00 to 16:00")
    let claims = [
      ("14:29:59", false), ("14:30:00", true), ("16:59:59", true), ("17:00:00", false),
      ("17:59:59", false), ("18:00:00", true), ("20:59:59", true), ("21:00:00", false),
    ]
    for (clock, isOpen) in claims {
      #expect(try calendar.isOpen(at: try instant("2024-01-02T\(clock)Z")) == isOpen, "\(clock)")
    }
  }

  @Test func tradingStretchesLeaveOutBreaksAndIdleHours() throws {
    let calendar = try sample(idle: "15:30 to 17:00", hours: "09:30 to 12:00, 13:00 to 16:00")
    let session = try #require(try calendar.session(on: try date("2024-01-02")))
    let clocks = session.tradingStretches.map {
      TimeText.iso(nanoseconds: $0.lowerBound, digits: 0).suffix(9) + "-"
        + TimeText.iso(nanoseconds: $0.upperBound, digits: 0).suffix(9)
    }
    #expect(clocks == ["14:30:00Z-17:00:00Z", "18:00:00Z-20:30:00Z"])
    #expect(session.idle.count == 1 && session.idle[0].upperBound == session.close)
  }

  @Test func neighboursSkipHolidaysAndWeekends() throws {
    let calendar = try sample()
    #expect(try calendar.nextSession(after: try date("2024-07-03")).date.iso == "2024-07-05")
    #expect(try calendar.nextSession(after: try date("2024-07-05")).date.iso == "2024-07-06")
    #expect(try calendar.previousSession(before: try date("2024-07-08")).date.iso == "2024-07-06")
    let range = try calendar.sessions(from: try date("2024-07-01"), to: try date("2024-07-08"))
    #expect(range.map(\.date.day) == [1, 2, 3, 5, 6])
    #expect(try calendar.sessions(from: try date("2024-07-01"), to: try date("2024-07-01")).isEmpty)
  }

  @Test func doesNotAnswerForDatesThatItDoesNotKnow() throws {
    let calendar = try sample()
    #expect(throws: CalendarError.self) { try calendar.session(on: try date("2025-01-02")) }
    let error = #expect(throws: CalendarError.self) {
      try calendar.nextSession(after: try date("2024-12-31"))
    }
    #expect(error?.code == .outOfRange)
    #expect(error?.message == "calendar 'TEST' knows 2024-01-01 to 2024-12-31, not 2025-01-01")
    #expect(throws: CalendarError.self) {
      try calendar.sessions(from: try date("2023-12-31"), to: try date("2024-01-03"))
    }
  }

  @Test(arguments: [
    "", "09:30", "09:30 to", "9:30 to 16:00", "16:00 to 09:30", "09:30 to 09:30", "09:60 to 16:00",
    "09:30 to 24:01", "25:00 to 26:00", "09:30 to 12:00, 12:00 to 16:00", "09:30 to 12:00,",
    "next 09:30 to 16:00", "09:30 to 16:00 UTC", "prev to 16:00", "0a:30 to 16:00",
    "00:00 to 00:01, 00:02 to 00:03, 00:04 to 00:05, 00:06 to 00:07, 00:08 to 00:09, "
      + "00:10 to 00:11, 00:12 to 00:13, 00:14 to 00:15, 00:16 to 00:17",
  ]) func refusesHoursThatAreNone(text: String) { #expect(SessionHours(parsing: text) == nil) }

  @Test func readsHoursOfAllKinds() {
    #expect(SessionHours(parsing: "00:00 to 24:00")?.stretches == [0..<1440])
    #expect(SessionHours(parsing: "prev 17:00 to 17:00")?.stretches == [-420..<1020])
    #expect(SessionHours(parsing: "prev 17:00 to prev 24:00")?.stretches == [-420..<0])
    #expect(
      SessionHours(parsing: "09:30 to 12:00, 13:00 to 16:00")?.stretches == [570..<720, 780..<960])
  }
}
