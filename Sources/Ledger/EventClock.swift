import Platform

/// Gives events their times: later than all that the ledger holds, whatever the wall clock says.
///
/// The last event of an interval is its state. Were the clock ahead once and is right again, what is
/// written now would sort before what was written then, and a refusal of that day would stand for ever.
package final class EventClock: Sendable {
  /// The latest time that is known, in ns.
  private let latest: Monitor<Int64>

  /// - Parameter latest: A time that no event of the ledger comes after.
  init(after latest: Int64) { self.latest = Monitor(latest) }

  /// Notes events that are older than all that come.
  func observe(_ events: [CoverageEvent]) {
    guard let time = events.map(\.recordedAt).max() else { return }
    latest.withLock { $0 = max($0, time) }
  }

  /// New events, with the times at which they are recorded: whole microseconds, each later than the one
  /// before.
  func stamped(_ events: [CoverageEvent]) -> [CoverageEvent] {
    latest.withLock { latest in
      events.map { event in
        latest = max(Clock.nanoseconds() / 1000 * 1000, Self.next(after: latest))
        var event = event
        event.recordedAt = latest
        return event
      }
    }
  }

  /// The next whole microsecond; the end of time stays where it is.
  private static func next(after time: Int64) -> Int64 {
    let (next, overflow) = (time / 1000 * 1000).addingReportingOverflow(1000)
    return overflow ? time : next
  }
}
