import Bytes
import Compression
import Synchronization

/// Reads a source block by block; a block goes back when both its users, the scanner and the hasher,
/// are done with it.
final class BlockReader {
  /// Bytes of a block: few enough to stay in the second-level cache until they are routed.
  static let blockByteCount = 256 << 10
  /// Room before a block for the beginning of a record that the block before it ended with.
  static let headroom = 4096
  private static let blockCount = 24

  let input: InputStream
  private let pool: WorkPool
  private let hasher: ContentHasher
  private let free: FreeBlocks
  private var lastOffset = 0
  private let observer: any PassObserver
  /// Blocks that wait to be hashed together: handing over each one alone would wake a thread for it.
  private var handover: [(block: Block, count: Int)] = []
  private static let handoverCount = 4

  /// Memory of one block.
  struct Block: @unchecked Sendable {
    fileprivate let memory: ByteBuffer
    var base: UnsafeMutableRawPointer { memory.base + BlockReader.headroom }
  }

  init(input: InputStream, pool: WorkPool, hasher: ContentHasher, observer: any PassObserver) {
    self.input = input
    self.pool = pool
    self.hasher = hasher
    self.observer = observer
    free = FreeBlocks(
      (0..<Self.blockCount).map { _ in
        Block(memory: ByteBuffer(capacity: Self.headroom + Self.blockByteCount))
      })
  }

  /// The next block and its byte count; 0 at the end. It must be given back with `release`.
  func next() throws -> (block: Block, count: Int) {
    if observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
    if !free.hasOne { hashHandover() }
    try pool.help { free.hasOne }
    guard let block = free.take() else { preconditionFailure("a block was free") }
    var count = 0
    while count < Self.blockByteCount {
      let room = UnsafeMutableRawBufferPointer(
        start: block.base + count, count: Self.blockByteCount - count)
      let read = try input.read(into: room)
      if read == 0 { break }
      count += read
    }
    if count == 0 { hashHandover() }
    observer.didRead(byteCount: input.compressedOffset - lastOffset)
    lastOffset = input.compressedOffset
    return (block, count)
  }

  /// Hands the block to the hasher; it is free again once hashed.
  ///
  /// The caller must be done with the block's bytes, but for the last `headroom` of them.
  func release(_ block: Block, count: Int) {
    handover.append((block, count))
    if handover.count >= Self.handoverCount { hashHandover() }
  }

  private func hashHandover() {
    if handover.isEmpty { return }
    let blocks = handover
    handover.removeAll(keepingCapacity: true)
    hasher.add(blocks.map { UnsafeRawBufferPointer(start: $0.block.base, count: $0.count) }) {
      [free] index in free.give(blocks[index].block)
    }
  }
}

/// Blocks that nobody uses.
private final class FreeBlocks: Sendable {
  private let blocks: Mutex<[BlockReader.Block]>

  init(_ blocks: [BlockReader.Block]) { self.blocks = Mutex(blocks) }

  var hasOne: Bool { blocks.withLock { !$0.isEmpty } }

  func take() -> BlockReader.Block? { blocks.withLock { $0.popLast() } }

  func give(_ block: BlockReader.Block) { blocks.withLock { $0.append(block) } }
}
