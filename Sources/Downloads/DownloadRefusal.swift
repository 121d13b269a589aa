import Platform

/// Why a vendor gives nothing, where that is no reason to stop the others.
public struct DownloadRefusal: LakeError, Hashable {
  /// Why the vendor gives nothing.
  public enum Kind: String, Sendable {
    /// The plan does not include it.
    case notEntitled
    /// The request makes no sense to the vendor, such as an unknown symbol.
    case rejected
    /// The vendor says that there is nothing.
    case empty
    /// The data are bad.
    case badData
    /// The vendor does not know the key: nothing else will work either.
    case unauthorized
  }

  /// Why the vendor gives nothing.
  public var kind: Kind
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Where it was found; nil where the message says it all.
  public var placeText: String?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?

  /// `code`, as the README lists it.
  public var codeText: String { kind.rawValue }

  /// An error of one kind.
  public init(_ kind: Kind, _ message: String, place: String? = nil, remedy: String? = nil) {
    self.kind = kind
    self.message = message
    placeText = place
    self.remedy = remedy
  }
}
