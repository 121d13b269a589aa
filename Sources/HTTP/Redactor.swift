import Bytes

/// Replaces every key in a text that a person or a log will see.
public struct Redactor: Sendable {
  /// What stands in a key's place.
  public static let mark = "***"

  /// The forms in which a key may appear, longest first.
  private let forms: [[UInt8]]

  /// - Parameter secrets: Empty ones are left alone.
  public init(_ secrets: [Secret]) {
    var found: [[UInt8]] = []
    for secret in secrets {
      secret.withText { text in
        guard !text.isEmpty else { return }
        let basic = Base64.encode(Array((text + ":").utf8))
        for form in [text, PercentEncoding.encode(text), basic, String(basic.prefix { $0 != "=" })]
        where !found.contains(Array(form.utf8)) {
          found.append(Array(form.utf8))
        }
      }
    }
    forms = found.sorted { $0.count > $1.count }
  }

  /// The text without its keys: as they are, percent-encoded, or as basic authentication writes them.
  public func redact(_ text: String) -> String {
    if forms.isEmpty { return text }
    var bytes = Array(text.utf8)
    var isChanged = false
    for form in forms {
      guard let replaced = Self.replacing(form, in: bytes) else { continue }
      bytes = replaced
      isChanged = true
    }
    return isChanged ? String(decoding: bytes, as: UTF8.self) : text
  }

  /// nil where `form` does not occur.
  private static func replacing(_ form: [UInt8], in bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count >= form.count else { return nil }
    var result: [UInt8] = []
    var index = 0
    var isFound = false
    while index < bytes.count {
      if bytes[index] == form[0], bytes[index...].starts(with: form) {
        result += Array(mark.utf8)
        index += form.count
        isFound = true
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return isFound ? result : nil
  }
}
