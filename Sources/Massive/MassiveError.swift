import HTTP
import Platform

/// An answer of Massive that cannot be used.
public struct MassiveError: LakeError, Equatable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// Invalid JSON, or an incomplete page.
    case badPage
    /// Rows of a ticker or time that was not requested.
    case notAsked
    /// The page's number of results differs from its count.
    case countMismatch
    /// Pages that repeat, or lead back to an earlier one.
    case brokenChain
    /// The next page is on another host.
    case foreignHost
    /// The subscription does not cover the data: the key itself is valid.
    case notEntitled
    /// An error reported by the vendor.
    case vendor
    /// Adjusted prices where raw ones were requested, or the reverse.
    case otherAdjustment
    case tooLarge
    case tooManyBadRows
    case usage
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Path, page and byte, if known.
  public var placeText: String?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?

  /// An error of one kind.
  public init(_ code: Code, _ message: String, place: String? = nil, remedy: String? = nil) {
    self.code = code
    self.message = message
    placeText = place
    self.remedy = remedy
  }

  /// The same error without keys, which a vendor's message may repeat.
  func redacted(by redactor: Redactor) -> MassiveError {
    var copy = self
    copy.message = redactor.redact(message)
    copy.placeText = placeText.map { redactor.redact($0) }
    copy.remedy = remedy.map { redactor.redact($0) }
    return copy
  }

  /// The same error, found at `place`.
  public func at(_ place: String) -> MassiveError {
    var placed = self
    placed.placeText = placeText.map { place + ", " + $0 } ?? place
    return placed
  }

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }
}
