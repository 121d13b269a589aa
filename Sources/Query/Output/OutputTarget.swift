import Compression
import Glibc
import Parquet
import Platform

/// Where the answer is written: standard output, a device, or a file that appears whole or not at all.
final class OutputTarget: RowTarget, @unchecked Sendable {
  let format: StreamFormat
  /// Whether blocks may be written out of order at their offsets.
  let isSeekable: Bool
  private let file: OutputFile
  /// Set once; `OrderedOutput` serializes all calls that use it.
  private let stream: OutputStream?

  var path: String { file.path }
  var descriptor: Int32 { file.descriptor }

  /// - Parameters:
  ///   - path: `-` is standard output.
  ///   - force: Replaces an existing file.
  init(path: String, force: Bool, format: StreamFormat) throws {
    self.format = format
    file = try OutputFile(path: path, replaces: force)
    isSeekable = file.isSeekable && format == .raw
    stream =
      format == .raw
      ? nil
      : try OutputStream(
        fileDescriptor: file.descriptor, path: path, ownsDescriptor: false, format: format)
  }

  /// The format that a file's name asks for.
  static func format(of path: String) -> StreamFormat {
    let name = path.lowercased()
    return name.hasSuffix(".gz") ? .gzip : name.hasSuffix(".zst") ? .zstd : .raw
  }

  /// Appends bytes; one caller at a time.
  ///
  /// - Returns: false if the reader closed the pipe.
  func append(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
    try Self.unlessClosed {
      if let stream { try stream.write(bytes) } else { try file.write(bytes) }
    }
  }

  /// Writes bytes at an offset; any number of callers at once. Only where `isSeekable`.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    try file.write(bytes, at: offset)
  }

  /// Renames the file to its final name. Nothing may be written after.
  ///
  /// - Returns: false if the reader closed the pipe.
  func finish() throws -> Bool {
    if let stream, try !Self.unlessClosed({ try stream.finish() }) { return false }
    try file.publish()
    return true
  }

  /// Runs `body`; false if it finds that the reader closed the pipe.
  static func unlessClosed(_ body: () throws -> Void) throws -> Bool {
    do {
      try body()
      return true
    } catch let error as CompressionError where error.systemError == EPIPE {
      return false
    } catch let error as OutputFileError where error.systemError == EPIPE {
      return false
    } catch let error as ParquetError where error.systemError == EPIPE {
      return false
    }
  }
}
