import Bytes

// The RLE/bit-packing hybrid of levels and dictionary indices: Parquet Encodings.md,
// "Run Length Encoding / Bit-Packing Hybrid". Streams have no length prefix here.

/// Runs of at least this many equal values are worth a run header between packed groups.
private let runValueCountMin = 32

/// Appends `count` times `value` as one run.
func appendRun(of value: UInt32, count: Int, bitWidth: Int, into out: ByteBuffer) {
  if count == 0 { return }
  out.append(varint: UInt64(count) &<< 1)
  out.reserve(out.count + 4)
  out.base.storeLE(value, out.count)
  out.count += (bitWidth + 7) / 8
}

/// Appends `count` values in packed groups of eight, the last one filled up with zeros. Only at
/// the end of a stream may `count` not be a multiple of eight.
func appendPacked(
  _ values: UnsafePointer<UInt32>, _ count: Int, bitWidth: Int, into out: ByteBuffer
) {
  if count == 0 { return }
  let groups = (count + 7) / 8
  out.append(varint: UInt64(groups) &<< 1 | 1)
  out.reserve(out.count + groups * bitWidth)
  out.count += packBits(values, count, width: bitWidth, into: out.base + out.count)
}

/// Appends `count` indices: runs where they repeat, packed groups elsewhere.
func appendHybrid(
  _ values: UnsafePointer<UInt32>, _ count: Int, bitWidth: Int, into out: ByteBuffer
) {
  if count == 0 { return }
  let changes = changeCount(values, count)
  if changes == 0 { return appendRun(of: values[0], count: count, bitWidth: bitWidth, into: out) }
  // If values change every few rows, there are hardly any long runs to find.
  if changes &* 8 > count {
    return appendPacked(values, count, bitWidth: bitWidth, into: out)
  }
  var packedStart = 0
  var index = 0
  while index < count {
    let value = values[index]
    var end = index &+ 1
    while end < count && values[end] == value { end &+= 1 }
    // Packed groups before a run must be complete: they borrow the run's first values.
    let lent = (8 &- ((index &- packedStart) & 7)) & 7
    if end &- index &- lent >= runValueCountMin {
      let start = index &+ lent
      appendPacked(values + packedStart, start - packedStart, bitWidth: bitWidth, into: out)
      appendRun(of: value, count: end - start, bitWidth: bitWidth, into: out)
      packedStart = end
    }
    index = end
  }
  appendPacked(values + packedStart, count - packedStart, bitWidth: bitWidth, into: out)
}

/// How many values differ from the previous one.
private func changeCount(_ values: UnsafePointer<UInt32>, _ count: Int) -> Int {
  var changes: UInt32 = 0
  for index in 1..<Swift.max(count, 1) {
    // The top bit of x | −x is set unless x is 0: no comparison, so that it vectorises.
    let difference = values[index] ^ values[index &- 1]
    changes &+= (difference | (0 &- difference)) &>> 31
  }
  return Int(changes)
}

/// Appends definition levels of a flat optional column, 1 where `validity` is 1, after their four-byte length,
/// as in data page v1.
func appendDefinitionLevels(
  validity: UnsafePointer<UInt8>?, count: Int, nullCount: Int,
  scratch: UnsafeMutablePointer<UInt32>, into out: ByteBuffer
) {
  let start = out.count
  out.append(littleEndian: UInt32(0))
  if nullCount == 0 {
    appendRun(of: 1, count: count, bitWidth: 1, into: out)
  } else if nullCount == count {
    appendRun(of: 0, count: count, bitWidth: 1, into: out)
  } else if let validity {
    for index in 0..<count { scratch[index] = UInt32(validity[index]) }
    appendHybrid(scratch, count, bitWidth: 1, into: out)
  }
  out.base.storeLE(UInt32(out.count - start - 4), start)
}

/// Appends levels of any bit width after their four-byte length.
func appendLevels(
  _ levels: UnsafePointer<UInt32>, _ count: Int, bitWidth: Int, into out: ByteBuffer
) {
  let start = out.count
  out.append(littleEndian: UInt32(0))
  appendHybrid(levels, count, bitWidth: bitWidth, into: out)
  out.base.storeLE(UInt32(out.count - start - 4), start)
}
