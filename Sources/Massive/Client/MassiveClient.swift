import Columnar
import HTTP
import JSON
import Market

/// Massive's REST interface: https://massive.com/docs.
///
/// Data to be stored is written to a spool: every page as received, after a line with its size. A page is
/// checked before that; one without results is left out.
public struct MassiveClient: Sendable {
  /// The vendor's address.
  public static let defaultURL = "https://api.massive.com"
  /// Receives the bytes of a spool.
  public typealias Spool = (UnsafeRawBufferPointer) throws -> Void

  let http: HTTPClient
  let baseURL: String
  private let key: Secret

  /// A client with a key.
  public init(http: HTTPClient, baseURL: String = MassiveClient.defaultURL, key: Secret) {
    self.http = http
    var url = baseURL
    while url.hasSuffix("/") { url.removeLast() }
    self.baseURL = url
    self.key = key
  }

  // MARK: - What is stored

  /// Bars of one ticker, in order of time.
  ///
  /// - Throws: `MassiveError.notEntitled` if the subscription does not include it; `HTTPError`; what `spool`
  ///   throws.
  public func fetchBars(_ query: BarQuery, into spool: Spool) throws -> FetchSummary {
    guard let market = MassiveMarket(ticker: query.ticker) else {
      throw MassiveError(
        .usage, "'\(query.ticker)' is of a market that is not read",
        remedy: "stocks (SPY), options (O:SPY250304C00601000) and indices (I:VIX) are")
    }
    let (from, to) = try Self.bounds(query.interval)
    let path =
      "/v2/aggs/ticker/\(Self.escaped(query.ticker))/range/\(query.span.multiplier)/"
      + "\(query.span.timespan.rawValue)/\(from)/\(to)"
    let request = request(
      baseURL + path,
      [
        ("adjusted", query.isAdjusted ? "true" : "false"), ("sort", "asc"),
        ("limit", "\(query.limit)"),
      ])
    return try fetch(
      market == .indices ? .indexBars : .bars, request,
      what: "\(query.span.name) bars of \(query.ticker)",
      isAscending: true,
      context: PageContext(symbol: query.ticker, scope: PageScope(query)), into: spool
    ) { envelope in
      // Not all answers have it; those that do must match the request.
      if market != .indices, let isAdjusted = envelope.isAdjusted, isAdjusted != query.isAdjusted {
        throw MassiveError(
          .otherAdjustment,
          "bars of \(query.ticker) came \(isAdjusted ? "adjusted for splits" : "as they were traded"), "
            + "which is not what was asked for")
      }
    }
  }

  /// Contracts of an underlying, as listed on a date.
  public func fetchContracts(_ query: ContractQuery, into spool: Spool) throws -> FetchSummary {
    try fetch(
      .contracts, request(baseURL + "/v3/reference/options/contracts", query.parameters),
      what: "option contracts of \(query.underlying ?? "all")", isAscending: false,
      context: try Self.context(query), into: spool)
  }

  /// One contract, as listed on a date.
  public func fetchContract(
    _ ticker: String, asOf: CivilDate, into spool: Spool
  ) throws -> FetchSummary {
    let path = "/v3/reference/options/contracts/" + Self.escaped(ticker)
    return try fetch(
      .contracts, request(baseURL + path, [("as_of", asOf.iso)]), what: "contract \(ticker)",
      isAscending: false, context: PageContext(asOf: try Self.midnight(asOf)), into: spool)
  }

  /// A day's open and close; no page if there was no session.
  public func fetchOpenClose(
    _ ticker: String, on date: CivilDate, isAdjusted: Bool = false, into spool: Spool
  ) throws -> FetchSummary {
    let path = "/v1/open-close/\(Self.escaped(ticker))/\(date.iso)"
    do {
      return try fetch(
        .openClose, request(baseURL + path, [("adjusted", isAdjusted ? "true" : "false")]),
        what: "open and close of \(ticker) on \(date.iso)", isAscending: false,
        context: PageContext(symbol: ticker, scope: try PageScope(ticker, on: date)), into: spool)
    } catch let error as HTTPError where error.status == 404 {
      return FetchSummary()
    }
  }

  /// News, in order of publication.
  public func fetchNews(_ query: NewsQuery, into spool: Spool) throws -> FetchSummary {
    try fetch(
      .news, request(baseURL + "/v2/reference/news", query.parameters),
      what: "news of \(query.ticker ?? "all")", isAscending: false,
      context: PageContext(
        symbol: query.ticker, scope: PageScope(symbol: query.ticker, interval: query.interval)),
      into: spool)
  }

  // MARK: - Queries for commands

  /// A day's prices; nil if there was no session.
  public func openClose(
    _ ticker: String, on date: CivilDate, isAdjusted: Bool = false
  ) throws -> OpenClose? {
    var found: OpenClose?
    let path = "/v1/open-close/\(Self.escaped(ticker))/\(date.iso)"
    let parser = try PageParser(
      .openClose, strings: StringTable(),
      context: PageContext(symbol: ticker, scope: try PageScope(ticker, on: date)))
    var chain = PageChain(
      self, parser, what: "open and close of \(ticker) on \(date.iso)", isAscending: false)
    do {
      let request = request(baseURL + path, [("adjusted", isAdjusted ? "true" : "false")])
      try chain.follow(request) { _, _, block in
        if block.rowCount > 0 { found = OpenClose(symbol: ticker, block) }
      }
    } catch let error as HTTPError where error.status == 404 {
      return nil
    }
    return found
  }

