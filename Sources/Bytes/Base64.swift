/// Base64 text (RFC 4648, section 4) of bytes that have no other text.
public enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  public static func encode(_ bytes: some Collection<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var word: UInt32 = 0
    var pending = 0
    for byte in bytes {
      word = word << 8 | UInt32(byte)
      pending += 1
      if pending == 3 {
        for shift: UInt32 in [18, 12, 6, 0] { text.append(alphabet[Int(word >> shift & 63)]) }
        word = 0
        pending = 0
      }
    }
    if pending > 0 {
      word <<= UInt32(24 - 8 * pending)
      for place in 0..<4 {
        let symbol = alphabet[Int(word >> UInt32(18 - 6 * place) & 63)]
        text.append(place <= pending ? symbol : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
