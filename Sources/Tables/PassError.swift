import CSystem
import Glibc
import Platform

/// A job on the lake that failed.
public struct PassError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    case input, system, conflict, conservation, usage, interrupted, tooManyBadRows
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Where it was found.
  public var place: String?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?

  /// An error of one kind.
  public init(_ code: Code, _ message: String, place: String? = nil, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.place = place
    self.remedy = remedy
  }

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? { place }

  /// A failed system call, with the system's message.
  package static func system(_ call: String, path: String) -> PassError {
    let number = lake_errno()
    let text = strerror(number).map { String(cString: $0) } ?? "error \(number)"
    let remedy =
      switch number {
      case ENOSPC, EDQUOT: "free some space on that disk, then run the same command again"
      case EACCES, EPERM, EROFS: "check who owns the folder and whether it may be written"
      default: nil as String?
      }
    return PassError(
      .system, "the system refused to \(call): \(text.lowercased())", place: path, remedy: remedy)
  }
}

/// Writes all bytes at an offset, in as many calls as the system needs.
package func writeAll(
  _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, path: String
) throws {
  if !Transfer.write(descriptor, bytes, at: offset) { throw PassError.system("write", path: path) }
}

/// Reads exactly `byteCount` bytes at an offset.
package func readAll(
  _ descriptor: Int32, _ base: UnsafeMutableRawPointer, _ byteCount: Int, at offset: Int,
  path: String
) throws {
  let count = Transfer.read(
    descriptor, into: UnsafeMutableRawBufferPointer(start: base, count: byteCount), at: offset)
  if count < 0 { throw PassError.system("read", path: path) }
  if count < byteCount { throw PassError(.system, "a file ended early", place: path) }
}
