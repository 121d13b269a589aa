import Glibc
import Platform

/// Data that cannot be compressed or decompressed, or a stream that cannot be read or written.
public struct CompressionError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// The compressed data is invalid.
    case corrupt
    /// The compressed data ends within a frame.
    case truncated
    /// The data is valid, but cannot be decompressed without something that is not available.
    case unreadable
    /// The decompressed size differs from the expected one.
    case size
    /// A codec whose library is not installed.
    case unavailable
    /// The file cannot be opened, read or written.
    case file
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Path of the file, or name of the codec.
  public var path: String?
  /// Offset in the compressed stream.
  public var offset: Int?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?
  /// The system's error number if a system call failed: `EPIPE`, `ENOSPC`, …
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

  /// The default remedy of a code.
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

  /// `code`, as schemas/guide/errors.md lists it.
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
