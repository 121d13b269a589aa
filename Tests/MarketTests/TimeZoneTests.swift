import Testing

@testable import Market

/// Seconds since 1970 of a date and time of day, as if they were UTC.
private func seconds(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0)
  -> Int64
{
  let y = month <= 2 ? year - 1 : year
  let era = (y >= 0 ? y : y - 399) / 400
  let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
  let yearOfEra = y - era * 400
  let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  return Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60)
}

@Suite struct TimeZoneTests {
  // Offsets according to Python's zoneinfo.
  @Test(arguments: [
    ("America/New_York", seconds(2024, 1, 2, 12), -18_000),
    ("America/New_York", seconds(2024, 3, 10, 6, 59), -18_000),
    ("America/New_York", seconds(2024, 3, 10, 7, 0), -14_400),
    ("America/New_York", seconds(2024, 11, 3, 5, 59), -14_400),
    ("America/New_York", seconds(2024, 11, 3, 6, 0), -18_000),
    ("America/New_York", seconds(1880, 1, 1), -17_762),
    ("America/New_York", seconds(1942, 7, 1), -14_400),
    ("America/New_York", seconds(2500, 7, 1), -14_400),
    ("America/New_York", seconds(2500, 12, 1), -18_000),
    ("America/Chicago", seconds(2013, 10, 6, 23), -18_000),
    ("Europe/London", seconds(1970, 1, 1), 3600),
    ("Europe/Dublin", seconds(2030, 1, 1), 0),
    ("Europe/Dublin", seconds(2050, 7, 1), 3600),
    ("Australia/Lord_Howe", seconds(2045, 1, 1), 39_600),
    ("Australia/Lord_Howe", seconds(2045, 7, 1), 37_800),
    ("Asia/Kolkata", seconds(2024, 5, 5), 19_800),
    ("Pacific/Apia", seconds(2011, 12, 30, 9), -36_000),
    ("Pacific/Apia", seconds(2011, 12, 30, 11), 50_400),
    ("America/Sao_Paulo", seconds(2018, 11, 4, 2), -10_800),
    ("America/Sao_Paulo", seconds(2018, 11, 4, 4), -7_200),
    ("Africa/Casablanca", seconds(2024, 3, 15), 0),
    ("America/Nuuk", seconds(2060, 7, 1), -3_600),
  ])
  func offsetsAreTheDatabases(_ name: String, _ instant: Int64, _ offset: Int64) throws {
    #expect(try TimeZoneRules.named(name).offset(at: instant) == offset)
  }

  @Test func springHasAGapAndAutumnAnHourTwice() throws {
    let zone = try TimeZoneRules.named("America/New_York")
    #expect(zone.resolve(local: seconds(2024, 3, 10, 1, 59)) == .one(seconds(2024, 3, 10, 6, 59)))
    #expect(zone.resolve(local: seconds(2024, 3, 10, 2, 0)) == .none)
    #expect(zone.resolve(local: seconds(2024, 3, 10, 2, 59)) == .none)
    #expect(zone.resolve(local: seconds(2024, 3, 10, 3, 0)) == .one(seconds(2024, 3, 10, 7, 0)))
    let twice = TimeZoneRules.LocalTime.two(
      earlier: seconds(2024, 11, 3, 5, 30), later: seconds(2024, 11, 3, 6, 30))
    #expect(zone.resolve(local: seconds(2024, 11, 3, 1, 30)) == twice)
    #expect(zone.resolve(local: seconds(2024, 11, 3, 2, 0)) == .one(seconds(2024, 11, 3, 7, 0)))
    let far = TimeZoneRules.LocalTime.two(
      earlier: seconds(2400, 11, 5, 5, 30), later: seconds(2400, 11, 5, 6, 30))
    #expect(zone.resolve(local: seconds(2400, 11, 5, 1, 30)) == far)
  }

