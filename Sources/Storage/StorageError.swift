import Glibc
import Platform

/// A file or folder that could not be read or written.
public struct StorageError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    case notFound
    case permission
    case noSpace
    /// The file system lacks an operation that commits need.
    case unsupported
    /// The path leaves the storage's root, or is a folder where a file is required.
    case badPath
    case tooLarge
    /// Any other system error. The operation may or may not have taken effect.
    case io
    /// A test double that simulates a crash.
    case stopped
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// The file or folder, relative to the storage's root or absolute.
  public var path: String
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?

  /// An error about one path.
  public init(code: Code, message: String, path: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.path = path
    self.remedy = remedy
  }

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? { path }

  /// Made from `errno`.
  ///
  /// - Parameter action: The failed action, as in "cannot <action>".
  static func system(_ number: Int32, _ action: String, _ path: String) -> StorageError {
    let reason = String(cString: strerror(number)).lowercased()
    let code: Code
    var remedy: String?
    switch number {
    case ENOENT, ENOTDIR: code = .notFound
    case EACCES, EPERM, EROFS:
      code = .permission
      remedy = "check the owner and mode of the folder"
    case ENOSPC, EDQUOT:
      code = .noSpace
      remedy = "free space on this disk, then run the command again"
    case EISDIR, ENAMETOOLONG, ELOOP: code = .badPath
    default: code = .io
    }
    return StorageError(
      code: code, message: "cannot \(action): \(reason)", path: path, remedy: remedy)
  }
}
