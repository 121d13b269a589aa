/// Turns an unusable response into an error.
enum AnswerError {
  /// The error for a response with a status other than success.
  static func make(
    _ response: HTTPResponse, _ body: [UInt8], _ request: HTTPRequest, redactor: Redactor,
    now: Int64
  ) -> HTTPError {
    let contentType = response.headers["content-type"] ?? ""
    let (words, name) = VendorMessage.read(
      body, contentType: contentType, redactor: redactor,
      isCut: body.count >= VendorMessage.byteCountMax)
    let said = words.map { ": " + $0 } ?? ""
    let host = HTTPURL(request.url)?.host ?? request.url
    let code: HTTPError.Code
    let message: String
    var remedy: String?
    switch response.status {
    case 401:
      code = .unauthorized
      let origin = request.credential?.secret.origin
      message = "'\(host)' does not accept the key" + (origin.map { " in \($0)" } ?? "") + said
      remedy = origin.map { "check \($0): the vendor's portal shows the key" }
    case 403:
      code = .forbidden
      message = "the key has no access to this" + said
    case 429:
      code = .rateLimited
      message = "'\(host)' wants fewer requests" + said
      remedy = "run it again later, or set a limit: requests_per_minute in lake.yaml"
    case 500...599:
      code = .server
      message = "'\(host)' answers with an error of its own (\(response.status))" + said
      remedy = "run it again later"
    default:
      code = .rejected
      message = "'\(host)' refused the request (\(response.status))" + said
    }
    return HTTPError(
      code, message, url: request.url, remedy: remedy, status: response.status,
      vendorMessage: words, vendorCase: name,
      retryAfter: response.headers["retry-after"].flatMap { RetryAfter.seconds($0, now: now) },
      requestID: response.requestID)
  }

  /// No vendor API responds with HTML: that is a login or error page of a proxy in between.
  static func checkKind(
    _ response: HTTPResponse, _ piece: UnsafeRawBufferPointer, redactor: Redactor
  ) throws(HTTPError) {
    guard let type = response.headers["content-type"], type.lowercased().hasPrefix("text/html")
    else { return }
    let (words, _) = VendorMessage.read(
      Array(piece.prefix(VendorMessage.byteCountMax)), contentType: "text/html", redactor: redactor,
      isCut: true)
    throw HTTPError(
      .badAnswer, "the server answered with \(words ?? "a web page") where data was expected",
      url: response.url,
      remedy: "check the address in lake.yaml, and whether a proxy is in between",
      status: response.status, vendorMessage: words, requestID: response.requestID)
  }
}
