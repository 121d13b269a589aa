import Bytes
import CZstd

/// Compresses buffers to zstd frames, reusing its context. Use one per thread.
public final class ZstdEncoder {
  /// zstd's compression level.
  public let level: Int
  private let context: OpaquePointer?

  /// - Parameters:
  ///   - level: The compression level, which may be negative.
  ///   - matchLengthMin: Shortest match in bytes, 3…7; 0 for the level's default.
  ///   - hashLog: Logarithm of the size of the match finder's table; 0 for the level's default.
  ///   - alwaysCodesLiterals: Whether literals are entropy-coded at negative levels, too.
  public init(
    level: Int, matchLengthMin: Int = 0, hashLog: Int = 0, alwaysCodesLiterals: Bool = false
  ) {
    self.level = level
    context = ZSTD_createCCtx()
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
    ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, Int32(matchLengthMin))
    ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, Int32(hashLog))
    if alwaysCodesLiterals {
      // Known as ZSTD_c_literalCompressionMode, a macro for static linking only; 1 is "enable".
      ZSTD_CCtx_setParameter(context, ZSTD_c_experimentalParam5, 1)
    }
  }

  deinit { ZSTD_freeCCtx(context) }

  /// Compresses `source` into one frame, which is appended to `target`.
  public func compress(
    _ source: UnsafeRawBufferPointer, into target: ByteBuffer
  ) throws(CompressionError) {
    let bound = ZSTD_compressBound(source.count)
    target.reserve(target.count + bound)
    let result = ZSTD_compress2(
      context, target.base + target.count, bound, source.baseAddress, source.count)
    if ZSTD_isError(result) != 0 {
      throw CompressionError(.size, "zstd: \(String(cString: ZSTD_getErrorName(result)))")
    }
    target.count += result
  }
}
