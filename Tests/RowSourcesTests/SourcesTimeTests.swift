import Market
import Testing

@testable import RowSources

private let header = "ts,symbol,o,h,l,c\n"
private let rest = ",SPY,1,2,0,1\n"

private func times(
  _ texts: [String], header: String = header, _ configure: (inout SourceOptions) -> Void = { _ in }
) throws -> Drained {
  try readCSV(header + texts.map { $0 + rest }.joined(), configure)
}

@Suite struct SourcesTimeTests {
  @Test(arguments: [
    ("1704205800", "2024-01-02T14:30:00.000000000Z"),
    ("1704205800.25", "2024-01-02T14:30:00.250000000Z"),
    ("1.7042058e9", "2024-01-02T14:30:00.000000000Z"),
    ("1704205800000", "2024-01-02T14:30:00.000000000Z"),
    ("1704205800000000", "2024-01-02T14:30:00.000000000Z"),
    ("1704205800000001000", "2024-01-02T14:30:00.000001000Z"),
    ("2024-01-02T14:30:00.5Z", "2024-01-02T14:30:00.500000000Z"),
    ("2024-01-02T09:30-05:00", "2024-01-02T14:30:00.000000000Z"),
    ("2024/01/02 14:30:00+0000", "2024-01-02T14:30:00.000000000Z"),
    ("2024-01-02 14:30:00 UTC", "2024-01-02T14:30:00.000000000Z"),
    ("2024.01.02 14:30:00Z", "2024-01-02T14:30:00.000000000Z"),
    ("20240102T143000Z", "2024-01-02T14:30:00.000000000Z"),
    ("20240102  14:30:00.5Z", "2024-01-02T14:30:00.500000000Z"),
    ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999000Z"),
    ("1928-01-03 14:30:00+00:00", "1928-01-03T14:30:00.000000000Z"),
    ("1677-09-23T00:00:00Z", "1677-09-23T00:00:00.000000000Z"),
    ("2262-04-09T23:59:59.999999Z", "2262-04-09T23:59:59.999999000Z"),
    ("-1", "1969-12-31T23:59:59.000000000Z"), ("-0.000001", "1969-12-31T23:59:59.999999000Z"),
    ("-1325376000", "1928-01-02T00:00:00.000000000Z"),
    ("-1325376000000", "1928-01-02T00:00:00.000000000Z"),
    ("50000000000", "1971-08-02T16:53:20.000000000Z"),
    ("-1325376000000001000", "1928-01-01T23:59:59.999999000Z"),
  ])
  func readsInstants(_ text: String, _ instant: String) throws {
    let read = try times([text, text])
    #expect(read.rejected == [])
    #expect(read.column("ts_event") == [instant, instant])
  }

