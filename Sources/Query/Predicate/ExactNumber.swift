/// A decimal number with all its digits: `mantissa` × 10^`exponent`.
struct ExactNumber: Equatable {
  /// Most digits of a mantissa.
  static let digitCountMax = 38

  var mantissa: Int128
  var exponent: Int

  init(mantissa: Int128, exponent: Int) {
    self.mantissa = mantissa
    self.exponent = exponent
  }

  /// Parses `[-+]digits[.digits][e[-+]digits]`; nil for anything else, for more than 38
  /// significant digits, and for an exponent beyond ±9999.
  init?(_ text: String) {
    var bytes = Substring(text).utf8
    var isNegative = false
    if let first = bytes.first, first == 0x2D || first == 0x2B {
      isNegative = first == 0x2D
      bytes = bytes.dropFirst()
    }
    var mantissa: Int128 = 0
    var exponent = 0
    var digitCount = 0
    var significantCount = 0
    var isFraction = false
    while let byte = bytes.first, byte == 0x2E || byte >= 0x30 && byte <= 0x39 {
      bytes = bytes.dropFirst()
      if byte == 0x2E {
        if isFraction { return nil }
        isFraction = true
        continue
      }
      digitCount += 1
      if mantissa != 0 || byte != 0x30 { significantCount += 1 }
      if significantCount > Self.digitCountMax { return nil }
      mantissa = mantissa * 10 + Int128(byte - 0x30)
      if isFraction { exponent -= 1 }
    }
    if digitCount == 0 { return nil }
    if let byte = bytes.first {
      guard byte | 0x20 == 0x65, let written = Int(String(Substring(bytes.dropFirst()))),
        written.magnitude <= 9_999
      else { return nil }
      exponent += written
    }
    self.mantissa = isNegative ? -mantissa : mantissa
    self.exponent = exponent
  }

  /// The number × 10^scale, rounded towards −∞, and whether that is exact. Beyond 128 bits it
  /// saturates and is not exact.
  func floor(scale: Int) -> (value: Int128, isExact: Bool) {
    if mantissa == 0 { return (0, true) }
    var value = mantissa
    var shift = exponent + scale
    while shift > 0 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      if overflow { return (value < 0 ? .min : .max, false) }
      value = product
      shift -= 1
    }
    var isExact = true
    while shift < 0 {
      let quotient = value.quotientAndRemainder(dividingBy: 10)
      value = quotient.quotient
      if quotient.remainder != 0 { isExact = false }
      if quotient.remainder < 0 { value -= 1 }
      if value == 0 || value == -1, !isExact { break }
      shift += 1
    }
    return (value, isExact)
  }
}
