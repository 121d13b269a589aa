import Bytes
import Compression
import Synchronization

/// Buffers and contexts that decoding reuses from page to page and from chunk to chunk.
///
/// One thread at a time: a scanner takes one from the pool and gives it back when it ends.
final class DecodeScratch {
  let decompressor = Decompressor()
  /// The page being decoded, decompressed.
  let page = ByteBuffer()
  let levels = ByteBuffer()
  /// Encoded levels that are too near to the end of the mapping for wide loads.
  let levelBytes = ByteBuffer()
  let repetitionLevels = ByteBuffer()
  private let integerBuffer = ByteBuffer()
  private let secondIntegerBuffer = ByteBuffer()
  private let codeBuffer = ByteBuffer()
  private let fixedBuffer = ByteBuffer()

  /// Room for `count` integers. Valid until the next call.
  func integers(_ count: Int) -> UnsafeMutablePointer<Int64> {
    integerBuffer.reserve(count * 8)
    return integerBuffer.base.assumingMemoryBound(to: Int64.self)
  }

  func moreIntegers(_ count: Int) -> UnsafeMutablePointer<Int64> {
    secondIntegerBuffer.reserve(count * 8)
    return secondIntegerBuffer.base.assumingMemoryBound(to: Int64.self)
  }

  func codes(_ count: Int) -> UnsafeMutablePointer<Int32> {
    codeBuffer.reserve(count * 4)
    return codeBuffer.base.assumingMemoryBound(to: Int32.self)
  }

  func fixed(_ byteCount: Int) -> UnsafeMutableRawPointer {
    fixedBuffer.reserve(byteCount)
    return fixedBuffer.base
  }

  /// Room for `count` levels and the 8 bytes that their decoder may store beyond.
  static func levelPointer(_ buffer: ByteBuffer, _ count: Int) -> UnsafeMutablePointer<UInt8> {
    buffer.reserve(count)
    return buffer.base.assumingMemoryBound(to: UInt8.self)
  }

  private var byteCount: Int {
    page.capacity + levels.capacity + repetitionLevels.capacity + integerBuffer.capacity
      + secondIntegerBuffer.capacity + codeBuffer.capacity + fixedBuffer.capacity
  }

  // MARK: - Pool

  /// Scratch kept for the next scanner.
  private static let pooledMax = 64
  /// A scratch that has grown beyond this is not kept.
  private static let pooledByteCountMax = 16 << 20

  /// Invariant: whoever pops a scratch is its only user until it pushes it back.
  private struct Pool: @unchecked Sendable { var free: [DecodeScratch] = [] }

  private static let pool = Mutex(Pool())

  static func take() -> DecodeScratch {
    let box = pool.withLock { Handover(scratch: $0.free.popLast()) }
    return box.scratch ?? DecodeScratch()
  }

  static func give(_ scratch: DecodeScratch) {
    if scratch.byteCount > pooledByteCountMax { return }
    let box = Handover(scratch: scratch)
    pool.withLock { pool in
      if pool.free.count < pooledMax, let scratch = box.scratch { pool.free.append(scratch) }
    }
  }

  /// Carries a scratch across the lock; only one side owns it.
  private struct Handover: @unchecked Sendable { var scratch: DecodeScratch? }
}
