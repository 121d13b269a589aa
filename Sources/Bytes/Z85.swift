/// Z85, a Base85 whose digits need no escapes in JSON.
///
/// - Spec: ZeroMQ RFC 32.
public enum Z85 {
  private static let alphabet: StaticString =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"

  /// The value of each digit; 255 for every other byte.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 255, count: 256)
    for index in 0..<85 { values[Int(alphabet.utf8Start[index])] = UInt8(index) }
    return values
  }()

  /// Decodes a text: four bytes for every five digits.
  ///
  /// The last five digits may begin with `#` once to three times, which no number of four bytes does: as many bytes
  /// fewer follow. Rust's `z85` writes texts of other lengths so; other writers pad them with zeros.
  ///
  /// - Returns: nil if it is no such text.
  public static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var word: UInt64 = 0
    var digitCount = 0
    // Of the present five digits; above 0 only in the last ones.
    var missingCount = 0
    for byte in text {
      if missingCount > 0, digitCount == 0 { return nil }
      if byte == 0x23, digitCount == missingCount {
        missingCount += 1
        digitCount += 1
        if missingCount == 4 { return nil }
        continue
      }
      let value = values[Int(byte)]
      if value == 255 { return nil }
      // At most 85⁵ − 1, which fits.
      word = word * 85 + UInt64(value)
      digitCount += 1
      if digitCount == 5 {
        guard let whole = UInt32(exactly: word), whole <= UInt32.max >> UInt32(8 * missingCount)
        else { return nil }
        withUnsafeBytes(of: whole.bigEndian) { bytes += $0.dropFirst(missingCount) }
        word = 0
        digitCount = 0
      }
    }
    return digitCount == 0 ? bytes : nil
  }
}
