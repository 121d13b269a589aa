import CZstd

extension Decompressor {
  /// An upper bound of the decompressed size of `source`, or a number above `wanted` if that is certain to be
  /// exceeded; nil if nothing is known.
  ///
  /// Detects an absurd size before memory is allocated for it. Cheap, except for brotli data with an extreme
  /// ratio, which is decompressed and discarded.
  public static func outputBound(
    _ source: UnsafeRawBufferPointer, _ codec: Codec, wanted: Int
  ) -> Int? {
    switch codec {
    case .uncompressed: source.count
    // Copies have the highest ratio: 64 bytes of output for 3.
    case .snappy: Swift.min(source.count * 64 / 3, Snappy.statedLength(source))
    case .gzip: source.count * 1032 + 1032
    case .lz4Raw, .lz4Hadoop: source.count * 256 + 256
    case .zstd: ZstdFrames.outputBound(source)
    case .brotli: Brotli.outputBound(source, wanted: wanted)
    }
  }
}

/// Walks zstd frames by their headers only.
enum ZstdFrames {
  private static let blockHeaderByteCount = 3

  /// An upper bound from the block headers and the frames' content sizes. For invalid data it covers the part
  /// before the error.
  static func outputBound(_ source: UnsafeRawBufferPointer) -> Int {
    guard let base = source.baseAddress else { return 0 }
    var at = 0
    var total = 0
    while at < source.count {
      var header = ZSTD_frameHeader()
      if ZSTD_getFrameHeader(&header, base + at, source.count - at) != 0 { break }
      if header.frameType == ZSTD_skippableFrame {
        at += 8 + Int(clamping: UInt32(clamping: header.frameContentSize))
        continue
      }
      at += Int(header.headerSize)
      let blocks = blockBound(source, &at, blockByteCountMax: Int(header.blockSizeMax))
      total += Swift.min(blocks, Int(clamping: header.frameContentSize))
      if header.checksumFlag != 0 { at += 4 }
    }
    return total
  }

  /// Advances past the blocks of a frame.
  private static func blockBound(
    _ source: UnsafeRawBufferPointer, _ at: inout Int, blockByteCountMax: Int
  ) -> Int {
    var total = 0
    while source.count - at >= blockHeaderByteCount {
      let word = Int(source[at]) | Int(source[at + 1]) << 8 | Int(source[at + 2]) << 16
      let byteCount = word >> 3
      at += blockHeaderByteCount
      switch word >> 1 & 3 {
      case 0:
        total += Swift.min(byteCount, blockByteCountMax)
        at += byteCount
      case 1:
        total += Swift.min(byteCount, blockByteCountMax)
        at += 1
      default:
        total += blockByteCountMax
        at += byteCount
      }
      if word & 1 == 1 { break }
    }
    return total
  }
}
