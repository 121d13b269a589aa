import Bytes
import CSystem
import Compression
import Glibc

/// Where the answer goes: standard output, a device, or a file that appears whole or not at all.
///
/// A file is written under a temporary name beside its own and renamed at the end.
final class OutputTarget: RowTarget, @unchecked Sendable {
  let path: String
  let descriptor: Int32
  let format: StreamFormat
  /// Whether blocks may be written out of order at their offsets.
  let isSeekable: Bool
  private let temporaryPath: String?
  private let force: Bool
  /// Set once; the turnstile orders all calls that touch it.
  private var stream: OutputStream?
  private var isDone = false

  /// - Parameters:
  ///   - path: `-` is standard output.
  ///   - force: Replaces an existing file.
  init(path: String, force: Bool, format: StreamFormat) throws {
    self.path = path
    self.format = format
    self.force = force
    if path == "-" {
      descriptor = 1
      temporaryPath = nil
      isSeekable = false
    } else {
      let kind = Self.kind(of: path)
      if kind == .folder {
        throw QueryError(.output, "'\(path)' is a folder", remedy: "name a file in it")
      }
      if kind == .device {
        descriptor = try Self.open(path, O_WRONLY | O_CLOEXEC)
        temporaryPath = nil
        isSeekable = false
      } else {
        if kind == .file, !force { throw Self.existing(path) }
        let temporary = Self.temporaryPath(for: path)
        descriptor = try Self.open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, for: path)
        temporaryPath = temporary
        isSeekable = format == .raw
      }
    }
    if format != .raw {
      stream = try OutputStream(
        fileDescriptor: descriptor, path: path, ownsDescriptor: false, format: format)
    }
  }

  deinit {
    if !isDone { abandon() }
  }

  /// The format that a file's name asks for.
  static func format(of path: String) -> StreamFormat {
    if path.hasSuffix(".gz") { return .gzip }
    return path.hasSuffix(".zst") ? .zstd : .raw
  }

  /// Appends bytes; one caller at a time.
  ///
  /// - Returns: false when nobody reads any more.
  func append(_ bytes: UnsafeRawBufferPointer) throws -> Bool {
    if let stream {
      return try Self.unlessClosed { () throws(CompressionError) in try stream.write(bytes) }
    }
    var offset = 0
    while offset < bytes.count {
      guard let base = bytes.baseAddress else { return true }
      let count = Glibc.write(descriptor, base + offset, bytes.count - offset)
      if count < 0 {
        let code = lake_errno()
        if code == EINTR { continue }
        if code == EPIPE { return false }
        throw failure("write", code)
      }
      offset += count
    }
    return true
  }

  /// Writes bytes at an offset; any number of callers at once. Only where `isSeekable`.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count {
      guard let base = bytes.baseAddress else { return }
      let count = pwrite(descriptor, base + done, bytes.count - done, offset + done)
      if count < 0 {
        let code = lake_errno()
        if code == EINTR { continue }
        throw failure("write", code)
      }
      done += count
    }
  }

  /// Gives the file its name. Nothing may be written after.
  ///
  /// - Returns: false when nobody reads any more.
  func finish() throws -> Bool {
    if let stream, try !Self.unlessClosed({ () throws(CompressionError) in try stream.finish() }) {
      isDone = true
      return false
    }
    guard let temporaryPath else {
      isDone = true
      if descriptor != 1 { close(descriptor) }
      return true
    }
    let status =
      force ? rename(temporaryPath, path) : lake_rename_noreplace(temporaryPath, path)
    if status != 0 {
      let code = lake_errno()
      if code == EEXIST { throw Self.existing(path) }
      // A file system without RENAME_NOREPLACE: link refuses an existing name as well.
      guard code == EINVAL || code == ENOSYS, link(temporaryPath, path) == 0 else {
        throw failure("rename", code)
      }
      unlink(temporaryPath)
    }
    isDone = true
    if close(descriptor) != 0 { throw failure("close", lake_errno()) }
    return true
  }

  /// false when `body` finds that nobody reads any more.
  private static func unlessClosed(_ body: () throws(CompressionError) -> Void) throws -> Bool {
    do {
      try body()
      return true
    } catch {
      if error.systemError == EPIPE { return false }
      throw error
    }
  }

  /// Leaves no trace of an unfinished file.
  private func abandon() {
    isDone = true
    if let temporaryPath { unlink(temporaryPath) }
    if descriptor != 1 { close(descriptor) }
  }

  private func failure(_ verb: String, _ code: Int32) -> QueryError {
    QueryError(
      .output, "cannot \(verb) '\(path)': \(String(cString: strerror(code)))",
      remedy: code == ENOSPC ? "free some space, or write to another disk" : nil)
  }

  private static func existing(_ path: String) -> QueryError {
    QueryError(
      .outputExists, "'\(path)' exists", remedy: "choose another name, or replace it with --force")
  }

  private enum Kind { case nothing, file, folder, device }

  private static func kind(of path: String) -> Kind {
    var info = stat()
    if stat(path, &info) != 0 { return .nothing }
    switch info.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .device
    }
  }

  private static func temporaryPath(for path: String) -> String {
    let cut = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    return path[..<cut] + "." + path[cut...] + ".\(getpid()).tmp"
  }

  /// - Parameter name: As the user knows the file; nil for its own path.
  private static func open(
    _ path: String, _ flags: Int32, for name: String? = nil
  ) throws -> Int32 {
    let descriptor = lake_open(path, flags, 0o644)
    if descriptor < 0 {
      let code = lake_errno()
      throw QueryError(
        .output, "cannot create '\(name ?? path)': \(String(cString: strerror(code)))",
        remedy: code == ENOENT ? "make the folder first" : nil)
    }
    return descriptor
  }
}
