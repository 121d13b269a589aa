import Columnar
import TestSupport
import Testing

@Test func civilDatesRoundTrip() {
  var expected = 0
  for days in -719_528...2_932_896 where days % 97 == 0 || days.magnitude < 400 {
    let date = CivilDate(daysSinceEpoch: days)
    #expect(CivilDate(iso: date.iso) == date)
    expected += 1
  }
  #expect(expected > 30_000)
  #expect(CivilDate(iso: "1970-01-01")?.daysSinceEpoch == 0)
  #expect(CivilDate(iso: "2024-02-29")?.daysSinceEpoch == 19782)
  #expect(CivilDate(iso: "2023-02-29") == nil)
  #expect(CivilDate(iso: "2024-1-02") == nil)
  #expect(CivilDate(iso: "2024-01-01")?.isoWeekday == 1)
}

@Test(arguments: [
  ("2024-01-02T14:30:00.123456789Z", Int64(1_704_205_800_123_456_789), true),
  ("2024-01-02 14:30:00", 1_704_205_800_000_000_000, false),
  ("2024-01-02T14:30:00-05:00", 1_704_223_800_000_000_000, true),
  ("2024-01-02T14:30+0530", 1_704_186_000_000_000_000, true),
  ("1969-12-31T23:59:59.9Z", -100_000_000, true),
  ("2024-01-02", 1_704_153_600_000_000_000, false),
])
func parsesISOTimes(text: String, nanoseconds: Int64, hasZone: Bool) throws {
  let parsed = try #require(TimeText.parseISO(text))
  #expect(parsed == (nanoseconds, hasZone))
}

@Test(arguments: [
  "", "2024", "2024-13-01", "2024-01-02T25:00:00Z", "2024-01-02T10:00:61Z", "2024-01-02T10",
  "2024-01-02T10:00:00.Z", "2024-01-02T10:00:00.1234567890Z", "2024-01-02T10:00:00Zx",
  "9999-12-31T00:00:00Z",
])
func refusesWhatIsNoISOTime(text: String) {
  #expect(TimeText.parseISO(text) == nil)
}

@Test(arguments: [
  ("9999-12-31T23:59:59.999999999Z", Int128(253_402_300_799_999_999_999), true),
  ("0001-01-01", -62_135_596_800_000_000_000, false), ("1970-01-01T00:00:00.5Z", 500_000_000, true),
])
func parsesTheYearsBeyond64Bits(text: String, nanoseconds: Int128, hasZone: Bool) throws {
  #expect(try #require(TimeText.parseWideISO(text)) == (nanoseconds, hasZone))
  #expect(TimeText.parseWideISO(text + "x") == nil)
}

@Test func printsISOTimes() {
  #expect(TimeText.iso(nanoseconds: -1, digits: 9) == "1969-12-31T23:59:59.999999999Z")
  #expect(TimeText.iso(nanoseconds: 1_704_205_800_000_000_000, digits: 0) == "2024-01-02T14:30:00Z")
  #expect(TimeText.iso(nanoseconds: .max, digits: 9) == "2262-04-11T23:47:16.854775807Z")
}

@Test(arguments: [
  ("1.0e+06", 9, Int128(1_000_000_000_000_000)), ("-0.25", 9, -250_000_000), (".5", 1, 5),
  ("100", 0, 100), ("1.500000000000000000000000000000000000000000", 1, 15),
  ("0.000000001", 9, 1), ("1e-9", 9, 1),
  ("12345678901234567890.5", 9, 12_345_678_901_234_567_890_500_000_000),
  ("-0", 3, 0), ("10000", 2, 1_000_000), ("1029145e0", 0, 1_029_145), ("0.10", 1, 1), ("+7", 0, 7),
])
func parsesDecimalsFromTheirDigits(text: String, scale: Int, unscaled: Int128) {
  #expect(DecimalText.parse(text, scale: scale) == unscaled)
}

@Test(arguments: [
  ("", 9), ("-", 9), (".", 9), ("1.0000000001", 9), ("1e-10", 9), ("abc", 9), ("1.2.3", 9),
  ("1e99999", 9), ("NaN", 9), ("0x10", 9), ("1 ", 9), ("999999999999999999999999999999", 9),
])
func refusesDecimalsThatDoNotFit(text: String, scale: Int) {
  #expect(DecimalText.parse(text, scale: scale) == nil)
}

@Test func decimalsRoundTrip() {
  var random = SeededGenerator(seed: 7)
  for _ in 0..<2000 {
    let bits = Int.random(in: 1...120, using: &random)
    let value = Int128.random(in: -(Int128(1) << bits)...(Int128(1) << bits), using: &random)
    let scale = Int.random(in: 0...18, using: &random)
    let text = DecimalText.format(value, scale: scale, trimmed: Bool.random(using: &random))
    #expect(DecimalText.parse(text, scale: scale) == value)
  }
  #expect(DecimalText.format(-5, scale: 3, trimmed: false) == "-0.005")
  #expect(DecimalText.format(1_500, scale: 3, trimmed: true) == "1.5")
  #expect(DecimalText.format(1_000, scale: 3, trimmed: true) == "1")
}

@Test func stringTableGivesEveryTextItsOwnCode() {
  let table = StringTable()
  #expect(table.code("") == 0)
  let codes = (0..<5000).map { table.code("symbol \($0)") }
  #expect(Set(codes).count == 5000)
  for (index, code) in codes.enumerated() {
    #expect(table[code] == "symbol \(index)")
    #expect(table.code("symbol \(index)") == code)
  }
}
