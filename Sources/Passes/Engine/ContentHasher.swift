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

  /// Hashes bytes that stay as they are until `then` is called.
  func add(
    _ base: UnsafeRawPointer, count: Int, then: @escaping @Sendable () -> Void
  ) {
    nonisolated(unsafe) let bytes = UnsafeRawBufferPointer(start: base, count: count)
    pool.add(to: lane) {
      self.hash.update(bytes)
      then()
    }
  }

  /// The digest in hexadecimal, once the pool has finished.
  func finalHex() -> String { hash.finalHex() }
}
