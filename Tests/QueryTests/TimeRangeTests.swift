import Columnar
import Market
import Testing

@testable import Query

@Suite struct TimeRangeTests {
  private let newYork = try? TimeZoneRules.named("America/New_York")

  private func text(
    _ start: String?, _ end: String?, _ zone: TimeZoneRules = .utc
  ) throws -> String {
    try TimeRange.parse(start: start, end: end, zone: zone).text
  }

  @Test func aBareDateAsEndIsTheWholeDay() throws {
    #expect(
      try text("2024-01-02", "2024-01-02") == "[2024-01-02T00:00:00Z, 2024-01-03T00:00:00Z)")
    #expect(
      try text("2024-01-02T09:30", "2024-01-02T16:00:00.5")
        == "[2024-01-02T09:30:00Z, 2024-01-02T16:00:00.500Z)")
    #expect(try text(nil, "2024-02-29") == "[the beginning, 2024-03-01T00:00:00Z)")
  }

  @Test func bareDatesFollowTheClocksOfTheZone() throws {
    let zone = try #require(newYork)
    // Days of 23 and 25 hours.
    #expect(
      try text("2024-03-10", "2024-03-10", zone)
        == "[2024-03-10T05:00:00Z, 2024-03-11T04:00:00Z)")
    #expect(
      try text("2024-11-03", "2024-11-03", zone)
        == "[2024-11-03T04:00:00Z, 2024-11-04T05:00:00Z)")
    // Ambiguous: the earlier one. Skipped: the transition.
    #expect(try text("2024-11-03T01:30:00", nil, zone) == "[2024-11-03T05:30:00Z, the end)")
    #expect(try text("2024-03-10T02:30:00", nil, zone) == "[2024-03-10T07:00:00Z, the end)")
    #expect(
      try text("2024-01-02T09:30:00Z", nil, zone) == "[2024-01-02T09:30:00Z, the end)")
  }

  @Test func aBackwardRangeIsAUsageError() {
    let error = #expect(throws: QueryError.self) { try text("2024-01-03", "2024-01-02T00:00:00Z") }
    #expect(
      error?.message == "--start '2024-01-03' (2024-01-03T00:00:00Z) is not before "
        + "--end '2024-01-02T00:00:00Z' (2024-01-02T00:00:00Z)")
    #expect(error?.isUsage == true)
    #expect(throws: QueryError.self) { try text("2024-01-03T00:00:00Z", "2024-01-03T00:00:00Z") }
    #expect(throws: QueryError.self) { try text("yesterday", nil) }
    #expect(throws: QueryError.self) { try text("2024-02-30", nil) }
  }

  @Test func rangesAreHalfOpenInEveryUnit() throws {
    let range = TimeRange(start: 1_500, end: 2_500)
    func set(_ unit: TimeUnit) -> IntervalSet {
      range.set(
        for: QueryColumn(
          name: "t", type: .timestamp(unit, isUTC: true), origin: .file("t")))
    }
    #expect(set(.nanoseconds) == IntervalSet(low: 1_500, high: 2_499))
    #expect(set(.microseconds) == IntervalSet(low: 2, high: 2))
    #expect(set(.milliseconds) == .empty)
  }
}
