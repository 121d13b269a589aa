import Glibc
import Platform

/// The time, waiting and chance, so that tests need none of them.
public struct HTTPClock: Sendable {
  /// Nanoseconds since 1970.
  public var now: @Sendable () -> Int64
  /// Waits for some nanoseconds.
  public var sleep: @Sendable (Int64) -> Void
  /// From 0 to 1.
  public var jitter: @Sendable () -> Double

  /// A clock of a test's own.
  public init(
    now: @escaping @Sendable () -> Int64, sleep: @escaping @Sendable (Int64) -> Void,
    jitter: @escaping @Sendable () -> Double
  ) {
    self.now = now
    self.sleep = sleep
    self.jitter = jitter
  }

  /// Nanoseconds between two looks at whether the person wants to stop.
  static let sliceMax: Int64 = 50_000_000

  /// The machine's own.
  public static let system = HTTPClock(
    now: { Clock.nanoseconds() },
    sleep: { nanoseconds in
      var time = timespec(
        tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
      nanosleep(&time, nil)
    },
    jitter: { Double.random(in: 0...1) })

  /// Waits in slices; false when `isInterrupted` says to stop.
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
