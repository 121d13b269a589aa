import CSystem
import Glibc
import Platform

/// The bytes of a file as they are, never decompressed.
package final class FileSupply: ByteSupply {
  private let path: String
  private let descriptor: Int32
  private let isFile: Bool

  /// - Throws: `SourceError.unreadable` where the file cannot be opened.
  package init(path: String) throws(SourceError) {
    self.path = path
    descriptor = try Self.openForReading(path)
    isFile = Waiting.isRegularFile(descriptor)
  }

  /// Opens a file or a pipe; the caller closes the descriptor. A pipe that nobody writes to yet is no error:
  /// the first read waits.
  package static func openForReading(_ path: String) throws(SourceError) -> Int32 {
    let descriptor = Waiting.openForReading(path)
    if descriptor < 0 { throw failure("open", path) }
    return descriptor
  }

  deinit { lake_close(descriptor) }

  /// Reads as `ByteSupply` says; waits for a pipe's writer.
  ///
  /// - Throws: `SourceError.unreadable`, also where the wait was interrupted.
  package func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = Waiting.read(descriptor, target.baseAddress, target.count, isFile: isFile)
    if count >= 0 { return count }
    if lake_errno() == EINTR {
      throw SourceError(.unreadable, "interrupted", place: .init(path: path))
    }
    throw Self.failure("read", path)
  }

  private static func failure(_ verb: String, _ path: String) -> SourceError {
    SourceError(
      .unreadable, "cannot \(verb) the file: \(String(cString: strerror(lake_errno())))",
      place: .init(path: path))
  }
}
