/// The roots of an underlying's options, which can differ from its ticker.
///
/// A root consists of letters and digits only, so that of `BRK.B` is `BRKB`. Options on some indices have two
/// roots: one for contracts settled at the opening of the month's third Friday, one for all others.
public enum OptionRoots {
  /// Second root of the indices that have two, by the first root, which equals the ticker.
  private static let secondRoots = ["SPX": "SPXW", "NDX": "NDXP", "RUT": "RUTW", "VIX": "VIXW"]
  /// Other indices with listed options.
  private static let indices: Set<String> = ["XSP", "DJX", "OEX", "XEO", "MRUT", "XND", "XDE"]
  private static let indexPrefix = "I:"

  /// The ticker as used by contract listings: `I:SPX` becomes `SPX`.
  public static func ticker(of underlying: String) -> String {
    underlying.hasPrefix(indexPrefix)
      ? String(underlying.dropFirst(indexPrefix.count)) : underlying
  }

  /// The ticker for which the vendor has prices: `SPX` becomes `I:SPX`.
  public static func pricedTicker(of underlying: String) -> String {
    let ticker = ticker(of: underlying)
    let isIndex =
      underlying != ticker || secondRoots[ticker] != nil || indices.contains(ticker)
    return isIndex ? indexPrefix + ticker : ticker
  }

  /// The roots under which contracts of an underlying are listed, derived from the ticker without a lookup.
  public static func of(_ underlying: String) -> [String] {
    let letters = ticker(of: underlying).utf8.filter {
      (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
    }
    let root = String(decoding: letters, as: UTF8.self)
    return [root] + (secondRoots[root].map { [$0] } ?? [])
  }
}
