import Bytes
import Columnar

/// What downloads cost, summed exactly.
public struct SpendReport: Sendable {
  /// What sums are grouped by.
  public enum Part: String, Hashable, Sendable, CaseIterable {
    /// Month of the purchase, UTC: `2026-11`.
    case month
    case dataset
    case schema
    case symbol
  }

  /// The sum of some purchases.
  public struct Line: Hashable, Sendable {
    /// One value per part, in their order.
    public let key: [String]
    /// Requests that were paid for.
    public internal(set) var purchaseCount = 0
    /// Rows that were bought; nil by symbol if a purchase had several.
    public internal(set) var rowCount: Int64? = 0
    /// Bytes that were bought; nil if some are unknown.
    public internal(set) var byteCount: Int64? = 0
    /// Sum in 10⁻⁹ USD.
    public internal(set) var nanoUSD: Int128 = 0
  }

  /// What the lines are grouped by.
  public let parts: [Part]
  /// Sorted by key.
  public let lines: [Line]
  /// The sum of everything.
  public let total: Line
  /// Requests whose runs died before the answer was stored: the vendor may have billed them too.
  public let unconfirmed: Line
  /// Downloads without a price: from vendors with a flat rate.
  public let unpricedCount: Int

  /// - Parameter parts: Empty for the total only.
  public init(_ ledger: CoverageLedger, by parts: [Part]) {
    self.parts = parts
    var lines: [[String]: Line] = [:]
    var total = Line(key: [])
    for event in ledger.purchases {
      guard let cost = event.costNanoUSD else { continue }
      Self.add(event, Int128(cost), to: &total, isWhole: true)
      let shares =
        parts.contains(.symbol) && !event.symbols.isEmpty
        ? Self.shares(Int128(cost), count: event.symbols.count) : [Int128(cost)]
      for (index, share) in shares.enumerated() {
        let symbol = event.symbols.isEmpty ? "-" : event.symbols[index % event.symbols.count]
        let key = parts.map { Self.value($0, event, symbol) }
        Self.add(event, share, to: &lines[key, default: Line(key: key)], isWhole: shares.count == 1)
      }
    }
    self.lines = lines.values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    self.total = total
    var unconfirmed = Line(key: [])
    for event in ledger.unconfirmedPurchases {
      Self.add(event, Int128(event.costNanoUSD ?? 0), to: &unconfirmed, isWhole: true)
    }
    self.unconfirmed = unconfirmed
    unpricedCount = ledger.events.count(where: \.isUnpricedPurchase)
  }

  private static func add(
    _ event: CoverageEvent, _ cost: Int128, to line: inout Line, isWhole: Bool
  ) {
    line.purchaseCount += 1
    // checked: 128 bits, and prices of 64
    line.nanoUSD += cost
    line.rowCount = isWhole ? line.rowCount.adding(known: event.rowCount ?? 0) : nil
    line.byteCount = isWhole ? line.byteCount.adding(known: event.byteCount ?? 0) : nil
  }

  /// A price in equal shares, to a billionth of a dollar; the first ones get the remainder.
  static func shares(_ cost: Int128, count: Int) -> [Int128] {
    let (share, rest) = cost.quotientAndRemainder(dividingBy: Int128(count))
    return (0..<count).map { share + (Int128($0) < rest ? 1 : 0) }
  }

  private static func value(_ part: Part, _ event: CoverageEvent, _ symbol: String) -> String {
    switch part {
    case .month:
      let day = floorDivide(event.recordedAt, CivilDate.nanosecondsPerDay)
      return String(CivilDate(daysSinceEpoch: Int(day)).iso.prefix(7))
    case .dataset: return event.dataset
    case .schema: return event.schema
    case .symbol: return symbol
    }
  }

  /// Dollars with all their digits, at least two: `12.50`, `0.000000001`.
  public static func text(_ nanoUSD: Int128) -> String {
    let text = DecimalText.format(nanoUSD, scale: 9, trimmed: true)
    guard let point = text.firstIndex(of: ".") else { return text + ".00" }
    return text.distance(from: point, to: text.endIndex) < 3 ? text + "0" : text
  }
}
