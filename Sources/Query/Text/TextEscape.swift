import Bytes

/// Escapes text for the layout. The caller reserves `escapedByteCountMax(count)` bytes.
enum TextEscape {
  /// Every byte as `\u0000`, and quotes.
  static func escapedByteCountMax(_ count: Int) -> Int { 6 * count + 2 }

  /// RFC 4180: quoted only where it holds the separator, a quote or a line break. Empty text is
  /// `""`, so that it is not a null.
  static func putDelimited(
    _ bytes: UnsafeRawPointer, _ count: Int, separator: UInt8, _ out: TextPointer
  ) -> TextPointer {
    var isPlain = count > 0
    for index in 0..<count {
      let byte = bytes.loadLE(index, as: UInt8.self)
      if byte == 0x22 || byte == 0x0A || byte == 0x0D || byte == separator { isPlain = false }
    }
    if isPlain {
      out.copyMemory(from: bytes, byteCount: count)
      return out + count
    }
    out.storeLE(0x22 as UInt8, 0)
    var end = out + 1
    for index in 0..<count {
      let byte = bytes.loadLE(index, as: UInt8.self)
      if byte == 0x22 {
        end.storeLE(byte, 0)
        end += 1
      }
      end.storeLE(byte, 0)
      end += 1
    }
    end.storeLE(0x22 as UInt8, 0)
    return end + 1
  }

  /// A JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
  static func putJSON(
    _ bytes: UnsafeRawPointer, _ count: Int, _ out: TextPointer
  ) -> TextPointer {
    out.storeLE(0x22 as UInt8, 0)
    var end = out + 1
    var isASCII = true
    for index in 0..<count where bytes.loadLE(index, as: UInt8.self) >= 0x80 { isASCII = false }
    if isASCII {
      for index in 0..<count { end = putJSONByte(bytes.loadLE(index, as: UInt8.self), end) }
    } else {
      let raw = UnsafeRawBufferPointer(start: bytes, count: count)
      for byte in String(decoding: raw, as: UTF8.self).utf8 { end = putJSONByte(byte, end) }
    }
    end.storeLE(0x22 as UInt8, 0)
    return end + 1
  }

  @inline(__always)
  private static func putJSONByte(_ byte: UInt8, _ out: TextPointer) -> TextPointer {
    if byte >= 0x20, byte != 0x22, byte != 0x5C {
      out.storeLE(byte, 0)
      return out + 1
    }
    out.storeLE(0x5C as UInt8, 0)
    let short: UInt8
    switch byte {
    case 0x22, 0x5C: short = byte
    case 0x0A: short = 0x6E
    case 0x0D: short = 0x72
    case 0x09: short = 0x74
    default: short = 0
    }
    if short != 0 {
      out.storeLE(short, 1)
      return out + 2
    }
    out.storeLE(0x3030_75 as UInt32, 1)
    out.storeLE(hexDigit(byte >> 4), 4)
    out.storeLE(hexDigit(byte & 15), 5)
    return out + 6
  }

  @inline(__always)
  static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

  /// `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`; 16 bytes.
  static func putUUID(_ bytes: UnsafeRawPointer, _ out: TextPointer) -> TextPointer {
    var end = out
    for index in 0..<16 {
      if index == 4 || index == 6 || index == 8 || index == 10 {
        end.storeLE(0x2D as UInt8, 0)
        end += 1
      }
      let byte = bytes.loadLE(index, as: UInt8.self)
      end.storeLE(hexDigit(byte >> 4), 0)
      end.storeLE(hexDigit(byte & 15), 1)
      end += 2
    }
    return end
  }

  /// An ISO 8601 duration of Parquet's INTERVAL: months, days, milliseconds.
  static func putInterval(_ bytes: UnsafeRawPointer, _ out: TextPointer) -> TextPointer {
    let milliseconds = UInt64(bytes.loadLE(8, as: UInt32.self))
    out.storeLE(0x50 as UInt8, 0)
    var end = putUnsigned(UInt64(bytes.loadLE(0, as: UInt32.self)), out + 1)
    end.storeLE(0x4D as UInt8, 0)
    end = putUnsigned(UInt64(bytes.loadLE(4, as: UInt32.self)), end + 1)
    end.storeLE(0x5444 as UInt16, 0)
    end = putDecimal(Int64(milliseconds), power: 1_000, lift: 1_000_000, end + 2)
    end.storeLE(0x53 as UInt8, 0)
    return end + 1
  }
}
