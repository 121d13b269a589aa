import Synchronization
import TestSupport
import Testing

@testable import HTTP

@Suite struct RetryTests {
  private typealias Answer = ReplayTransport.Answer

  /// Runs one request with scripted responses.
  private func run(
    _ answers: [Answer], policy: RetryPolicy = RetryPolicy(initialWait: 1, maxAttempts: 4),
    url: String = "https://api.example/v1", key: String = "s3cret-key",
    clock: TestClock = TestClock()
  ) -> (result: Result<String, HTTPError>, transport: ReplayTransport, attempts: Int) {
    let transport = ReplayTransport(answers)
    let secret = Secret(key, origin: "DATABENTO_API_KEY")
    let client = HTTPClient(
      transport: transport, policy: policy, secrets: [secret], clock: clock.clock())
    let request = HTTPRequest(.get, url, credential: .basic(secret))
    do throws(HTTPError) {
      let (_, bytes) = try client.data(request, byteCountMax: 1000)
      let text = String(decoding: bytes, as: UTF8.self)
      return (.success(text), transport, transport.requests.count)
    } catch {
      return (.failure(error), transport, transport.requests.count)
    }
  }

  private func error(_ result: Result<String, HTTPError>) -> HTTPError? {
    if case .failure(let error) = result { return error }
    return nil
  }

  @Test func waitsGrowByTheBaseUpToTheMost() {
    let policy = RetryPolicy(initialWait: 0.5, base: 3, maxWait: 10, maxAttempts: 9)
    #expect((1...5).map { policy.wait(attempt: $0, jitter: 0.5) } == [0.5, 1.5, 4.5, 10, 10])
    #expect(policy.wait(attempt: 1, jitter: 0) == 0.375)
    #expect(policy.wait(attempt: 1, jitter: 1) == 0.625)
    // Jitter does not exceed the maximum, and a huge attempt number does not overflow.
    #expect(policy.wait(attempt: 4, jitter: 1) == 10)
    #expect(policy.wait(attempt: 100_000, jitter: 1) == 10)
  }

  @Test func temporaryErrorsAreRetried() throws {
    let clock = TestClock()
    let (result, _, attempts) = run(
      [.text("", status: 500), .cut(), .text("", status: 503), .text("fine")], clock: clock)
    #expect(try result.get() == "fine")
    #expect(attempts == 4)
    #expect(clock.waited == 7)
  }

  @Test func noMoreThanTheAttemptsOfThePolicy() {
    let (result, _, attempts) = run(Array(repeating: .text("", status: 502), count: 9))
    #expect(attempts == 4)
    #expect(error(result)?.code == .server)
    #expect(error(result)?.placeText == "https://api.example/v1, after 4 attempts")
  }

  @Test(arguments: [
    (400, HTTPError.Code.rejected), (401, .unauthorized), (402, .rejected), (403, .forbidden),
    (404, .rejected), (422, .rejected),
  ]) func permanentErrorsAreNotRetried(status: Int, code: HTTPError.Code) {
    let (result, _, attempts) = run([
      .text(#"{"detail":{"case":"a_case","message":"in its own words"}}"#, status: status)
    ])
    #expect(attempts == 1)
    let error = error(result)
    #expect(error?.code == code)
    #expect(error?.status == status)
    #expect(error?.vendorMessage == "in its own words")
    #expect(error?.vendorCase == "a_case")
    #expect(error?.message.hasSuffix(": in its own words") == true)
  }

  @Test func aRefusedKeyIsNamedByItsVariable() {
    let error = error(run([.text("", status: 401)]).result)
    #expect(error?.message == "'api.example' does not accept the key in DATABENTO_API_KEY")
  }

  @Test func theVendorsRetryAfterIsHonoured() throws {
    let clock = TestClock()
    // 15 seconds after the test clock's start.
    let date = "Tue, 14 Nov 2023 22:13:35 GMT"
    let (result, _, _) = run(
      [
        .text("", status: 429, headers: ["retry-after": "3"]),
        .text("", status: 429, headers: ["retry-after": date]), .text("fine"),
      ], clock: clock)
    #expect(try result.get() == "fine")
    #expect(clock.waited == 15)
  }

  @Test func anUnreasonableWaitIsReportedInstead() {
    let clock = TestClock()
    let (result, _, attempts) = run(
      [.text("", status: 429, headers: ["retry-after": "86400"])], clock: clock)
    #expect(attempts == 1 && clock.waited == 0)
    #expect(error(result)?.code == .rateLimited)
    #expect(error(result)?.remedy == "run it again in 86400 seconds, as the vendor asks")
  }

  @Test(arguments: [
    ("7", 7.0), ("0.5", 0.5), ("Thu, 01 Jan 1970 00:00:09 GMT", 9), ("soon", nil), ("", nil),
    ("-1", nil), ("Thu, 01 Foo 1970 00:00:09 GMT", nil), ("Thu, 01 Jan 1970 00:00:09 CET", nil),
  ]) func readsRetryAfter(text: String, seconds: Double?) {
    #expect(RetryAfter.seconds(text, now: 0) == seconds)
  }

  @Test func whatAnAttemptDeliveredIsForgotten() throws {
    let transport = ReplayTransport([
      .cut(after: [[1, 2], [3]]), Answer(pieces: [[1, 2], [3], [4]]),
    ])
    let client = HTTPClient(transport: transport, clock: TestClock().clock())
    var bytes: [UInt8] = []
    _ = try client.stream(
      HTTPRequest(.get, "https://api.example/"), begin: { bytes = [] },
      body: { bytes += Array($0) })
    #expect(bytes == [1, 2, 3, 4])
  }

  @Test func anErrorOfTheReaderEndsAllAttempts() {
    struct Full: Error {}
    let transport = ReplayTransport([Answer(pieces: [[1]]), Answer(pieces: [[1]])])
    let client = HTTPClient(transport: transport, clock: TestClock().clock())
    #expect(throws: Full.self) {
      try client.stream(
        HTTPRequest(.get, "https://api.example/"), begin: {}, body: { _ in throw Full() })
    }
    #expect(transport.requests.count == 1)
  }

