import Bytes
import Columnar
import Market

/// What the pages of an answer may hold: what was asked for, and nothing else.
public struct PageScope: Sendable, Hashable {
  /// Ticker of bars, prices and articles; underlying of contracts; nil: any.
  public var symbol: String?
  /// Half-open, in ns since 1970 UTC: of the starts of bars and of publications; nil: any.
  public var interval: Range<Int64>?
  /// How long a bar may be, in ns. The vendor puts the bar in front of a range into the answer that
  /// reaches into it: it belongs to what lies before, and is left out.
  public var barLengthMax: Int64

  /// What the rows of a request must be about.
  public init(symbol: String?, interval: Range<Int64>? = nil, barLengthMax: Int64 = 0) {
    self.symbol = symbol
    self.interval = interval
    self.barLengthMax = barLengthMax
  }

  /// Of the bars of a query.
  public init(_ query: BarQuery) {
    self.init(
      symbol: query.ticker, interval: query.interval, barLengthMax: query.span.nanosecondsMax)
  }

  /// Of a day's open and close.
  public init(_ ticker: String, on date: CivilDate) throws {
    let zone = try TimeZoneRules.named(MassiveKind.timeZone)
    let (start, end) = (
      zone.startOfDay(date.daysSinceEpoch), zone.startOfDay(date.daysSinceEpoch + 1)
    )
    self.init(symbol: ticker, interval: start * 1_000_000_000..<end * 1_000_000_000)
  }

  /// Whether a bar at a time belongs to what lies before the interval, and reaches into it.
  func isInFront(_ time: Int64) -> Bool {
    guard let interval, time < interval.lowerBound else { return false }
    let (end, overflow) = time.addingReportingOverflow(barLengthMax)
    return overflow || end > interval.lowerBound
  }

  func holds(_ time: Int64) -> Bool { interval?.contains(time) ?? true }

  /// What is wrong with an article, if it was not asked for.
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

  /// The rule by which a record is set aside that was not asked for.
  static let rule = "not_asked"

  static func text(_ time: Int64) -> String {
    TimeText.iso(nanoseconds: time, digits: time % 1_000_000_000 == 0 ? 0 : 9)
  }
}

extension BarSpan {
  /// The longest that such a bar can be: a day of 25 hours, a month of 31 days.
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
  /// Holds a page's rows against what was asked for, and leaves out bars in front of it.
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
        // A contract may well come without the name of its underlying.
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
