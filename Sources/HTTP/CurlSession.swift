import CCurl

/// The libcurl handles of one connection, used by one thread at a time.
///
/// The multi interface drives a single transfer because only there the caller controls the waiting: an
/// interruption is noticed within `pollMilliseconds`.
final class CurlSession: @unchecked Sendable {
  static let pollMilliseconds: Int32 = 100
  static let bufferByteCount = 256 << 10

  private let curl: CurlLibrary
  private let easy: CurlLibrary.Handle
  private let multi: CurlLibrary.Handle
  private let message: UnsafeMutablePointer<CChar>

  init?(_ curl: CurlLibrary) {
    guard let easy = curl.easyInit() else { return nil }
    guard let multi = curl.multiInit() else {
      curl.easyCleanup(easy)
      return nil
    }
    self.curl = curl
    self.easy = easy
    self.multi = multi
    message = .allocate(capacity: Int(CURL_ERROR_SIZE))
  }

  deinit {
    curl.easyCleanup(easy)
    _ = curl.multiCleanup(multi)
    message.deallocate()
  }

  /// Runs one transfer; the response ends up in the receiver.
  func run(
    _ request: HTTPRequest, _ options: CurlTransport.Options, _ receiver: CurlReceiver,
    isInterrupted: () -> Bool
  ) throws {
    curl.easyReset(easy)
    message.pointee = 0
    let headers = configure(request, options)
    defer { curl.listFree(headers) }
    setPointer(CURLOPT_HTTPHEADER, headers)
    let context = Unmanaged.passUnretained(receiver).toOpaque()
    setPointer(CURLOPT_HEADERDATA, context)
    setPointer(CURLOPT_WRITEDATA, context)
    setReceiver(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      Unmanaged<CurlReceiver>.fromOpaque(context).takeUnretainedValue().takeHeader(
        UnsafeRawBufferPointer(start: bytes, count: size * count))
      return size * count
    }
    setReceiver(CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      guard let bytes, let context else { return 0 }
      let isTaken = Unmanaged<CurlReceiver>.fromOpaque(context).takeUnretainedValue().takeBody(
        UnsafeRawBufferPointer(start: bytes, count: size * count))
      return isTaken ? size * count : 0
    }
    guard curl.multiAdd(multi, easy) == CURLM_OK else {
      throw HTTPError(.connection, "libcurl takes no request", url: request.url)
    }
    defer { _ = curl.multiRemove(multi, easy) }
    let result = try withExtendedLifetime(receiver) {
      try transfer(request, options, receiver, isInterrupted: isInterrupted)
    }
    if let error = receiver.bodyError { throw error }
    if result != CURLE_OK { throw error(result, request) }
  }

  private func transfer(
    _ request: HTTPRequest, _ options: CurlTransport.Options, _ receiver: CurlReceiver,
    isInterrupted: () -> Bool
  ) throws(HTTPError) -> CURLcode {
    var running: Int32 = 1
    var lastProgress = HTTPClock.system.now()
    while true {
      guard curl.multiPerform(multi, &running) == CURLM_OK else { return CURLE_RECV_ERROR }
      if running == 0 { break }
      if isInterrupted() {
        throw HTTPError(.cancelled, "the request was stopped", url: request.url)
      }
      let now = HTTPClock.system.now()
      if receiver.hasProgress || now < lastProgress {
        receiver.hasProgress = false
        lastProgress = now
      } else if Double(now - lastProgress) / 1e9 > options.stallTimeout {
        throw HTTPError(
          .timeout, "no byte came for \(Int(options.stallTimeout.rounded(.up))) seconds",
          url: request.url, remedy: "run it again")
      }
      _ = curl.multiPoll(multi, nil, 0, Self.pollMilliseconds, nil)
    }
    var queued: Int32 = 0
    while let note = curl.multiInfo(multi, &queued) {
      if note.pointee.msg == CURLMSG_DONE { return note.pointee.data.result }
    }
    return CURLE_RECV_ERROR
  }

  // MARK: - Options

