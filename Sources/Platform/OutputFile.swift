import CSystem
import Glibc

/// A file that a person named for output. It appears under its name when it is whole, and not at all
/// otherwise; a pipe or a device of that name is written to.
///
/// Until `publish` the bytes lie beside it in a file that this object alone made (its name is chance, and
/// no link is followed to it), so that two programs that write to one name at once never mix: each
/// gives its whole file that name, or is told that it exists.
public final class OutputFile: @unchecked Sendable {
  /// As the person wrote it; `-` is standard output.
  public let path: String
  /// Open for writing until `publish`.
  public let descriptor: Int32
  /// Whether bytes may be written at any offset.
  public let isSeekable: Bool
  private let replaces: Bool
  /// nil for standard output, a pipe and a device.
  private let temporaryPath: String?
  private var isOpen: Bool

  /// - Parameter replaces: Whether a file of that name gives way.
  public init(path: String, replaces: Bool) throws(OutputFileError) {
    self.path = path
    self.replaces = replaces
    if path == "-" || path == "/dev/stdout" {
      (descriptor, temporaryPath, isSeekable, isOpen) = (1, nil, false, false)
      return
    }
    switch try Self.kind(of: path) {
    case .folder:
      throw OutputFileError(.folder, "'\(path)' is a folder", remedy: "name a file in it")
    case .device:
      let device = Waiting.openForWriting(path)
      if device < 0 { throw OutputFileError.system("open", path) }
      // It may have been another a moment ago.
      let isDevice = !Waiting.isRegularFile(device)
      (descriptor, temporaryPath, isSeekable, isOpen) = (device, nil, false, true)
      if !isDevice { throw OutputFileError.exists(path) }
    case .file where !replaces: throw OutputFileError.exists(path)
    case .file, .nothing:
      let temporary = Self.temporaryPath(for: path)
      let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
      let file = lake_open(temporary, flags, 0o666)
      if file < 0 { throw OutputFileError.system("create", path) }
      (descriptor, temporaryPath, isSeekable, isOpen) = (file, temporary, true, true)
      // What the person's own umask leaves, whatever the rights of the lake that is read.
      if UserMask.isChanged { lake_fchmod(file, 0o666 & ~UserMask.value) }
    }
  }

  deinit { discard() }

  /// Writes all bytes, in order.
  ///
  /// - Throws: `OutputFileError` with the system's number: EPIPE when nobody reads any more.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(OutputFileError) {
    if !Transfer.write(descriptor, bytes) { throw OutputFileError.system("write", path) }
  }

  /// Writes all bytes at an offset. Only where `isSeekable`.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(OutputFileError) {
    if !Transfer.write(descriptor, bytes, at: offset) {
      throw OutputFileError.system("write", path)
    }
  }

  /// Gives the file its name. Nothing may be written after.
  public func publish() throws(OutputFileError) {
    guard isOpen else { return }
    guard let temporaryPath else { return discard() }
    let status =
      replaces ? lake_rename(temporaryPath, path) : lake_rename_noreplace(temporaryPath, path)
    if status != 0 {
      let number = lake_errno()
      if number == EEXIST { throw OutputFileError.exists(path) }
      // A file system without RENAME_NOREPLACE: link refuses an existing name as well.
      let mayLink = !replaces && [EINVAL, ENOSYS, ENOTSUP].contains(number)
      guard mayLink, lake_link(temporaryPath, path) == 0 else {
        throw mayLink && lake_errno() == EEXIST
          ? OutputFileError.exists(path) : OutputFileError.system("rename", path)
      }
      lake_unlink(temporaryPath)
    }
    isOpen = false
    if lake_close(descriptor) != 0 { throw OutputFileError.system("close", path) }
  }

  /// Leaves no trace of an unfinished file.
  private func discard() {
    guard isOpen else { return }
    isOpen = false
    if let temporaryPath { lake_unlink(temporaryPath) }
    lake_close(descriptor)
  }

  private enum Kind { case nothing, file, folder, device }

  private static func kind(of path: String) throws(OutputFileError) -> Kind {
    var info = stat()
    if lake_stat(path, &info) != 0 {
      // A link to nowhere is a name that is taken, and nothing to be followed.
      if lake_errno() == ENOENT { return lake_lstat(path, &info) == 0 ? .file : .nothing }
      throw OutputFileError.system("create", path)
    }
    switch info.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .device
    }
  }

  /// Bytes of a name that go into the temporary one, which must stay below 255.
  private static let nameByteMax = 200

  private static func temporaryPath(for path: String) -> String {
    let cut = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let name = String(decoding: path[cut...].utf8.prefix(nameByteMax), as: UTF8.self)
    let chance = String(UInt64.random(in: 0 ... .max), radix: 16)
    return path[..<cut] + "." + name + ".\(chance).tmp"
  }
}

/// An output file that cannot be made or written.
public struct OutputFileError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable { case exists, folder, system }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?
  /// The system's number, where a call failed.
  public var systemError: Int32?

  /// `code`, as the README lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? { nil }

  init(_ code: Code, _ message: String, remedy: String? = nil, systemError: Int32? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
    self.systemError = systemError
  }

  static func exists(_ path: String) -> OutputFileError {
    OutputFileError(
      .exists, "the output file '\(path)' exists",
      remedy: "choose another name, or replace it with --force")
  }

  /// From the number that a system call left behind.
  static func system(_ verb: String, _ path: String) -> OutputFileError {
    let number = lake_errno()
    let remedy: String? =
      switch number {
      case ENOENT: "make the folder first"
      case ENOSPC, EDQUOT: "free some space, or write to another disk"
      case EACCES, EPERM, EROFS: "choose a folder that you may write to"
      default: nil
      }
    let reason = number == EINTR ? "interrupted" : String(cString: strerror(number))
    return OutputFileError(
      .system, "cannot \(verb) '\(path)': \(reason)", remedy: remedy, systemError: number)
  }
}
