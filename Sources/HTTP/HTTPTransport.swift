/// Sends one attempt of a request. `CurlTransport` uses the network, `ReplayTransport` recorded responses.
public protocol HTTPTransport: Sendable {
  /// Sends the request and streams the response's body, whatever the status.
  ///
  /// Redirects are returned, not followed. An error thrown by `body` ends the transfer and is rethrown.
  ///
  /// - Throws: `HTTPError` with code `connection`, `timeout`, `tls`, `cancelled` or `noLibrary`, or an error of
  ///   `body`.
  func perform(
    _ request: HTTPRequest, body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
  ) throws -> HTTPResponse
}
