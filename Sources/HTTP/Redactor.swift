import Bytes

/// Replaces every key in text that is shown or logged.
public struct Redactor: Sendable {
  /// The replacement for a key.
  public static let mark = "***"

  /// Shortest prefix of a key, in bytes, that is redacted at the end of truncated text.
  private static let cutByteMin = 4

  /// Shortest prefix of an encoded key, in bytes, that is redacted.
  private static let encodedByteMin = 8

  /// The keys, longest first.
  private let keys: [[UInt8]]
  /// Prefixes of the keys' Basic authentication encoding, up to the last character that does not depend on what
  /// follows the key.
  private let encoded: [[UInt8]]

  /// - Parameter secrets: Empty ones are ignored.
  public init(_ secrets: [Secret]) {
    var (keys, encoded): (Set<[UInt8]>, Set<[UInt8]>) = ([], [])
    for secret in secrets {
      secret.withText { text in
        guard !text.isEmpty else { return }
        keys.insert(Array(text.utf8))
        for basic in [Array(text.utf8), Array((text + ":").utf8)] {
          let form = Array(Base64.encode(basic).utf8)
          let sure = Array(form.prefix(basic.count * 8 / 6))
          // Shorter prefixes occur in ordinary words.
          let forms =
            sure.count < Self.encodedByteMin ? [form, form.filter { $0 != 0x3D }] : [sure]
          encoded.formUnion(forms)
        }
      }
    }
    self.keys = keys.sorted { ($0.count, $0.first ?? 0) > ($1.count, $1.first ?? 0) }
    self.encoded = encoded.sorted { ($0.count, $0.first ?? 0) > ($1.count, $1.first ?? 0) }
  }

  /// The text with all keys redacted, in any form in which a server may echo them: verbatim, percent-encoded in
  /// any way, escaped as JSON or HTML, or as Basic authentication. In URLs, user information and parameters
  /// named like a key are redacted too, whatever their value.
  ///
  /// - Parameter isCut: Whether the text may be truncated, so that it may end with a key's prefix.
  public func redact(_ text: String, isCut: Bool = false) -> String {
    let found = keys.isEmpty ? text : redactKeys(text, isCut: isCut)
    return AddressText.redacted(found)
  }

  /// A prefix of the text with all keys redacted, truncated only afterwards: a truncated key would not be
  /// recognised.
  public func redact(_ text: String, characterCountMax: Int) -> String {
    let clean = redact(text)
    return clean.count > characterCountMax ? clean.prefix(characterCountMax) + "…" : clean
  }

  private func redactKeys(_ text: String, isCut: Bool) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var index = 0
    var isChanged = false
    while index < bytes.count {
      guard let end = end(of: bytes, from: index, isCut: isCut) else {
        result.append(bytes[index])
        index += 1
        continue
      }
      result += Array(Self.mark.utf8)
      index = end
      isChanged = true
    }
    return isChanged ? String(decoding: result, as: UTF8.self) : text
  }

  /// Whether a range is delimited: no letter or digit before or after it.
  private static func isWord(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    func isOfWord(_ byte: UInt8) -> Bool {
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
    }
    if range.lowerBound > 0, isOfWord(bytes[range.lowerBound - 1]) { return false }
    return range.upperBound >= bytes.count || !isOfWord(bytes[range.upperBound])
  }

  /// End of the key that begins at `start`; nil if none does.
  private func end(of bytes: [UInt8], from start: Int, isCut: Bool) -> Int? {
    for key in keys {
      guard let end = Self.match(key, bytes, start, isCut) else { continue }
      // A short key may be part of an ordinary word.
      if key.count >= Self.encodedByteMin || Self.isWord(bytes, start..<end) { return end }
    }
    for form in encoded {
      guard var end = Self.match(form, bytes, start, isCut) else { continue }
      // What follows the last whole character of the key, padding included.
      var rest = 4
      while rest > 0, end < bytes.count, Self.isBase64(bytes[end]) {
        end += 1
        rest -= 1
      }
      return end
    }
    return nil
  }

  private static func match(
    _ key: [UInt8], _ bytes: [UInt8], _ start: Int, _ isCut: Bool
  ) -> Int? {
    var at = start
    for (count, wanted) in key.enumerated() {
      if at == bytes.count { return isCut && count >= cutByteMin ? at : nil }
      guard let (byte, length) = byte(of: bytes, at) else {
        return nil
      }
      // URL-safe Base64 encodes two characters differently.
      let isSame =
        byte == wanted || byte == 0x2D && wanted == 0x2B || byte == 0x5F && wanted == 0x2F
      if !isSame {
        // A literal byte that looks like the start of an escape.
        guard length > 1, bytes[at] == wanted else {
          // A truncated escape.
          return isCut && count >= cutByteMin && bytes.count - at < 6 && isEscape(bytes[at])
            ? bytes.count : nil
        }
        at += 1
        continue
      }
      at += length
    }
    return at
  }

  private static func isEscape(_ byte: UInt8) -> Bool {
    byte == 0x25 || byte == 0x5C || byte == 0x26
  }

  /// The byte at an index, literal or escaped, and the length of its encoding.
  private static func byte(of bytes: [UInt8], _ at: Int) -> (UInt8, length: Int)? {
    let first = bytes[at]
    switch first {
    case 0x25:
      // `%2B`, or `%252B` if a URL was encoded twice.
      var digits = at + 1
      while digits + 1 < bytes.count, bytes[digits] == 0x32, bytes[digits + 1] == 0x35 {
        digits += 2
      }
      if let value = hex(bytes, digits, 2) { return (value, digits + 2 - at) }
    case 0x5C where at + 1 < bytes.count:
      if bytes[at + 1] == 0x75, hex(bytes, at + 2, 2) == 0, let value = hex(bytes, at + 4, 2) {
        return (value, 6)
      }
      if bytes[at + 1] == 0x78, let value = hex(bytes, at + 2, 2) { return (value, 4) }
      if [0x22, 0x2F, 0x5C, 0x27].contains(bytes[at + 1]) { return (bytes[at + 1], 2) }
    case 0x26:
      for (name, value) in htmlNames where bytes[at...].starts(with: name) {
        return (value, name.count)
      }
      return numberedEntity(bytes, at) ?? (first, 1)
    default: break
    }
    return (first, 1)
  }

  private static let htmlNames: [([UInt8], UInt8)] = [
    ("&amp;", 0x26), ("&lt;", 0x3C), ("&gt;", 0x3E), ("&quot;", 0x22), ("&apos;", 0x27),
  ].map { (Array($0.0.utf8), $0.1) }

  /// `&#43;`, `&#x2B;`.
  private static func numberedEntity(_ bytes: [UInt8], _ at: Int) -> (UInt8, length: Int)? {
    let text = bytes[at...].prefix(8)
    guard text.starts(with: "&#".utf8), let end = text.firstIndex(of: 0x3B) else { return nil }
    let digits = String(decoding: text[(at + 2)..<end], as: UTF8.self)
    let value =
      digits.first == "x" || digits.first == "X"
      ? UInt8(digits.dropFirst(), radix: 16) : UInt8(digits)
    return value.map { ($0, end + 1 - at) }
  }

  private static func hex(_ bytes: [UInt8], _ at: Int, _ count: Int) -> UInt8? {
    guard at + count <= bytes.count else { return nil }
    return UInt8(String(decoding: bytes[at..<(at + count)], as: UTF8.self), radix: 16)
  }

  private static func isBase64(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      || [0x2B, 0x2F, 0x3D, 0x2D, 0x5F].contains(byte)
  }
}
