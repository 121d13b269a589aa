import Platform

/// An option symbol, strike or expiry that is invalid or cannot be chosen.
public struct OptionError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    case badSymbol, badStrike, badIncrement, badCount, badPrice, badExpiry, expired
  }
  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Where it was found; nil where the message says it all.
  public var placeText: String?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }

  init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
