import HTTP
import Platform

/// An answer of Massive's that cannot be used as a whole.
public struct MassiveError: LakeError, Equatable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// Not the JSON that the page should be, or not all of it.
    case badPage
    /// Rows of another ticker or time than were asked for.
    case notAsked
    /// The page holds another number of results than it says.
    case countMismatch
    /// Pages that repeat, or lead back to one that was read.
    case brokenChain
    /// The next page is on another host.
    case foreignHost
    /// The key's plan does not cover the data: nothing is wrong with the key.
    case notEntitled
    /// The vendor says what is wrong.
    case vendor
    /// Adjusted prices where raw ones were asked for, or the other way.
    case otherAdjustment
    case tooLarge
    case tooManyBadRows
    case usage
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// Path, page and byte, as far as they are known.
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

  /// The same error without keys: a vendor's words may hold what was sent to it.
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

  /// `code`, as the README lists it.
  public var codeText: String { code.rawValue }
}
