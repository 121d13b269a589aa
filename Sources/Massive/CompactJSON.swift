import Bytes

/// JSON without white space between tokens.
enum CompactJSON {
  /// Appends valid JSON to `target`, with every digit and escape as written.
  static func append(_ json: UnsafeRawBufferPointer, to target: ByteBuffer) {
    target.reserve(target.count + json.count)
    var isInString = false
    var isEscaped = false
    var count = target.count
    for byte in json {
      if !isInString && byte <= 0x20 { continue }
      target.base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
      count &+= 1
      if isEscaped {
        isEscaped = false
      } else if byte == 0x5C {
        isEscaped = true
      } else if byte == 0x22 {
        isInString.toggle()
      }
    }
    target.count = count
  }
}
