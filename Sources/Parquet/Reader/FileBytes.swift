import Bytes
import CSystem
import Glibc
import Platform

/// The bytes of a whole file, mapped or in memory, alive as long as there are readers.
///
/// Invariant: nothing writes to them, so that several threads may read.
final class FileBytes: @unchecked Sendable {
  let base: UnsafeRawPointer
  let count: Int
  /// Bytes from `base` that may be read: a mapping extends to the end of its last memory page.
  private let readableCount: Int
  private let isMapped: Bool

  /// Maps a file. It must not shrink while it is mapped: data files are never modified.
  init(path: String) throws(ParquetError) {
    // Opening a pipe would wait for its other end.
    let descriptor = Waiting.openForReading(path)
    if descriptor < 0 { throw Self.systemError("open", path) }
    defer { lake_close(descriptor) }
    var status = stat()
    if lake_fstat(descriptor, &status) != 0 { throw Self.systemError("open", path) }
    if status.st_mode & S_IFMT == S_IFDIR {
      throw ParquetError(
        .file, "'\(path)' is a folder, expected a Parquet file", place: .init(path: path),
        remedy: "name one file of it; lake query reads a folder of Parquet files")
    }
    if status.st_mode & S_IFMT != S_IFREG {
      throw ParquetError(
        .file, "'\(path)' is no regular file: Parquet begins to be read at its end",
        place: .init(path: path), remedy: "write the bytes to a file first")
    }
    let size = Int(status.st_size)
    if size == 0 { throw ParquetError(.truncated, "the file is empty", place: .init(path: path)) }
    guard let mapping = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
      mapping != UnsafeMutableRawPointer(bitPattern: -1)
    else { throw Self.systemError("map", path) }
    let pageSize = Swift.max(Int(sysconf(Int32(_SC_PAGESIZE))), 1)
    base = UnsafeRawPointer(mapping)
    count = size
    readableCount = (size + pageSize - 1) / pageSize * pageSize
    isMapped = true
  }

  init(bytes: [UInt8]) {
    let copy = UnsafeMutableRawPointer.allocate(
      byteCount: bytes.count + ByteBuffer.slackByteCount, alignment: 16)
    bytes.withUnsafeBytes { raw in
      if let start = raw.baseAddress { copy.copyMemory(from: start, byteCount: raw.count) }
    }
    memset(copy + bytes.count, 0, ByteBuffer.slackByteCount)
    base = UnsafeRawPointer(copy)
    count = bytes.count
    readableCount = bytes.count + ByteBuffer.slackByteCount
    isMapped = false
  }

  deinit {
    let memory = UnsafeMutableRawPointer(mutating: base)
    if isMapped { munmap(memory, count) } else { memory.deallocate() }
  }

  /// Whether `ByteBuffer.slackByteCount` bytes after `offset` may be read.
  func hasSlack(after offset: Int) -> Bool {
    offset <= readableCount - ByteBuffer.slackByteCount
  }

  /// The bytes of a range.
  ///
  /// - Throws: `ParquetError.truncated` if the file is too short.
  func range(_ offset: Int, _ byteCount: Int) throws(ParquetError) -> UnsafeRawBufferPointer {
    if offset < 0 || byteCount < 0 || offset > count || byteCount > count - offset {
      throw ParquetError(
        .truncated, "\(byteCount) bytes are said to be here, the file has \(count) in all",
        place: .init(offset: offset))
    }
    return UnsafeRawBufferPointer(start: base + offset, count: byteCount)
  }

  private static func systemError(_ verb: String, _ path: String) -> ParquetError {
    let number = lake_errno()
    let remedy =
      switch number {
      case ENOENT:
        DanglingLink.remedy(path)
          ?? (LoggedFile.isOne(path)
            ? LoggedFile.missingRemedy(path)
            : "check the path: relative ones begin in the working directory")
      case EACCES: "check the permissions of the file and of the folders above it"
      default: String?.none
      }
    return ParquetError(
      .file, "cannot \(verb) '\(path)': \(String(cString: strerror(number)))",
      place: .init(path: path), remedy: remedy)
  }
}
