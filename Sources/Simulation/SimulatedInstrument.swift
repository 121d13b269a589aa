// The simulator's instruments: well-known ones with their real tick and a typical price, others derived from
// their symbol.

import Columnar
import Market

/// One simulated instrument.
struct SimulatedInstrument: Sendable {
  let symbol: String
  let id: UInt32
  let isFuture: Bool
  /// Tick size, in 1e-9.
  let tick: Int64
  /// Long-term average price, in 1e-9.
  let basePrice: Int64
  /// Shares or contracts per lot: the unit of all sizes.
  let lot: UInt32
  /// Share of the market's activity, relative to the other instruments.
  let liquidity: UInt64
  /// Value of a tick in the contract's currency, in 1e-9.
  let tickValue: Int64

  /// - Parameter rank: Index in the list of symbols; liquidity decreases with it.
  init(symbol: String, isFuture: Bool, id: UInt32, rank: Int) {
    self.symbol = symbol
    self.isFuture = isFuture
    self.id = id
    let hash = SimulatorRandom.mix(SimulatorRandom.hash(symbol))
    liquidity = 4096 / UInt64(4 + rank) + 16 + hash % 64
    if isFuture {
      let known = Self.futures[Self.root(symbol)] ?? (10_000_000, 100_000_000_000, 1000)
      tick = known.tick
      basePrice = known.price
      lot = 1
      tickValue = known.tick * Int64(known.multiplier)
    } else {
      tick = 10_000_000
      basePrice = Self.equities[symbol] ?? Int64(10 + hash % 390) * 1_000_000_000
      lot = 100
      tickValue = tick
    }
  }

  /// The price at the start of a day, in 1e-9 and a multiple of the tick: a slow random walk over the days
  /// around the base price.
  func anchor(on date: CivilDate, seed: UInt64) -> Int64 {
    let origin = 10_957  // 2000-01-01
    let days = abs(date.daysSinceEpoch - origin)
    let direction: UInt64 = date.daysSinceEpoch < origin ? 1 : 0
    var random = SimulatorRandom(seed: seed, SimulatorRandom.hash(symbol), direction)
    // Logarithm of price over base price, in millionths: a mean-reverting walk of about 1.2 % a day.
    var walk: Int64 = 0
    for _ in 0..<days {
      let step = (0..<4).reduce(Int64(0)) { sum, _ in sum + Int64(random.next(below: 20_001)) }
      walk += step - 40_000 - walk / 128
    }
    let factor = max(100_000, 1_000_000 + walk)
    let price = basePrice / 1_000_000 * factor
    return max(tick * 20, price / tick * tick)
  }

  /// The root of a future's symbol: `ES` for `ESH4`.
  static func root(_ symbol: String) -> String {
    var root = Substring(symbol)
    while let last = root.last, last.isNumber, root.count > 1 { root.removeLast() }
    if root.count > 1, let last = root.last, monthCodes.contains(last) { root.removeLast() }
    return String(root)
  }

  /// Whether a symbol has the form of a future: root, month code, one or two digits of the year.
  static func isFutureSymbol(_ symbol: String) -> Bool {
    let digits = symbol.reversed().prefix { $0.isASCII && $0.isNumber }.count
    let rest = symbol.dropLast(digits)
    guard (1...2).contains(digits), let month = rest.last else { return false }
    return rest.count >= 2 && monthCodes.contains(month)
      && rest.dropLast().allSatisfy { $0.isASCII && ($0.isUppercase || $0.isNumber) }
  }

  /// Year and month of a future's expiry, the year being the first one from the year before `start` on that
  /// ends in the symbol's digits; nil if the symbol is not a future's.
  static func maturity(_ symbol: String, start: CivilDate) -> (year: Int, month: Int)? {
    let digits = symbol.reversed().prefix { $0.isASCII && $0.isNumber }.count
    guard (1...2).contains(digits), let year = Int(symbol.suffix(digits)),
      let code = symbol.dropLast(digits).last, let index = monthCodes.firstIndex(of: code)
    else { return nil }
    let period = digits == 1 ? 10 : 100
    let first = start.year - 1
    let offset = ((year - first) % period + period) % period
    return (first + offset, monthCodes.distance(from: monthCodes.startIndex, to: index) + 1)
  }

  private static let monthCodes = "FGHJKMNQUVXZ"

  private static let futures: [String: (tick: Int64, price: Int64, multiplier: Int)] = [
    "ES": (250_000_000, 4_750_000_000_000, 50), "NQ": (250_000_000, 16_800_000_000_000, 20),
    "YM": (1_000_000_000, 37_800_000_000_000, 5), "RTY": (100_000_000, 2_020_000_000_000, 50),
    "MES": (250_000_000, 4_750_000_000_000, 5), "MNQ": (250_000_000, 16_800_000_000_000, 2),
    "CL": (10_000_000, 73_000_000_000, 1000), "NG": (1_000_000, 2_600_000_000, 10_000),
    "GC": (100_000_000, 2_050_000_000_000, 100), "SI": (5_000_000, 23_500_000_000, 5000),
    "ZN": (15_625_000, 112_000_000_000, 1000), "ZB": (31_250_000, 123_000_000_000, 1000),
    "6E": (50_000, 1_100_000_000, 125_000), "6J": (500, 7_000_000, 12_500_000),
  ]

  private static let equities: [String: Int64] = [
    "SPY": 472_000_000_000, "QQQ": 402_000_000_000, "IWM": 199_000_000_000,
    "AAPL": 185_000_000_000, "MSFT": 370_000_000_000, "NVDA": 481_000_000_000,
    "AMZN": 150_000_000_000, "META": 346_000_000_000, "TSLA": 248_000_000_000,
    "GOOGL": 138_000_000_000, "AMD": 138_000_000_000, "JPM": 172_000_000_000,
    "XOM": 102_000_000_000, "BAC": 34_000_000_000, "INTC": 47_000_000_000,
  ]
}
