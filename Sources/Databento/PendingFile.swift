import Bytes
import CSystem
import Compression
import Glibc

/// A file that appears under its name when it is whole.
///
/// Until `finish` has returned, and after an error, only `<path>.part` exists, which is removed with
/// this object. Pipes and devices are written to directly.
public final class PendingFile: @unchecked Sendable {
  public let path: String
  private let stream: OutputStream
  /// nil where `path` itself is written to.
  private let temporary: String?
  private var isFinished = false

  /// - Parameters:
  ///   - path: `-` is standard output.
  ///   - format: nil chooses by the name: zstd for `.zst`, gzip for `.gz`, else raw.
  ///   - level: The codec's level; nil is its usual one.
  ///   - overwrites: Whether a file of that name may be replaced.
  /// - Throws: `DBNError` or `CompressionError`.
  public init(
    path: String, format: StreamFormat? = nil, level: Int? = nil, overwrites: Bool = false
  ) throws {
    var status = stat()
    let exists = path != "-" && stat(path, &status) == 0
    let isFile = status.st_mode & S_IFMT == S_IFREG
    if exists && isFile && !overwrites {
      throw DBNError(
        .inputOutput, "the output file '\(path)' exists", remedy: "--force overwrites it")
    }
    temporary = path == "-" || (exists && !isFile) ? nil : path + ".part"
    let named: StreamFormat =
      path.hasSuffix(".zst") ? .zstd : path.hasSuffix(".gz") ? .gzip : .raw
    stream = try OutputStream(path: temporary ?? path, format: format ?? named, level: level)
    self.path = path
  }

  deinit {
    if let temporary, !isFinished { unlink(temporary) }
  }

  public func write(_ bytes: UnsafeRawBufferPointer) throws { try stream.write(bytes) }

  /// Ends the file and gives it its name.
  public func finish() throws {
    if isFinished { return }
    try stream.finish()
    if let temporary, rename(temporary, path) != 0 {
      let reason = String(cString: strerror(lake_errno()))
      throw DBNError(.inputOutput, "cannot give the file its name '\(path)': \(reason)")
    }
    isFinished = true
  }
}
