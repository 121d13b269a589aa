import Bytes
import Columnar

/// Text must be UTF-8: no reader could print other bytes without changing them.
enum UTF8Check {
  /// Checks `count` values of `text` from the value `first` on.
  static func check(_ text: ByteColumn, from first: Int, count: Int) throws(ParquetError) {
    let isValid = text.offsets.withUnsafeBufferPointer { offsets in
      text.bytes.withUnsafeBytes { bytes in
        let range = Int(offsets[first])..<Int(offsets[first &+ count])
        let whole = UnsafeRawBufferPointer(rebasing: bytes[range])
        if isASCII(whole) { return true }
        // The text is valid as a whole, and no value begins within a character: so every value is valid.
        for value in first..<(first &+ count) where offsets[value] < offsets[first &+ count] {
          if bytes[Int(offsets[value])] & 0xC0 == 0x80 { return false }
        }
        return String(validating: whole, as: UTF8.self) != nil
      }
    }
    if isValid { return }
    for value in first..<(first + count)
    where String(validating: text.bytes[text.byteRange(value)], as: UTF8.self) == nil {
      throw ParquetError(
        .corrupt, "value \(value - first) of the page is no UTF-8 text",
        remedy: "have its writer store bytes that are no text as binary")
    }
  }

  private static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    var at = 0
    var high = SIMD4<UInt64>.zero
    while at &+ 32 <= bytes.count {
      high |= base.loadUnaligned(fromByteOffset: at, as: SIMD4<UInt64>.self)
      at &+= 32
    }
    var rest: UInt8 = 0
    while at < bytes.count {
      rest |= base.loadLE(at, as: UInt8.self)
      at &+= 1
    }
    let words = high.x | high.y | high.z | high.w
    return (words | UInt64(rest)) & 0x8080_8080_8080_8080 == 0
  }
}

extension ColumnType {
  /// Whether the values are text, and so UTF-8.
  var isText: Bool {
    switch self {
    case .string, .json, .enumeration: true
    default: false
    }
  }
}
