/// Decimals of any number of digits, for printing only.
enum OversizeDecimal {
  /// `bytes` in decimal, with `scale` digits after the point.
  ///
  /// - Parameter bytes: Two's complement, most significant byte first; no bytes are zero.
  static func format(_ bytes: [UInt8], scale: Int) -> String {
    let isNegative = (bytes.first ?? 0) >= 0x80
    var digits = [UInt8](decimal(magnitude(bytes)).reversed())
    if digits.count <= scale {
      digits.insert(contentsOf: repeatElement(0x30, count: scale + 1 - digits.count), at: 0)
    }
    if scale > 0 { digits.insert(0x2E, at: digits.count - scale) }
    if isNegative { digits.insert(0x2D, at: 0) }
    return String(decoding: digits, as: UTF8.self)
  }

  private static func magnitude(_ bytes: [UInt8]) -> [UInt8] {
    if (bytes.first ?? 0) < 0x80 { return bytes }
    var result = bytes.map { ~$0 }
    for index in result.indices.reversed() {
      result[index] &+= 1
      if result[index] != 0 { break }
    }
    return result
  }

  /// The digits of a magnitude, least significant first.
  private static func decimal(_ magnitude: [UInt8]) -> [UInt8] {
    // Nine digits a limb, least significant first.
    var limbs: [UInt32] = []
    for byte in magnitude {
      var carry = UInt64(byte)
      for index in limbs.indices {
        let value = UInt64(limbs[index]) << 8 + carry
        limbs[index] = UInt32(value % 1_000_000_000)
        carry = value / 1_000_000_000
      }
      if carry > 0 { limbs.append(UInt32(carry)) }
    }
    var digits: [UInt8] = []
    for var limb in limbs {
      for _ in 0..<9 {
        digits.append(0x30 + UInt8(limb % 10))
        limb /= 10
      }
    }
    while digits.count > 1, digits.last == 0x30 { digits.removeLast() }
    return digits.isEmpty ? [0x30] : digits
  }
}
