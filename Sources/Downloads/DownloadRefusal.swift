import Platform

/// A refusal by a vendor that need not stop other units.
public struct DownloadRefusal: LakeError, Hashable {
  /// Why the vendor refuses.
  public enum Kind: String, Sendable {
    /// The subscription does not include it.
    case notEntitled
    /// The vendor does not understand the request, such as an unknown symbol.
    case rejected
    /// The vendor has no data.
    case empty
    /// The data are invalid.
    case badData
    /// The vendor does not know the key: no other request will work.
    case unauthorized
  }

  /// Why the vendor refuses.
  public var kind: Kind
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Where it was found; nil where the message says it all.
  public var placeText: String?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { kind.rawValue }

  /// An error of one kind.
  public init(_ kind: Kind, _ message: String, place: String? = nil, remedy: String? = nil) {
    self.kind = kind
    self.message = message
    placeText = place
    self.remedy = remedy
  }
}
