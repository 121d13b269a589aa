/// Fixed-point prices: a 64-bit count of billionths, the unit of DBN and of decimal(18,9) columns.
public enum Price {
  /// Units in 1.0.
  public static let scale: Int64 = 1_000_000_000
  /// Decimal digits after the point.
  public static let digits = 9
  /// The vendor's sentinel for "no price".
  public static let undefined = Int64.max

  /// Formats with all nine decimals: `3720.250000000`.
  public static func text(_ price: Int64) -> String {
    let magnitude = price.magnitude
    let fraction = String(magnitude % UInt64(scale))
    let padding = String(repeating: "0", count: digits - fraction.utf8.count)
    return (price < 0 ? "-" : "") + "\(magnitude / UInt64(scale)).\(padding)\(fraction)"
  }
}
