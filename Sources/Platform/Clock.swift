import Glibc

/// The wall clock, for log entries and ledgers.
public enum Clock {
  /// Nanoseconds since 1970 UTC.
  public static func nanoseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }

  /// Milliseconds since 1970 UTC.
  public static func milliseconds() -> Int64 { nanoseconds() / 1_000_000 }

  /// Nanoseconds of a monotonic clock with an arbitrary origin.
  public static func monotonicNanoseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }

  /// Seconds of the monotonic clock.
  public static func monotonicSeconds() -> Double { Double(monotonicNanoseconds()) * 1e-9 }
}
