/// Redacts what may be secret in the URLs of a text.
public enum AddressText {
  /// A query parameter whose name contains one of these words has a secret value.
  private static let secretWords = [
    "key", "token", "secret", "sig", "auth", "pass", "pwd", "cred", "session",
  ]

  /// The text with `***` for the user information of all URLs in it, and for the values of parameters such as
  /// `apiKey`.
  public static func redacted(_ text: String) -> String {
    guard text.utf8.contains(0x40) || text.utf8.contains(0x3D) else { return text }
    return parameters(userNames(text))
  }

  /// Redacts a text that is meant to be one URL, with or without a scheme.
  public static func redacted(address text: String) -> String {
    if text.contains("://") { return redacted(text) }
    let scheme = "https://"
    return String(redacted(scheme + text).dropFirst(scheme.count))
  }

  /// `scheme://user:password@host` → `scheme://***@host`.
  private static func userNames(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let colon = rest.firstRange(of: "://") {
      result += rest[..<colon.upperBound]
      rest = rest[colon.upperBound...]
      let end = rest.firstIndex { isEnd($0) || $0 == "?" || $0 == "#" } ?? rest.endIndex
      // The last `@`: a password may contain some, and slashes, though it should not. Redacting too much is
      // safer.
      if let at = rest[..<end].lastIndex(of: "@") {
        result += Redactor.mark
        rest = rest[at...]
      }
    }
    return result + rest
  }

  /// `?apiKey=…&x=1` → `?apiKey=***&x=1`.
  private static func parameters(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let mark = rest.firstIndex(where: { $0 == "?" || $0 == "&" }) {
      let next = rest.index(after: mark)
      result += rest[..<next]
      rest = rest[next...]
      guard let equals = rest.firstIndex(where: { !isNameCharacter($0) }), rest[equals] == "=",
        isSecret(rest[..<equals])
      else { continue }
      let start = rest.index(after: equals)
      let end = rest[start...].firstIndex { isEnd($0) || $0 == "&" || $0 == "#" } ?? rest.endIndex
      result += rest[..<start]
      if start < end { result += Redactor.mark }
      rest = rest[end...]
    }
    return result + rest
  }

  private static func isNameCharacter(_ character: Character) -> Bool {
    character.isASCII
      && (character.isLetter || character.isNumber || "-_.[]%~".contains(character))
  }

  private static func isSecret(_ name: Substring) -> Bool {
    let name = name.lowercased()
    return secretWords.contains { name.contains($0) }
  }

  /// Whether a character ends a URL in running text.
  private static func isEnd(_ character: Character) -> Bool {
    character.isWhitespace || character == "'" || character == "\"" || character == "<"
      || character == ">" || character == "`"
  }
}
