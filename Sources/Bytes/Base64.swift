/// Base64 encoding (RFC 4648, section 4, padded).
public enum Base64 {
  /// Encodes bytes: four characters for every three bytes, padded with `=`.
  public static func encode(_ bytes: some Collection<UInt8>) -> String {
    let bytes = Array(bytes)
    return bytes.withUnsafeBytes { source in
      guard let base = source.baseAddress else { return "" }
      return String(unsafeUninitializedCapacity: (source.count + 2) / 3 * 4) { target in
        guard let start = target.baseAddress else { return 0 }
        let out = UnsafeMutableRawPointer(start)
        return write(base, source.count, to: out) - out
      }
    }
  }

  /// Encodes `count` bytes.
  ///
  /// - Parameter out: Space for four bytes for every three bytes begun.
  /// - Returns: The end of the written text.
  public static func write(
    _ bytes: UnsafeRawPointer, _ count: Int, to out: UnsafeMutableRawPointer
  ) -> UnsafeMutableRawPointer {
    var end = out
    var index = 0
    while index < count {
      var word: UInt32 = 0
      let taken = Swift.min(3, count - index)
      for offset in 0..<3 {
        word = word << 8
        if offset < taken { word |= UInt32(bytes.loadLE(index + offset, as: UInt8.self)) }
      }
      for offset in 0..<4 {
        let sextet = UInt8((word >> UInt32(18 - 6 * offset)) & 63)
        end.storeLE(offset <= taken ? digit(sextet) : UInt8(ascii: "="), offset)
      }
      end += 4
      index += taken
    }
    return end
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    switch value {
    case 0..<26: 0x41 + value
    case 26..<52: 0x61 + value - 26
    case 52..<62: 0x30 + value - 52
    case 62: 0x2B
    default: 0x2F
    }
  }
}