  @Test func aWholeDayMayBeSkipped() throws {
    let apia = try TimeZoneRules.named("Pacific/Apia")
    #expect(apia.resolve(local: seconds(2011, 12, 30, 12)) == .none)
    #expect(apia.resolve(local: seconds(2011, 12, 29, 12)) == .one(seconds(2011, 12, 29, 22)))
    #expect(apia.resolve(local: seconds(2011, 12, 31, 12)) == .one(seconds(2011, 12, 30, 22)))
  }

  @Test func datesAreTheClocks() throws {
    let zone = try TimeZoneRules.named("America/New_York")
    let day = Int(seconds(2024, 11, 3) / 86_400)
    #expect(zone.localDay(nanoseconds: seconds(2024, 11, 4, 4, 59) * 1_000_000_000) == day)
    #expect(zone.localDay(nanoseconds: seconds(2024, 11, 4, 5, 0) * 1_000_000_000) == day + 1)
    #expect(zone.localDay(nanoseconds: -1) == -1)
    #expect(zone.startOfDay(day) == seconds(2024, 11, 3, 4))
    #expect(zone.startOfDay(day + 1) == seconds(2024, 11, 4, 5))
    // Clocks in São Paulo went from 23:59:59 to 01:00.
    let brazil = try TimeZoneRules.named("America/Sao_Paulo")
    #expect(brazil.startOfDay(Int(seconds(2018, 11, 4) / 86_400)) == seconds(2018, 11, 4, 3))
  }

  @Test func utcNeedsNoFile() throws {
    for name in ["UTC", "Etc/UTC", "Z"] {
      #expect(try TimeZoneRules.named(name).isUTC)
    }
    #expect(try TimeZoneRules.named("+05:30").offset(at: 0) == 19_800)
    #expect(try TimeZoneRules.named("-03:00").offset(at: 0) == -10_800)
    #expect(try TimeZoneRules.named("Europe/London").isUTC == false)
    #expect(TimeZoneRules.utc.resolve(local: .max) == .one(1 << 50))
  }

  @Test(arguments: [
    ("America/New York", "'America/New_York'"), ("New_York", "'America/New_York'"),
    ("Europe/Lodon", "'Europe/London'"), ("america/chicago", "'America/Chicago'"),
  ])
  func unknownNamesGetTheNearest(_ name: String, _ near: String) throws {
    let error = try #require(throws: TimeZoneError.self) { try TimeZoneRules.named(name) }
    #expect(error.code == .unknown)
    #expect(error.remedy?.contains(near) == true)
  }

  @Test(arguments: [
    "../../../etc/passwd", "/etc/passwd", "", "tzdata.zi", "America", "+25:00", "Mars",
  ])
  func namesThatAreNoZonesAreRefused(_ name: String) {
    #expect(throws: TimeZoneError.self) { try TimeZoneRules.named(name) }
  }

  @Test func footersAreReadWhole() {
    #expect(TimeZoneFooter(parsing: "UTC0".utf8)?.standardOffset == 0)
    #expect(TimeZoneFooter(parsing: "<+0330>-3:30".utf8)?.standardOffset == 12_600)
    #expect(TimeZoneFooter(parsing: "<-02>2<-01>,M3.5.0/-1,M10.5.0/0".utf8)?.hasDaylight == true)
    #expect(TimeZoneFooter(parsing: "XXX3EDT4,0/0,J365/23".utf8)?.hasDaylight == true)
    for bad in [
      "", "E5", "EST", "EST5EDT,M13.1.0,M11.1.0", "EST5EDT,M3.2.0", "EST5EDT,M3.2.0,M1.1.0x",
    ] {
      #expect(TimeZoneFooter(parsing: bad.utf8) == nil, "\(bad)")
    }
  }

  @Test func damagedFilesAreRefused() throws {
    for bad: [UInt8] in [
      [], Array("TZif".utf8), Array("TZif2".utf8) + [UInt8](repeating: 255, count: 60),
    ] {
      #expect(throws: TimeZoneError.self) { try TimeZoneRules(parsing: bad, name: "x") }
    }
  }
}
