import Glibc
import Platform

/// Time, sleeping and randomness, replaceable in tests.
public struct HTTPClock: Sendable {
  /// Nanoseconds since 1970.
  public var now: @Sendable () -> Int64
  /// Sleeps for some nanoseconds.
  public var sleep: @Sendable (Int64) -> Void
  /// A random number from 0 to 1.
  public var jitter: @Sendable () -> Double

  /// A clock with the given functions, for tests.
  public init(
    now: @escaping @Sendable () -> Int64, sleep: @escaping @Sendable (Int64) -> Void,
    jitter: @escaping @Sendable () -> Double
  ) {
    self.now = now
    self.sleep = sleep
    self.jitter = jitter
  }

  /// Longest sleep between two interruption checks, in nanoseconds.
  static let sliceMax: Int64 = 50_000_000

  /// The system's clock.
  public static let system = HTTPClock(
    now: { Clock.nanoseconds() },
    sleep: { nanoseconds in
      var time = timespec(
        tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
      nanosleep(&time, nil)
    },
    jitter: { Double.random(in: 0...1) })

  /// Sleeps in slices; false if `isInterrupted` returned true.
  func wait(_ seconds: Double, unless isInterrupted: () -> Bool) -> Bool {
    var left = Int64(min(max(seconds, 0), 1e8) * 1e9)
    while left > 0 {
      if isInterrupted() { return false }
      let slice = min(left, Self.sliceMax)
      sleep(slice)
      left -= slice
    }
    return !isInterrupted()
  }
}
