/// Why a request is waiting.
public enum HTTPWait: Sendable, CustomStringConvertible {
  /// The rate limit is exhausted.
  case rateLimit(seconds: Double)
  /// Another attempt follows: the error of the last attempt, and the number of the next one.
  case retry(HTTPError, seconds: Double, attempt: Int)

  /// The line shown to the user while waiting.
  public var description: String {
    switch self {
    case .rateLimit(let seconds): "waiting \(Self.text(seconds)) for the rate limit"
    case .retry(let error, let seconds, let attempt):
      "\(error.message): attempt \(attempt) in \(Self.text(seconds))"
    }
  }

  private static func text(_ seconds: Double) -> String {
    let tenths = Int((seconds * 10).rounded(.up))
    return "\(tenths / 10).\(tenths % 10) s"
  }
}

/// Sends requests with retries and a rate limit, and redacts keys in every result and error.
public final class HTTPClient: Sendable {
  /// Most redirects followed, all within one server.
  static let redirectCountMax = 5

  /// When and how often a request is retried.
  public let policy: RetryPolicy
  /// Limits the request rate; nil for no limit.
  public let limiter: RateLimiter?
  /// Removes keys from messages and headers.
  public let redactor: Redactor
  let isInterrupted: @Sendable () -> Bool
  private let transport: any HTTPTransport
  private let clock: HTTPClock
  private let didWait: @Sendable (HTTPWait) -> Void

  /// - Parameters:
  ///   - limiter: Called before every attempt.
  ///   - secrets: Keys to redact.
  ///   - isInterrupted: Polled; true ends all waiting.
  ///   - didWait: Called before each wait.
  public init(
    transport: any HTTPTransport, policy: RetryPolicy = RetryPolicy(),
    limiter: RateLimiter? = nil, secrets: [Secret] = [],
    isInterrupted: @escaping @Sendable () -> Bool = { false },
    didWait: @escaping @Sendable (HTTPWait) -> Void = { _ in }, clock: HTTPClock = .system
  ) {
    self.transport = transport
    self.policy = policy
    self.limiter = limiter
    redactor = Redactor(secrets)
    self.isInterrupted = isInterrupted
    self.didWait = didWait
    self.clock = clock
  }

  /// The whole response body.
  ///
  /// - Parameter byteCountMax: A longer body throws `tooLarge`.
  public func data(_ request: HTTPRequest, byteCountMax: Int) throws(HTTPError) -> (
    HTTPResponse, [UInt8]
  ) {
    var bytes: [UInt8] = []
    do {
      let response = try stream(
        request, begin: { bytes.removeAll(keepingCapacity: true) },
        body: { piece in
          guard bytes.count + piece.count <= byteCountMax else {
            throw HTTPError(
              .tooLarge, "the answer is longer than \(byteCountMax) bytes", url: request.url)
          }
          bytes.append(contentsOf: piece)
        })
      return (response, bytes)
    } catch let error as HTTPError {
      throw error
    } catch {
      // The calls above throw nothing else.
      throw HTTPError(.connection, "\(error)", url: request.url).redacted(by: redactor)
    }
  }

