import Market
import Tables

extension FileBounds {
  /// The microseconds of some dates, in days since 1970.
  static func microseconds(of days: Range<Int>, in zone: TimeZoneRules) -> Range<Int64> {
    func microsecond(_ seconds: Int64) -> Int64 {
      let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
      return overflow ? (seconds < 0 ? .min : .max) : product
    }
    let start = microsecond(zone.startOfDay(days.lowerBound))
    return start..<microsecond(zone.startOfDay(days.upperBound))
  }
}
