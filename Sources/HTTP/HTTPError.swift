import Platform

/// A request without a usable response.
public struct HTTPError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// 401: the vendor rejects the key.
    case unauthorized
    /// 403: the key is not entitled to the data.
    case forbidden
    /// Another 4xx.
    case rejected
    /// 429 on the last attempt.
    case rateLimited
    /// 5xx on the last attempt.
    case server
    /// The connection failed or was dropped.
    case connection
    /// No connection, or no further byte, within the timeout.
    case timeout
    /// The certificate was not accepted, or the URL is not https.
    case tls
    /// A redirect that is not followed: to another server, which must not get the key, or a loop.
    case redirect
    /// The response exceeds the caller's size limit.
    case tooLarge
    /// Interrupted by the user.
    case cancelled
    /// libcurl could not be loaded.
    case noLibrary
    /// A response of the wrong kind, such as HTML.
    case badAnswer
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// The URL, redacted.
  public var url: String?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?
  /// The response's status; nil without a response.
  public var status: Int?
  /// The server's own message.
  public var vendorMessage: String?
  /// The vendor's error code, such as `data_end_after_available_end`.
  public var vendorCase: String?
  /// Value of `Retry-After` in seconds.
  public var retryAfter: Double?
  /// The vendor's request ID.
  public var requestID: String?
  /// Number of attempts made.
  public var attemptCount: Int

  /// An error of one kind.
  public init(
    _ code: Code, _ message: String, url: String? = nil, remedy: String? = nil, status: Int? = nil,
    vendorMessage: String? = nil, vendorCase: String? = nil, retryAfter: Double? = nil,
    requestID: String? = nil, attemptCount: Int = 1
  ) {
    self.code = code
    self.message = message
    self.url = url
    self.remedy = remedy
    self.status = status
    self.vendorMessage = vendorMessage
    self.vendorCase = vendorCase
    self.retryAfter = retryAfter
    self.requestID = requestID
    self.attemptCount = attemptCount
  }

  /// `code`, as schemas/guide/errors.md lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? {
    var parts: [String] = []
    if let url { parts.append(url) }
    if let requestID { parts.append("request \(requestID)") }
    if attemptCount > 1 { parts.append("after \(attemptCount) attempts") }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// Whether a retry may succeed: 429, 5xx, a dropped connection, a timeout.
  public var isRetryable: Bool {
    switch code {
    case .rateLimited, .server, .connection, .timeout: true
    default: false
    }
  }

  /// Longest request ID that is kept, in characters.
  private static let requestIDMax = 200

  /// The same error with keys redacted.
  func redacted(by redactor: Redactor) -> HTTPError {
    var copy = self
    copy.message = redactor.redact(message)
    copy.url = url.map { redactor.redact($0) }
    copy.remedy = remedy.map { redactor.redact($0) }
    copy.vendorMessage = vendorMessage.map { redactor.redact($0) }
    copy.vendorCase = vendorCase.map { redactor.redact($0) }
    copy.requestID = requestID.map { redactor.redact($0, characterCountMax: Self.requestIDMax) }
    return copy
  }
}
