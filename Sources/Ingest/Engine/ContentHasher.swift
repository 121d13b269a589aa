import Bytes

/// The SHA-256 of a source's decompressed content, taken along while its blocks are worked on.
///
/// Where the processor hashes, who works on a block may hash it up to where the work has come
/// (`state`, `position`): that costs little besides. `pass` takes what is left.
final class ContentHasher {
  private let blocks = SHA256Blocks()
  /// Where the processor has no instructions for it.
  private var hash = SHA256()
  /// The next byte to be hashed.
  private(set) var position: UnsafeRawPointer?
  /// Bytes before the end of what was passed that wait for a whole block.
  private(set) var waitingCount = 0
  private var waiting: [UInt8] = []

  /// For `lake_route_rows`; nil where a block has to be left to `pass`.
  var state: UnsafeMutablePointer<UInt32>? { blocks?.state }

  /// Goes on at `start`, before which the bytes that wait lie.
  func follow(_ start: UnsafeRawPointer) { position = start - waitingCount }

  /// Says that the blocks of SHA-256 up to `position` are in `state`.
  func didHash(to position: UnsafeRawPointer) {
    guard let before = self.position else { return }
    blocks?.count(blocks: (position - before) / SHA256Blocks.byteCount)
    self.position = position
  }

  /// Hashes up to `end`, but for fewer than a block's bytes.
  func pass(to end: UnsafeRawPointer) {
    guard let position else { return }
    var count = end - position
    guard let blocks else {
      hash.update(UnsafeRawBufferPointer(start: position, count: count))
      self.position = end
      return
    }
    waitingCount = count % SHA256Blocks.byteCount
    count -= waitingCount
    blocks.add(UnsafeRawBufferPointer(start: position, count: count))
    self.position = position + count
    waiting = Array(UnsafeRawBufferPointer(start: position + count, count: waitingCount))
  }

  /// The digest in hexadecimal.
  func finalHex() -> String {
    guard let blocks else { return hash.finalHex() }
    return SHA256.hex(waiting.withUnsafeBytes { blocks.finish(tail: $0) })
  }
}
