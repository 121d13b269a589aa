import Market
import Massive

/// Massive's flat files, told from their header.
enum FlatFileKind {
  case bars(MassiveMarket, BarSpan)
  case trades(MassiveMarket)
  case quotes(MassiveMarket)

  /// - Parameter path: Of the file: the vendor's folders say how long the bars are.
  init?(_ columns: SourceColumnNames, hint: KindHint, path: String) {
    func samples(_ name: String) -> [[UInt8]]? {
      columns.names.firstIndex(of: name).map { columns.samples[$0] }
    }
    // Tables that were made for bars of any vendor stay what they are.
    if hint.kind != nil || hint.tableName?.contains("ohlcv") == true { return nil }
    guard let tickers = samples("ticker") else { return nil }
    let ticker = tickers.first.map { String(decoding: $0, as: UTF8.self) } ?? ""
    guard let market = MassiveMarket(ticker: ticker) else { return nil }
    let names = Set(columns.names)
    if names.isSuperset(of: ["sip_timestamp", "bid_price", "ask_price"]) {
      self = .quotes(market)
    } else if names.isSuperset(of: ["sip_timestamp", "price", "size"]) {
      self = .trades(market)
    } else if let starts = samples("window_start"),
      names.isSuperset(of: ["open", "high", "low", "close"])
    {
      self = .bars(market, Self.span(hint, path, starts))
    } else {
      return nil
    }
  }

  var schemaKind: String {
    switch self {
    case .bars(let market, let span): MassiveKind.bars(market, span).schemaKind
    case .trades(let market): "massive-\(market.word)-trades"
    case .quotes(let market): "massive-\(market.word)-quotes"
    }
  }

  var placement: SourcePlacement {
    get throws {
      switch self {
      // Flat files are of what was traded.
      case .bars(let market, let span):
        try SourcePlacement(.bars(market, span), isAdjusted: false)
      case .trades(let market), .quotes(let market):
        try SourcePlacement(flatKind: schemaKind, dataset: market.dataset)
      }
    }
  }

  private static func span(_ hint: KindHint, _ path: String, _ starts: [[UInt8]]) -> BarSpan {
    if let span = hint.interval.flatMap({ BarSpan(parsing: $0) }) { return span }
    if case .bars(_, let span)? = hint.tableKind.flatMap({ MassiveKind(schemaKind: $0) }) {
      return span
    }
    if let last = hint.tableName?.split(separator: "_").last,
      let span = BarSpan(parsing: String(last))
    {
      return span
    }
    for (word, span) in [("minute_aggs", "1m"), ("day_aggs", "1d")] where path.contains(word) {
      if let span = BarSpan(parsing: span) { return span }
    }
    // Only bars of whole days begin at midnight.
    let zone = try? TimeZoneRules.named(MassiveKind.timeZone)
    let isDaily = starts.allSatisfy { text in
      guard let zone, let time = Int64(String(decoding: text, as: UTF8.self)) else { return false }
      return zone.startOfDay(zone.localDay(nanoseconds: time)) * 1_000_000_000 == time
    }
    return isDaily ? BarSpan(1, .day) : BarSpan(1, .minute)
  }
}
