import Catalog

/// Gives events their times: later than all that the ledger holds, whatever the wall clock says.
///
/// The last event of an interval is its state. Were the clock ahead once and is right again, what is
/// written now would sort before what was written then, and a refusal of that day would stand for ever.
final class EventClock {
  private let table: CoverageTable
  /// The latest time that is known, in ns; nil until it is asked for.
  private var last: Int64?

  init(_ table: CoverageTable) { self.table = table }

  /// Notes events that are older than all that come.
  func observe(_ events: [CoverageEvent]) {
    guard let latest = events.map(\.recordedAt).max() else { return }
    last = max(latestKnown(), latest)
  }

  /// New events, with the times at which they are recorded: whole microseconds, each later than the one
  /// before.
  func stamped(_ events: [CoverageEvent]) -> [CoverageEvent] {
    events.map { event in
      let time = max(Clock.nanoseconds() / 1000 * 1000, Self.next(after: latestKnown()))
      last = time
      var event = event
      event.recordedAt = time
      return event
    }
  }

  /// The next whole microsecond; the end of time stays where it is.
  private static func next(after time: Int64) -> Int64 {
    let (next, overflow) = (time / 1000 * 1000).addingReportingOverflow(1000)
    return overflow ? time : next
  }

  private func latestKnown() -> Int64 {
    if let last { return last }
    var latest = Int64.min / 2
    do {
      let unfolded = try CoverageJournal.unfolded(table.lake).map(\.recordedAt).max()
      latest = max(latest, try table.latestTime() ?? latest, unfolded ?? latest)
    } catch {
      // A ledger that cannot be read stops whoever decides by it, and is told when events are to go into
      // it. Rows that are stored meanwhile have the wall clock's time.
    }
    last = latest
    return latest
  }
}
