import Columnar

/// The contracts to discover around an opening price: strikes within a percentage of it, expirations within a
/// number of days.
public struct DiscoveryRange: Hashable, Sendable {
  /// Largest accepted percentage (100 %), in billionths of a percent: 1 % is 1,000,000,000.
  public static let percentMax: Int64 = 100 * Price.scale
  /// Largest accepted number of days from a session to an expiration.
  public static let expiryDaysMax = 3660

  /// Lowest and highest strike, in billionths of a dollar, both included.
  public let strikes: ClosedRange<Int64>
  /// First and last expiration, both included.
  public let expirations: ClosedRange<CivilDate>

  /// - Parameters:
  ///   - open: The day's opening price in billionths of a dollar.
  ///   - percent: Largest distance of a strike from `open`, in billionths of a percent.
  ///   - expiryDays: Days from `date` to the last expiration.
  public init(open: Int64, percent: Int64, date: CivilDate, expiryDays: Int) throws(OptionError) {
    try StrikeRule.requirePrice(open)
    guard (0...Self.percentMax).contains(percent) else {
      throw OptionError(
        .badPrice, "a range of \(Price.text(percent)) percent, expected 0 to 100",
        remedy: "--range-pct 1")
    }
    guard (0...Self.expiryDaysMax).contains(expiryDays) else {
      throw OptionError(
        .badExpiry, "\(expiryDays) days to the expiry, expected 0 to \(Self.expiryDaysMax)",
        remedy: "--expiry-days 7")
    }
    let width = Int128(open) * Int128(percent) / Int128(Self.percentMax)
    let reach = Int64(width)
    strikes = open - reach...open + reach
    expirations = date...CivilDate(daysSinceEpoch: date.daysSinceEpoch + expiryDays)
  }
}
