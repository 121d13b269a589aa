import Columnar
import Ledger

/// What the ledger knows of a series.
struct SeriesCoverage {
  /// What is known of a stretch of time.
  enum Knowledge: Hashable {
    /// Everything that the vendor has is stored.
    case stored
    /// Like `stored`; the vendor said that there is nothing.
    case empty
    case degraded
    /// Files were ingested that do not say what they cover beyond their first and last row.
    case byHand
    case missing(GapState, reason: String?)
  }

  /// Stretches that the ledger knows, ascending.
  let stretches: [CoverageLedger.Stretch]

  /// Whether the ledger knows anything.
  var isKnown: Bool { !stretches.isEmpty }

  /// Whether the last interval was fetched before it was over.
  var endsOpen: Bool { stretches.last?.state == .open }

  /// From the first known instant to the last; nil if nothing is known.
  var extent: Range<Int64>? {
    guard let first = stretches.first, let last = stretches.last else { return nil }
    return first.interval.lowerBound..<last.interval.upperBound
  }

  /// What is known of a stretch of time, in adjoining pieces.
  ///
  /// - Parameters:
  ///   - isTableThere: Whether the table has rows of any symbol at that time.
  ///   - isSeen: Whether the series is known to have rows at all.
  func pieces(of wanted: Range<Int64>, session: Range<Int64>, isTableThere: Bool, isSeen: Bool)
    -> [(interval: Range<Int64>, knowledge: Knowledge)]
  {
    var pieces: [(interval: Range<Int64>, knowledge: Knowledge)] = []
    func add(_ interval: Range<Int64>, _ knowledge: Knowledge) {
      if interval.isEmpty { return }
      if let last = pieces.last, last.knowledge == knowledge,
        last.interval.upperBound == interval.lowerBound
      {
        pieces[pieces.count - 1].interval = last.interval.lowerBound..<interval.upperBound
      } else {
        pieces.append((interval, knowledge))
      }
    }
    var unknown: Knowledge =
      isTableThere && isSeen && !isKnown
      ? .byHand
      : .missing(
        .notDownloaded,
        reason: isKnown ? "never asked for" : "no rows, and no record that they were asked for")
    var from = wanted.lowerBound
    for (index, stretch) in stretches.enumerated() {
      let isByHand = stretch.state == .claimed
      let part = (isByHand ? claimed(index, session) : stretch.interval).clamped(to: wanted)
      if part.isEmpty || part.upperBound <= from { continue }
      add(from..<max(from, part.lowerBound), unknown)
      let own = max(from, part.lowerBound)..<part.upperBound
      // A claim that came with the vendor's own statement about the day is as good as that statement.
      let isFlagged = stretch.event.reason == CoverageEvent.flagged
      add(
        own, isByHand && !isFlagged ? byHand(isTableThere) : Self.knowledge(stretch.event))
      from = part.upperBound
      unknown = .missing(
        .notDownloaded,
        reason: stretch.state == .open
          ? "the day was not over when it was fetched" : "never asked for")
    }
    add(from..<wanted.upperBound, unknown)
    return pieces
  }

  /// A file's claim may end at its first and last row, which need not be where a quiet session began and ended.
  /// So it counts for the whole session of the day as far as nothing else is known, even if its rows are before
  /// the opening or after the close.
  private func claimed(_ index: Int, _ session: Range<Int64>) -> Range<Int64> {
    let interval = stretches[index].interval
    let day = CivilDate.nanosecondsPerDay
    // Half of the time until the next session.
    let slack = max(0, (day - (session.upperBound - session.lowerBound)) / 2)
    let around = session.lowerBound - slack..<session.upperBound + slack
    guard interval.overlaps(around) else { return interval }
    let before = index > 0 ? stretches[index - 1].interval.upperBound : .min
    let behind = index + 1 < stretches.count ? stretches[index + 1].interval.lowerBound : .max
    let first = min(interval.lowerBound, max(session.lowerBound, before))
    return first..<max(interval.upperBound, min(session.upperBound, behind))
  }

  private func byHand(_ isTableThere: Bool) -> Knowledge {
    isTableThere ? .byHand : .missing(.notDownloaded, reason: "no rows of any symbol")
  }

  private static func knowledge(_ event: CoverageEvent) -> Knowledge {
    switch event.state {
    // An open interval ends where the vendor's data ended when it was fetched.
    case .claimed where event.reason == CoverageEvent.flagged: .degraded
    case .claimed, .complete, .open: .stored
    case .empty: .empty
    case .degraded: .degraded
    case .notEntitled: .missing(.notEntitled, reason: event.reason)
    case .failed: .missing(.failed, reason: event.reason)
    case .purged: .missing(.purged, reason: event.reason)
    case .undone: .missing(.notDownloaded, reason: event.reason)
    }
  }
}
