import Platform

/// Why a vendor gives nothing, where that is no reason to stop the others.
public struct DownloadRefusal: LakeError, Hashable {
  public enum Kind: Hashable, Sendable {
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

  public var kind: Kind
  public var message: String
  public var placeText: String?
  public var remedy: String?

  public init(_ kind: Kind, _ message: String, place: String? = nil, remedy: String? = nil) {
    self.kind = kind
    self.message = message
    placeText = place
    self.remedy = remedy
  }
}
