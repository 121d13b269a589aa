import Columnar
import Glibc

/// Milliseconds since 1970 UTC, as the log writes times.
enum Instant {
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// ISO text, to the millisecond.
  static func text(_ milliseconds: Int64) -> String {
    let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    return overflow
      ? "\(milliseconds) ms since 1970" : TimeText.iso(nanoseconds: nanoseconds, digits: 3)
  }
}
