import HTTP

extension DatabentoClient {
  /// Streams records as zstd-compressed DBN, in the order of their index timestamps. Costs money.
  ///
  /// - Parameters:
  ///   - begin: Called before every attempt: data of an earlier one is to be dropped.
  ///   - body: Receives the bytes as they arrive; an error ends the request.
  /// - Returns: The answer; status 206 means that some symbols did not resolve.
  public func getRange(
    _ query: DatabentoQuery, begin: () throws -> Void,
    body: (UnsafeRawBufferPointer) throws -> Void
  ) throws -> HTTPResponse {
    try query.check()
    let form = query.recordFields + [("encoding", "dbn"), ("compression", "zstd")]
    let request = HTTPRequest(
      .post, url("timeseries.get_range"), form: form, credential: .basic(key),
      acceptsCompression: false)
    var framing = ZstdFraming()
    return try explaining(query) {
      try http.exchange(
        prepare: {
          try begin()
          framing = ZstdFraming()
          return request
        },
        body: { _, piece in
          framing.take(piece)
          try body(piece)
        },
        finish: { response in
          if framing.isWhole { return }
          throw HTTPError(
            .connection, "the answer ends too early, after \(response.byteCount) bytes",
            url: request.url, remedy: "run it again", requestID: response.requestID)
        })
    }
  }
}
