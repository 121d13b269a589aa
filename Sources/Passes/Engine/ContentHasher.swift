import Bytes

/// The SHA-256 of a source's decompressed content, computed beside the reading of it.
///
/// Blocks are hashed in order on a lane of the pool.
final class ContentHasher: @unchecked Sendable {
  private var hash = SHA256()
  private let lane: WorkPool.Lane
  private let pool: WorkPool

  init(pool: WorkPool) {
    self.pool = pool
    lane = pool.makeLane()
  }

  /// Hashes pieces, each of which stays as it is until `done` is called with its index.
  func add(_ pieces: [UnsafeRawBufferPointer], done: @escaping @Sendable (Int) -> Void) {
    nonisolated(unsafe) let pieces = pieces
    pool.add(to: lane) {
      for (index, piece) in pieces.enumerated() {
        self.hash.update(piece)
        done(index)
      }
    }
  }

  /// The digest in hexadecimal, once the pool has finished.
  func finalHex() -> String { hash.finalHex() }
}
