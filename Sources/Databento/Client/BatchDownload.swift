import Bytes
import CSystem
import Glibc
import HTTP
import Platform

extension DatabentoClient {
  /// Fetches a file of a job into `path`, continuing an incomplete file, and verifies its hash.
  ///
  /// A file with a wrong hash is fetched once more from the beginning; if it is wrong again, it is removed.
  ///
  /// - Parameter progress: Called with the number of bytes so far.
  /// - Throws: `DatabentoError.badHash` if the bytes are not those announced.
  public func download(
    _ file: BatchFile, to path: String, progress: (Int) throws -> Void = { _ in }
  ) throws {
    try redacting { try downloadWhole(file, to: path, progress: progress) }
  }

  private func downloadWhole(
    _ file: BatchFile, to path: String, progress: (Int) throws -> Void
  ) throws {
    for isLast in [false, true] {
      let target = try BatchTarget(path)
      var have = try target.byteCount()
      if have > file.byteCount {
        try target.truncate()
        have = 0
      }
      try download(file, at: have) { piece in
        try target.append(piece, at: have)
        have += piece.count
        try progress(have)
      }
      try target.sync()
      if try target.sha256() == file.sha256 { return }
      try target.truncate()
      if isLast { lake_unlink(path) }
    }
    throw DatabentoError(
      .badHash, "'\(file.name)' has not the sha256 that the vendor announced, twice",
      place: file.url, remedy: "run it again; if it stays so, tell the vendor")
  }
}

/// The file that a download is written to.
private struct BatchTarget: ~Copyable {
  private let descriptor: Int32
  private let path: String

  init(_ path: String) throws(DatabentoError) {
    self.path = path
    descriptor = lake_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw Self.error(path) }
  }

  deinit { lake_close(descriptor) }

  private static func error(_ path: String) -> DatabentoError {
    let reason = lake_errno()
    return DatabentoError(
      .inputOutput, "file cannot be written: " + String(cString: strerror(reason)), place: path,
      remedy: reason == ENOSPC ? "free some space, and run it again" : nil)
  }

  func byteCount() throws(DatabentoError) -> Int {
    var status = stat()
    if lake_fstat(descriptor, &status) != 0 { throw Self.error(path) }
    return Int(status.st_size)
  }

  func truncate() throws(DatabentoError) {
    if lake_ftruncate(descriptor, 0) != 0 { throw Self.error(path) }
  }

  func append(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DatabentoError) {
    if !Transfer.write(descriptor, bytes, at: offset) { throw Self.error(path) }
  }

  func sync() throws(DatabentoError) {
    if lake_fdatasync(descriptor) != 0 { throw Self.error(path) }
  }

  func sha256() throws(DatabentoError) -> String {
    var hash = SHA256()
    var part = [UInt8](repeating: 0, count: 1 << 20)
    var offset = 0
    while true {
      let count = part.withUnsafeMutableBytes {
        lake_pread(descriptor, $0.baseAddress, $0.count, offset)
      }
      if count < 0 { throw Self.error(path) }
      if count == 0 { return hash.finalHex() }
      part.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      offset += count
    }
  }
}
