import Bytes
import Compression

/// Memory, dictionaries and compressors for encoding one chunk after the other.
///
/// The encoders of one thread's columns share one: buffers of the last chunk are still in cache for the next,
/// and twenty columns need no more memory than one.
public final class EncoderScratch {
  let zstd: ZstdEncoder
  /// For differences of whole bytes: ignores short matches. An eighth faster, and no larger.
  let deltaZstd: ZstdEncoder
  /// For indices of two bytes: a table that stays in the first-level cache. A sixth faster, 3 % larger.
  let indexZstd: ZstdEncoder
  /// For packed bits, and for indices without patterns: hardly searches for matches, since entropy coding finds
  /// everything there is. Twice as fast, and usually smaller.
  let entropyZstd: ZstdEncoder
  /// For dictionaries: their entries have only short pieces in common.
  let dictionaryZstd: ZstdEncoder
  /// Pages before compression, end to end.
  let raw = ByteBuffer()
  let compressed = ByteBuffer()
  let trial = ByteBuffer()
  /// Values and bytes without nulls.
  let packed = ByteBuffer()
  let packedBytes = ByteBuffer()
  /// The dictionary page's bytes, if there is one.
  let dictionaryPage = ByteBuffer()
  let indices = ByteBuffer()
  let integers = IntegerDictionary()
  lazy var wides = ValueDictionary<Int128>()
  lazy var doubles = ValueDictionary<Int64>()
  lazy var strings = BytesDictionary()

  /// Memory and compressors of one encoding thread.
  public init(options: WriterOptions) {
    let level = options.zstdLevel
    // Other levels have other strategies and choose these parameters themselves.
    let isFast = level == 1
    zstd = ZstdEncoder(level: level)
    deltaZstd = ZstdEncoder(level: level, matchLengthMin: isFast ? 7 : 0)
    indexZstd = ZstdEncoder(level: level, hashLog: isFast ? 11 : 0)
    entropyZstd =
      isFast
      ? ZstdEncoder(level: -8, matchLengthMin: 7, hashLog: 11, alwaysCodesLiterals: true)
      : ZstdEncoder(level: level)
    dictionaryZstd = ZstdEncoder(level: level, matchLengthMin: isFast ? 5 : 0)
  }
}
