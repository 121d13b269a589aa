import Columnar
import Market

/// A query for bars of one ticker.
public struct BarQuery: Sendable, Hashable {
  /// The vendor's limit of results per page.
  public static let limitMax = 50_000

  /// The symbol, as the vendor spells it.
  public var ticker: String
  /// The length of the bars.
  public var span: BarSpan
  /// Half-open, ns since 1970 UTC.
  public var interval: Range<Int64>
  /// Whether prices and volumes are adjusted for splits.
  public var isAdjusted: Bool
  /// Results per page at most.
  public var limit: Int

  /// A request for bars.
  public init(
    ticker: String, span: BarSpan, interval: Range<Int64>, isAdjusted: Bool = false,
    limit: Int = BarQuery.limitMax
  ) {
    self.ticker = ticker
    self.span = span
    self.interval = interval
    self.isAdjusted = isAdjusted
    self.limit = limit
  }
}

/// A query for option contracts as listed on a date.
public struct ContractQuery: Sendable, Hashable {
  /// The vendor's limit of results per page.
  public static let limitMax = 1_000

  /// Calls, or puts.
  public enum ContractType: String, Sendable { case call, put }

  /// The symbol of the underlying.
  public var underlying: String?
  /// The day on which they were listed.
  public var asOf: CivilDate
  /// Only calls or puts; nil for both.
  public var type: ContractType?
  /// Only contracts that expire on this day.
  public var expiration: CivilDate?
  /// Only contracts that expire on this day or later.
  public var expirationFrom: CivilDate?
  /// Only contracts that expire on this day or earlier.
  public var expirationThrough: CivilDate?
  /// Only contracts with this strike or a higher one, in units of 1e-9.
  public var strikeFrom: Int64?
  /// Only contracts with this strike or a lower one, in units of 1e-9.
  public var strikeThrough: Int64?
  /// Whether contracts that have expired by today are included.
  public var includesExpired: Bool
  /// Contracts per page at most.
  public var limit: Int

  /// A request for contracts.
  public init(
    underlying: String?, asOf: CivilDate, type: ContractType? = nil, expiration: CivilDate? = nil,
    expirationFrom: CivilDate? = nil, expirationThrough: CivilDate? = nil,
    strikeFrom: Int64? = nil, strikeThrough: Int64? = nil, includesExpired: Bool = false,
    limit: Int = ContractQuery.limitMax
  ) {
    self.underlying = underlying
    self.asOf = asOf
    self.type = type
    self.expiration = expiration
    self.expirationFrom = expirationFrom
    self.expirationThrough = expirationThrough
    self.strikeFrom = strikeFrom
    self.strikeThrough = strikeThrough
    self.includesExpired = includesExpired
    self.limit = limit
  }

  /// The query parameters of the URL.
  var parameters: [(String, String)] {
    func price(_ value: Int64) -> String {
      DecimalText.format(Int128(value), scale: 9, trimmed: true)
    }
    var list: [(String, String)] = []
    func add(_ name: String, _ value: String?) { if let value { list.append((name, value)) } }
    add("underlying_ticker", underlying)
    add("as_of", asOf.iso)
    add("contract_type", type?.rawValue)
    add("expiration_date", expiration?.iso)
    add("expiration_date.gte", expirationFrom?.iso)
    add("expiration_date.lte", expirationThrough?.iso)
    add("strike_price.gte", strikeFrom.map(price))
    add("strike_price.lte", strikeThrough.map(price))
    if includesExpired { add("expired", "true") }
    add("order", "asc")
    add("sort", "ticker")
    add("limit", "\(limit)")
    return list
  }
}

/// A query for news of one ticker, or of all.
public struct NewsQuery: Sendable, Hashable {
  /// The vendor's limit of articles per page.
  public static let limitMax = 1_000

  /// Like `AAPL`; nil for all.
  public var ticker: String?
  /// Half-open, ns since 1970 UTC.
  public var interval: Range<Int64>
  /// Articles per page at most.
  public var limit: Int

  /// A request for news.
  public init(ticker: String?, interval: Range<Int64>, limit: Int = NewsQuery.limitMax) {
    self.ticker = ticker
    self.interval = interval
    self.limit = limit
  }

  var parameters: [(String, String)] {
    var list: [(String, String)] = []
    if let ticker { list.append(("ticker", ticker)) }
    list.append(("published_utc.gte", Self.time(interval.lowerBound)))
    list.append(("published_utc.lt", Self.time(interval.upperBound)))
    list.append(("order", "asc"))
    list.append(("sort", "published_utc"))
    list.append(("limit", "\(limit)"))
    return list
  }

  private static func time(_ nanoseconds: Int64) -> String {
    TimeText.iso(nanoseconds: nanoseconds, digits: nanoseconds % 1_000_000_000 == 0 ? 0 : 9)
  }
}

/// Figures of a chain of pages.
public struct FetchSummary: Sendable, Equatable {
  /// Pages received.
  public var pageCount = 0
  /// Results in all pages, including those that cannot be stored.
  public var recordCount = 0
  /// Bytes of the pages as received, after decompression.
  public var byteCount = 0
  /// The vendor's ids of the requests.
  public var requestIDs: [String] = []
  /// Whether the data are delayed, as the subscription has them.
  public var isDelayed = false
  /// Pages that were requested again, because they were incomplete or wrong.
  public var repeatedPageCount = 0
  /// Index times of the first and the last row, in ns.
  public var firstTime: Int64?
  /// The last row's time in ns since 1970 UTC.
  public var lastTime: Int64?

  /// Nothing received yet.
  public init() {}
}

/// Prices of one day.
public struct OpenClose: Sendable, Equatable {
  /// The symbol.
  public var symbol: String
  /// In units of 10⁻¹⁸, as are the others.
  public var open: Int128?
  /// In units of 10⁻¹⁸.
  public var high: Int128?
  /// As `high`.
  public var low: Int128?
  /// As `high`.
  public var close: Int128?
}

/// A listed contract.
public struct ListedContract: Sendable, Hashable {
  /// Like `O:SPY250304C00601000`.
  public var ticker: String
  /// Ticker of the underlying; nil if the vendor leaves it out.
  public var underlying: String?
  /// `call`, `put` or `other`.
  public var type: String?
  /// Last day of the contract; nil if the vendor leaves it out.
  public var expiration: CivilDate?
  /// In units of 1e-9.
  public var strike: Int64?
}
