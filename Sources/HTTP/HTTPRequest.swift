import Bytes

/// A request to a server.
public struct HTTPRequest: Sendable {
  /// The HTTP methods in use.
  public enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
  }

  /// How the key is sent.
  public enum Credential: Sendable {
    /// HTTP Basic authentication with the key as user name and no password.
    case basic(Secret)
    case bearer(Secret)

    /// The key itself.
    public var secret: Secret {
      switch self {
      case .basic(let secret), .bearer(let secret): secret
      }
    }

    /// Value of the `Authorization` header.
    var header: String {
      switch self {
      case .basic(let secret): secret.withText { "Basic " + Base64.encode(Array(($0 + ":").utf8)) }
      case .bearer(let secret): secret.withText { "Bearer " + $0 }
      }
    }
  }

  /// The request's method.
  public var method: Method
  /// The URL without keys; it may already have a query.
  public var url: String
  /// Parameters appended to the URL, percent-encoded here.
  public var query: [(String, String)]
  /// The form body of a POST, percent-encoded here.
  public var form: [(String, String)]
  /// Names and values, in order.
  public var headers: [(String, String)]
  /// The credential; nil for an anonymous request.
  public var credential: Credential?
  /// First byte to request, sent as a `Range` header.
  public var firstByte: Int?
  /// Whether the response may be gzip-compressed in transit.
  public var acceptsCompression: Bool

  /// A request; `query` and `form` are percent-encoded when it is sent.
  public init(
    _ method: Method = .get, _ url: String, query: [(String, String)] = [],
    form: [(String, String)] = [], headers: [(String, String)] = [],
    credential: Credential? = nil, firstByte: Int? = nil, acceptsCompression: Bool = true
  ) {
    self.method = method
    self.url = url
    self.query = query
    self.form = form
    self.headers = headers
    self.credential = credential
    self.firstByte = firstByte
    self.acceptsCompression = acceptsCompression
  }

  /// The URL with its query.
  public var fullURL: String {
    if query.isEmpty { return url }
    return url + (url.contains("?") ? "&" : "?") + PercentEncoding.encode(query)
  }
}

/// A server's response, without its body.
public struct HTTPResponse: Sendable {
  /// The status code.
  public var status: Int
  /// By lower-case names; the values of a repeated header are joined by `, `.
  public var headers: [String: String]
  /// Bytes of the body that were delivered, counted after decompression.
  public var byteCount: Int
  /// The URL that responded (after redirects), redacted.
  public var url: String

  /// A response with a status and headers.
  public init(status: Int, headers: [String: String] = [:], byteCount: Int = 0, url: String = "") {
    self.status = status
    self.headers = headers
    self.byteCount = byteCount
    self.url = url
  }

  /// Whether the status is 200 to 299.
  public var isSuccess: Bool { (200..<300).contains(status) }

  /// The vendor's ID of the request, to quote to its support.
  public var requestID: String? { headers["request-id"] ?? headers["x-request-id"] }
}
