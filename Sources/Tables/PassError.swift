import CSystem
import Glibc
import Platform

/// A job over the lake that could not be done.
public struct PassError: LakeError, Hashable {
  public enum Code: String, Sendable {
    case input, system, conflict, conservation, usage, interrupted, tooManyBadRows
  }

  public var code: Code
  public var message: String
  public var place: String?
  public var remedy: String?

  public init(_ code: Code, _ message: String, place: String? = nil, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.place = place
    self.remedy = remedy
  }

  public var placeText: String? { place }

  /// A failed system call, in the system's own words.
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

/// Writes all bytes at a position, whatever the system takes at once.
package func writeAll(
  _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, path: String
) throws {
  var done = 0
  while done < bytes.count {
    guard let base = bytes.baseAddress else { return }
    let count = lake_pwrite(descriptor, base + done, bytes.count - done, off_t(offset + done))
    if count < 0 {
      throw PassError.system("write", path: path)
    }
    done += count
  }
}

/// Reads exactly `byteCount` bytes at a position.
package func readAll(
  _ descriptor: Int32, _ base: UnsafeMutableRawPointer, _ byteCount: Int, at offset: Int,
  path: String
) throws {
  var done = 0
  while done < byteCount {
    let count = lake_pread(descriptor, base + done, byteCount - done, off_t(offset + done))
    if count < 0 {
      throw PassError.system("read", path: path)
    }
    if count == 0 { throw PassError(.system, "a file ended early", place: path) }
    done += count
  }
}
