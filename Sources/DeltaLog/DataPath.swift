import Glibc

// A path in the log is a URI (RFC 2396): relative to the table's root or absolute, percent-encoded.

/// The paths of data files, as the log writes them and as the file system knows them.
public enum DataPath {
  /// The path in the file system: relative to the table's root, or absolute.
  public static func decoded(_ path: String) -> String {
    isPlain(path) ? path : normalised(path)
  }

  /// A path in the file system as the log writes it: everything but unreserved characters, `/`, `=`,
  /// `:`, `@`, `+`, `,`, `!`, `$`, `&`, `'`, `(`, `)`, `*`, `;` percent-encoded.
  public static func encoded(_ path: String) -> String {
    var result: [UInt8] = []
    let digits: StaticString = "0123456789ABCDEF"
    for byte in path.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E, 0x2F, 0x3D, 0x3A, 0x40,
        0x2B, 0x2C, 0x21, 0x24, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x3B:
        result.append(byte)
      default:
        result.append(0x25)
        result.append(digits.utf8Start[Int(byte >> 4)])
        result.append(digits.utf8Start[Int(byte & 15)])
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Whether there is only one way to write this path: it has no escape, no scheme, no empty or dot segment.
  static func isPlain(_ path: String) -> Bool {
    var path = path
    return path.withUTF8 { bytes in
      guard
        var rest = bytes.baseAddress.map({ UnsafeRawBufferPointer(start: $0, count: bytes.count) })
      else { return true }
      if has(0x25, rest) || has(0x3A, rest) { return false }
      while let first = rest.first {
        if first == 0x2F || first == 0x2E { return false }
        guard let slash = position(of: 0x2F, rest) else { return true }
        rest = UnsafeRawBufferPointer(rebasing: rest[(slash + 1)...])
      }
      return true
    }
  }

  private static func has(_ byte: UInt8, _ bytes: UnsafeRawBufferPointer) -> Bool {
    position(of: byte, bytes) != nil
  }

  /// Written for speed: paths come by the hundred thousand.
  private static func position(of byte: UInt8, _ bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.baseAddress, let found = memchr(start, Int32(byte), bytes.count) else {
      return nil
    }
    return UnsafeRawPointer(found) - start
  }

  /// One spelling for all ways to write a path: escapes decoded, `file:` dropped, `//` and `.` collapsed.
  static func normalised(_ path: String) -> String {
    // A URI of another store: the double slash after its scheme stays.
    if hasScheme(path), !path.hasPrefix("file:") {
      return String(decoding: percentDecoded(path), as: UTF8.self)
    }
    var bytes = percentDecoded(path)
    if path.hasPrefix("file:") {
      bytes.removeFirst(5)
      if bytes.starts(with: "//".utf8) {
        // The authority is empty or names this machine.
        bytes = Array(bytes.dropFirst(2).drop { $0 != 0x2F })
      }
    }
    let isAbsolute = bytes.first == 0x2F
    let parts = bytes.split(separator: 0x2F).filter { !$0.elementsEqual(".".utf8) }
    let joined = parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
    return isAbsolute ? "/" + joined : joined
  }

  /// Whether the path begins with `scheme://`.
  static func hasScheme(_ path: String) -> Bool {
    let scheme = path.utf8.prefix { byte in
      (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x2B
        || byte == 0x2D || byte == 0x2E
    }
    return !scheme.isEmpty && path.utf8.dropFirst(scheme.count).starts(with: "://".utf8)
  }

  private static func percentDecoded(_ path: String) -> [UInt8] {
    let source = Array(path.utf8)
    var result: [UInt8] = []
    result.reserveCapacity(source.count)
    var index = 0
    while index < source.count {
      if source[index] == 0x25, index + 2 < source.count,
        let high = hexDigit(source[index + 1]), let low = hexDigit(source[index + 2])
      {
        result.append(high << 4 | low)
        index += 3
      } else {
        result.append(source[index])
        index += 1
      }
    }
    return result
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }
}
