import Bytes

/// What is asked of a server.
public struct HTTPRequest: Sendable {
  /// The methods that the vendors ask for.
  public enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
  }

  /// How the key is shown.
  public enum Credential: Sendable {
    /// The key as user name, no password.
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
  /// Without keys; may have a query already.
  public var url: String
  /// Added to the address, encoded here.
  public var query: [(String, String)]
  /// The body of a post, encoded here.
  public var form: [(String, String)]
  /// Names and values, in their order.
  public var headers: [(String, String)]
  /// How the request says who asks; nil for nobody.
  public var credential: Credential?
  /// Asks for the bytes from this one on, by `Range`.
  public var firstByte: Int?
  /// Whether the answer may be gzip on the wire.
  public var acceptsCompression: Bool

  /// A request; `query` and `form` are encoded.
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

  /// The address with its query.
  public var fullURL: String {
    if query.isEmpty { return url }
    return url + (url.contains("?") ? "&" : "?") + PercentEncoding.encode(query)
  }
}

/// What a server answered, without its body.
public struct HTTPResponse: Sendable {
  /// Like 200.
  public var status: Int
  /// By lower-case names; values of a repeated one joined by `, `.
  public var headers: [String: String]
  /// Bytes of the body that were delivered, after decompression.
  public var byteCount: Int
  /// The address that answered, without keys.
  public var url: String

  /// An answer's head.
  public init(status: Int, headers: [String: String] = [:], byteCount: Int = 0, url: String = "") {
    self.status = status
    self.headers = headers
    self.byteCount = byteCount
    self.url = url
  }

  /// Whether the status is 200 to 299.
  public var isSuccess: Bool { (200..<300).contains(status) }

  /// The vendor's name for this exchange, for questions to its support.
  public var requestID: String? { headers["request-id"] ?? headers["x-request-id"] }
}
