import Bytes
import Columnar
import Market

/// What the pages of an answer may contain: what was requested, and nothing else.
public struct PageScope: Sendable, Hashable {
  /// Ticker of bars, prices and articles; underlying of contracts; nil for any.
  public var symbol: String?
  /// Range of bar starts or publication times, half-open, in ns since 1970 UTC; nil for any.
  public var interval: Range<Int64>?
  /// Length of a bar at most, in ns. If the bar before a range reaches into it, the vendor includes it in the
  /// answer: it is skipped.
  public var barLengthMax: Int64

  /// The scope of a request.
  public init(symbol: String?, interval: Range<Int64>? = nil, barLengthMax: Int64 = 0) {
    self.symbol = symbol
    self.interval = interval
    self.barLengthMax = barLengthMax
  }

  /// The scope of a query for bars.
  public init(_ query: BarQuery) {
    self.init(
      symbol: query.ticker, interval: query.interval, barLengthMax: query.span.nanosecondsMax)
  }

  /// The scope of a day's open and close.
  public init(_ ticker: String, on date: CivilDate) throws {
    let zone = try TimeZoneRules.named(MassiveKind.timeZone)
    let (start, end) = (
      zone.startOfDay(date.daysSinceEpoch), zone.startOfDay(date.daysSinceEpoch + 1)
    )
    self.init(symbol: ticker, interval: start * 1_000_000_000..<end * 1_000_000_000)
  }

  /// Whether a bar at a time starts before the interval, and reaches into it.
  func isInFront(_ time: Int64) -> Bool {
    guard let interval, time < interval.lowerBound else { return false }
    let (end, overflow) = time.addingReportingOverflow(barLengthMax)
    return overflow || end > interval.lowerBound
  }

  func holds(_ time: Int64) -> Bool { interval?.contains(time) ?? true }

  /// What is wrong with an article, if it was not requested.
  func fault(published time: Int64, tickers: [String]) -> RecordFault? {
    if !holds(time) {
      return RecordFault(
        rule: Self.rule, reason: "published at \(Self.text(time)), which was not asked for")
    }
    if let symbol, !tickers.contains(symbol) {
      return RecordFault(
        rule: Self.rule, reason: "it is not about '\(symbol)', of which news were asked for")
    }
    return nil
  }

  /// Name of the rule for records that were not requested.
  static let rule = "not_asked"

  static func text(_ time: Int64) -> String {
    TimeText.iso(nanoseconds: time, digits: time % 1_000_000_000 == 0 ? 0 : 9)
  }
}

extension BarSpan {
  /// The longest possible bar: a day of 25 hours, a month of 31 days.
  var nanosecondsMax: Int64 {
    let hour: Int64 = 3_600
    let seconds: Int64 =
      switch timespan {
      case .second: 1
      case .minute: 60
      case .hour: hour
      case .day: 25 * hour
      case .week: (7 * 24 + 1) * hour
      case .month: (31 * 24 + 1) * hour
      case .quarter: (92 * 24 + 1) * hour
      case .year: (366 * 24 + 1) * hour
      }
    return Int64(multiplier) * seconds * 1_000_000_000
  }
}

extension PageParser {
  /// Compares a page's rows with the request, and skips bars before it.
  func check(
    _ envelope: inout PageEnvelope, _ block: RowBlock, _ firstByte: Int
  ) throws(MassiveError) {
    guard let scope = context.scope, kind != .news else { return }
    let isBars = kind == .bars || kind == .indexBars
    if isBars, envelope.recordCount > 0, let ticker = envelope.ticker,
      let symbol = scope.symbol, ticker != symbol
    {
      throw notAsked("bars of '\(ticker)' came, and '\(symbol)' was asked for")
    }
    let field = kind == .contracts ? kind.layout.field(named: "underlying_ticker") : nil
    let named = isBars ? nil : field ?? kind.layout.field(named: "symbol")
    let stride = kind.layout.stride
    var kept = firstByte
    for start in Swift.stride(from: firstByte, to: block.bytes.count, by: stride) {
      let row = UnsafeRawPointer(block.bytes.base) + start
      let time = row.loadLE(records.shape.index.offset, as: Int64.self)
      if kind != .contracts, !scope.holds(time) {
        if isBars && scope.isInFront(time) {
          envelope.leftOutCount += 1
          continue
        }
        throw notAsked("a row of \(PageScope.text(time)) came, which was not asked for")
      }
      if let named, let symbol = scope.symbol {
        let code = row.loadLE(named.offset, as: UInt32.self)
        // A contract may lack the name of its underlying.
        if code != 0, strings[code] != symbol {
          throw notAsked("a row of '\(strings[code])' came, and '\(symbol)' was asked for")
        }
      }
      if kept != start {
        (block.bytes.base + kept).copyMemory(from: row, byteCount: stride)
      }
      kept += stride
    }
    block.bytes.count = max(kept, firstByte)
  }

  private func notAsked(_ message: String) -> MassiveError {
    MassiveError(
      .notAsked, "the answer is none to the question: " + message,
      remedy: "run it again; if it stays so, tell the vendor")
  }
}
