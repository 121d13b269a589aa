import Bytes

extension ByteBuffer {
  /// Appends an unsigned LEB128 number.
  func append(varint value: UInt64) {
    reserve(count + 10)
    var rest = value
    let bytes = base.assumingMemoryBound(to: UInt8.self)
    while rest >= 0x80 {
      bytes[count] = UInt8(truncatingIfNeeded: rest) | 0x80
      count += 1
      rest &>>= 7
    }
    bytes[count] = UInt8(truncatingIfNeeded: rest)
    count += 1
  }

  /// Appends a signed number in zigzag form.
  func append(zigzag value: Int64) {
    append(varint: UInt64(bitPattern: (value &<< 1) ^ (value &>> 63)))
  }
}
