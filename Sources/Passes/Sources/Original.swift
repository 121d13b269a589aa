/// The form in which a rejected row's bytes are kept.
enum Original {
  /// Text where the bytes are valid UTF-8 without NULs, else base64.
  static func text(_ bytes: UnsafeRawBufferPointer) -> (String, SourceRejection.Form) {
    if !bytes.contains(0), let text = validText(bytes) { return (text, .text) }
    return (base64(bytes), .base64)
  }

  static func validText(_ bytes: UnsafeRawBufferPointer) -> String? {
    String(validating: bytes, as: UTF8.self)
  }

  /// Base64 of RFC 4648, padded.
  static func base64(_ bytes: UnsafeRawBufferPointer) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var at = 0
    while at < bytes.count {
      let count = min(3, bytes.count - at)
      var group: UInt32 = 0
      for index in 0..<3 {
        group = group << 8 | (index < count ? UInt32(bytes[at + index]) : 0)
      }
      for index in 0..<4 {
        let digit = alphabet[Int(group >> UInt32(18 - 6 * index) & 63)]
        text.append(index <= count ? digit : 0x3D)
      }
      at += 3
    }
    return String(decoding: text, as: UTF8.self)
  }
}
