import Glibc
import Platform

/// Bytes that cannot be compressed or decompressed, or a stream that cannot be read or written.
public struct CompressionError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// The compressed bytes contradict their format.
    case corrupt
    /// The compressed bytes end before their last frame does.
    case truncated
    /// The bytes are in order, and need more than is there to be decompressed.
    case unreadable
    /// The bytes decompress to another size than was promised.
    case size
    /// A codec whose library is not on this machine.
    case unavailable
    /// The system cannot open, read or write the file.
    case file
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// The file's path, or the codec's name.
  public var path: String?
  /// Compressed bytes from the start of the stream.
  public var offset: Int?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?
  /// The system's error number, where a system call failed: `EPIPE`, `ENOSPC`, …
  public var systemError: Int32?

  /// An error of one kind.
  public init(
    _ code: Code, _ message: String, path: String? = nil, offset: Int? = nil,
    remedy: String? = nil, systemError: Int32? = nil
  ) {
    self.code = code
    self.message = message
    self.path = path
    self.offset = offset
    self.remedy = remedy ?? Self.usualRemedy(code, systemError)
    self.systemError = systemError
  }

  /// What helps in most cases of this kind.
  private static func usualRemedy(_ code: Code, _ systemError: Int32?) -> String? {
    switch code {
    case .corrupt, .truncated, .size: "the file is damaged: download or copy it again"
    case .unavailable: "install the library, or decompress the file with another program first"
    case .unreadable: "decompress the file with another program first"
    case .file:
      switch systemError {
      case ENOENT: "check the path: 'ls' shows what is there"
      case EISDIR: "name the files in it, like 'folder/*'"
      case EACCES, EPERM: "ask for permission to it, or choose another place"
      case ENOSPC, EDQUOT: "free some space, or write elsewhere"
      default: nil
      }
    }
  }

  /// `code`, as the README lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? {
    switch (path, offset) {
    case (let path?, let offset?): "\(path), byte \(offset)"
    case (let path?, nil): path
    case (nil, let offset?): "byte \(offset)"
    case (nil, nil): nil
    }
  }
}
