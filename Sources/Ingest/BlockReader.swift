import Bytes
import Compression
import Synchronization
import Tables

/// Reads a source block by block, into memory that is reused once a block is released.
final class BlockReader {
  /// Bytes of a block: few enough to stay in the second-level cache until they are routed.
  static let blockByteCount = 256 << 10
  /// Space before a block for the end of the previous block.
  static let headroom = 4096

  let input: InputStream
  private let free: FreeBlocks
  private var lastOffset = 0
  private let observer: any PassObserver

  /// Memory of one block.
  struct Block: @unchecked Sendable {
    fileprivate let memory: ByteBuffer
    /// Bytes that were read.
    fileprivate(set) var count = 0
    var base: UnsafeMutableRawPointer { memory.base + BlockReader.headroom }
  }

  init(input: InputStream, blockCount: Int, observer: any PassObserver) {
    self.input = input
    self.observer = observer
    free = FreeBlocks(
      (0..<blockCount).map { _ in
        Block(memory: ByteBuffer(capacity: Self.headroom + Self.blockByteCount))
      })
  }

  /// Whether `next` may be called.
  var hasFreeBlock: Bool { free.hasOne }

  /// The next block, empty at the end. It must be returned with `release`.
  func next() throws -> Block {
    if observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
    guard var block = free.take() else { preconditionFailure("a block was free") }
    var count = 0
    while count < Self.blockByteCount {
      let room = UnsafeMutableRawBufferPointer(
        start: block.base + count, count: Self.blockByteCount - count)
      let read = try input.read(into: room)
      if read == 0 { break }
      count += read
    }
    observer.didRead(byteCount: input.compressedOffset - lastOffset)
    lastOffset = input.compressedOffset
    block.count = count
    return block
  }

  /// Returns a block. May be called on any thread.
  func release(_ block: Block) { free.give(block) }
}

/// Unused blocks.
private final class FreeBlocks: Sendable {
  private let blocks: Mutex<[BlockReader.Block]>

  init(_ blocks: [BlockReader.Block]) { self.blocks = Mutex(blocks) }

  var hasOne: Bool { blocks.withLock { !$0.isEmpty } }

  func take() -> BlockReader.Block? { blocks.withLock { $0.popLast() } }

  func give(_ block: BlockReader.Block) { blocks.withLock { $0.append(block) } }
}
