/// The roots of an underlying's options: they need not be its ticker.
///
/// A root has letters and digits alone, so that of `BRK.B` is `BRKB`. Options on some indices have two: one of
/// those that settle at the opening of the month's third Friday, one of all others.
public enum OptionRoots {
  /// Indices with two roots, by the root that is their ticker.
  private static let secondRoots = ["SPX": "SPXW", "NDX": "NDXP", "RUT": "RUTW", "VIX": "VIXW"]
  /// Further indices that have options.
  private static let indices: Set<String> = ["XSP", "DJX", "OEX", "XEO", "MRUT", "XND", "XDE"]
  private static let indexPrefix = "I:"

  /// The ticker as lists of contracts have it: `SPX` of `I:SPX`.
  public static func ticker(of underlying: String) -> String {
    underlying.hasPrefix(indexPrefix)
      ? String(underlying.dropFirst(indexPrefix.count)) : underlying
  }

  /// The ticker of which there are prices: `I:SPX` of `SPX`.
  public static func pricedTicker(of underlying: String) -> String {
    let ticker = ticker(of: underlying)
    let isIndex =
      underlying != ticker || secondRoots[ticker] != nil || indices.contains(ticker)
    return isIndex ? indexPrefix + ticker : ticker
  }

  /// The roots under which contracts of an underlying are listed, as far as can be told without a list.
  public static func of(_ underlying: String) -> [String] {
    let letters = ticker(of: underlying).utf8.filter {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
    }
    let root = String(decoding: letters, as: UTF8.self)
    return [root] + (secondRoots[root].map { [$0] } ?? [])
  }
}
