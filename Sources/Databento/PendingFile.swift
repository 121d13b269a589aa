import Compression
import Platform

/// A file that appears under its name when it is complete, compressed by its name.
public final class PendingFile: @unchecked Sendable {
  /// The final path.
  public let path: String
  private let stream: OutputStream
  private let file: OutputFile

  /// - Parameters:
  ///   - path: `-` is standard output.
  ///   - format: nil chooses by the name: zstd for `.zst`, gzip for `.gz`, else uncompressed.
  ///   - level: The codec's level; nil for its default.
  ///   - overwrites: Whether an existing file may be replaced.
  /// - Throws: `OutputFileError` or `CompressionError`.
  public init(
    path: String, format: StreamFormat? = nil, level: Int? = nil, overwrites: Bool = false
  ) throws {
    let name = path.lowercased()
    let named: StreamFormat =
      name.hasSuffix(".zst") ? .zstd : name.hasSuffix(".gz") ? .gzip : .raw
    file = try OutputFile(path: path, replaces: overwrites)
    stream = try OutputStream(
      fileDescriptor: file.descriptor, path: path, ownsDescriptor: false, format: format ?? named,
      level: level)
    self.path = path
  }

  /// Appends bytes.
  public func write(_ bytes: UnsafeRawBufferPointer) throws { try stream.write(bytes) }

  /// Completes the file and renames it to its final name.
  public func finish() throws {
    try stream.finish()
    try file.publish()
  }
}
