import Catalog
import Tables

/// The coverage ledger as it is now: the table's events, and those in journals not yet merged into it.
public struct CoverageLedger: Sendable {
  /// The name that requests all symbols of a dataset.
  public static let allSymbols = "ALL_SYMBOLS"

  /// By recording time.
  public let events: [CoverageEvent]
  /// Requests of dead runs, from the journals, that no table's commit records yet.
  package var unanswered: [CoverageEvent] = []
  /// Indexes in `events`, by source and symbol.
  private let indexes: [Source: [String: [Int]]]

  /// Intervals of one source belong together.
  private struct Source: Hashable, Sendable {
    var dataset: String
    var schema: String
    var symbolType: String
  }

  /// A stretch of time with one state.
  public struct Stretch: Hashable, Sendable {
    /// Half-open, in ns since 1970 UTC.
    public var interval: Range<Int64>
    /// The last event about it.
    public var event: CoverageEvent
    /// The state by the last event.
    public var state: CoverageState { event.state }
  }

  /// - Parameter events: In any order; duplicates count once.
  public init(events given: [CoverageEvent]) {
    var known: Set<CoverageEvent.Identity> = []
    let events = given.filter { known.insert($0.identity).inserted }
    // Events of the same instant keep the given order.
    let order = events.indices.sorted {
      (events[$0].recordedAt, $0) < (events[$1].recordedAt, $1)
    }
    self.events = order.map { events[$0] }
    var indexes: [Source: [String: [Int]]] = [:]
    for (index, event) in self.events.enumerated() {
      let source = Source(
        dataset: event.dataset, schema: event.schema, symbolType: event.symbolType)
      for symbol in event.symbols {
        indexes[source, default: [:]][symbol, default: []].append(index)
      }
    }
    self.indexes = indexes
  }

  /// Everything that has events, sorted.
  public var sources: [(dataset: String, schema: String, symbolType: String, symbol: String)] {
    indexes.flatMap { source, bySymbol in
      bySymbol.keys.map { (source.dataset, source.schema, source.symbolType, $0) }
    }.sorted { ($0.0, $0.1, $0.2, $0.3) < ($1.0, $1.1, $1.2, $1.3) }
  }

  /// The symbols of a source that have events.
  public func symbols(dataset: String, schema: String, symbolType: String) -> [String] {
    let source = Source(dataset: dataset, schema: schema, symbolType: symbolType)
    return (indexes[source] ?? [:]).keys.sorted()
  }

  /// What is known of a symbol, as disjoint stretches in order of time. What lies between them was never
  /// requested.
  ///
  /// - Parameter table: Ignores what other tables hold; nil for any table.
  public func stretches(
    dataset: String, schema: String, symbolType: String, symbol: String, table: String? = nil
  ) -> [Stretch] {
    let source = Source(dataset: dataset, schema: schema, symbolType: symbolType)
    guard let bySymbol = indexes[source] else { return [] }
    let own = bySymbol[symbol] ?? []
    let all = symbol == Self.allSymbols ? [] : bySymbol[Self.allSymbols] ?? []
    var timeline = Timeline<Int>()
    var hasStored = false
    for index in (own + all).sorted() {
      let event = events[index]
      if let table, let other = event.table, other != table { continue }
      hasStored = hasStored || event.state.isStored
      if event.state == .claimed && hasStored {
        // A complete interval stays complete if a file claims it too.
        let known = timeline.stretches.filter { events[$0.value].state.isStored }
        for rest in Self.rest(of: event.interval, without: known.map(\.interval)) {
          timeline.paint(rest, index)
        }
      } else {
        timeline.paint(event.interval, index)
      }
    }
    return timeline.stretches.map { Stretch(interval: $0.interval, event: events[$0.value]) }
  }

  /// - Parameter known: Sorted by start.
  package static func rest(
    of interval: Range<Int64>, without known: [Range<Int64>]
  ) -> [Range<Int64>] {
    var rest: [Range<Int64>] = []
    var from = interval.lowerBound
    for part in known where part.overlaps(interval) {
      if from < part.lowerBound { rest.append(from..<part.lowerBound) }
      from = max(from, part.upperBound)
    }
    if from < interval.upperBound { rest.append(from..<interval.upperBound) }
    return rest
  }

  /// The parts of `interval` that no stretch with `isSettled` covers.
  public func missing(
    dataset: String, schema: String, symbolType: String, symbol: String,
    in interval: Range<Int64>, isSettled: (Stretch) -> Bool
  ) -> [Range<Int64>] {
    var rest: [Range<Int64>] = []
    var from = interval.lowerBound
    for stretch in stretches(
      dataset: dataset, schema: schema, symbolType: symbolType, symbol: symbol)
    where isSettled(stretch) {
      let known = stretch.interval.clamped(to: interval)
      if known.isEmpty { continue }
      if from < known.lowerBound { rest.append(from..<known.lowerBound) }
      from = max(from, known.upperBound)
    }
    if from < interval.upperBound { rest.append(from..<interval.upperBound) }
    return rest
  }
}

extension CoverageLedger {
  /// Reads the ledger of a lake; empty if there is none yet.
  public static func read(_ lake: Lake) throws -> CoverageLedger {
    // Journals first: what is merged meanwhile is read twice, and nothing is missed.
    let unmerged = try CoverageJournal.unmerged(lake)
    var ledger = CoverageLedger(events: try CoverageTable(lake).events() + unmerged)
    ledger.unanswered = unmerged.filter(\.isUnconfirmed)
    return ledger
  }
}
