import Columnar
import Testing

@testable import RowSources

@Suite struct TimePatternTests {
  private func read(_ form: String, _ text: String) throws -> String? {
    let pattern = try #require(TimePattern(parsing: form), "\(form)")
    return Array(text.utf8).withUnsafeBytes { bytes in
      pattern.parse(bytes).map {
        TimeText.iso(nanoseconds: $0.nanoseconds - ($0.offset ?? 0) * 1_000_000_000, digits: 9)
      }
    }
  }

  @Test(arguments: [
    ("%d/%m/%Y", "3/04/2020", "2020-04-03T00:00:00.000000000Z"),
    ("%m/%d/%y", "12/31/68", "2068-12-31T00:00:00.000000000Z"),
    ("%m/%d/%y", "12/31/69", "1969-12-31T00:00:00.000000000Z"),
    ("%d-%b-%y", "31-Dec-10", "2010-12-31T00:00:00.000000000Z"),
    ("%d-%b-%Y", "01-AUG-2017", "2017-08-01T00:00:00.000000000Z"),
    ("%a %b %d %Y", "Tue Feb 07 2023", "2023-02-07T00:00:00.000000000Z"),
    ("%Y-%m-%d %I-%p", "2019-06-04 12-AM", "2019-06-04T00:00:00.000000000Z"),
    ("%m/%d/%Y %I:%M:%S %p", "1/2/2024 12:05:06 PM", "2024-01-02T12:05:06.000000000Z"),
    ("%Y%m%d %H%M%S%f", "20200101 170000065", "2020-01-01T17:00:00.065000000Z"),
    ("%Y-%m-%dT%H:%M:%S.%f%z", "2024-01-02T03:04:05.5+09:00", "2024-01-01T18:04:05.500000000Z"),
    ("%Y/%m/%d %H:%M %Z", "2024/1/2 09:30 EST", "2024-01-02T14:30:00.000000000Z"),
    ("%Y年%m月%d日", "2024年3月30日", "2024-03-30T00:00:00.000000000Z"),
    ("%F – %T", "2024-03-30 – 09:30:01", "2024-03-30T09:30:01.000000000Z"),
  ])
  func readsWhatItSays(form: String, text: String, expected: String) throws {
    #expect(try read(form, text) == expected)
  }

  @Test(arguments: [
    ("%d/%m/%Y", "31/04/2020"), ("%d/%m/%Y", "1/2/20"), ("%d/%m/%Y", "1/2/2020 "),
    ("%H%M%S %Y%m%d", "93000 20200101"), ("%Y-%m-%d %I %p", "2019-06-04 13 PM"),
    ("%Y-%m-%d %H:%M %Z", "2024-01-02 09:30 CST"), ("%Y-%m-%d %H:%M", "2024-01-02 24:00"),
  ])
  func refusesWhatIsNone(form: String, text: String) throws {
    #expect(try read(form, text) == nil)
  }

  @Test(arguments: ["%Q", "%Y-%m", "%I:%M", "day", "%", "%d/%m"])
  func refusesFormsThatSayNoTime(form: String) {
    #expect(TimePattern(parsing: form) == nil)
  }

  @Test(arguments: [
    (["02/03/2020", "13/03/2020"], ["%d/%m/%Y"]), (["02/03/2020", "03/13/2020"], ["%m/%d/%Y"]),
    (["02/03/2020", "04/05/2020"], ["%d/%m/%Y", "%m/%d/%Y"]),
    (["02/13/2020", "13/02/2020"], []), (["2000/7/14"], ["%Y/%m/%d"]),
    (["02.03.2020 01:02"], ["%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M"]),
    (["31-Dec-10"], ["%d-%b-%y"]), (["Feb 7, 2023"], ["%b %d, %Y"]),
    (["2019-06-04 01-AM"], ["%Y-%m-%d %I-%p"]),
    (["20200101 170000065"], ["%Y%m%d %H%M%S%f"]), (["1.5"], []), (["abc"], []),
  ])
  func formsAreToldByAllValues(texts: [String], expected: [String]) {
    #expect(TimePattern.fitting(texts.map { Array($0.utf8) }).map(\.text) == expected)
  }
}

@Suite struct NumberStyleTests {
  @Test(arguments: [
    ("$1,419.85", "1419.85"), ("0.76K", "0.76e3"), ("1.29M", "1.29e6"), ("12%", "12e-2"),
    ("(3.5)", "-3.5"), ("-$5", "-5"), ("$-5", "-5"), ("1,234,567", "1234567"),
    ("1 234.5", "1234.5"), ("1'234", "1234"), (".5", "0.5"), ("€ 10", "10"),
  ])
  func readsNumbersWithMarks(text: String, expected: String) {
    #expect(plain(text, .plain) == expected)
  }

  @Test(arguments: ["--1", "1,23", "12,34.5", "1,234", "1.2.3", "abc", "K", "$", "1,2345"])
  func neverTakesACommaForWhatItMayNotBe(text: String) {
    #expect(plain(text, .plain) == nil)
  }

  @Test(arguments: [
    ("1.234,5", "1234.5"), ("4.907,29", "4907.29"), ("3.082.050.000", "3082050000"), ("0,5", "0.5"),
  ])
  func readsDecimalCommas(text: String, expected: String) {
    #expect(plain(text, NumberStyle(decimal: 0x2C, thousands: 0x2E)) == expected)
  }

  @Test(arguments: [
    (["1.5", "2"], NumberStyle.plain), (["1,5"], NumberStyle(decimal: 0x2C, thousands: nil)),
    (["59,270.0"], NumberStyle(decimal: 0x2E, thousands: 0x2C)),
    (["1.234.567", "1.234"], NumberStyle(decimal: 0x2C, thousands: 0x2E)),
    (["1,234", "0.5"], NumberStyle(decimal: 0x2E, thousands: 0x2C)), (["1,234"], nil),
    (["1,5", "1.5"], nil), (["1.234"], NumberStyle.plain),
  ])
  func theStyleIsToldWhereItIsCertain(texts: [String], style: NumberStyle?) {
    var evidence = NumberEvidence()
    for text in texts { evidence.add(Array(text.utf8)) }
    #expect(evidence.style == style)
  }

  private func plain(_ text: String, _ style: NumberStyle) -> String? {
    Array(text.utf8).withUnsafeBytes { style.plain($0) }.map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  @Test(
    "marks outside of ASCII are marks like others",
    arguments: [
      ("2024年3月30日", ["%Y年%m月%d日"]), ("2024年03月30日 09:30", ["%Y年%m月%d日 %H:%M"]),
      ("30é03é2024", ["%dé%mé%Y"]),
    ])
  func formsWithOtherMarks(text: String, forms: [String]) {
    #expect(TimePattern.candidates(Array(text.utf8)).map(\.text) == forms)
  }

  @Test("bytes that are no text are no time")
  func brokenText() {
    #expect(TimePattern.candidates([0x32, 0x30, 0x32, 0x34, 0xE5, 0x33, 0xFF, 0x30, 0x33]).isEmpty)
    #expect(TimePattern(parsing: "%Y年%") == nil)
  }
}
