/// Decimal numbers as unscaled integers: value × 10^scale.
public enum DecimalText {
  /// Most digits of a decimal.
  public static let precisionMax = 38

  /// 10⁰ … 10³⁸.
  public static let powersOfTen: [Int128] = {
    var powers: [Int128] = [1]
    for _ in 0..<precisionMax { powers.append(powers[powers.count - 1] * 10) }
    return powers
  }()

  /// The exact decimal text of `unscaled` × 10^−`scale`.
  ///
  /// - Parameter trimmed: Drops trailing zeros of the fraction, and the point if no digit follows it.
  public static func format(_ unscaled: Int128, scale: Int, trimmed: Bool) -> String {
    var digits = Array(String(unscaled.magnitude).utf8)
    if scale > 0 {
      if digits.count <= scale {
        digits.insert(
          contentsOf: repeatElement(UInt8(0x30), count: scale + 1 - digits.count), at: 0)
      }
      digits.insert(0x2E, at: digits.count - scale)
      if trimmed {
        while digits.last == 0x30 { digits.removeLast() }
        if digits.last == 0x2E { digits.removeLast() }
      }
    }
    return (unscaled < 0 ? "-" : "") + String(decoding: digits, as: UTF8.self)
  }

  /// The unscaled integer of a decimal literal (`-12.50`, `.5`, `1.0e+06`), parsed without going through a
  /// double.
  ///
  /// - Returns: nil if the text is not a number, has more significant fraction digits than `scale`, or needs
  ///   more than 38 digits: a value is never rounded.
  public static func parse(_ text: UnsafeRawBufferPointer, scale: Int) -> Int128? {
    var at = 0
    var isNegative = false
    if at < text.count, text[at] == 0x2D || text[at] == 0x2B {
      isNegative = text[at] == 0x2D
      at += 1
    }
    var value: Int128 = 0
    var exponent = 0
    var digitCount = 0
    var zeros = 0
    var hasPoint = false
    while at < text.count {
      let byte = text[at]
      if byte == 0x2E && !hasPoint {
        hasPoint = true
      } else if (0x30...0x39).contains(byte) {
        digitCount += 1
        if hasPoint { exponent -= 1 }
        // Zeros are counted until another digit follows, so that 1.000…0 of any length is exact.
        if byte == 0x30 {
          if value != 0 { zeros += 1 } else if !hasPoint { zeros = 0 }
        } else {
          guard let grown = shifted(value, by: zeros + 1) else { return nil }
          value = grown + Int128(byte - 0x30)
          zeros = 0
        }
      } else {
        break
      }
      at += 1
    }
    if digitCount == 0 { return nil }
    if at < text.count, text[at] | 0x20 == 0x65 {
      guard let shift = exponentValue(text, at + 1) else { return nil }
      exponent += shift
      at = text.count
    }
    guard at == text.count else { return nil }
    guard value != 0 else { return 0 }
    guard let scaled = shifted(value, by: zeros + exponent + scale),
      scaled < powersOfTen[precisionMax]
    else { return nil }
    return isNegative ? -scaled : scaled
  }

  /// Like `parse(_:scale:)`, for a string.
  public static func parse(_ text: String, scale: Int) -> Int128? {
    var text = text
    return text.withUTF8 { parse(UnsafeRawBufferPointer($0), scale: scale) }
  }

  /// value × 10^power; nil if that is not exact or overflows.
  private static func shifted(_ value: Int128, by power: Int) -> Int128? {
    if power >= 0 {
      guard power <= precisionMax else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: powersOfTen[power])
      return overflow ? nil : product
    }
    guard -power <= precisionMax else { return nil }
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: powersOfTen[-power])
    return remainder == 0 ? quotient : nil
  }

  private static func exponentValue(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int? {
    var at = start
    var isNegative = false
    if at < text.count, text[at] == 0x2D || text[at] == 0x2B {
      isNegative = text[at] == 0x2D
      at += 1
    }
    guard at < text.count, text.count - at <= 4 else { return nil }
    var value = 0
    while at < text.count {
      guard (0x30...0x39).contains(text[at]) else { return nil }
      value = value * 10 + Int(text[at] - 0x30)
      at += 1
    }
    return isNegative ? -value : value
  }
}
