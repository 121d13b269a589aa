import Bytes
import CLZ4
import CZlib
import CZstd

/// The page codecs of Parquet.
public enum Codec: Hashable, Sendable {
  case uncompressed, snappy, gzip
  /// Parquet's codec 5: LZ4 blocks in Hadoop's framing, or without any, or in LZ4's own frame.
  case lz4Hadoop
  case zstd, lz4Raw, brotli

  /// Decompresses a whole page into a buffer of exactly its size.
  ///
  /// Makes a context each time where the codec needs one: reuse a `Decompressor` in loops.
  public func decompress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) {
    try Decompressor().decompress(source, self, into: target)
  }
}

/// Decompresses pages, reusing its contexts. One per thread.
public final class Decompressor {
  private var zstd: OpaquePointer?

  public init() {}

  deinit { ZSTD_freeDCtx(zstd) }

  /// Decompresses a whole page into a buffer of exactly its size.
  public func decompress(
    _ source: UnsafeRawBufferPointer, _ codec: Codec, into target: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) {
    let written: Int
    switch codec {
    case .uncompressed:
      written = source.count
      if written == target.count { target.copyMemory(from: source) }
    case .snappy: written = try Snappy.decompress(source, into: target)
    case .gzip: written = try Gzip.decompress(source, into: target)
    case .lz4Hadoop: written = try LZ4.decompressAnyFraming(source, into: target)
    case .lz4Raw: written = try LZ4.decompressBlock(source, into: target)
    case .zstd: written = try decompressZstd(source, into: target)
    case .brotli: written = try Brotli.decompress(source, into: target)
    }
    if written != target.count {
      throw CompressionError(
        .size, "a page decompresses to \(written) bytes, its header promises \(target.count)")
    }
  }

  private func decompressZstd(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) -> Int {
    if zstd == nil { zstd = ZSTD_createDCtx() }
    let result = ZSTD_decompressDCtx(
      zstd, target.baseAddress, target.count, source.baseAddress, source.count)
    if ZSTD_isError(result) != 0 {
      throw CompressionError(.corrupt, "zstd: \(String(cString: ZSTD_getErrorName(result)))")
    }
    return result
  }
}
