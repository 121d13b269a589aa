import CSystem
import Glibc
import Platform

/// Syncs files to disk on its own threads, while others go on computing: syncing waits for the disk, not the
/// processor.
package final class FileSyncer: Sendable {
  private let pool = WorkPool(width: 3)

  /// Starts two threads, which live as long as the object; `finish` works along with them.
  package init() {}

  deinit { pool.close() }

  /// Starts syncing a complete file.
  package func add(_ path: String) {
    pool.add { try Self.sync(path) }
  }

  /// Returns when all files are durable.
  package func finish() throws { try pool.finish() }

  private static func sync(_ path: String) throws {
    let descriptor = lake_open(path, O_RDONLY | O_CLOEXEC, 0)
    if descriptor < 0 { throw PassError.system("open", path: path) }
    defer { lake_close(descriptor) }
    if lake_fsync(descriptor) != 0 { throw PassError.system("sync", path: path) }
  }
}
