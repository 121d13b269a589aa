import Glibc

/// The raw content of a JSON string: without quotes, with escapes.
///
/// It is validated, and valid as long as the parsed bytes.
public struct JSONText {
  /// The raw bytes between the quotes.
  public let bytes: UnsafeRawBufferPointer
  /// Whether there are escapes; if not, `bytes` are the value.
  public let hasEscapes: Bool

  @inlinable init(bytes: UnsafeRawBufferPointer, hasEscapes: Bool) {
    self.bytes = bytes
    self.hasEscapes = hasEscapes
  }

  /// The unescaped string.
  public var string: String {
    if !hasEscapes { return String(decoding: bytes, as: UTF8.self) }
    return String(unsafeUninitializedCapacity: bytes.count) { target in
      unescape(into: UnsafeMutableRawBufferPointer(target))
    }
  }

  /// Whether the unescaped string equals `literal`.
  @inlinable public func equals(_ literal: StaticString) -> Bool {
    if hasEscapes { return string == literal.description }
    guard literal.utf8CodeUnitCount == bytes.count else { return false }
    guard let start = bytes.baseAddress else { return true }
    return memcmp(start, literal.utf8Start, bytes.count) == 0
  }

  /// Writes the unescaped string as UTF-8 and returns its byte count, at most that of `bytes`.
  public func unescape(into target: UnsafeMutableRawBufferPointer) -> Int {
    precondition(target.count >= bytes.count, "room for the raw bytes")
    guard let source = bytes.baseAddress, let out = target.baseAddress else { return 0 }
    let count = bytes.count
    var read = 0
    var written = 0
    while read < count {
      let byte = source.load(fromByteOffset: read, as: UInt8.self)
      if byte != 0x5C {
        let run = Self.plainRunLength(source + read, count &- read)
        memcpy(out + written, source + read, run)
        read &+= run
        written &+= run
        continue
      }
      let kind = source.load(fromByteOffset: read &+ 1, as: UInt8.self)
      read &+= 2
      if kind != 0x75 {
        out.storeBytes(of: Self.simpleEscape(kind), toByteOffset: written, as: UInt8.self)
        written &+= 1
        continue
      }
      var scalar = Self.hex4(source + read)
      read &+= 4
      if scalar & 0xFC00 == 0xD800 {
        scalar = 0x10000 &+ ((scalar & 0x3FF) &<< 10) &+ (Self.hex4(source + read + 2) & 0x3FF)
        read &+= 6
      }
      written &+= Self.encode(scalar, out + written)
    }
    return written
  }

  /// Length of the run up to the next backslash.
  private static func plainRunLength(_ source: UnsafeRawPointer, _ count: Int) -> Int {
    var length = 0
    while length &+ 8 <= count {
      let word = source.loadUnaligned(fromByteOffset: length, as: UInt64.self)
      let x = word ^ 0x5C5C_5C5C_5C5C_5C5C
      let hit = (x &- 0x0101_0101_0101_0101) & ~x & 0x8080_8080_8080_8080
      if hit != 0 { return length &+ hit.trailingZeroBitCount &>> 3 }
      length &+= 8
    }
    while length < count, source.load(fromByteOffset: length, as: UInt8.self) != 0x5C {
      length &+= 1
    }
    return length
  }

  private static func simpleEscape(_ kind: UInt8) -> UInt8 {
    switch kind {
    case 0x62: 0x08
    case 0x66: 0x0C
    case 0x6E: 0x0A
    case 0x72: 0x0D
    case 0x74: 0x09
    default: kind
    }
  }

  /// Four hexadecimal digits, validated by the parser.
  private static func hex4(_ source: UnsafeRawPointer) -> UInt32 {
    var value: UInt32 = 0
    for index in 0..<4 {
      let digit = hexDigit(source.load(fromByteOffset: index, as: UInt8.self))
      value = value &<< 4 | UInt32(digit)
    }
    return value
  }

  /// The value of a hexadecimal digit; above 15 for anything else.
  static func hexDigit(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x30...0x39: byte &- 0x30
    case 0x41...0x46: byte &- 0x37
    case 0x61...0x66: byte &- 0x57
    default: 0xFF
    }
  }

  private static func encode(_ scalar: UInt32, _ out: UnsafeMutableRawPointer) -> Int {
    func put(_ value: UInt32, _ index: Int) {
      out.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: index, as: UInt8.self)
    }
    if scalar < 0x80 {
      put(scalar, 0)
      return 1
    }
    if scalar < 0x800 {
      put(0xC0 | scalar &>> 6, 0)
      put(0x80 | scalar & 0x3F, 1)
      return 2
    }
    if scalar < 0x10000 {
      put(0xE0 | scalar &>> 12, 0)
      put(0x80 | (scalar &>> 6) & 0x3F, 1)
      put(0x80 | scalar & 0x3F, 2)
      return 3
    }
    put(0xF0 | scalar &>> 18, 0)
    put(0x80 | (scalar &>> 12) & 0x3F, 1)
    put(0x80 | (scalar &>> 6) & 0x3F, 2)
    put(0x80 | scalar & 0x3F, 3)
    return 4
  }
}
