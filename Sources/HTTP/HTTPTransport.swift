/// One attempt at one request. `CurlTransport` makes it, `ReplayTransport` pretends to.
public protocol HTTPTransport: Sendable {
  /// Sends the request and pushes the pieces of the answer's body as they arrive, of any status.
  ///
  /// Redirects are answers like others. A throwing `body` ends the transfer and its error is thrown on.
  ///
  /// - Throws: `HTTPError` with code `connection`, `timeout`, `tls`, `cancelled` or `noLibrary`, or
  ///   what `body` threw.
  func perform(
    _ request: HTTPRequest, body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
  ) throws -> HTTPResponse
}
