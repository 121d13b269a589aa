import Bytes

// PLAIN: Parquet Encodings.md, "Plain". Values are those that are not null, end to end.

func appendPlainLongs(_ values: UnsafePointer<Int64>, _ count: Int, into out: ByteBuffer) {
  out.append(UnsafeRawPointer(values), count * 8)
}

func appendPlainInts(_ values: UnsafePointer<Int64>, _ count: Int, into out: ByteBuffer) {
  out.reserve(out.count + count * 4)
  let target = out.base + out.count
  for index in 0..<count {
    target.storeBytes(
      of: Int32(truncatingIfNeeded: values[index]), toByteOffset: index &* 4, as: Int32.self)
  }
  out.count += count * 4
}

/// One bit a value, least significant first.
func appendPlainBooleans(_ values: UnsafePointer<Int64>, _ count: Int, into out: ByteBuffer) {
  out.reserve(out.count + (count + 7) / 8)
  let target = (out.base + out.count).assumingMemoryBound(to: UInt8.self)
  var index = 0
  while index < count {
    var byte: UInt8 = 0
    for bit in 0..<Swift.min(8, count &- index) where values[index &+ bit] != 0 {
      byte |= 1 &<< UInt8(bit)
    }
    target[index &>> 3] = byte
    index &+= 8
  }
  out.count += (count + 7) / 8
}

func appendPlainDoubles(_ values: UnsafePointer<Double>, _ count: Int, into out: ByteBuffer) {
  out.append(UnsafeRawPointer(values), count * 8)
}

func appendPlainFloats(_ values: UnsafePointer<Double>, _ count: Int, into out: ByteBuffer) {
  out.reserve(out.count + count * 4)
  let target = out.base + out.count
  for index in 0..<count {
    target.storeBytes(of: Float(values[index]), toByteOffset: index &* 4, as: Float.self)
  }
  out.count += count * 4
}

/// Half-precision floats, as FIXED_LEN_BYTE_ARRAY(2), little-endian.
func appendPlainHalves(_ values: UnsafePointer<Double>, _ count: Int, into out: ByteBuffer) {
  for index in 0..<count { out.append(littleEndian: halfBits(Float(values[index]))) }
}

/// Decimals as big-endian two's complement of `byteCount` (1…16) bytes.
func appendPlainWide(
  _ values: UnsafePointer<Int128>, _ count: Int, byteCount: Int, into out: ByteBuffer
) {
  out.reserve(out.count + count * byteCount + 16)
  var target = out.base + out.count
  let shift = 128 - 8 * byteCount
  for index in 0..<count {
    // The wanted bytes come first in big-endian order once the sign bytes are shifted out.
    let bits = UInt128(truncatingIfNeeded: values[index]) &<< UInt128(shift)
    target.storeBytes(of: UInt64(truncatingIfNeeded: bits &>> 64).bigEndian, as: UInt64.self)
    target.storeBytes(
      of: UInt64(truncatingIfNeeded: bits).bigEndian, toByteOffset: 8, as: UInt64.self)
    target += byteCount
  }
  out.count += count * byteCount
}

/// Byte strings: fixed-length ones as they are, others after a four-byte length.
func appendPlainBytes(
  _ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>, _ count: Int, isFixed: Bool,
  into out: ByteBuffer
) {
  if count == 0 { return }
  let total = Int(offsets[count] - offsets[0])
  out.reserve(out.count + total + (isFixed ? 0 : count * 4))
  if isFixed { return out.append(UnsafeRawPointer(bytes + Int(offsets[0])), total) }
  for index in 0..<count {
    let start = Int(offsets[index])
    let length = Int(offsets[index &+ 1]) &- start
    out.base.storeLE(UInt32(length), out.count)
    (out.base + out.count + 4).copyMemory(from: bytes + start, byteCount: length)
    out.count &+= 4 &+ length
  }
}

/// IEEE 754 binary16 bits of a float, rounded to nearest even. Swift has no Float16 on x86-64.
func halfBits(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
  let magnitude = bits & 0x7FFF_FFFF
  if magnitude >= 0x7F80_0000 { return sign | (magnitude > 0x7F80_0000 ? 0x7E00 : 0x7C00) }
  // 65520 and above round to infinity.
  if magnitude >= 0x477F_F000 { return sign | 0x7C00 }
  if magnitude >= 0x3880_0000 {
    let rounded = magnitude &+ 0x0FFF &+ ((magnitude >> 13) & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded &- 0x3800_0000) >> 13)
  }
  // Subnormal: units of 2^-24.
  let scaled = (Float(bitPattern: magnitude) * 16_777_216).rounded(.toNearestOrEven)
  return sign | UInt16(scaled)
}
