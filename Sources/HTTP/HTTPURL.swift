/// The parts of a URL that identify the server and the resource.
public struct HTTPURL: Hashable, Sendable {
  /// Longest accepted URL, in bytes.
  public static let byteCountMax = 16 << 10

  /// Whether it is https.
  public let isEncrypted: Bool
  /// In lower case; an IPv6 address without its brackets.
  public let host: String
  /// The explicit port, or the scheme's default.
  public let port: Int
  /// Path and query, beginning with `/`; without fragment.
  public let target: String

  /// nil unless the text is an http or https URL without user information, spaces and control characters.
  public init?(_ text: String) {
    guard text.utf8.count <= Self.byteCountMax,
      text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x5C })
    else { return nil }
    let rest: Substring
    if let http = Self.rest(of: text, after: "http://") {
      (isEncrypted, rest) = (false, http)
    } else if let https = Self.rest(of: text, after: "https://") {
      (isEncrypted, rest) = (true, https)
    } else {
      return nil
    }
    let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
    guard let authority = Self.authority(rest[..<end]) else { return nil }
    host = authority.host
    port = authority.port ?? (isEncrypted ? 443 : 80)
    let tail = rest[end...].prefix { $0 != "#" }
    target = tail.hasPrefix("/") ? String(tail) : "/" + tail
  }

  /// The absolute URL of a `Location` or `next_url` relative to this one; nil if it is not a URL.
  public func resolving(_ reference: String) -> HTTPURL? {
    if reference.hasPrefix("//") { return HTTPURL((isEncrypted ? "https:" : "http:") + reference) }
    if reference.hasPrefix("/") { return HTTPURL(origin + reference) }
    return HTTPURL(reference)
  }

  /// Whether both are the same server: scheme, host and port.
  public func isSameServer(as other: HTTPURL) -> Bool {
    isEncrypted == other.isEncrypted && host == other.host && port == other.port
  }

  /// Whether the host is this machine (`localhost` or a loopback address).
  public var isLoopback: Bool {
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  /// Scheme, host and port.
  public var origin: String {
    let shown = host.contains(":") ? "[\(host)]" : host
    let usual = isEncrypted ? 443 : 80
    return (isEncrypted ? "https://" : "http://") + shown + (port == usual ? "" : ":\(port)")
  }

  /// The complete URL.
  public var text: String { origin + target }

  private static func rest(of text: String, after scheme: String) -> Substring? {
    guard text.utf8.count > scheme.utf8.count, text.prefix(scheme.count).lowercased() == scheme
    else { return nil }
    return text.dropFirst(scheme.count)
  }

  private static func authority(_ text: Substring) -> (host: String, port: Int?)? {
    guard !text.contains("@"), !text.contains("%") else { return nil }
    let host: Substring
    var rest: Substring
    if text.hasPrefix("["), let close = text.firstIndex(of: "]") {
      host = text[text.index(after: text.startIndex)..<close]
      rest = text[text.index(after: close)...]
      guard host.utf8.allSatisfy({ isHexDigit($0) || $0 == 0x3A || $0 == 0x2E }) else { return nil }
    } else {
      host = text.prefix { $0 != ":" }
      rest = text[host.endIndex...]
      guard host.utf8.allSatisfy(isHostByte) else { return nil }
    }
    guard !host.isEmpty else { return nil }
    if rest.isEmpty { return (host.lowercased(), nil) }
    guard rest.removeFirst() == ":", let port = Int(rest), (1...65_535).contains(port),
      rest.utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return (host.lowercased(), port)
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      || byte == 0x2D || byte == 0x2E || byte == 0x5F
  }
}
