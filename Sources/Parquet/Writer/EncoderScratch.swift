import Bytes
import Compression

/// Memory, dictionaries and compressors that chunks are encoded with, one chunk after the other.
///
/// The encoders of one thread's columns share one: what a chunk leaves behind is still in the nearest
/// caches for the next, and twenty columns need no more memory than one.
public final class EncoderScratch {
  let zstd: ZstdEncoder
  /// For differences of whole bytes: passes over short matches. An eighth faster, and no larger.
  let deltaZstd: ZstdEncoder
  /// For indices of two bytes: a table that stays in the nearest cache. A sixth faster, 3 % larger.
  let indexZstd: ZstdEncoder
  /// For packed bits, and for indices that do not follow each other: matches are hardly looked for, as
  /// entropy coding finds all there is to find. Twice as fast, and mostly smaller.
  let entropyZstd: ZstdEncoder
  /// For dictionaries: their entries share short pieces and nothing else.
  let dictionaryZstd: ZstdEncoder
  /// Pages before compression, end to end.
  let raw = ByteBuffer()
  let compressed = ByteBuffer()
  let trial = ByteBuffer()
  /// Values and bytes without their nulls.
  let packed = ByteBuffer()
  let packedBytes = ByteBuffer()
  /// The dictionary page's bytes, where the form is a dictionary.
  let dictionaryPage = ByteBuffer()
  let indices = ByteBuffer()
  let integers = IntegerDictionary()
  lazy var wides = ValueDictionary<Int128>()
  lazy var doubles = ValueDictionary<Int64>()
  lazy var strings = BytesDictionary()

  /// Memory and contexts for one thread that encodes.
  public init(options: WriterOptions) {
    let level = options.zstdLevel
    // Other levels have other strategies, and their own idea of these numbers.
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