  /// - Returns: The headers, to be freed after the transfer.
  private func configure(_ request: HTTPRequest, _ options: CurlTransport.Options)
    -> UnsafeMutablePointer<curl_slist>?
  {
    setPointer(CURLOPT_ERRORBUFFER, message)
    setText(CURLOPT_URL, request.fullURL)
    setText(CURLOPT_USERAGENT, options.userAgent)
    setNumber(CURLOPT_NOSIGNAL, 1)
    setNumber(CURLOPT_FOLLOWLOCATION, 0)
    setNumber(CURLOPT_PROTOCOLS, Int(CURLPROTO_HTTP | CURLPROTO_HTTPS))
    setNumber(CURLOPT_SSL_VERIFYPEER, 1)
    setNumber(CURLOPT_SSL_VERIFYHOST, 2)
    setNumber(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
    setNumber(CURLOPT_TCP_KEEPALIVE, 1)
    setNumber(CURLOPT_BUFFERSIZE, Self.bufferByteCount)
    setNumber(CURLOPT_CONNECTTIMEOUT_MS, Int(options.connectTimeout * 1000))
    if let path = options.certificateFile { setText(CURLOPT_CAINFO, path) }
    // Requests to this machine bypass any proxy.
    if HTTPURL(request.url)?.isLoopback == true { setText(CURLOPT_PROXY, "") }
    if request.acceptsCompression { setText(CURLOPT_ACCEPT_ENCODING, "gzip") }
    var headers: UnsafeMutablePointer<curl_slist>?
    // Disables waiting for "100 Continue" before a body is sent.
    headers = curl.listAppend(headers, "Expect:")
    for (name, value) in request.headers {
      headers = curl.listAppend(headers, Self.line(name + ": " + value))
    }
    if let credential = request.credential {
      headers = curl.listAppend(headers, "Authorization: " + credential.header)
    }
    if let first = request.firstByte {
      headers = curl.listAppend(headers, "Range: bytes=\(first)-")
    }
    if request.method == .post {
      let form = PercentEncoding.encode(request.form)
      setNumber(CURLOPT_POST, 1)
      setNumber(CURLOPT_POSTFIELDSIZE, form.utf8.count)
      setText(CURLOPT_COPYPOSTFIELDS, form)
    }
    return headers
  }

  /// Removes line breaks, so that a value cannot inject another header.
  private static func line(_ text: String) -> String {
    text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\t" }
      ? String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 })) : text
  }

  private func setNumber(_ option: CURLoption, _ value: Int) {
    _ = lake_curl_set_number(curl.easySetOption.address, easy, option, value)
  }

  private func setText(_ option: CURLoption, _ value: String) {
    _ = lake_curl_set_text(curl.easySetOption.address, easy, option, value)
  }

  private func setPointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
    _ = lake_curl_set_pointer(curl.easySetOption.address, easy, option, value)
  }

  private func setReceiver(_ option: CURLoption, _ value: @escaping lake_curl_receiver) {
    _ = lake_curl_set_receiver(curl.easySetOption.address, easy, option, value)
  }

  // MARK: - Errors

  private func error(_ result: CURLcode, _ request: HTTPRequest) -> HTTPError {
    let usual = curl.easyMessage(result).map { String(cString: $0) } ?? "error \(result.rawValue)"
    let words = message.pointee == 0 ? usual : String(cString: message)
    let host = HTTPURL(request.url)?.host ?? request.url
    switch result {
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
      CURLE_SSL_INVALIDCERTSTATUS:
      return HTTPError(
        .tls, "'\(host)' could not prove who it is: \(words)", url: request.url,
        remedy: "check the address and the machine's clock; behind a company's proxy, name its "
          + "certificates in SSL_CERT_FILE")
    case CURLE_OPERATION_TIMEDOUT:
      return HTTPError(
        .timeout, "no connection to '\(host)' in time: \(words)", url: request.url,
        remedy: "check the network, and run it again")
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_PROXY:
      return HTTPError(
        .connection, "'\(host)' cannot be reached: \(words)", url: request.url,
        remedy: "check the network, and run it again")
    case CURLE_BAD_CONTENT_ENCODING, CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT,
      CURLE_WEIRD_SERVER_REPLY:
      return HTTPError(.badAnswer, "'\(host)' does not speak HTTP here: \(words)", url: request.url)
    case CURLE_OUT_OF_MEMORY:
      return HTTPError(.tooLarge, "libcurl has no memory for the answer", url: request.url)
    default:
      return HTTPError(
        .connection, "the connection to '\(host)' broke off: \(words)", url: request.url,
        remedy: "run it again")
    }
  }
}
