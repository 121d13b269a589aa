import Bytes
import CKernels

/// DELTA_BINARY_PACKED for INT32 and INT64: blocks of 128 differences in four miniblocks.
///
/// Parquet Encodings.md, "Delta Encoding". Differences wrap around in the column's own width, so
/// every value can be encoded.
struct DeltaBinaryPackedEncoder {
  static let blockValueCount = 128
  static let miniblockCount = 4
  static let miniblockValueCount = blockValueCount / miniblockCount

  /// 32 or 64: the bits of the physical type.
  let physicalBitWidth: Int
  /// Whether miniblocks have widths of whole bytes. Unlike packed bits, bytes can be compressed: equal
  /// differences become equal bytes.
  var usesWholeBytes = false

  private let deltas = UnsafeMutablePointer<UInt64>.allocate(capacity: blockValueCount)

  init(physicalBitWidth: Int) { self.physicalBitWidth = physicalBitWidth }

  /// Frees the scratch block. Call once, at the end.
  func deallocate() { deltas.deallocate() }

  /// Appends the encoding of `count` values to `out`.
  func encode(_ values: UnsafePointer<Int64>, _ count: Int, into out: ByteBuffer) {
    out.append(varint: UInt64(Self.blockValueCount))
    out.append(varint: UInt64(Self.miniblockCount))
    out.append(varint: UInt64(count))
    let first = count == 0 ? 0 : values[0]
    // Unsigned 32-bit integers are written as their bits: readers expect a signed number.
    out.append(zigzag: physicalBitWidth == 64 ? first : Int64(Int32(truncatingIfNeeded: first)))
    var start = 0
    while start < count - 1 {
      let blockCount = Swift.min(Self.blockValueCount, count - 1 - start)
      encodeBlock(values + start, blockCount, out)
      start += blockCount
    }
  }

  /// `values[0]` is the value before the block.
  private func encodeBlock(_ values: UnsafePointer<Int64>, _ count: Int, _ out: ByteBuffer) {
    let least =
      physicalBitWidth == 64
      ? longDeltas(values, count, deltas) : intDeltas(values, count, deltas)
    var index = count
    while index < Self.blockValueCount {
      // Zero after the subtraction below.
      deltas[index] = UInt64(bitPattern: least)
      index &+= 1
    }
    // Minimum, four widths, at most 128 values of 64 bits.
    out.reserve(out.count + 10 + 4 + Self.blockValueCount * 8)
    out.append(zigzag: least)
    let widths = out.base + out.count
    out.count += Self.miniblockCount
    let mask = physicalBitWidth == 64 ? UInt64.max : UInt64(UInt32.max)
    for miniblock in 0..<Self.miniblockCount {
      let first = miniblock &* Self.miniblockValueCount
      if first >= count {
        widths.storeBytes(of: 0, toByteOffset: miniblock, as: UInt8.self)
        continue
      }
      let block = deltas + first
      let used = subtract(UInt64(bitPattern: least), mask, block, Self.miniblockValueCount)
      var width = 64 &- used.leadingZeroBitCount
      if usesWholeBytes { width = (width &+ 7) & ~7 }
      widths.storeBytes(of: UInt8(width), toByteOffset: miniblock, as: UInt8.self)
      out.count += packWideBits(
        block, Self.miniblockValueCount, width: width, into: out.base + out.count)
    }
  }
}

/// Differences of consecutive values, wrapping at 64 bits. Returns the least as a signed number.
private func longDeltas(
  _ values: UnsafePointer<Int64>, _ count: Int, _ out: UnsafeMutablePointer<UInt64>
) -> Int64 {
  // Nearly always whole blocks.
  if hasWideWords && count > 0 && count & 7 == 0 { return lake_differences(values, count, out) }
  var least = Int64.max
  for index in 0..<count {
    let delta = values[index &+ 1] &- values[index]
    out[index] = UInt64(bitPattern: delta)
    least = delta < least ? delta : least
  }
  return least
}

/// Differences of consecutive values, wrapping at 32 bits, sign-extended.
private func intDeltas(
  _ values: UnsafePointer<Int64>, _ count: Int, _ out: UnsafeMutablePointer<UInt64>
) -> Int64 {
  var least = Int64(Int32.max)
  for index in 0..<count {
    let delta = Int64(Int32(truncatingIfNeeded: values[index &+ 1] &- values[index]))
    out[index] = UInt64(bitPattern: delta)
    least = delta < least ? delta : least
  }
  return least
}

/// Subtracts `least` from each; returns the bitwise or of the results.
private func subtract(
  _ least: UInt64, _ mask: UInt64, _ values: UnsafeMutablePointer<UInt64>, _ count: Int
) -> UInt64 {
  var used: UInt64 = 0
  for index in 0..<count {
    let value = (values[index] &- least) & mask
    values[index] = value
    used |= value
  }
  return used
}
