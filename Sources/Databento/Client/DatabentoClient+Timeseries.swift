import HTTP

extension DatabentoClient {
  /// Streams records as DBN inside zstd, in the order of their index timestamps. Costs money.
  ///
  /// - Parameters:
  ///   - begin: Called before every attempt: what an earlier one delivered is to be forgotten.
  ///   - body: Gets the bytes as they arrive; what it throws ends the request.
  /// - Returns: The answer; status 206 says that some symbols did not resolve.
  public func getRange(
    _ query: DatabentoQuery, begin: () throws -> Void,
    body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> HTTPResponse {
    try query.check()
    let form = query.recordFields + [("encoding", "dbn"), ("compression", "zstd")]
    let request = HTTPRequest(
      .post, url("timeseries.get_range"), form: form, credential: .basic(key),
      acceptsCompression: false)
    return try explaining(query) { try http.stream(request, begin: begin, body: body) }
  }
}
