import Bytes
import Compression
import Synchronization
import Tables

/// The hash of a file's content, computed before its rows are read where that saves more than it costs.
///
/// A file that is in a table already is recognized by its content alone. Reading it for the hash is cheap
/// compared with comparing each of its rows with the stored ones.
final class ContentProbe: Sendable {
  private let path: String
  private let observer: any PassObserver
  private let known = Mutex<String?>(nil)

  init(path: String, observer: any PassObserver) {
    self.path = path
    self.observer = observer
  }

  /// The SHA-256 of the decompressed content, in hexadecimal; computed by the first call.
  func sha256() throws -> String {
    try known.withLock { known in
      if let known { return known }
      let input = try InputStream(path: path)
      let buffer = ByteBuffer(capacity: Self.portionByteCount)
      let target = UnsafeMutableRawBufferPointer(start: buffer.base, count: Self.portionByteCount)
      var hash = SHA256()
      while true {
        if observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
        let count = try input.read(into: target)
        if count == 0 { break }
        hash.update(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(target)[..<count]))
      }
      let found = hash.finalHex()
      known = found
      return found
    }
  }

  private static let portionByteCount = 256 << 10
}