  @Test(arguments: ["20240102 093000", "20240102 09:30", "2024.01.02 09:30:00", "20240102  09:30"])
  func localTimesOfOtherProgramsAreKnown(_ text: String) throws {
    let read = try times([text, text]) { $0.timeZone = try? .named("America/New_York") }
    #expect(
      read.column("ts_event") == [String](repeating: "2024-01-02T14:30:00.000000000Z", count: 2))
  }

  /// A zero, and what programs write for "no time", is in no unit.
  @Test(arguments: [
    ["0", "1704205800000000001"], ["-1", "1704205800000000001"],
    ["9223372036854775807", "1704205800000000001"],
    ["-9223372036854775808", "1704205800000000001"], ["0.0", "00", "1704205800000000001"],
  ])
  func whatIsInNoUnitDecidesNone(_ texts: [String]) {
    let samples = texts.map { Array($0.utf8) }
    #expect(TimeForm.detect(samples) == .epoch(digits: 0))
    #expect(TimeForm.detect(Array(samples.dropLast())) == nil)
    #expect(TimeForm.detect(samples.reversed()) == .epoch(digits: 0))
  }

  @Test func anIndexOfZerosIsRefusedAndOneThatHasThemIsNot() throws {
    #expect(csvError(header + "0" + rest + "0" + rest)?.code == .needsForm)
    let read = try times(["0", "1704205800000", "0"])
    #expect(
      read.column("ts_event") == [
        "1970-01-01T00:00:00.000000000Z", "2024-01-02T14:30:00.000000000Z",
        "1970-01-01T00:00:00.000000000Z",
      ])
  }

  @Test func theFirstValueThatTellsDecidesHoweverFarBehind() {
    var times = TimeConversion(form: nil, clock: nil)
    times.zero = .missingNumber
    func read(_ text: String) -> String {
      Array(text.utf8).withUnsafeBytes { "\(times.convert($0))" }
    }
    #expect(read("0") == "null" && read("-0.0") == "null")
    #expect(read("-1").hasPrefix("rejected") && times.form == nil)
    #expect(read("1704205800000000001") == "integer(1704205800000000001)")
    #expect(times.form == .epoch(digits: 0))
    #expect(read("1704205800").hasPrefix("rejected") && read("0") == "null")
  }

  /// A spreadsheet's days, milliseconds since midnight, a time of day: none are seconds since 1970.
  @Test(arguments: [
    "45293.395833", "45293", "34260000", "93100", "20240102 9300", "20241302 093000",
  ])
  func otherCountsAreNoTimes(_ text: String) {
    #expect(csvError(header + text + rest + text + rest)?.code == .needsForm)
  }

  @Test func hoursAndDaysAfter1970AreSeconds() throws {
    let read = try times(["86400", "31881600", "0"])
    #expect(
      read.column("ts_event") == [
        "1970-01-02T00:00:00.000000000Z", "1971-01-05T00:00:00.000000000Z",
        "1970-01-01T00:00:00.000000000Z",
      ])
  }

  @Test(arguments: [("2024.01.02", "09:30"), ("20240102", "093000"), ("2024/01/02", "9:30:00")])
  func datesAndClocksOfOtherProgramsAreJoined(_ date: String, _ clock: String) throws {
    let text =
      "<DATE>\t<TIME>\t<TICKER>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\n"
      + "\(date)\t\(clock)\tSPY\t1\t2\t0\t1\n"
    let read = try readCSV(text) { $0.timeZone = try? .named("America/New_York") }
    #expect(read.rejected == [])
    #expect(read.column("ts_event") == ["2024-01-02T14:30:00.000000000Z"])
  }

  @Test func aColumnsUnitGoesOnBefore1970() throws {
    // Milliseconds of 1962, 1968 and 1971, and seconds that are none.
    let read = try times(["-252374400000", "-50000000000", "50000000000", "1704205800"])
    #expect(
      read.column("ts_event") == [
        "1962-01-02T00:00:00.000000000Z", "1968-06-01T07:06:40.000000000Z",
        "1971-08-02T16:53:20.000000000Z",
      ])
    #expect(read.rules == ["time_unit"])
  }

  @Test func localTimesBefore1970FollowTheClocksOfThen() throws {
    // New York: standard time in January 1928, summer time in July 1969, war time in 1943.
    let read = try times(["1928-01-03", "1969-07-01 09:30:00.5", "1943-01-15 10:00:00"]) {
      $0.timeZone = try? .named("America/New_York")
    }
    #expect(
      read.column("ts_event") == [
        "1928-01-03T05:00:00.000000000Z", "1969-07-01T13:30:00.500000000Z",
        "1943-01-15T14:00:00.000000000Z",
      ])
  }

  @Test func theUnitIsTheWholeColumns() throws {
    let read = try times(["1704205800000", "1704205860000", "1704205860", "1704205860000000"])
    #expect(read.rows.count == 2)
    #expect(read.rules == ["time_unit", "time_unit"])
  }

  @Test(
    arguments: [
      ("2024-03-10 01:59:59", "2024-03-10T06:59:59.000000000Z", nil),
      ("2024-03-10 02:00:00", nil, "time_gap"), ("2024-03-10 02:59:59.999", nil, "time_gap"),
      ("2024-03-10 03:00:00", "2024-03-10T07:00:00.000000000Z", nil),
      ("2024-11-03 00:59:59", "2024-11-03T04:59:59.000000000Z", nil),
      ("2024-11-03 01:00:00", "2024-11-03T05:00:00.000000000Z", nil),
      ("2024-11-03 01:59:59", "2024-11-03T05:59:59.000000000Z", nil),
      ("2024-11-03 02:00:00", "2024-11-03T07:00:00.000000000Z", nil),
      ("2024-07-01", "2024-07-01T04:00:00.000000000Z", nil),
      ("20240701", nil, "bad_time"),
    ] as [(String, String?, String?)])
  func localTimesFollowTheClocks(_ text: String, _ instant: String?, _ rule: String?) throws {
    let read = try times(["2024-01-02 09:30:00", text, text]) {
      $0.timeZone = try? .named("America/New_York")
    }
    #expect(read.rows.first?["ts_event"] == "2024-01-02T14:30:00.000000000Z")
    #expect(read.rules == [rule, rule].compactMap { $0 })
    if rule == nil { #expect(read.column("ts_event").dropFirst() == [instant, instant]) }
  }

  @Test func repeatedHoursAreDecidedAndCounted() throws {
    let hours = ["2024-11-03 00:30:00", "2024-11-03 01:30:00"]
    let zone = try TimeZoneRules.named("America/New_York")
    let early = try times(hours) { $0.timeZone = zone }
    #expect(early.rows.last?["ts_event"] == "2024-11-03T05:30:00.000000000Z")
    #expect(early.report.ambiguousTimeCount == 1)
    let late = try times(hours) {
      $0.timeZone = zone
      $0.ambiguousTime = .latest
    }
    #expect(late.rows.last?["ts_event"] == "2024-11-03T06:30:00.000000000Z")
    let none = try times(hours) {
      $0.timeZone = zone
      $0.ambiguousTime = .reject
    }
    #expect(none.rules == ["time_ambiguous"])
    #expect(none.report.ambiguousTimeCount == 0)
  }

  @Test func compactTimesAreNaive() throws {
    #expect(
      try times(["20240102", "20240103"]) { $0.timeZone = .utc }.column("ts_event")
        == ["2024-01-02T00:00:00.000000000Z", "2024-01-03T00:00:00.000000000Z"])
    #expect(
      try times(["20240102143000"]) { $0.timeZone = .utc }.column("ts_event")
        == ["2024-01-02T14:30:00.000000000Z"])
    #expect(csvError(header + "20240102" + rest)?.code == .needsTimeZone)
  }

  @Test(arguments: ["ts_utc", "Time (UTC)", "TIMESTAMP_UTC", "datetime_utc"])
  func aHeaderMaySayUTC(_ name: String) throws {
    let text = name + header.dropFirst(2)
    let read = try readCSV(text + "2024-01-02 14:30:00" + rest)
    #expect(read.column("ts_event") == ["2024-01-02T14:30:00.000000000Z"])
    let error = csvError(text + "2024-01-02 14:30:00" + rest) {
      $0.timeZone = try? .named("America/New_York")
    }
    #expect(error?.code == .needsTimeZone)
  }

  @Test func dateAndClockAreJoined() throws {
    let text = "Date,Time,Symbol,Open,High,Low,Close\n2024-07-01,9:30,A,1,2,0,1\n"
    #expect(csvError(text)?.code == .needsTimeZone)
    let read = try readCSV(
      text + "20240701,09:31:00.5,A,1,2,0,1\n2024-07-01,,A,1,2,0,1\n2024-07-01,x,A,1,2,0,1\n"
        + "2024-03-10,02:30,A,1,2,0,1\n"
    ) { $0.timeZone = try? .named("America/New_York") }
    #expect(read.rules == ["null_required", "bad_time", "time_gap"])
    #expect(
      read.column("ts_event") == [
        "2024-07-01T13:30:00.000000000Z", "2024-07-01T13:31:00.500000000Z",
      ])
  }

  @Test func aDateBesideATimeIsOnlyChecked() throws {
    let text = "date," + header + "2024-01-01,2024-01-02T04:30:00Z" + rest
    #expect(try readCSV(text).rows.count == 1)
    let zone = try TimeZoneRules.named("America/New_York")
    #expect(try readCSV(text) { $0.timeZone = zone }.rows.count == 1)
    let wrong = text.replacing("2024-01-01", with: "2024-01-03")
    #expect(try readCSV(wrong) { $0.timeZone = zone }.rules == ["date_disagrees"])
    let far = text.replacing("2024-01-01", with: "2024-01-05")
    #expect(try readCSV(far).rules == ["date_disagrees"])
    #expect(try readCSV(far).report.extraColumns == [])
  }

  @Test func aFileMayHaveDatesAlone() throws {
    let text = "DATE,OPEN,HIGH,LOW,CLOSE\n1990-01-02,17.24,17.24,17.24,17.24\n"
    let read = try readCSV(text) {
      $0.timeZone = .utc
      $0.symbol = "VIX"
    }
    #expect(read.column("ts_event") == ["1990-01-02T00:00:00.000000000Z"])
    #expect(read.column("symbol") == ["VIX"])
  }

  @Test func pandasIndexColumnsAreSkippedOrRead() throws {
    let numbered = ",ts,symbol,open,high,low,close\n0,2024-01-02T14:30:00Z,A,1,2,0,1\n"
    let read = try readCSV(numbered)
    #expect(read.rows.count == 1)
    #expect(read.report.ignoredColumns.count == 1)
    let timed = ",symbol,open,high,low,close\n2024-01-02 14:30:00+00:00,A,1,2,0,1\n"
    #expect(try readCSV(timed).column("ts_event") == ["2024-01-02T14:30:00.000000000Z"])
  }

  @Test func timesFinerThanTheTableAreRejected() throws {
    let read = try times(["2024-01-02T14:30:00.000001Z", "2024-01-02T14:30:00.0000001Z"])
    #expect(read.rules == ["time_too_fine"])
    let quotes = "ts_recv,symbol,instrument_id\n2024-01-02T14:30:00.000000001Z,A,1\n"
    #expect(
      try readCSV(quotes, schema: quoteSchema).column("ts_recv") == [
        "2024-01-02T14:30:00.000000001Z"
      ])
  }

  @Test(arguments: [
    ("1677-09-22T23:59:59Z", "time_out_of_range"), ("2262-04-10T00:00:00Z", "time_out_of_range"),
    ("9999-01-01T00:00:00Z", "time_out_of_range"),
    ("2024-02-30T00:00:00Z", "bad_time"), ("2024-01-02T24:00:00Z", "bad_time"),
    ("2024-01-02T23:59:60Z", "bad_time"), ("2024-01-02T14:30:00", "naive_time"),
    ("", "null_required"), ("NaT", "null_required"), ("yesterday", "bad_time"),
  ])
  func wrongTimesAreRejected(_ text: String, _ rule: String) throws {
    // The wrong one must not be among the sampled rows, or a naive time would be refused at once.
    let good = Array(repeating: "2024-01-02T14:30:00Z", count: 101)
    let late = try times(good + [text])
    #expect(late.rules == [rule])
    #expect(late.rows.count == 101)
  }
}
