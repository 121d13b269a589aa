import Bytes
import CZstd

/// Compresses whole buffers to zstd frames, reusing its context. One per thread.
public final class ZstdEncoder {
  public let level: Int
  private let context: OpaquePointer?

  /// - Parameter level: zstd's own levels, negative ones included.
  public init(level: Int) {
    self.level = level
    context = ZSTD_createCCtx()
  }

  deinit { ZSTD_freeCCtx(context) }

  /// Appends one frame that holds `source` to `target`.
  public func compress(
    _ source: UnsafeRawBufferPointer, into target: ByteBuffer
  ) throws(CompressionError) {
    let bound = ZSTD_compressBound(source.count)
    target.reserve(target.count + bound)
    let result = ZSTD_compressCCtx(
      context, target.base + target.count, bound, source.baseAddress, source.count, Int32(level))
    if ZSTD_isError(result) != 0 {
      throw CompressionError(.size, "zstd: \(String(cString: ZSTD_getErrorName(result)))")
    }
    target.count += result
  }
}
