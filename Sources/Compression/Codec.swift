import CLZ4
import CZlib
import CZstd
import Synchronization

/// The page codecs of Parquet.
public enum Codec: Hashable, Sendable {
  case uncompressed, snappy, gzip
  /// Parquet's codec 5: LZ4 blocks in Hadoop's framing, without framing, or in LZ4's frame format.
  case lz4Hadoop
  case zstd, lz4Raw, brotli

  /// Decompresses a page into a buffer of exactly its uncompressed size.
  ///
  /// Creates a context each time if the codec needs one: use a `Decompressor` in loops.
  public func decompress(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) throws(CompressionError) {
    try Decompressor().decompress(source, self, into: target)
  }
}

/// Decompresses pages, reusing contexts.
///
/// A context is held only during one page: a file may have many thousand columns, each read by a scanner with
/// its own decompressor.
public final class Decompressor: Sendable {
  /// Addresses of the unused contexts, shared by all decompressors.
  private static let contexts = Mutex<[UInt]>([])
  /// Most unused contexts that are kept: more than the number of decompressing threads.
  private static let contextMax = 64

  /// Shares its contexts with all other decompressors.
  public init() {}

  /// Decompresses a page into a buffer of exactly its uncompressed size.
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
    let known = Self.contexts.withLock { $0.popLast() }
    guard let context = known.flatMap({ OpaquePointer(bitPattern: $0) }) ?? ZSTD_createDCtx() else {
      throw CompressionError(.size, "there is no memory to decompress zstd")
    }
    defer { Self.give(context) }
    let result = ZSTD_decompressDCtx(
      context, target.baseAddress, target.count, source.baseAddress, source.count)
    if ZSTD_isError(result) != 0 {
      throw CompressionError(.corrupt, "zstd: \(String(cString: ZSTD_getErrorName(result)))")
    }
    return result
  }

  private static func give(_ context: OpaquePointer) {
    let address = UInt(bitPattern: context)
    let isKept = contexts.withLock { contexts in
      if contexts.count >= contextMax { return false }
      contexts.append(address)
      return true
    }
    if !isKept { ZSTD_freeDCtx(context) }
  }
}
