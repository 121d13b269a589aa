import Platform

/// A request that got no useful answer.
public struct HTTPError: LakeError, Hashable {
  /// The kinds of error.
  public enum Code: String, Sendable {
    /// 401: the vendor does not know the key.
    case unauthorized
    /// 403: the key does not reach this far.
    case forbidden
    /// Another 4xx: the vendor says why.
    case rejected
    /// 429 until there were no attempts left.
    case rateLimited
    /// 5xx until there were no attempts left.
    case server
    /// The connection failed or broke off.
    case connection
    /// No connection, or no further byte, in time.
    case timeout
    /// The server could not prove who it is, or the address is not encrypted.
    case tls
    /// Sent elsewhere: a key never goes to another host.
    case redirect
    /// An answer larger than the question allows.
    case tooLarge
    /// The person stopped it.
    case cancelled
    /// libcurl is not installed.
    case noLibrary
    /// An answer of the wrong kind, such as a web page.
    case badAnswer
  }

  /// What kind of error it is.
  public var code: Code
  /// What is wrong, with the value found and the one expected.
  public var message: String
  /// The address, without keys.
  public var url: String?
  /// One command or one change that helps; nil where none is known.
  public var remedy: String?
  /// The answer's status; nil where there was no answer.
  public var status: Int?
  /// What the server said, in its own words.
  public var vendorMessage: String?
  /// The vendor's name for the case, such as `data_end_after_available_end`.
  public var vendorCase: String?
  /// Seconds that the server asked to wait.
  public var retryAfter: Double?
  /// The vendor's name for the exchange.
  public var requestID: String?
  /// How often it was tried.
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

  /// `code`, as the README lists it.
  public var codeText: String { code.rawValue }

  /// Where it was found; nil where the message says it all.
  public var placeText: String? {
    var parts: [String] = []
    if let url { parts.append(url) }
    if let requestID { parts.append("request \(requestID)") }
    if attemptCount > 1 { parts.append("after \(attemptCount) attempts") }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// Whether the same request may succeed later: 429, 5xx, a dropped connection, a timeout.
  public var isRetryable: Bool {
    switch code {
    case .rateLimited, .server, .connection, .timeout: true
    default: false
    }
  }

  /// Characters of a vendor's name for an exchange that are kept.
  private static let requestIDMax = 200

  /// The same error without keys.
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
