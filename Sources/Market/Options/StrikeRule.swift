import Columnar

/// How many strikes are chosen around an opening price, and how far apart: calls strictly above it, puts at or
/// below.
public struct StrikeRule: Hashable, Sendable {
  /// Most contracts per side.
  public static let countMax = 500

  /// Number of calls.
  public let callCount: Int
  /// Number of puts.
  public let putCount: Int
  /// Distance between neighbouring strikes, in billionths of a dollar.
  public let increment: Int64

  /// - Parameter increment: A positive multiple of 0.001 in billionths of a dollar.
  public init(callCount: Int, putCount: Int, increment: Int64) throws(OptionError) {
    for (count, word) in [(callCount, "calls"), (putCount, "puts")]
    where !(0...Self.countMax).contains(count) {
      throw OptionError(.badCount, "\(count) \(word), expected 0 to \(Self.countMax)")
    }
    if callCount + putCount == 0 {
      throw OptionError(.badCount, "no calls and no puts", remedy: "--calls 2 --puts 2")
    }
    guard increment > 0, increment <= OptionSymbol.strikeMax,
      increment % OptionSymbol.strikeUnit == 0
    else {
      throw OptionError(
        .badIncrement, "strike increment is \(Price.text(increment)), expected a multiple of 0.001",
        remedy: "--increment 0.5")
    }
    self.callCount = callCount
    self.putCount = putCount
    self.increment = increment
  }

  /// The strikes for an opening price, both nearest first, in billionths of a dollar.
  ///
  /// Strikes that a symbol cannot represent (zero, or above `OptionSymbol.strikeMax`) are omitted.
  ///
  /// - Parameter open: A positive price in billionths of a dollar.
  public func strikes(open: Int64) throws(OptionError) -> (calls: [Int64], puts: [Int64]) {
    try Self.requirePrice(open)
    let below = open / increment * increment
    let calls = (0..<Int64(callCount)).map { below + ($0 + 1) * increment }
    let puts = (0..<Int64(putCount)).map { below - $0 * increment }
    let held = 1...OptionSymbol.strikeMax
    return (calls.filter(held.contains), puts.filter(held.contains))
  }

  static func requirePrice(_ open: Int64) throws(OptionError) {
    guard open > 0, open <= OptionSymbol.strikeMax else {
      throw OptionError(
        .badPrice, "opening price is \(Price.text(open)), expected 0.000000001 to 99999.999")
    }
  }

  /// Parses a decimal price or increment such as `0.5` exactly; nil for anything else.
  public static func price(parsing text: String) -> Int64? {
    DecimalText.parse(text, scale: Price.digits).flatMap(Int64.init(exactly:))
  }
}