  /// Contracts in a list at most: all US options of one day are about two million.
  static let contractCountMax = 5_000_000

  /// The contracts of an answer, without storing them.
  public func contracts(_ query: ContractQuery) throws -> [ListedContract] {
    let strings = StringTable()
    let parser = try PageParser(.contracts, strings: strings, context: Self.context(query))
    var chain = PageChain(
      self, parser, what: "option contracts of \(query.underlying ?? "all")", isAscending: false)
    var found: [ListedContract] = []
    let request = request(baseURL + "/v3/reference/options/contracts", query.parameters)
    try chain.follow(request) { _, _, block in
      for row in 0..<block.rowCount { found.append(ListedContract(block, row, strings)) }
      if found.count > Self.contractCountMax {
        throw MassiveError(
          .tooLarge, "the list has more than \(Self.contractCountMax) contracts",
          remedy: "ask for one underlying, or for fewer expirations")
      }
    }
    return found
  }

  /// Makes a request that every key may make, and throws if the key is not accepted.
  ///
  /// - Returns: The market's state in the vendor's words: `open`, `closed`, `extended-hours`.
  public func marketStatus() throws -> String {
    let (_, bytes) = try data(
      request(baseURL + "/v1/marketstatus/now"), byteCountMax: 1 << 20, "the market's status")
    let answer: JSONValue
    do {
      answer = try JSONValue(parsing: bytes, depthMax: 16)
    } catch {
      throw MassiveError(.badPage, "the market's status is no JSON")
    }
    return answer["market"]?.string ?? "unknown"
  }

  // MARK: - Requests

  private func fetch(
    _ kind: PageKind, _ request: HTTPRequest, what: String, isAscending: Bool,
    context: PageContext, into spool: Spool, check: (PageEnvelope) throws -> Void = { _ in }
  ) throws -> FetchSummary {
    let parser = try PageParser(kind, strings: StringTable(), context: context)
    var chain = PageChain(self, parser, what: what, isAscending: isAscending)
    do {
      try chain.follow(request) { page, envelope, _ in
        _ = parser.takeRejected()
        if envelope.recordCount == 0 { return }
        try check(envelope)
        try Array("\(page.count)\n".utf8).withUnsafeBytes { try spool($0) }
        try spool(page)
      }
    } catch let error as MassiveError {
      throw error.redacted(by: http.redactor)
    }
    return chain.summary
  }

  func request(_ url: String, _ query: [(String, String)] = []) -> HTTPRequest {
    HTTPRequest(.get, url, query: query, credential: .bearer(key))
  }

  /// An answer's body; converts a refusal by the subscription to an error of its own.
  func data(
    _ request: HTTPRequest, byteCountMax: Int, _ what: String
  ) throws -> (HTTPResponse, [UInt8]) {
    do throws(HTTPError) {
      return try http.data(request, byteCountMax: byteCountMax)
    } catch {
      guard error.code == .forbidden else { throw error }
      throw MassiveError(
        .notEntitled,
        "the plan of this key does not cover \(what): " + (error.vendorMessage ?? "status 403"),
        place: error.placeText, remedy: "ask for less, or see the plan at the vendor's site")
    }
  }

  /// Both ends of a query, inclusive: dates if they are whole days in New York, else milliseconds.
  static func bounds(_ interval: Range<Int64>) throws -> (from: String, to: String) {
    guard !interval.isEmpty, interval.lowerBound >= 0 else {
      throw MassiveError(.usage, "the interval is empty, or before 1970")
    }
    let zone = try TimeZoneRules.named(MassiveKind.timeZone)
    let first = zone.localDay(nanoseconds: interval.lowerBound)
    let last = zone.localDay(nanoseconds: interval.upperBound - 1)
    let second: Int64 = 1_000_000_000
    if zone.startOfDay(first) * second == interval.lowerBound,
      zone.startOfDay(last + 1) * second == interval.upperBound
    {
      return (CivilDate(daysSinceEpoch: first).iso, CivilDate(daysSinceEpoch: last).iso)
    }
    let millisecond: Int64 = 1_000_000
    return (
      "\((interval.lowerBound + millisecond - 1) / millisecond)",
      "\((interval.upperBound - 1) / millisecond)"
    )
  }

  private static func context(_ query: ContractQuery) throws -> PageContext {
    PageContext(asOf: try midnight(query.asOf), scope: PageScope(symbol: query.underlying))
  }

  private static func midnight(_ date: CivilDate) throws -> Int64 {
    guard let start = Midnight.nanoseconds(date, try .named(MassiveKind.timeZone)) else {
      throw MassiveError(.usage, "\(date.iso) is before 1970, or too far away")
    }
    return start
  }

  /// A ticker in a URL path, escaped as needed.
  static func escaped(_ ticker: String) -> String {
    var text = ""
    for byte in ticker.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E, 0x3A:
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        text += "%" + (digits.utf8.count < 2 ? "0" : "") + digits
      }
    }
    return text
  }
}
