/// A mapping from a requested name to the instrument that it resolved to on a range of days.
public struct RequestedName: Hashable, Sendable {
  /// The name as requested: `ES.v.0`.
  public var name: String
  /// The raw symbol of the instrument on those days.
  public var symbol: String
  /// UTC days since 1970-01-01, half-open.
  public var days: Range<Int>

  /// Maps a name to a symbol for a range of days.
  public init(name: String, symbol: String, days: Range<Int>) {
    self.name = name
    self.symbol = symbol
    self.days = days
  }

  /// Merges adjacent ranges of the same mapping; sorted by name, then day, then symbol.
  public static func joined(_ days: some Sequence<RequestedName>) -> [RequestedName] {
    let ordered = days.sorted {
      ($0.name, $0.symbol, $0.days.lowerBound) < ($1.name, $1.symbol, $1.days.lowerBound)
    }
    var result: [RequestedName] = []
    for next in ordered {
      if let last = result.last, last.name == next.name, last.symbol == next.symbol,
        last.days.upperBound >= next.days.lowerBound
      {
        result[result.count - 1].days =
          last.days.lowerBound..<max(last.days.upperBound, next.days.upperBound)
      } else {
        result.append(next)
      }
    }
    return result.sorted {
      ($0.name, $0.days.lowerBound, $0.symbol) < ($1.name, $1.days.lowerBound, $1.symbol)
    }
  }
}
