import Synchronization
import TestSupport
import Testing

@testable import HTTP

/// Real requests by libcurl to a server of this process.
@Suite struct CurlTransportTests {
  private static let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

  private func get(
    _ server: LoopbackServer, _ request: HTTPRequest? = nil,
    options: CurlTransport.Options = .init(),
    isInterrupted: @escaping @Sendable () -> Bool = { false }
  ) throws -> (response: HTTPResponse, body: String) {
    let transport = CurlTransport(options: options, isInterrupted: isInterrupted)
    var body: [UInt8] = []
    let response = try transport.perform(request ?? HTTPRequest(.get, server.url("/x"))) {
      body += Array($1)
    }
    return (response, String(decoding: body, as: UTF8.self))
  }

  private func error(_ body: () throws -> Void) -> HTTPError? {
    do {
      try body()
      return nil
    } catch { return error as? HTTPError }
  }

  @Test func sendsWhatIsAsked() throws {
    let server = LoopbackServer { _ in .init(bytes: Self.head + "Content-Length: 2\r\n\r\n{}") }
    defer { server.stop() }
    let request = HTTPRequest(
      .post, server.url("/a?b=1"), query: [("c", "d e")], form: [("s", "ES.c.0,A&B"), ("t", "")],
      headers: [("X-Mine", "y\r\nX-Evil: 1")], credential: .basic(Secret("db-key")), firstByte: 7)
    let (response, body) = try get(server, request)
    #expect(body == "{}" && response.status == 200 && response.byteCount == 2)
    #expect(response.headers["content-type"] == "application/json")
    let sent = server.requests[0]
    #expect(sent.hasPrefix("POST /a?b=1&c=d%20e HTTP/1.1\r\n"))
    #expect(sent.contains("\r\nAuthorization: Basic ZGIta2V5Og==\r\n"))
    #expect(sent.contains("\r\nRange: bytes=7-\r\n"))
    #expect(sent.contains("\r\nUser-Agent: lake\r\n"))
    #expect(!sent.contains("\r\nX-Evil:") && !sent.contains("Expect:"))
    #expect(sent.hasSuffix("\r\n\r\ns=ES.c.0%2CA%26B&t="))
  }

  @Test func aConnectionIsUsedAgain() throws {
    let server = LoopbackServer { _ in
      .init(bytes: Self.head + "Content-Length: 2\r\n\r\n{}", keeps: true)
    }
    defer { server.stop() }
    let transport = CurlTransport()
    for _ in 0..<5 {
      _ = try transport.perform(HTTPRequest(.get, server.url("/"))) { _, _ in }
    }
    #expect(server.requests.count == 5)
    #expect(server.connectionCount == 1)
  }

  @Test func anInterimAnswerIsNotTheAnswer() throws {
    let server = LoopbackServer { _ in
      .init(
        bytes: "HTTP/1.1 103 Early\r\nX-Early: 1\r\n\r\n" + Self.head + "Content-Length: 1\r\n\r\nx"
      )
    }
    defer { server.stop() }
    let (response, body) = try get(server)
    #expect(response.status == 200 && body == "x" && response.headers["x-early"] == nil)
  }

  @Test(arguments: [
    "Content-Length: 100\r\n\r\nonly this", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "Transfer-Encoding: chunked\r\n\r\nff\r\nhello",
  ]) func aBodyThatBreaksOffIsNoAnswer(rest: String) {
    let server = LoopbackServer { _ in .init(bytes: Self.head + rest) }
    defer { server.stop() }
    let error = error { _ = try get(server) }
    #expect(error?.code == .connection)
    #expect(error?.isRetryable == true)
  }

  @Test func aSilentServerIsLeft() {
    let server = LoopbackServer { _ in
      .init(bytes: Self.head + "Content-Length: 100\r\n\r\nsome", stalls: true)
    }
    defer { server.stop() }
    var options = CurlTransport.Options()
    options.stallTimeout = 0.3
    let error = error { _ = try get(server, options: options) }
    #expect(error?.code == .timeout)
  }

  @Test func anInterruptionEndsATransferThatHangs() {
    let server = LoopbackServer { _ in .init(bytes: "", stalls: true) }
    defer { server.stop() }
    let looks = Mutex(0)
    let error = error {
      _ = try get(
        server,
        isInterrupted: {
          looks.withLock {
            $0 += 1
            return $0 > 3
          }
        })
    }
    #expect(error?.code == .cancelled)
  }

  @Test func whatTheReaderThrowsComesOut() throws {
    struct Full: Error {}
    let server = LoopbackServer { _ in
      .init(bytes: Self.head + "Content-Length: 2\r\n\r\n{}", keeps: true)
    }
    defer { server.stop() }
    let transport = CurlTransport()
    #expect(throws: Full.self) {
      try transport.perform(HTTPRequest(.get, server.url("/"))) { _, _ in throw Full() }
    }
    // The transport can be used again.
    let response = try transport.perform(HTTPRequest(.get, server.url("/"))) { _, _ in }
    #expect(response.status == 200)
  }

  @Test func redirectsAreAnswers() throws {
    let server = LoopbackServer { _ in
      .init(
        bytes: "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:1/\r\nContent-Length: 0\r\n\r\n")
    }
    defer { server.stop() }
    let (response, _) = try get(server)
    #expect(response.status == 302)
    #expect(server.requests.count == 1)
  }

  @Test func nobodyThereIsAConnectionError() {
    let server = LoopbackServer { _ in .init(bytes: "") }
    server.stop()
    let url = "http://127.0.0.1:1/"
    let error = error { _ = try get(server, HTTPRequest(.get, url)) }
    #expect(error?.code == .connection)
    #expect(error?.message.hasPrefix("'127.0.0.1' cannot be reached: ") == true)
  }

  @Test func whatIsNoHTTPIsNoAnswer() {
    let server = LoopbackServer { _ in .init(bytes: "SSH-2.0-server\r\n") }
    defer { server.stop() }
    #expect(error { _ = try get(server) } != nil)
  }

  @Test func manyThreadsAtOnce() async throws {
    let server = LoopbackServer { request in
      let path = request.split(separator: " ")[1]
      return .init(
        bytes: Self.head + "Content-Length: \(path.utf8.count)\r\n\r\n\(path)", keeps: true)
    }
    defer { server.stop() }
    let transport = CurlTransport()
    let wrong = Counter()
    await withTaskGroup(of: Void.self) { group in
      for worker in 0..<8 {
        group.addTask {
          for number in 0..<25 {
            let path = "/\(worker)/\(number)"
            var body = ""
            let response = try? transport.perform(HTTPRequest(.get, server.url(path))) {
              body += String(decoding: $1, as: UTF8.self)
            }
            if body != path || response?.status != 200 { wrong.add() }
          }
        }
      }
    }
    #expect(wrong.value == 0)
    #expect(server.requests.count == 200)
  }
}
