import Platform

/// Gives events their times: later than all in the ledger, whatever the wall clock says.
///
/// The last event of an interval is its state. If the clock was once ahead, new events would otherwise sort
/// before those written then, and a refusal of that day would stay the state for ever.
package final class EventClock: Sendable {
  /// The latest known time, in ns.
  private let latest: Monitor<Int64>

  /// - Parameter latest: A time that is not before any event of the ledger.
  init(after latest: Int64) { self.latest = Monitor(latest) }

  /// Notes events that new ones must come after.
  func observe(_ events: [CoverageEvent]) {
    guard let time = events.map(\.recordedAt).max() else { return }
    latest.withLock { $0 = max($0, time) }
  }

  /// New events with their recording times: whole microseconds, each later than the previous one.
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

  /// The next whole microsecond; saturates at the end of time.
  private static func next(after time: Int64) -> Int64 {
    let (next, overflow) = (time / 1000 * 1000).addingReportingOverflow(1000)
    return overflow ? time : next
  }
}
