/// Bytes of a page. At least `ByteBuffer.slackByteCount` bytes after their end may be read too,
/// so that kernels load whole words.
struct PageBytes {
  var base: UnsafeRawPointer
  var count: Int

  var end: UnsafeRawPointer { base + count }

  /// The bytes after the first `byteCount`.
  ///
  /// - Precondition: `byteCount` is at most `count`.
  func dropping(_ byteCount: Int) -> PageBytes {
    PageBytes(base: base + byteCount, count: count - byteCount)
  }

  /// The first `byteCount` bytes.
  ///
  /// - Throws: `ParquetError.truncated` if there are fewer.
  func prefix(_ byteCount: Int, _ what: String) throws(ParquetError) -> PageBytes {
    if byteCount < 0 || byteCount > count {
      throw ParquetError(
        .truncated, "\(what) take \(byteCount) bytes, the page has \(count) left")
    }
    return PageBytes(base: base, count: byteCount)
  }

  /// Takes an unsigned varint off the front.
  mutating func takeVarint() throws(ParquetError) -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    var at = 0
    while at < count {
      let byte = base.load(fromByteOffset: at, as: UInt8.self)
      at &+= 1
      result |= UInt64(byte & 0x7F) &<< shift
      if byte & 0x80 == 0 {
        base += at
        count &-= at
        return result
      }
      shift &+= 7
      if shift > 63 { throw ParquetError(.corrupt, "a varint of more than 10 bytes in a page") }
    }
    throw ParquetError(.truncated, "a page ends within a varint")
  }

  mutating func takeZigZag() throws(ParquetError) -> Int64 {
    let raw = try takeVarint()
    return Int64(bitPattern: raw &>> 1) ^ (0 &- Int64(bitPattern: raw & 1))
  }
}
