import Columnar

/// Milliseconds since 1970 UTC, as the log writes times.
enum Instant {
  /// ISO text, to the millisecond.
  static func text(_ milliseconds: Int64) -> String {
    let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    return overflow
      ? "\(milliseconds) ms since 1970" : TimeText.iso(nanoseconds: nanoseconds, digits: 3)
  }
}
