import Columnar
import JSON
import Market

/// The contract that a requested name stood for on some dates: `ES.v.0` was `ESH4`.
///
/// A row keeps only the name of the request that brought it first. The ledger keeps all names, so that what was
/// bought by one name is found by the others too.
public struct NamedContract: Hashable, Sendable {
  /// Contracts per event at most. A name with more, such as the parent of all options on an index, is resolved
  /// only by the rows that it brought.
  static let countMax = 10_000

  /// As requested.
  public var name: String
  /// The contract's own symbol.
  public var symbol: String
  /// First UTC date.
  public var start: CivilDate
  /// The day after the last.
  public var end: CivilDate

  init(_ requested: RequestedName) {
    name = requested.name
    symbol = requested.symbol
    start = CivilDate(daysSinceEpoch: requested.days.lowerBound)
    end = CivilDate(daysSinceEpoch: requested.days.upperBound)
  }

  /// In ns since 1970 UTC, half-open.
  public var interval: Range<Int64> {
    let day = CivilDate.nanosecondsPerDay
    let (first, last) = (Int64(start.daysSinceEpoch) * day, Int64(end.daysSinceEpoch) * day)
    return first..<max(first, last)
  }

  /// The contracts that a source reported, for an event about some names and an interval.
  package static func of(
    _ requested: [RequestedName], symbols: [String], interval: Range<Int64>
  ) -> [NamedContract] {
    let asked = Set(symbols)
    let own = requested.filter { asked.contains($0.name) }.map(NamedContract.init)
      .filter { $0.interval.overlaps(interval) }
    return own.count > countMax ? [] : own
  }
}

extension NamedContract {
  /// The form in the ledger.
  public var json: JSONValue {
    .object(
      JSONObject([
        ("name", .string(name)), ("symbol", .string(symbol)), ("start", .string(start.iso)),
        ("end", .string(end.iso)),
      ]))
  }

  init?(json: JSONValue) {
    guard let name = json["name"]?.string, let symbol = json["symbol"]?.string,
      let start = json["start"]?.string.flatMap({ CivilDate(iso: $0) }),
      let end = json["end"]?.string.flatMap({ CivilDate(iso: $0) }), start < end
    else { return nil }
    self.name = name
    self.symbol = symbol
    self.start = start
    self.end = end
  }
}

extension CoverageLedger {
  /// A stretch of time in which a requested name stood for a contract.
  public struct NamedStretch: Hashable, Sendable {
    /// The contract's own symbol.
    public var symbol: String
    /// Half-open, in ns since 1970 UTC.
    public var interval: Range<Int64>
  }

  /// The contracts of a table that a name stood for, and when: later events take precedence.
  public func contracts(named name: String, table: String) -> [NamedStretch] {
    var timeline = Timeline<Int>()
    for (index, event) in events.enumerated() where event.table == table {
      for contract in event.contracts where contract.name == name {
        timeline.paint(contract.interval.clamped(to: event.interval), index)
      }
    }
    var stretches: [NamedStretch] = []
    for (interval, index) in timeline.stretches {
      for contract in events[index].contracts where contract.name == name {
        let own = contract.interval.clamped(to: interval)
        if !own.isEmpty { stretches.append(NamedStretch(symbol: contract.symbol, interval: own)) }
      }
    }
    return Self.joined(stretches)
  }

  private static func joined(_ stretches: [NamedStretch]) -> [NamedStretch] {
    var result: [NamedStretch] = []
    for next in stretches.sorted(by: {
      ($0.symbol, $0.interval.lowerBound) < ($1.symbol, $1.interval.lowerBound)
    }) {
      if let last = result.last, last.symbol == next.symbol,
        last.interval.upperBound == next.interval.lowerBound
      {
        result[result.count - 1].interval = last.interval.lowerBound..<next.interval.upperBound
      } else {
        result.append(next)
      }
    }
    return result.sorted {
      ($0.interval.lowerBound, $0.symbol) < ($1.interval.lowerBound, $1.symbol)
    }
  }
}
