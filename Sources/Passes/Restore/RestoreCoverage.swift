import Ledger
import Platform

/// The events for the coverage ledger when commits of a table are undone.
///
/// Events are only ever added. So for each interval that an undone commit mentioned, the earlier knowledge is
/// added again, without its price; if there was none, the interval is `undone`.
struct RestoreCoverage {
  private let current: CoverageLedger
  /// The ledger without the events of undone commits.
  private let kept: CoverageLedger
  private let table: String
  /// Intervals that undone commits mentioned, by symbol.
  private var touched: [Series: Timeline<Bool>] = [:]
  private let recordedAt: Int64

  private struct Series: Hashable {
    var dataset: String
    var schema: String
    var symbolType: String
    var symbol: String
  }

  /// - Parameter undone: The events of the undone commits.
  init(_ ledger: CoverageLedger, table: String, undone: [CoverageEvent]) {
    self.table = table
    current = ledger
    let gone = Set(undone)
    // Events without a commit of their own that were recorded since may rest on rows that are removed.
    let since = undone.map(\.recordedAt).min() ?? .max
    kept = CoverageLedger(
      events: ledger.events.filter { event in
        !gone.contains(event)
          && (event.table != table || event.recordedAt < since || !event.state.saysRowsAreThere)
      })
    let newest = (ledger.events.map(\.recordedAt) + undone.map(\.recordedAt)).max() ?? 0
    recordedAt = max(Clock.nanoseconds(), newest == .max ? newest : newest + 1000)
    for event in undone {
      for symbol in event.symbols {
        let series = Series(
          dataset: event.dataset, schema: event.schema, symbolType: event.symbolType, symbol: symbol
        )
        touched[series, default: Timeline()].paint(event.interval, true)
      }
    }
  }

  /// The events after which the ledger agrees with the table again.
  ///
  /// - Parameter reason: For intervals of which nothing else is known.
  func events(runID: String, reason: String) -> [CoverageEvent] {
    var symbols: [Piece: [String]] = [:]
    for (series, timeline) in touched {
      for interval in Self.merged(timeline) {
        for piece in pieces(series, interval) { symbols[piece, default: []].append(series.symbol) }
      }
    }
    let order = symbols.sorted {
      ($0.key.interval.lowerBound, $0.value.min() ?? "") < (
        $1.key.interval.lowerBound, $1.value.min() ?? ""
      )
    }
    return order.map { piece, symbols in
      var event = CoverageEvent(
        dataset: piece.dataset, schema: piece.schema, symbols: symbols,
        symbolType: piece.symbolType, interval: piece.interval, state: piece.state, table: table,
        recordedAt: recordedAt)
      event.runID = runID
      event.reason = piece.reason ?? (piece.state == .undone ? reason : nil)
      event.etag = piece.etag
      event.sha256 = piece.sha256
      event.path = piece.path
      return event
    }
  }

  /// Whether the ledger says the same of every interval without these events.
  func isKnown(_ events: [CoverageEvent]) -> Bool {
    events.allSatisfy { event in
      !event.symbols.isEmpty
        && event.symbols.allSatisfy { symbol in
          var end = event.interval.lowerBound
          let stretches = current.stretches(
            dataset: event.dataset, schema: event.schema, symbolType: event.symbolType,
            symbol: symbol, table: table)
          for stretch in stretches where stretch.interval.overlaps(event.interval) {
            guard stretch.interval.lowerBound <= end,
              Self.saysSame(stretch.event, event)
            else { return false }
            end = stretch.interval.upperBound
          }
          return end >= event.interval.upperBound
        }
    }
  }

  /// Why an interval was undone may differ: it is so all the same.
  private static func saysSame(_ one: CoverageEvent, _ other: CoverageEvent) -> Bool {
    one.state == other.state && one.etag == other.etag && one.sha256 == other.sha256
      && one.path == other.path && (one.state == .undone || one.reason == other.reason)
  }

  /// A stretch of time with one state.
  private struct Piece: Hashable {
    var dataset: String
    var schema: String
    var symbolType: String
    var interval: Range<Int64>
    var state: CoverageState
    var reason: String?
    var etag: String?
    var sha256: String?
    var path: String?
  }

  private func pieces(_ series: Series, _ interval: Range<Int64>) -> [Piece] {
    func piece(_ interval: Range<Int64>, _ event: CoverageEvent?) -> Piece {
      Piece(
        dataset: series.dataset, schema: series.schema, symbolType: series.symbolType,
        interval: interval, state: event?.state ?? .undone, reason: event?.reason,
        etag: event?.etag, sha256: event?.sha256, path: event?.path)
    }
    var pieces: [Piece] = []
    var from = interval.lowerBound
    let stretches = kept.stretches(
      dataset: series.dataset, schema: series.schema, symbolType: series.symbolType,
      symbol: series.symbol, table: table)
    for stretch in stretches where stretch.interval.overlaps(interval) {
      let share = stretch.interval.clamped(to: interval)
      if from < share.lowerBound { pieces.append(piece(from..<share.lowerBound, nil)) }
      pieces.append(piece(share, stretch.event))
      from = share.upperBound
    }
    if from < interval.upperBound { pieces.append(piece(from..<interval.upperBound, nil)) }
    return pieces
  }

  /// Touching stretches are one.
  private static func merged(_ timeline: Timeline<Bool>) -> [Range<Int64>] {
    var merged: [Range<Int64>] = []
    for stretch in timeline.stretches {
      if let last = merged.last, last.upperBound == stretch.interval.lowerBound {
        merged[merged.count - 1] = last.lowerBound..<stretch.interval.upperBound
      } else {
        merged.append(stretch.interval)
      }
    }
    return merged
  }
}
