import Columnar
import Market
import Tables

/// Which partition a row belongs to, and the date that is stored with it if the partition is longer.
struct PartitionDates: Sendable {
  let period: PartitionPeriod
  /// Zone of the table's dates.
  let zone: TimeZoneRules

  static let utc = PartitionDates(period: .date, zone: .utc)

  /// The stored column of dates; nil in a table by date, whose partitions tell them.
  var field: Field? { period == .date ? nil : Field("date", .date) }

  /// Writes the date of each time.
  ///
  /// - Parameters:
  ///   - times: Microseconds since 1970 UTC.
  ///   - days: Takes days since 1970.
  func days(of times: UnsafePointer<Int64>, count: Int, into days: UnsafeMutablePointer<Int64>) {
    // The previous date: a symbol's rows are in order of time.
    var (day, start, end): (Int64, Int64, Int64) = (0, 1, 0)
    for row in 0..<count {
      let time = times[row]
      if time < start || time >= end {
        // Rows' microseconds are within 64 bits of nanoseconds.
        let found = zone.localDay(
          nanoseconds: time.multipliedReportingOverflow(by: 1000).partialValue)
        let span = FileBounds.microseconds(of: found..<found + 1, in: zone)
        (day, start, end) = (Int64(found), span.lowerBound, span.upperBound)
      }
      days[row] = day
    }
  }
}
