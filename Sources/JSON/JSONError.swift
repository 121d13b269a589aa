import Platform

/// Bytes that are not the JSON they should be.
public struct JSONError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// Not JSON by the grammar of RFC 8259.
    case syntax
    /// The text ends inside a value.
    case truncated
    /// Text that is not UTF-8, or an escape that stands for no character.
    case encoding
    /// Nested deeper than the parser's limit.
    case depth
    /// Well-formed, but of another type than the caller asked for.
    case type
    /// A number that does not fit.
    case range
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Byte from the start of the text at which the parser stood.
  public var offset: Int
  /// File, line or field; filled by the layer that knows it.
  public var path: String?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String? {
    switch code {
    case .truncated: "the text is not whole: fetch or copy the file again"
    case .syntax, .encoding, .type, .range: "correct the text there, or fetch the file again"
    case .depth: "write it with fewer levels"
    }
  }

  /// An error at an offset of the text, in bytes.
  public init(code: Code, message: String, offset: Int, path: String? = nil) {
    self.code = code
    self.message = message
    self.offset = offset
    self.path = path
  }

  /// `code`, as the README lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? {
    path.map { "\($0), byte \(offset)" } ?? "byte \(offset)"
  }
}
