import Bytes

// Bit packing, least significant bit first: Parquet Encodings.md, "RLE/Bit-Packing Hybrid" and
// "Delta Encoding". All kernels may store up to 16 bytes past the bytes they return: callers write
// into a `ByteBuffer`, which has slack.

/// Packs `count` values of `width` bits (0…32) each, low bits first.
///
/// Values must fit into `width` bits. An incomplete last group of eight is padded with zeros.
///
/// - Returns: Bytes written: `width` for each group of eight values.
func packBits(
  _ values: UnsafePointer<UInt32>, _ count: Int, width: Int, into out: UnsafeMutableRawPointer
) -> Int {
  let whole = count & ~7
  var written = packGroups(values, whole, width: width, into: out)
  if whole < count {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 8) { group in
      for lane in 0..<8 { group[lane] = whole + lane < count ? values[whole + lane] : 0 }
      guard let base = group.baseAddress else { return }
      written += packGroups(base, 8, width: width, into: out + written)
    }
  }
  return written
}

/// Packs whole groups of eight.
private func packGroups(
  _ values: UnsafePointer<UInt32>, _ count: Int, width: Int, into out: UnsafeMutableRawPointer
) -> Int {
  switch width {
  case 0: return 0
  case 8: packBytes(values, count, out)
  case 16: packHalves(values, count, out)
  case 32: out.copyMemory(from: values, byteCount: count * 4)
  case 1...7: packNarrow(values, count, UInt32(width), out)
  case 9...15: packMedium(values, count, UInt64(width), out)
  default: packPairs(values, count, width, out)
  }
  return count / 8 * width
}

private func packBytes(
  _ values: UnsafePointer<UInt32>, _ count: Int, _ out: UnsafeMutableRawPointer
) {
  let bytes = out.assumingMemoryBound(to: UInt8.self)
  for index in 0..<count { bytes[index] = UInt8(truncatingIfNeeded: values[index]) }
}

private func packHalves(
  _ values: UnsafePointer<UInt32>, _ count: Int, _ out: UnsafeMutableRawPointer
) {
  for index in 0..<count {
    out.storeBytes(
      of: UInt16(truncatingIfNeeded: values[index]), toByteOffset: index &* 2, as: UInt16.self)
  }
}

/// Widths 1…7: eight values fit in one 64-bit word.
private func packNarrow(
  _ values: UnsafePointer<UInt32>, _ count: Int, _ width: UInt32, _ out: UnsafeMutableRawPointer
) {
  var source = values
  var target = out
  let end = values + count
  let wide = UInt64(width)
  while source < end {
    // Four values fit in 28 bits.
    let low =
      (source[0] | source[1] &<< width) | ((source[2] | source[3] &<< width) &<< (2 &* width))
    let high =
      (source[4] | source[5] &<< width) | ((source[6] | source[7] &<< width) &<< (2 &* width))
    target.storeLE(UInt64(low) | UInt64(high) &<< (4 &* wide), 0)
    source += 8
    target += Int(width)
  }
}

/// Widths 9…15: four values fit in one 64-bit word, eight in two.
private func packMedium(
  _ values: UnsafePointer<UInt32>, _ count: Int, _ width: UInt64, _ out: UnsafeMutableRawPointer
) {
  var source = values
  var target = out
  let end = values + count
  let narrow = UInt32(width)
  @inline(__always) func pair(_ at: Int) -> UInt64 {
    // Two values of 9…15 bits fit into 30.
    UInt64(source[at] | source[at &+ 1] &<< narrow)
  }
  while source < end {
    let low = pair(0) | pair(2) &<< (2 &* width)
    let high = pair(4) | pair(6) &<< (2 &* width)
    target.storeLE(low | high &<< (4 &* width), 0)
    target.storeLE(high &>> (64 &- 4 &* width), 8)
    source += 8
    target += Int(width)
  }
}

/// Widths 17…31: two values at a time through a 64-bit accumulator.
private func packPairs(
  _ values: UnsafePointer<UInt32>, _ count: Int, _ width: Int, _ out: UnsafeMutableRawPointer
) {
  var target = out
  var pending: UInt64 = 0
  var bits = 0
  let step = 2 &* width
  var index = 0
  while index < count {
    let pair = UInt64(values[index]) | UInt64(values[index &+ 1]) &<< UInt64(width)
    pending |= pair &<< UInt64(bits)
    let total = bits &+ step
    if total >= 64 {
      target.storeLE(pending, 0)
      target += 8
      // `bits` is not 0 here: a step is at most 62 bits.
      pending = pair &>> UInt64(64 &- bits)
      bits = total &- 64
    } else {
      bits = total
    }
    index &+= 2
  }
  if bits > 0 { target.storeLE(pending, 0) }
}

/// Packs `count` (a multiple of eight) values of `width` bits (0…64) each; bits above `width` of a
/// value must be zero.
///
/// - Returns: Bytes written.
func packWideBits(
  _ values: UnsafePointer<UInt64>, _ count: Int, width: Int, into out: UnsafeMutableRawPointer
) -> Int {
  if width == 0 { return 0 }
  if width & 7 == 0 {
    var target = out
    let step = width &>> 3
    for index in 0..<count {
      target.storeLE(values[index], 0)
      target += step
    }
    return count &* step
  }
  if width < 32 { return packWideNarrow(values, count, width, out) }
  var target = out
  var pending: UInt64 = 0
  var bits = 0
  for index in 0..<count {
    let value = values[index]
    pending |= value &<< UInt64(bits)
    let total = bits &+ width
    if total >= 64 {
      target.storeLE(pending, 0)
      target += 8
      // A shift by 64 (when `bits` is 0) cannot happen: the width is under 64 here.
      pending = bits == 0 ? 0 : value &>> UInt64(64 &- bits)
      bits = total &- 64
    } else {
      bits = total
    }
  }
  if bits > 0 { target.storeLE(pending, 0) }
  return count / 8 * width
}

/// Widths below 32: pairs first, so that the accumulator is used half as often.
private func packWideNarrow(
  _ values: UnsafePointer<UInt64>, _ count: Int, _ width: Int, _ out: UnsafeMutableRawPointer
) -> Int {
  var target = out
  var pending: UInt64 = 0
  var bits = 0
  let step = 2 &* width
  var index = 0
  while index < count {
    let pair = values[index] | values[index &+ 1] &<< UInt64(width)
    pending |= pair &<< UInt64(bits)
    let total = bits &+ step
    if total >= 64 {
      target.storeLE(pending, 0)
      target += 8
      pending = bits == 0 ? 0 : pair &>> UInt64(64 &- bits)
      bits = total &- 64
    } else {
      bits = total
    }
    index &+= 2
  }
  if bits > 0 { target.storeLE(pending, 0) }
  return count / 8 * width
}