  /// Streams the body of a successful response.
  ///
  /// - Parameters:
  ///   - begin: Called before every attempt: what an earlier attempt delivered must be discarded.
  ///   - body: Receives each part; an error that it throws ends the request and is rethrown.
  public func stream(
    _ request: HTTPRequest, begin: () throws -> Void,
    body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> HTTPResponse {
    try exchange(
      prepare: {
        try begin()
        return request
      }, body: { _, bytes in try body(bytes) })
  }

  /// Like `stream`, but each attempt may send a different request, such as one that resumes at the first
  /// missing byte.
  ///
  /// - Parameters:
  ///   - prepare: Returns the request of the next attempt.
  ///   - body: Receives the response too, to tell 206 from 200.
  ///   - finish: Called after the body; may throw a retryable `HTTPError`.
  public func exchange(
    prepare: () throws -> HTTPRequest,
    body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void,
    finish: (HTTPResponse) throws -> Void = { _ in }
  ) throws -> HTTPResponse {
    var attempt = 1
    while true {
      let request = try prepare()
      do {
        var response = try followed(request, body: body)
        try finish(response)
        // Response headers are stored in the ledger, and a server may echo the key in them.
        response.headers = response.headers.mapValues { redactor.redact($0) }
        response.url = redactor.redact(response.url)
        return response
      } catch var error as HTTPError {
        error = error.redacted(by: redactor)
        error.attemptCount = attempt
        guard error.isRetryable, attempt < policy.maxAttempts else { throw error }
        try wait(after: error, attempt: attempt)
        attempt += 1
      }
    }
  }

  private func wait(after error: HTTPError, attempt: Int) throws {
    if let asked = error.retryAfter, asked > RetryPolicy.retryAfterMax {
      var told = error
      told.remedy = "run it again in \(Int(asked)) seconds, as the vendor asks"
      throw told
    }
    let seconds = error.retryAfter ?? policy.wait(attempt: attempt, jitter: clock.jitter())
    didWait(.retry(error, seconds: seconds, attempt: attempt + 1))
    guard clock.wait(seconds, unless: isInterrupted) else { throw cancelled(error.url) }
  }

  private func cancelled(_ url: String?) -> HTTPError {
    HTTPError(.cancelled, "the request was stopped", url: url)
  }

  // MARK: - One attempt

  /// One attempt, redirects within the same server included.
  private func followed(
    _ request: HTTPRequest, body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
  ) throws -> HTTPResponse {
    var request = request
    for _ in 0...Self.redirectCountMax {
      let (response, refusal) = try sent(request, body: body)
      if response.isSuccess { return response }
      guard [301, 302, 303, 307, 308].contains(response.status) else {
        throw AnswerError.make(
          response, refusal, request, redactor: redactor, now: clock.now())
      }
      request = try redirected(request, response)
    }
    throw HTTPError(
      .redirect, "the server redirects in circles", url: request.url,
      remedy: "check the address in lake.yaml")
  }

  /// Sends one request; an error response's body is collected, that of a success is streamed.
  private func sent(
    _ request: HTTPRequest, body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
  ) throws -> (HTTPResponse, [UInt8]) {
    try checkAddress(request)
    if let limiter {
      let isTaken = limiter.acquire(unless: isInterrupted) { didWait(.rateLimit(seconds: $0)) }
      guard isTaken else { throw cancelled(request.url) }
    } else if isInterrupted() {
      throw cancelled(request.url)
    }
    var refusal: [UInt8] = []
    let response = try transport.perform(request) { response, piece in
      if response.isSuccess {
        try AnswerError.checkKind(response, piece, redactor: redactor)
        try body(response, piece)
      } else {
        refusal += piece.prefix(VendorMessage.byteCountMax - refusal.count)
      }
    }
    if response.isSuccess {
      try AnswerError.checkKind(
        response, UnsafeRawBufferPointer(start: nil, count: 0), redactor: redactor)
    }
    return (response, refusal)
  }

  private func checkAddress(_ request: HTTPRequest) throws(HTTPError) {
    guard let url = HTTPURL(request.fullURL) else {
      throw HTTPError(
        .rejected, "'\(request.url)' is no web address", remedy: "one like https://host/path")
    }
    guard url.isEncrypted || url.isLoopback else {
      throw HTTPError(
        .tls, "'\(request.url)' is not encrypted, and a key would be sent in the clear",
        remedy: "use https://; plain http:// is only for this machine")
    }
    if let secret = request.credential?.secret, !secret.isWellFormed {
      throw HTTPError(
        .unauthorized, "the key in \(secret.origin) holds spaces or control characters",
        url: request.url, remedy: "copy the key again")
    }
  }

  private func redirected(_ request: HTTPRequest, _ response: HTTPResponse) throws(HTTPError)
    -> HTTPRequest
  {
    let location = response.headers["location"] ?? ""
    guard let here = HTTPURL(request.fullURL), let there = here.resolving(location) else {
      throw HTTPError(
        .redirect, "the server redirects to '\(location)', which is no web address",
        url: request.url, status: response.status)
    }
    guard here.isSameServer(as: there) else {
      throw HTTPError(
        .redirect, "the server redirects to '\(there.origin)', and a key never goes elsewhere",
        url: request.url, remedy: "check the address in lake.yaml", status: response.status)
    }
    var next = request
    next.url = there.text
    next.query = []
    if request.method == .post, ![307, 308].contains(response.status) {
      next.method = .get
      next.form = []
    }
    return next
  }
}
