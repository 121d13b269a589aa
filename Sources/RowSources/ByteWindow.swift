import Bytes
import Glibc

/// A sliding window over a stream: the bytes from the first one still needed to the last one read.
///
/// Its memory is bounded by `recordByteCountMax` and one chunk.
final class ByteWindow {
  /// Longest record: a line, or several where a quoted field spans them.
  static let recordByteCountMax = 1 << 20

  private let supply: any ByteSupply
  private let chunkByteCount: Int
  private let buffer: ByteBuffer
  private var hash = SHA256()
  /// Position of the first byte still needed.
  private(set) var start = 0
  /// Offset in the stream of the buffer's first byte.
  private var bufferOffset = 0
  private var turnsReturns = false
  private(set) var isAtEnd = false
  /// Whether the stream's last line had no end of its own.
  private(set) var isTerminated = false
  private(set) var contentHash: String?

  init(supply: any ByteSupply, chunkByteCount: Int) {
    self.supply = supply
    self.chunkByteCount = max(chunkByteCount, 1)
    buffer = ByteBuffer(capacity: min(chunkByteCount, 1 << 16) * 2)
  }

  /// Valid until the next `read`. At least 64 bytes after `end` may be loaded; they mean nothing.
  var base: UnsafeRawPointer { UnsafeRawPointer(buffer.base) }
  var end: Int { buffer.count }

  /// Offset in the stream of the byte at a position of the window.
  func streamOffset(_ position: Int) -> Int { bufferOffset + position }

  /// Marks the bytes before `position` as done with.
  func advance(to position: Int) { start = position }

  /// Reads one chunk more; positions are shifted so that `start` becomes 0.
  func read() throws {
    if isAtEnd { return }
    if start > 0 {
      let rest = buffer.count - start
      memmove(buffer.base, buffer.base + start, rest)
      bufferOffset += start
      buffer.count = rest
      start = 0
    }
    buffer.reserve(buffer.count + chunkByteCount)
    let target = UnsafeMutableRawBufferPointer(
      start: buffer.base + buffer.count, count: chunkByteCount)
    let count = try supply.read(into: target)
    if count == 0 {
      isAtEnd = true
      contentHash = (supply as? any HashedSupply)?.contentHash ?? hash.finalHex()
      return
    }
    hash.update(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(target)[..<count]))
    buffer.count += count
    if turnsReturns { turnReturns(buffer.count - count..<buffer.count) }
  }

  /// From here on, and in what is there, every CR is read as LF: of files whose lines end in it. The content's hash is
  /// that of the file's own bytes.
  func turnReturnsIntoNewlines() {
    turnsReturns = true
    turnReturns(0..<buffer.count)
  }

  private func turnReturns(_ range: Range<Int>) {
    for at in range where buffer.base.load(fromByteOffset: at, as: UInt8.self) == 0x0D {
      buffer.base.storeBytes(of: 0x0A, toByteOffset: at, as: UInt8.self)
    }
  }

  /// Ends the last record with a newline, which belongs to no content. Only at the end.
  func terminate() {
    precondition(isAtEnd, "only the end of a stream can be terminated")
    isTerminated = true
    buffer.reserve(buffer.count + 1)
    buffer.base.storeBytes(of: 10, toByteOffset: buffer.count, as: UInt8.self)
    buffer.count += 1
  }
}
