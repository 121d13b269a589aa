import Market
import Tables

extension FileBounds {
  /// The microseconds of a date, in days since 1970.
  static func microseconds(ofDay day: Int, in zone: TimeZoneRules) -> Range<Int64> {
    func microsecond(_ seconds: Int64) -> Int64 {
      let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
      return overflow ? (seconds < 0 ? .min : .max) : product
    }
    return microsecond(zone.startOfDay(day))..<microsecond(zone.startOfDay(day + 1))
  }
}
