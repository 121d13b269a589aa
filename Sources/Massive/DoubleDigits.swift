import Columnar

/// Numbers that a program printed with all digits of a double, of which the last are noise.
enum DoubleDigits {
  /// Digits that every double preserves; decimals with more are computed numbers.
  private static let keptCount = 15
  private static let shortMax = 12
  /// Digits that identify every double.
  private static let digitMax = 17
  /// Doubles between the two at most.
  private static let stepMax: UInt64 = 4

  /// `15.21` for `15.209999999999999` or `15.210000000000001`: the number rounded to the digits that a double
  /// preserves.
  ///
  /// - Returns: The value times 10 to the power of `scale`; nil for numbers with fewer digits, and those that
  ///   are not short when rounded: they are exact as they are.
  static func short(_ text: UnsafeRawBufferPointer, scale: Int) -> Int128? {
    guard text.count > keptCount else { return nil }
    var digits: [UInt8] = []
    var exponent = 0
    var isFraction = false
    var at = text.first == 0x2D ? 1 : 0
    while at < text.count, text[at] == 0x2E || (0x30...0x39).contains(text[at]) {
      if text[at] == 0x2E {
        isFraction = true
      } else {
        if !digits.isEmpty || text[at] != 0x30 { digits.append(text[at] - 0x30) }
        if isFraction { exponent -= 1 }
      }
      at += 1
    }
    while digits.last == 0 {
      digits.removeLast()
      exponent += 1
    }
    // Numbers with an exponent are left as they are.
    guard at == text.count, (keptCount + 1...digitMax).contains(digits.count) else { return nil }
    exponent += digits.count - keptCount
    let roundsUp = digits[keptCount] >= 5
    digits.removeSubrange(keptCount...)
    var value = digits.reduce(Int128(0)) { $0 * 10 + Int128($1) } + (roundsUp ? 1 : 0)
    var count = keptCount
    while value != 0, value % 10 == 0 {
      value /= 10
      exponent += 1
      count -= 1
    }
    guard count <= shortMax else { return nil }
    let short = (text.first == 0x2D ? "-" : "") + "\(value)e\(exponent)"
    guard let double = Double(String(decoding: text, as: UTF8.self)), let other = Double(short),
      double.sign == other.sign,
      max(double.bitPattern, other.bitPattern) - min(double.bitPattern, other.bitPattern) <= stepMax
    else { return nil }
    return DecimalText.parse(short, scale: scale)
  }
}
