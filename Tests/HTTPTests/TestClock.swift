import HTTP
import Synchronization

/// A clock that advances only by waiting.
final class TestClock: Sendable {
  private let state = Mutex<(now: Int64, waits: [Double])>((1_700_000_000_000_000_000, []))

  var now: Int64 { state.withLock { $0.now } }

  /// Seconds waited in total.
  var waited: Double { Double(now - 1_700_000_000_000_000_000) / 1e9 }

  func advance(_ seconds: Double) { state.withLock { $0.now += Int64(seconds * 1e9) } }

  /// - Parameter jitter: 0.5 leaves the policy's delays unchanged.
  func clock(jitter: Double = 0.5) -> HTTPClock {
    HTTPClock(
      now: { self.now }, sleep: { nanoseconds in self.state.withLock { $0.now += nanoseconds } },
      jitter: { jitter })
  }
}
