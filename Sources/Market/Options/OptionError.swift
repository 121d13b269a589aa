import Platform

/// An option symbol, strike or expiry that cannot be read or chosen.
public struct OptionError: LakeError, Hashable {
  public enum Code: String, Sendable {
    case badSymbol, badStrike, badIncrement, badCount, badPrice, badExpiry, expired
  }
  public var code: Code
  public var message: String
  public var placeText: String?
  public var remedy: String?

  init(_ code: Code, _ message: String, remedy: String? = nil) {
    self.code = code
    self.message = message
    self.remedy = remedy
  }
}
