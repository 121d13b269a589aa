/// Hexadecimal text.
package enum HexText {
  private static let digits: [UInt8] = Array("0123456789abcdef".utf8)

  /// Two lower-case digits per byte, in order.
  package static func lowercase(_ bytes: some Collection<UInt8>) -> String {
    let count = bytes.count
    return String(unsafeUninitializedCapacity: 2 * count) { text in
      var at = 0
      for byte in bytes {
        text[at] = digits[Int(byte >> 4)]
        text[at + 1] = digits[Int(byte & 15)]
        at += 2
      }
      return at
    }
  }
}
