import CSystem
import Glibc

/// The bytes of a file as they are, never decompressed.
final class FileSupply: ByteSupply {
  private let path: String
  private let descriptor: Int32

  init(path: String) throws(SourceError) {
    self.path = path
    descriptor = try Self.openForReading(path)
  }

  static func openForReading(_ path: String) throws(SourceError) -> Int32 {
    let descriptor = lake_open(path, O_RDONLY | O_CLOEXEC, 0)
    if descriptor < 0 { throw failure("open", path) }
    return descriptor
  }

  deinit { close(descriptor) }

  func read(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count = Glibc.read(descriptor, target.baseAddress, target.count)
      if count >= 0 { return count }
      if lake_errno() != EINTR { throw Self.failure("read", path) }
    }
  }

  private static func failure(_ verb: String, _ path: String) -> SourceError {
    SourceError(
      .unreadable, "cannot \(verb) the file: \(String(cString: strerror(lake_errno())))",
      place: .init(path: path))
  }
}
