import Glibc
import Platform

/// A file or folder that could not be read or written.
public struct StorageError: LakeError, Hashable {
  public enum Code: String, Sendable {
    case notFound
    case permission
    case noSpace
    /// The file system lacks an operation that commits depend on.
    case unsupported
    /// The path leaves the storage, or names a folder where a file should be.
    case badPath
    case tooLarge
    /// Anything else that the system reported. The operation may or may not have taken effect.
    case io
    /// A test double that was told to stop.
    case stopped
  }

  public var code: Code
  public var message: String
  public var path: String
  public var remedy: String?

  public init(code: Code, message: String, path: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.path = path
    self.remedy = remedy
  }

  public var placeText: String? { path }

  /// From the number that a system call left behind.
  ///
  /// - Parameter action: What was tried, as in "cannot <action>".
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
