import Columnar
import Market
import Testing

@testable import Catalog

@Suite struct CalendarFilesTests {
  @Test func everyBuiltInCalendarIsReadAndHasNamesOfItsOwn() throws {
    let calendars = try ExchangeCalendar.all()
    #expect(calendars.count >= 17 && calendars.map(\.name).contains("XNYS"))
    let names = calendars.flatMap { [$0.name] + $0.aliases }
    #expect(Set(names).count == names.count)
    for name in names { #expect(try ExchangeCalendar.named(name.lowercased()).source != "") }
  }

  @Test(
    arguments: [
      ("GLBX.MDP3", nil, "CMES"), ("XNAS.ITCH", "SPY", "XNYS"),
      ("massive.indices", "I:VIX", "XCBF"),
      ("massive.indices", "I:VIX9D", "XCBF"), ("massive.indices", "I:SPX", "XNYS"),
      ("massive.indices", nil, "XNYS"), ("massive.crypto", nil, "24/7"), ("XNAS", nil, nil),
      ("", nil, nil), ("TEST.SET", nil, nil),
    ] as [(String, String?, String?)])
  func datasetsHaveCalendars(dataset: String, symbol: String?, name: String?) throws {
    #expect(try DatasetCalendars().name(dataset: dataset, symbol: symbol) == name)
    #expect(try ExchangeCalendar.of(dataset: dataset, symbol: symbol)?.name == name)
  }

  private static let sound = """
    calendar: "T"
    timezone: UTC
    first: 2024-01-01
    last: 2024-12-31
    hours:
      2024-01-01: "Mon-Fri 09:30 to 16:00"
    holidays:
      2024: "01-01 07-04"
    special:
      "09:30 to 13:00": "2024-07-03"
    idle:
      2024-01-01: "12:00 to 12:30"
    utc_offsets:
      2023: "12-31 +05:30"
    """

  @Test func readsEveryPart() throws {
    let calendar = try CalendarParser(Self.sound, path: "t.yaml").parse()
    let date = try #require(CivilDate(iso: "2024-07-03"))
    let session = try #require(try calendar.session(on: date))
    #expect(TimeText.iso(nanoseconds: session.open, digits: 0) == "2024-07-03T04:00:00Z")
    #expect(session.isHalfDay && session.idle.count == 1)
    #expect(calendar.aliases.isEmpty && calendar.source == "t.yaml")
  }

  @Test(
    arguments: [
      ("calendar: \"T\"\n", "", "no key 'calendar'", 1),
      ("last: 2024-12-31", "last: 2023-12-31", "'last' is before 'first'", 4),
      ("last: 2024-12-31", "last: 9999-12-31", "expected 1700 to 2200", 3),
      ("Mon-Fri 09:30 to", "Fri-Mon 09:30 to", "are not like 'Mon-Fri", 6),
      ("  2024-01-01: \"Mon", "  2024-02-01: \"Mon", "no hours on the first date", 6),
      ("01-01 07-04", "07-04 01-01", "is not after the one before it", 8),
      ("01-01 07-04", "01-01 07-04x", "'2024-07-04x' is no date", 8),
      ("\"2024-07-03\"", "\"2024-07-03 2024-07-03\"", "two kinds of special hours", 10),
      ("12:00 to 12:30", "noon", "hours 'noon' are not like", 12),
      ("+05:30", "5:30", "offset '5:30' is not like '-05:00'", 14),
      ("12-31 +05:30", "", "no offset from UTC before the first date", 14),
      ("  2023: \"12-31", "  2024: \"12-31", "no offset from UTC before the first date", 14),
      ("timezone: UTC", "zone: UTC", "unknown key 'zone'", 2),
      (
        "hours:\n  2024-01-01: \"Mon-Fri 09:30 to 16:00\"", "hours: 5", "expected a group of keys",
        5
      ),
    ]) func namesTheLineOfAMistake(found: String, put: String, says: String, line: Int) throws
  {
    #expect(Self.sound.contains(found))
    var text = Self.sound
    if let range = text.firstRange(of: found) { text.replaceSubrange(range, with: put) }
    let error = #expect(throws: CatalogError.self) {
      try CalendarParser(text, path: "t.yaml").parse()
    }
    #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
    #expect(error?.code == .badCalendar && error?.place.line == line, "\(error?.place.line ?? 0)")
  }
}
