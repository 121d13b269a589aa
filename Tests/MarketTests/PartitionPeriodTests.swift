import Columnar
import Testing

@testable import Market

@Suite("periods of partitions")
struct PartitionPeriodTests {
  private static func day(_ iso: String) throws -> Int {
    try #require(CivilDate(iso: iso)).daysSinceEpoch
  }

  @Test(
    "a period begins with its first day and ends before the next one's",
    arguments: [
      (PartitionPeriod.date, "2024-02-29", "2024-02-29", "2024-03-01"),
      (.month, "2024-02-29", "2024-02-01", "2024-03-01"),
      (.month, "2023-02-01", "2023-02-01", "2023-03-01"),
      (.month, "2023-12-31", "2023-12-01", "2024-01-01"),
      (.year, "2024-12-31", "2024-01-01", "2025-01-01"),
      (.year, "2023-01-01", "2023-01-01", "2024-01-01"),
      (.year, "1969-07-20", "1969-01-01", "1970-01-01"),
      (.month, "1900-02-28", "1900-02-01", "1900-03-01"),
    ])
  func bounds(period: PartitionPeriod, day: String, first: String, next: String) throws {
    let number = try Self.day(day)
    let (start, end) = (try Self.day(first), try Self.day(next))
    #expect(period.start(ofDay: number) == start)
    #expect(period.days(around: number) == start..<end)
  }

  @Test(
    "every day of four centuries lies in exactly the period that it is said to",
    arguments: PartitionPeriod.allCases)
  func every(period: PartitionPeriod) {
    var last = period.days(around: -100_000)
    for day in -100_000..<100_000 {
      let days = period.days(around: day)
      if !days.contains(day) || days != last && last.upperBound != days.lowerBound {
        Issue.record("\(period) of day \(day) is \(days), behind \(last)")
        return
      }
      last = days
    }
  }
}
