import Platform

/// Invalid or unexpected JSON.
public struct JSONError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// Not JSON by the grammar of RFC 8259.
    case syntax
    /// The text ends inside a value.
    case truncated
    /// Invalid UTF-8, or an escape that is not a character.
    case encoding
    /// Nesting exceeds the parser's limit.
    case depth
    /// Valid JSON of another type than the caller expects.
    case type
    /// A number out of range.
    case range
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Byte offset in the text of the error.
  public var offset: Int
  /// File, line or field; set by the caller that knows it.
  public var path: String?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String? {
    switch code {
    case .truncated: "the text is not whole: fetch or copy the file again"
    case .syntax, .encoding, .type, .range: "correct the text there, or fetch the file again"
    case .depth: "write it with fewer levels"
    }
  }

  /// An error at a byte offset of the text.
  public init(code: Code, message: String, offset: Int, path: String? = nil) {
    self.code = code
    self.message = message
    self.offset = offset
    self.path = path
  }

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? {
    path.map { "\($0), byte \(offset)" } ?? "byte \(offset)"
  }
}
