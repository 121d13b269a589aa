import Bytes
import CLZ4

enum LZ4 {
  /// Decompresses one block without framing.
  static func decompressBlock(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) -> Int {
    guard let written = block(source, into: target) else {
      throw CompressionError(.corrupt, "lz4 data is malformed")
    }
    return written
  }

  /// Tries Hadoop's framing (big-endian sizes before each block), then LZ4's frame format, then a single block:
  /// writers use all three for Parquet's codec 5.
  static func decompressAnyFraming(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) -> Int {
    if let written = hadoop(source, into: target) { return written }
    if LZ4Frame.isFrame(source) { return try LZ4Frame.decompress(source, into: target) }
    // The magic number of a skippable frame may also be the start of a block.
    if LZ4Frame.isSkippable(source), block(source, into: target) != target.count {
      return try LZ4Frame.decompress(source, into: target)
    }
    return try decompressBlock(source, into: target)
  }

  private static func hadoop(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> Int? {
    var at = 0
    var out = 0
    while source.count - at >= 4 {
      var unpacked = bigEndian(source, at)
      at += 4
      if unpacked > target.count - out { return nil }
      if unpacked == 0 {
        at += emptyBlock(source, at)
        continue
      }
      // One outer block may hold several inner ones.
      while unpacked > 0 {
        if source.count - at < 4 { return nil }
        let packed = bigEndian(source, at)
        at += 4
        if packed > source.count - at { return nil }
        let room = UnsafeMutableRawBufferPointer(rebasing: target[out..<(out + unpacked)])
        let bytes = UnsafeRawBufferPointer(rebasing: source[at..<(at + packed)])
        guard let written = block(bytes, into: room), written > 0 else { return nil }
        at += packed
        out += written
        unpacked -= written
      }
    }
    return at == source.count && out == target.count ? out : nil
  }

  /// Size of an empty inner block, with its length field; 0 if there is none.
  private static func emptyBlock(_ source: UnsafeRawBufferPointer, _ at: Int) -> Int {
    if source.count - at < 4 { return 0 }
    let packed = bigEndian(source, at)
    if packed > source.count - at - 4 { return 0 }
    let bytes = UnsafeRawBufferPointer(rebasing: source[(at + 4)..<(at + 4 + packed)])
    let nothing = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    return block(bytes, into: nothing) == 0 ? 4 + packed : 0
  }

  private static func bigEndian(_ source: UnsafeRawBufferPointer, _ at: Int) -> Int {
    Int(UInt32(bigEndian: source.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
  }

  /// nil if the block is invalid or does not fit.
  static func block(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) -> Int? {
    guard let packedCount = Int32(exactly: source.count),
      let roomCount = Int32(exactly: target.count)
    else { return nil }
    if packedCount == 0 { return roomCount == 0 ? 0 : nil }
    let written = withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { spare in
      LZ4_decompress_safe(
        source.baseAddress?.assumingMemoryBound(to: CChar.self),
        (target.baseAddress ?? spare.baseAddress)?.assumingMemoryBound(to: CChar.self),
        packedCount, roomCount)
    }
    return written < 0 ? nil : Int(written)
  }
}

/// Compresses to LZ4 blocks without framing (Parquet's LZ4_RAW).
public final class Lz4Encoder {
  /// Stateless: one encoder can compress any number of blocks.
  public init() {}

  /// Appends the compressed `source` to `target`.
  public func compress(
    _ source: UnsafeRawBufferPointer, into target: ByteBuffer
  ) throws(CompressionError) {
    guard let count = Int32(exactly: source.count), count <= LZ4_MAX_INPUT_SIZE else {
      throw CompressionError(.size, "\(source.count) bytes are too many for one lz4 block")
    }
    let bound = LZ4_compressBound(count)
    target.reserve(target.count + Int(bound))
    let written = LZ4_compress_default(
      source.baseAddress?.assumingMemoryBound(to: CChar.self),
      (target.base + target.count).assumingMemoryBound(to: CChar.self), count, bound)
    if written <= 0 && count > 0 { throw CompressionError(.size, "lz4 refuses to compress") }
    target.count += Int(written)
  }
}
