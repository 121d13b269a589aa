import Columnar

/// The names of a file without a header, told from its values where they can be nothing else.
struct HeaderlessShape {
  var names: [String]
  var vendor: String?
  var zone: String?

  private static let klines = [
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
    "taker_buy_volume", "taker_buy_quote_volume", "ignore",
  ]
  private static let trades = [
    "id", "price", "qty", "quote_qty", "time", "is_buyer_maker", "is_best_match",
  ]
  private static let aggregateTrades = [
    "agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time",
    "is_buyer_maker", "is_best_match",
  ]

  init?(_ rows: [TextTable.Record], width: Int) {
    let whole = rows.filter { $0.fields.count == width }
    func column(_ index: Int) -> [[UInt8]] {
      whole.map { $0.fields[index] }.filter { !$0.isEmpty }
    }
    let first = ColumnTraits(name: "time", samples: column(0), isFirst: true, format: nil)
    if width == 12, Self.isEpoch(column(0)), Self.isEpoch(column(6)) {
      (names, vendor) = (Self.klines, "Binance klines")
      return
    }
    for (vendorName, known, time) in [
      ("Binance trades", Self.trades, 4), ("Binance aggregate trades", Self.aggregateTrades, 5),
    ] where width == known.count || width == known.count - 1 {
      if Self.isEpoch(column(time)), Self.areFlags(column(time + 1)) {
        (names, vendor) = (Array(known.prefix(width)), vendorName)
        return
      }
    }
    if width >= 5, MidnightTimes.areTimes(column(0)), let prices = Self.bars(whole, from: 1) {
      vendor = "LEAN"
      names = ["milliseconds"] + prices + (width > 5 ? ["volume"] : [])
      while names.count < width { names.append("column_\(names.count + 1)") }
      return
    }
    guard first.times != nil, width >= 3 else { return nil }
    var (found, next) = (["time"], 1)
    let second = ColumnTraits(name: "clock", samples: column(1), isFirst: false, format: nil)
    if second.isClock, first.areDates {
      (found, next) = (["date", "time"], 2)
    }
    let numbers = (next..<width).map { column($0) }
    guard numbers.prefix(2).allSatisfy({ !$0.isEmpty && $0.allSatisfy(ColumnTraits.isNumber) })
    else { return nil }
    if let prices = Self.bars(whole, from: next) {
      found += prices
      if width > next + 4 { found.append("volume") }
      if first.times == .known(.epoch(digits: 9)), width == 7 {
        found.append("trades")
        vendor = "Kraken bars"
      }
    } else if width - next == 2, case .known(.epoch)? = first.times {
      found += ["price", "volume"]
      vendor = "trades of Kraken or Bitstamp"
    } else if width - next == 3, Self.areQuotes(whole, from: next) {
      found += ["bid", "ask", "volume"]
      vendor = "HistData ticks"
      zone = "Etc/GMT+5"
    } else {
      return nil
    }
    while found.count < width { found.append("column_\(found.count + 1)") }
    names = found
  }

  private static func isEpoch(_ values: [[UInt8]]) -> Bool {
    let traits = ColumnTraits(name: "time", samples: values, isFirst: true, format: nil)
    if case .known(.epoch)? = traits.times { return true }
    return false
  }

  private static func areFlags(_ values: [[UInt8]]) -> Bool {
    !values.isEmpty
      && values.allSatisfy {
        ["true", "false"].contains(String(decoding: $0, as: UTF8.self).lowercased())
      }
  }

  private static func numbers(_ record: TextTable.Record, _ range: Range<Int>) -> [Double]? {
    guard record.fields.count >= range.upperBound else { return nil }
    let values = record.fields[range].compactMap { Double(String(decoding: $0, as: UTF8.self)) }
    return values.count == range.count ? values : nil
  }

  /// The names of four columns of prices: one of them is never below the others, one never above. Coinbase begins with
  /// the low, all others with the open.
  private static func bars(_ rows: [TextTable.Record], from start: Int) -> [String]? {
    guard rows.count >= 3 else { return nil }
    for names in [["open", "high", "low", "close"], ["low", "high", "open", "close"]] {
      guard let high = names.firstIndex(of: "high"), let low = names.firstIndex(of: "low") else {
        continue
      }
      let prices = rows.compactMap { numbers($0, start..<start + 4) }
      let fits = prices.allSatisfy { $0[high] == $0.max() && $0[low] == $0.min() }
      if prices.count == rows.count, fits, prices.contains(where: { $0[high] > $0[low] }) {
        return names
      }
    }
    return nil
  }

  /// Whether two columns are a bid and an ask, which is hardly ever the lower.
  private static func areQuotes(_ rows: [TextTable.Record], from start: Int) -> Bool {
    let pairs = rows.compactMap { numbers($0, start..<start + 2) }
    guard pairs.count == rows.count, !pairs.isEmpty else { return false }
    return pairs.allSatisfy { $0[1] >= $0[0] && $0[1] < $0[0] * 1.1 }
      && pairs.contains { $0[1] > $0[0] }
  }
}
