/// Sizes in bytes with units.
public enum SizeText {
  /// Parses `192MB`, `64 MiB`, `1g`, `4096`; nil for anything else or on overflow.
  public static func parse(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
    let factors = [
      "": 1, "b": 1, "k": 1000, "kb": 1000, "kib": 1024, "m": 1_000_000, "mb": 1_000_000,
      "mib": 1 << 20, "g": 1_000_000_000, "gb": 1_000_000_000, "gib": 1 << 30,
      "t": 1_000_000_000_000, "tb": 1_000_000_000_000, "tib": 1 << 40,
    ]
    guard let factor = factors[unit], let number = Double(digits), number >= 0 else { return nil }
    let product = (number * Double(factor)).rounded()
    return product < 9e18 ? Int(product) : nil
  }
}
