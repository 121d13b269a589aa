import CSystem
import Glibc

/// An output file named by the user. A regular file appears under its name only when it is complete; a pipe or
/// a device is written to directly.
///
/// Until `publish` the bytes go to a temporary file in the same folder (random name, opened without following
/// links), so that two programs that write the same name never mix their bytes: each publishes a complete file,
/// or gets the error that the file exists.
public final class OutputFile: @unchecked Sendable {
  /// The path as given; `-` is standard output.
  public let path: String
  /// The descriptor to write to, open until `publish`.
  public let descriptor: Int32
  /// Whether writes at arbitrary offsets are allowed.
  public let isSeekable: Bool
  private let replaces: Bool
  /// nil for standard output, pipes and devices.
  private let temporaryPath: String?
  private var isOpen: Bool

  /// - Parameter replaces: Whether an existing file is replaced.
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
      // The path may have been replaced since it was checked.
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
      // The permissions of the user's own umask, whatever the lake's folder changed it to.
      if UserMask.isChanged { lake_fchmod(file, 0o666 & ~UserMask.value) }
    }
  }

  deinit { discard() }

  /// Appends all bytes.
  ///
  /// - Throws: `OutputFileError` with the system's error number: EPIPE if the reader has closed the pipe.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(OutputFileError) {
    if !Transfer.write(descriptor, bytes) { throw OutputFileError.system("write", path) }
  }

  /// Writes all bytes at an offset. Only if `isSeekable`.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(OutputFileError) {
    if !Transfer.write(descriptor, bytes, at: offset) {
      throw OutputFileError.system("write", path)
    }
  }

  /// Moves the file to its final name. No writes may follow.
  public func publish() throws(OutputFileError) {
    guard isOpen else { return }
    guard let temporaryPath else { return discard() }
    let status =
      replaces ? lake_rename(temporaryPath, path) : lake_rename_noreplace(temporaryPath, path)
    if status != 0 {
      let number = lake_errno()
      if number == EEXIST { throw OutputFileError.exists(path) }
      // On a file system without RENAME_NOREPLACE, link(2) also refuses an existing name.
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

  /// Deletes the temporary file.
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
      // A dangling link counts as an existing file, and is not followed.
      if lake_errno() == ENOENT { return lake_lstat(path, &info) == 0 ? .file : .nothing }
      throw OutputFileError.system("create", path)
    }
    switch info.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return .folder
    default: return .device
    }
  }

  /// Most bytes of the final name that are used in the temporary one, which must stay below 255.
  private static let nameByteMax = 200

  private static func temporaryPath(for path: String) -> String {
    let cut = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    let name = String(decoding: path[cut...].utf8.prefix(nameByteMax), as: UTF8.self)
    let chance = String(UInt64.random(in: 0 ... .max), radix: 16)
    return path[..<cut] + "." + name + ".\(chance).tmp"
  }
}

/// An output file that cannot be created or written.
public struct OutputFileError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable { case exists, folder, system }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?
  /// The system's error number, if a call failed.
  public var systemError: Int32?

  /// `code`, as schemas/guide/errors.md lists it.
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

  /// Made from `errno`.
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
