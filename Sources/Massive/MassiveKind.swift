import Market

/// The market of a ticker, by its prefix.
public enum MassiveMarket: String, Sendable, CaseIterable {
  case stocks, options, indices

  /// The market of a ticker: `O:` options, `I:` indices; nil for unsupported markets (`C:` currencies, `X:`
  /// crypto).
  public init?(ticker: String) {
    let bytes = ticker.utf8
    guard let colon = bytes.firstIndex(of: 0x3A), colon == bytes.index(after: bytes.startIndex)
    else {
      self = .stocks
      return
    }
    switch bytes.first {
    case 0x4F: self = .options
    case 0x49: self = .indices
    default: return nil
    }
  }

  /// `stock`, `option` or `index`: the word in table names.
  public var word: String {
    switch self {
    case .stocks: "stock"
    case .options: "option"
    case .indices: "index"
    }
  }

  /// The market's dataset in the ledger: `massive.stocks`.
  public var dataset: String { "massive." + rawValue }
}

/// The length of Massive's bars: a multiplier and a timespan.
public struct BarSpan: Sendable, Hashable {
  /// The vendor's units of time.
  public enum Timespan: String, Sendable, CaseIterable {
    case second, minute, hour, day, week, month, quarter, year
  }

  /// How many of them a bar has.
  public let multiplier: Int
  /// The unit.
  public let timespan: Timespan
  /// Units per bar at most.
  public static let multiplierMax = 10_000

  /// The length of a bar.
  public init(_ multiplier: Int, _ timespan: Timespan) {
    self.multiplier = multiplier
    self.timespan = timespan
  }

  /// Parses `1m`, `15s`, `1d`, `1w`, `1mo`, `1q`, `1y`. If a length has two forms (`60m`, `1h`), the larger
  /// unit is used.
  public init?(parsing text: String) {
    if let interval = Interval.parse(text) {
      let seconds = interval.nanoseconds / 1_000_000_000
      let units: [(Int64, Timespan)] = [
        (86_400, .day), (3_600, .hour), (60, .minute), (1, .second),
      ]
      for (unit, timespan) in units where seconds % unit == 0 {
        guard seconds / unit <= Int64(Self.multiplierMax) else { return nil }
        self.init(Int(seconds / unit), timespan)
        return
      }
    }
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int(digits), (1...Self.multiplierMax).contains(count) else { return nil }
    switch text.dropFirst(digits.count) {
    case "w", "week", "weeks": self.init(count, .week)
    case "mo", "month", "months": self.init(count, .month)
    case "q", "quarter", "quarters": self.init(count, .quarter)
    case "y", "year", "years": self.init(count, .year)
    default: return nil
    }
  }

  /// The name in table names: `1m`, `1d`, `1w`, `1mo`.
  public var name: String {
    let unit =
      switch timespan {
      case .second: "s"
      case .minute: "m"
      case .hour: "h"
      case .day: "d"
      case .week: "w"
      case .month: "mo"
      case .quarter: "q"
      case .year: "y"
      }
    return "\(multiplier)\(unit)"
  }
}

/// The kinds of Massive's rows: each has a record kind, a table and a packed layout.
public enum MassiveKind: Sendable, Hashable {
  case bars(MassiveMarket, BarSpan)
  case optionContracts
  case news
  case openClose

  /// The record kind in `schemas/`: `massive-stock-bars-1m`.
  public var schemaKind: String {
    switch self {
    case .bars(let market, let span): "massive-\(market.word)-bars-\(span.name)"
    case .optionContracts: "massive-option-contracts"
    case .news: "massive-news"
    case .openClose: "massive-open-close"
    }
  }

  /// The table's name in the layer `raw`.
  ///
  /// - Parameter isAdjusted: Adjusted bars have a table of their own.
  public func tableName(isAdjusted: Bool = false) -> String {
    switch self {
    case .bars(let market, let span):
      "massive_\(market.word)_" + (isAdjusted && market != .indices ? "adjusted_" : "")
        + "bars_\(span.name)"
    case .optionContracts: "massive_option_contracts"
    case .news: "massive_news"
    case .openClose: "massive_open_close"
    }
  }

  /// The ledger's dataset.
  public var dataset: String {
    switch self {
    case .bars(let market, _): market.dataset
    case .optionContracts: MassiveMarket.options.dataset
    case .news: "massive.news"
    case .openClose: MassiveMarket.stocks.dataset
    }
  }

  /// Zone of the partition dates of every table.
  public static let timeZone = "America/New_York"

  /// Parses a record kind; nil for one that is not Massive's.
  public init?(schemaKind text: String) {
    switch text {
    case "massive-option-contracts": self = .optionContracts
    case "massive-news": self = .news
    case "massive-open-close": self = .openClose
    default:
      for market in MassiveMarket.allCases {
        let stem = "massive-\(market.word)-bars-"
        guard text.hasPrefix(stem), let span = BarSpan(parsing: String(text.dropFirst(stem.count))),
          stem + span.name == text
        else { continue }
        self = .bars(market, span)
        return
      }
      return nil
    }
  }

  /// The endpoint of its rows.
  public var pageKind: PageKind {
    switch self {
    case .bars(.indices, _): .indexBars
    case .bars: .bars
    case .optionContracts: .contracts
    case .news: .news
    case .openClose: .openClose
    }
  }
}
