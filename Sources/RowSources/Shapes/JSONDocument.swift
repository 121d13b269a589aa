import JSON

/// Rows that stand somewhere in one JSON object, as the answers of vendors have them.
struct JSONDocument {
  /// Lists or objects, one a row.
  var rows: [JSONValue] = []
  /// Said of all rows.
  var symbol: String?
  var zone: String?
  var vendor: String?

  /// nil where there are none.
  init?(_ value: JSONValue) {
    if let found = Self.yahoo(value) ?? Self.alphaVantage(value) {
      self = found
      return
    }
    symbol = ["symbol", "ticker", "pair", "s"].lazy.compactMap { value[$0]?.string }.first
    guard let list = Self.list(value, depth: 4) else { return nil }
    rows = list
  }

  private init() {}

  /// The longest list of lists or objects within a value.
  private static func list(_ value: JSONValue, depth: Int) -> [JSONValue]? {
    switch value {
    case .array(let elements):
      let areRows = elements.allSatisfy { $0.array != nil || $0.object != nil }
      if !elements.isEmpty, areRows, !isNested(elements) { return elements }
      return depth == 0
        ? nil
        : elements.compactMap { list($0, depth: depth - 1) }.max { $0.count < $1.count }
    case .object(let object):
      if depth == 0 { return nil }
      return object.members.compactMap { list($0.value, depth: depth - 1) }
        .max { $0.count < $1.count }
    default: return nil
    }
  }

  /// Whether objects are no rows but hold lists of such.
  private static func isNested(_ elements: [JSONValue]) -> Bool {
    elements.count < 3
      && elements.contains { element in
        element.object?.members.contains { member in
          (member.value.array?.count ?? 0) > 2
        } ?? false
      }
  }

  /// `{"chart":{"result":[{"meta":…,"timestamp":[…],"indicators":{"quote":[{"open":[…],…}]}}]}}`
  private static func yahoo(_ value: JSONValue) -> JSONDocument? {
    guard let result = value["chart"]?["result"]?.array?.first,
      let times = result["timestamp"]?.array,
      let quote = result["indicators"]?["quote"]?.array?.first?.object
    else { return nil }
    var columns = quote.members.compactMap { member in
      member.value.array.map { (member.key, $0) }
    }
    if let adjusted = result["indicators"]?["adjclose"]?.array?.first?["adjclose"]?.array {
      columns.append(("adjclose", adjusted))
    }
    var found = JSONDocument()
    found.vendor = "Yahoo Finance"
    found.symbol = result["meta"]?["symbol"]?.string
    found.rows = times.enumerated().map { index, time in
      JSONValue.object(
        JSONObject(
          [("timestamp", time)]
            + columns.map { ($0.0, index < $0.1.count ? $0.1[index] : .null) }))
    }
    return found
  }

  /// `{"Meta Data":{"2. Symbol":…},"Time Series (Daily)":{"2021-12-20":{"1. open":…},…}}`
  private static func alphaVantage(_ value: JSONValue) -> JSONDocument? {
    guard let meta = value["Meta Data"]?.object,
      let series = value.object?.members.first(where: { $0.key != "Meta Data" })?.value.object
    else { return nil }
    func said(_ name: String) -> String? {
      meta.members.first { $0.key.hasSuffix(name) }?.value.string
    }
    var found = JSONDocument()
    found.vendor = "Alpha Vantage"
    found.symbol = said("Symbol")
    found.zone = said("Time Zone")
    found.rows = series.members.map { member in
      JSONValue.object(
        JSONObject(
          [("timestamp", .string(member.key))]
            + (member.value.object?.members.map { ($0.key, $0.value) } ?? [])))
    }
    return found
  }
}
