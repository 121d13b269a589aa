import Bytes
import CSystem
import Glibc
import Platform

/// Where a file's bytes are written: a descriptor, with a buffer for small pieces, or memory.
final class FileSink {
  private static let bufferByteCount = 1 << 20
  /// Pieces from this size on are written without being buffered.
  private static let directByteCount = 64 << 10

  /// Negative if the bytes are kept in memory.
  private var descriptor: Int32
  private let closesDescriptor: Bool
  private let path: String?
  private let buffer = ByteBuffer()
  /// Bytes written so far: the offset of the next byte.
  private(set) var offset = 0

  /// Keeps everything in memory.
  init() {
    descriptor = -1
    closesDescriptor = false
    path = nil
  }

  /// Creates a file, which must not exist.
  init(path: String) throws(ParquetError) {
    self.path = path
    closesDescriptor = true
    descriptor = lake_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw systemError("cannot create the file") }
  }

  /// Writes to an open descriptor, which stays open.
  init(fileDescriptor: Int32, path: String?) {
    self.path = path
    closesDescriptor = false
    descriptor = fileDescriptor
  }

  /// An unfinished file is useless: it is removed.
  deinit {
    guard closesDescriptor && descriptor >= 0, let path else { return }
    lake_close(descriptor)
    lake_unlink(path)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(ParquetError) {
    offset += bytes.count
    let isDirect = bytes.count >= Self.directByteCount
    if descriptor < 0 || !isDirect && buffer.count + bytes.count <= Self.bufferByteCount {
      return buffer.append(bytes)
    }
    try flush()
    if isDirect { try writeAll(bytes) } else { buffer.append(bytes) }
  }

  func write(_ bytes: [UInt8]) throws(ParquetError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(ParquetError) in
      try write(UnsafeRawBufferPointer(bytes))
    }
  }

  func flush() throws(ParquetError) {
    if descriptor < 0 { return }
    try writeAll(buffer.bytes)
    buffer.removeAll()
  }

  /// Writes the buffer, syncs the file if asked, and closes a file that this sink opened.
  func finish(isDurable: Bool) throws(ParquetError) {
    try flush()
    if descriptor < 0 { return }
    if isDurable && lake_fsync(descriptor) != 0 { throw systemError("cannot sync the file") }
    if closesDescriptor {
      let closed = lake_close(descriptor)
      descriptor = -1
      if closed != 0 { throw systemError("cannot close the file") }
    }
  }

  /// Moves out the bytes kept in memory.
  func takeBytes() -> [UInt8] {
    let bytes = Array(buffer.bytes)
    buffer.removeAll()
    return bytes
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) throws(ParquetError) {
    if !Transfer.write(descriptor, bytes) { throw systemError("cannot write the file") }
  }

  private func systemError(_ what: String) -> ParquetError {
    let code = lake_errno()
    var error = ParquetError(
      .file, "\(what): \(String(cString: strerror(code)))", place: ParquetError.Place(path: path),
      remedy: code == EEXIST
        ? "give another name: files are never overwritten"
        : code == ENOSPC || code == EDQUOT
          ? "free some space on that disk, then run the same command again" : nil)
    error.systemError = code
    return error
  }
}
