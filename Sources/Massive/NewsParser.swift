import Bytes
import Columnar
import JSON

/// What an article says about one ticker.
private struct Insight {
  var ticker: UInt32
  var sentiment: UInt32?
  var reasoning: UInt32?
}

/// What an article says about its tickers: the first mention of each.
private struct Insights {
  private(set) var list: [Insight] = []
  private var indexes: [UInt32: Int] = [:]

  subscript(ticker: UInt32) -> Insight? { indexes[ticker].map { list[$0] } }

  mutating func append(_ insight: Insight) {
    indexes[insight.ticker] = list.count
    list.append(insight)
  }
}

/// The fields of a news row that are not members of the article themselves.
private struct NewsFields {
  let symbol: RowField
  let sentiment: RowField
  let reasoning: RowField
  let tickers: RowField

  init?(_ layout: RowLayout) {
    guard let symbol = layout.field(named: "symbol"),
      let sentiment = layout.field(named: "sentiment"),
      let reasoning = layout.field(named: "sentiment_reasoning"),
      let tickers = layout.field(named: "tickers")
    else { return nil }
    self.symbol = symbol
    self.sentiment = sentiment
    self.reasoning = reasoning
    self.tickers = tickers
  }
}

extension PageParser {
  /// Tickers per article at most.
  static let tickerCountMax = 10_000

  /// Parses an article: one row per ticker, with the article's insights on that ticker.
  func readArticle(_ cursor: inout PageCursor, _ block: RowBlock) throws(JSONError) -> RecordFault?
  {
    guard let fields = NewsFields(kind.layout) else { return nil }
    let stride = kind.layout.stride
    let scratch = ByteBuffer(capacity: stride)
    let article = scratch.base
    var tickers: [UInt32] = []
    var insights = Insights()
    var fault: RecordFault?
    try cursor.value { parser throws(JSONError) in
      fault = try records.parse(&parser, into: article) {
        (key, parser) throws(JSONError) -> Bool in
        if key.equals("publisher"), try parser.peek() == .object {
          try readPublisher(key, &parser, article)
        } else if key.equals("insights"), try parser.peek() == .array {
          try readInsights(key, &parser, &insights)
        } else {
          return false
        }
        return true
      }
    }
    if let fault { return fault }
    if let wrong = readTickers(article, fields.tickers, &tickers) { return wrong }
    let listed = Set(tickers)
    for insight in insights.list where !listed.contains(insight.ticker) {
      tickers.append(insight.ticker)
    }
    if tickers.isEmpty, let symbol = context.symbol { tickers = [strings.code(symbol)] }
    if tickers.isEmpty {
      return RecordFault(rule: "null_required", reason: "the article is about no ticker")
    }
    if let scope = context.scope {
      let time = UnsafeRawPointer(article).loadLE(records.shape.index.offset, as: Int64.self)
      let fault = scope.fault(published: time, tickers: tickers.map { strings[$0] })
      if let fault { return withExtendedLifetime(scratch) { fault } }
    }
    if tickers.count > Self.tickerCountMax {
      return RecordFault(
        rule: "too_many_tickers", reason: "the article is about \(tickers.count) tickers")
    }
    block.bytes.reserve(block.bytes.count + tickers.count * stride)
    for (index, ticker) in tickers.enumerated() {
      let row = block.bytes.base + block.bytes.count + index * stride
      row.copyMemory(from: article, byteCount: stride)
      row.storeLE(ticker, fields.symbol.offset)
      guard let insight = insights[ticker] else { continue }
      set(insight.sentiment, fields.sentiment, row)
      set(insight.reasoning, fields.reasoning, row)
    }
    block.bytes.count += tickers.count * stride
    return withExtendedLifetime(scratch) { nil }
  }

  private func set(_ code: UInt32?, _ field: RowField, _ row: UnsafeMutableRawPointer) {
    guard let code else { return }
    row.storeLE(code, field.offset)
    records.markValid(field, row)
  }

  /// The tickers, from the JSON that the row keeps of them.
  private func readTickers(
    _ row: UnsafeMutableRawPointer, _ field: RowField, _ tickers: inout [UInt32]
  ) -> RecordFault? {
    let code = UnsafeRawPointer(row).loadLE(field.offset, as: UInt32.self)
    if code == 0 { return nil }
    let text = Array(strings[code].utf8)
    do throws(JSONError) {
      tickers = try codesInList(text)
    } catch {
      return RecordFault(rule: "unsupported_value", reason: "'tickers' is no list of texts")
    }
    return nil
  }

  /// The codes of a JSON list of texts, each once.
  private func codesInList(_ text: [UInt8]) throws(JSONError) -> [UInt32] {
    let bytes = ByteBuffer()
    bytes.append(text)
    var parser = JSONParser(bytes.bytes)
    var codes: [UInt32] = []
    var seen: Set<UInt32> = []
    try parser.beginArray()
    while try parser.nextElement() {
      let code = records.code(try parser.text())
      if seen.insert(code).inserted { codes.append(code) }
    }
    return withExtendedLifetime(bytes) { codes }
  }

  /// The publisher's members; if one is unknown to the schema, `extra` gets the whole object.
  private func readPublisher(
    _ key: JSONText, _ parser: inout JSONParser, _ row: UnsafeMutableRawPointer
  ) throws(JSONError) {
    let whole = try parser.skipValue()
    var inner = JSONParser(whole)
    var isKnown = true
    try inner.beginObject()
    while let member = try inner.nextKey() {
      let name = "publisher_" + member.string
      let field = kind.layout.field(named: name)
      guard let field, try inner.peek() == .string else {
        if try !inner.skipNull() {
          try inner.skipValue()
          isKnown = false
        }
        continue
      }
      row.storeLE(records.code(try inner.text()), field.offset)
      records.markValid(field, row)
    }
    if !isKnown { records.addExtra(key, whole) }
  }

  /// The first insight on each ticker; if there are more, `extra` gets all of them.
  private func readInsights(
    _ key: JSONText, _ parser: inout JSONParser, _ insights: inout Insights
  ) throws(JSONError) {
    let whole = try parser.skipValue()
    var list = JSONParser(whole)
    var isKnown = true
    try list.beginArray()
    while try list.nextElement() {
      guard try list.peek() == .object else {
        try list.skipValue()
        isKnown = false
        continue
      }
      var insight = Insight(ticker: 0)
      try list.beginObject()
      while let member = try list.nextKey() {
        if try list.skipNull() { continue }
        guard try list.peek() == .string else {
          try list.skipValue()
          isKnown = false
          continue
        }
        let code = records.code(try list.text())
        if member.equals("ticker") {
          insight.ticker = code
        } else if member.equals("sentiment") {
          insight.sentiment = code
        } else if member.equals("sentiment_reasoning") {
          insight.reasoning = code
        } else {
          isKnown = false
        }
      }
      if insight.ticker == 0 || insights[insight.ticker] != nil
        || insights.list.count >= Self.tickerCountMax
      {
        isKnown = false
      } else {
        insights.append(insight)
      }
    }
    if !isKnown { records.addExtra(key, whole) }
  }
}
