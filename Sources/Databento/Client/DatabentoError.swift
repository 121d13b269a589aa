import HTTP
import Platform

/// An invalid answer of the vendor, or an invalid request.
public struct DatabentoError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// The vendor knows no instrument by these names.
    case unresolved
    /// No instrument has one of these names in this range: expired, or not listed yet.
    case unlisted
    /// A dataset or schema that the vendor does not offer.
    case unknownName
    /// A range that is empty, or outside the dataset's.
    case badRange
    /// An answer in an undocumented form.
    case badAnswer
    /// A file whose hash differs from the announced one.
    case badHash
    /// A file that cannot be written.
    case inputOutput
    /// A batch job that will not finish.
    case badJob
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

  /// An error of one kind.
  public init(_ code: Code, _ message: String, place: String? = nil, remedy: String? = nil) {
    self.code = code
    self.message = message
    placeText = place
    self.remedy = remedy
  }

  /// The same error without keys, which a vendor's message may repeat.
  func redacted(by redactor: Redactor) -> DatabentoError {
    var copy = self
    copy.message = redactor.redact(message)
    copy.placeText = placeText.map { redactor.redact($0) }
    copy.remedy = remedy.map { redactor.redact($0) }
    return copy
  }
}

extension DatabentoClient {
  /// Runs a request whose errors may quote the answer.
  func redacting<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as DatabentoError {
      throw error.redacted(by: http.redactor)
    }
  }
}
