import HTTP
import JSON

/// The vendor's historical API: one method per call, named as the vendor names it.
///
/// Throws `HTTPError` if the vendor refused or could not be reached, `DatabentoError` if the request or the
/// answer is invalid.
///
/// - Spec: databento.com/docs, "API reference - Historical", HTTP.
public struct DatabentoClient: Sendable {
  /// Size of an answer at most, except for data.
  static let answerByteCountMax = 64 << 20

  /// Makes and retries requests.
  public let http: HTTPClient
  /// Without a final slash.
  public let baseURL: String
  let key: Secret

  /// - Parameter baseURL: Like `https://hist.databento.com/v0`.
  public init(http: HTTPClient, baseURL: String, key: Secret) {
    self.http = http
    var text = baseURL
    while text.hasSuffix("/") { text.removeLast() }
    self.baseURL = text
    self.key = key
  }

  func url(_ method: String) -> String { baseURL + "/" + method }

  func get(_ method: String, _ query: [(String, String)] = []) throws -> JSONValue {
    try json(HTTPRequest(.get, url(method), query: query, credential: .basic(key)))
  }

  func post(_ method: String, _ form: [(String, String)]) throws -> JSONValue {
    try json(HTTPRequest(.post, url(method), form: form, credential: .basic(key)))
  }

  private func json(_ request: HTTPRequest) throws -> JSONValue {
    var request = request
    request.headers.append(("Accept", "application/json"))
    let (_, bytes) = try http.data(request, byteCountMax: Self.answerByteCountMax)
    do {
      return try JSONValue(parsing: bytes)
    } catch {
      throw DatabentoError(
        .badAnswer, "the vendor's answer is no JSON: \(error.message)", place: request.url,
        remedy: "check the address in lake.yaml"
      ).redacted(by: http.redactor)
    }
  }

  func badAnswer(_ method: String, _ expected: String) -> DatabentoError {
    DatabentoError(
      .badAnswer, "the vendor's answer is not as documented: \(expected)", place: url(method))
  }

  /// Whether an error means that the subscription does not include the range or dataset.
  public static func isNotEntitled(_ error: any Error) -> Bool {
    guard let error = error as? HTTPError else { return false }
    if error.code == .forbidden { return true }
    guard error.code == .rejected, let name = error.vendorCase else { return false }
    return name.hasPrefix("license_") || name.hasPrefix("dataset_unavailable_range")
      || name.contains("subscription") || name.contains("not_entitled")
  }

  /// Warnings that the vendor sent with an answer.
  public static func warnings(_ response: HTTPResponse) -> [String] {
    guard let text = response.headers["x-warning"] else { return [] }
    // A text that is no list is a single warning.
    let texts = (try? JSONValue(parsing: text))?.array?.compactMap(\.string)
    return texts ?? [text]
  }
}