  @Test func anInterruptionEndsTheWaiting() {
    let isStopped = Mutex(false)
    let transport = ReplayTransport(Array(repeating: .text("", status: 500), count: 3))
    let client = HTTPClient(
      transport: transport, isInterrupted: { isStopped.withLock { $0 } },
      didWait: { _ in isStopped.withLock { $0 = true } }, clock: TestClock().clock())
    let error = #expect(throws: HTTPError.self) {
      try client.data(HTTPRequest(.get, "https://api.example/"), byteCountMax: 10)
    }
    #expect(error?.code == .cancelled)
    #expect(transport.requests.count == 1)
  }

  @Test func redirectsStayOnTheServer() throws {
    let (result, transport, _) = run([
      .text("", status: 302, headers: ["location": "/v2?x=1"]), .text("fine"),
    ])
    #expect(try result.get() == "fine")
    #expect(
      transport.requests.map(\.fullURL) == ["https://api.example/v1", "https://api.example/v2?x=1"])
  }

  @Test(arguments: [
    "https://other.example/v1", "http://api.example/v1", "//other.example/",
    "https://api.example:444/",
    "https://api.example@other.example/", "",
  ]) func aKeyNeverGoesToAnotherServer(location: String) {
    for status in [301, 302, 303, 307, 308] {
      let (result, _, attempts) = run([
        .text("", status: status, headers: ["location": location]), .text("stolen"),
      ])
      #expect(attempts == 1)
      #expect(error(result)?.code == .redirect)
    }
  }

  @Test func redirectsInCirclesEnd() {
    let (result, _, attempts) = run(
      Array(repeating: .text("", status: 302, headers: ["location": "/v1"]), count: 50))
    #expect(error(result)?.code == .redirect)
    #expect(attempts == HTTPClient.redirectCountMax + 1)
  }

  @Test func aKeyIsNotSentInTheClear() {
    let (result, _, attempts) = run([.text("fine")], url: "http://api.example/")
    #expect(attempts == 0)
    #expect(error(result)?.code == .tls)
    #expect(error(run([.text("fine")], url: "http://127.0.0.1:1/").result) == nil)
  }

  @Test func aWebPageIsNoAnswer() {
    let page = "<html><head><title>Log in</title></head></html>"
    let (result, _, attempts) = run([.text(page, headers: ["content-type": "text/html; charset=x"])]
    )
    #expect(attempts == 1)
    #expect(error(result)?.code == .badAnswer)
    #expect(
      error(result)?.message
        == "the server answered with a web page, 'Log in' where data was expected")
    let failing = run([.text(page, status: 404, headers: ["content-type": "text/html"])])
    #expect(error(failing.result)?.vendorMessage == "a web page, 'Log in'")
  }

  @Test func anAnswerHasALimit() {
    let long = String(repeating: "x", count: 1001)
    #expect(error(run([.text(long)]).result)?.code == .tooLarge)
  }

  @Test func noErrorHoldsAKey() {
    let key = "s3cret/k+y"
    let echo = #"{"detail":"no 's3cret/k+y', no s3cret%2Fk%2By, no czNjcmV0L2sreTo="}"#
    for status in [400, 401, 403, 429, 500] {
      let answers = Array(repeating: Answer.text(echo, status: status), count: 5)
      guard let error = error(run(answers, key: key).result) else {
        Issue.record("status \(status) is an error")
        continue
      }
      var text = "\(error) \(error.message) \(error.placeText ?? "") \(error.remedy ?? "")"
      dump(error, to: &text)
      for form in [key, "s3cret%2Fk%2By", "czNjcmV0L2sreTo"] { #expect(!text.contains(form)) }
      #expect(text.contains("***"))
    }
  }

  @Test func aKeyThatIsInvalidInAHeaderIsNotSent() {
    let (result, _, attempts) = run([.text("fine")], key: "a\r\nX: y")
    #expect(attempts == 0)
    #expect(error(result)?.code == .unauthorized)
  }
}
