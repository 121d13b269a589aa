import CCurl
import Synchronization

/// HTTP by libcurl: HTTP/2 where the server supports it, connections reused, certificates always verified.
public final class CurlTransport: HTTPTransport {
  /// Connection settings.
  public struct Options: Sendable {
    /// Timeout for establishing a connection, in seconds.
    public var connectTimeout = 15.0
    /// Seconds without any byte after which a transfer fails.
    public var stallTimeout = 100.0
    /// Value of the `User-Agent` header.
    public var userAgent = "lake"
    /// File of trusted certificate authorities; nil for the system's.
    public var certificateFile: String?

    /// The defaults.
    public init() {}

    /// The defaults, with `SSL_CERT_FILE` from the environment if it is set.
    public init(environment: [String: String]) {
      if let path = environment["SSL_CERT_FILE"], !path.isEmpty { certificateFile = path }
    }
  }

  /// Most idle connections that are kept.
  static let idleCountMax = 64

  private let options: Options
  private let isInterrupted: @Sendable () -> Bool
  private let idle = Mutex<[CurlSession]>([])

  /// - Parameter isInterrupted: Called about ten times a second while a request runs; true cancels it.
  public init(
    options: Options = Options(), isInterrupted: @escaping @Sendable () -> Bool = { false }
  ) {
    self.options = options
    self.isInterrupted = isInterrupted
  }

  /// Makes one attempt at a request.
  public func perform(
    _ request: HTTPRequest, body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
  ) throws -> HTTPResponse {
    let curl = try CurlLibrary.shared.get()
    guard let session = idle.withLock({ $0.popLast() }) ?? CurlSession(curl) else {
      throw HTTPError(.connection, "libcurl has no memory for a request", url: request.url)
    }
    defer { idle.withLock { if $0.count < Self.idleCountMax { $0.append(session) } } }
    return try withoutActuallyEscaping(body) { body in
      let receiver = CurlReceiver(url: request.url, body: body)
      try session.run(request, options, receiver, isInterrupted: isInterrupted)
      return receiver.response
    }
  }
}

/// Receives the headers and the body of one response.
final class CurlReceiver {
  /// Most headers that are kept.
  static let headerCountMax = 256

  private(set) var response: HTTPResponse
  private(set) var bodyError: (any Error)?
  /// Whether data arrived since this was last set to false.
  var hasProgress = false
  private let body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void

  init(url: String, body: @escaping (HTTPResponse, UnsafeRawBufferPointer) throws -> Void) {
    response = HTTPResponse(status: 0, url: url)
    self.body = body
  }

  /// Receives one header line. A status line discards the headers so far: they belong to an interim response.
  func takeHeader(_ bytes: UnsafeRawBufferPointer) {
    hasProgress = true
    let line = String(decoding: bytes, as: UTF8.self)
    if line.hasPrefix("HTTP/") {
      let parts = line.split(separator: " ")
      response.status = parts.count > 1 ? Int(parts[1].prefix(3)) ?? 0 : 0
      response.headers = [:]
      return
    }
    guard let colon = line.firstIndex(of: ":"), response.headers.count < Self.headerCountMax else {
      return
    }
    let name = line[..<colon].lowercased()
    let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
    let text = String(value.prefix { !$0.isNewline })
    response.headers[name] = response.headers[name].map { $0 + ", " + text } ?? text
  }

  /// Receives a part of the body; false ends the transfer.
  func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    hasProgress = true
    response.byteCount += bytes.count
    do {
      try body(response, bytes)
      return true
    } catch {
      bodyError = error
      return false
    }
  }
}
