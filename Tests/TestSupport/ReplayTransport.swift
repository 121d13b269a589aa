import HTTP
import Synchronization

/// A transport that plays scripted answers, for tests: nothing leaves the process.
public final class ReplayTransport: HTTPTransport {
  /// What happens to one request.
  public struct Answer: Sendable {
    public var response: HTTPResponse
    public var pieces: [[UInt8]]
    /// Thrown after the pieces.
    public var error: HTTPError?

    public init(
      status: Int = 200, headers: [String: String] = [:], pieces: [[UInt8]] = [],
      error: HTTPError? = nil
    ) {
      response = HTTPResponse(status: status, headers: headers)
      self.pieces = pieces
      self.error = error
    }

    /// A text, as JSON unless said otherwise.
    public static func text(
      _ text: String, status: Int = 200, headers: [String: String] = [:]
    ) -> Answer {
      var headers = headers
      if headers["content-type"] == nil { headers["content-type"] = "application/json" }
      return Answer(status: status, headers: headers, pieces: [Array(text.utf8)])
    }

    /// The connection breaks off after some pieces.
    public static func cut(after pieces: [[UInt8]] = []) -> Answer {
      Answer(pieces: pieces, error: HTTPError(.connection, "the connection broke off"))
    }
  }

  private struct State {
    var answers: [Answer]
    var requests: [HTTPRequest] = []
  }

  private let state: Mutex<State>
  private let rule: (@Sendable (HTTPRequest) -> Answer)?

  /// Plays the answers in order; a request beyond the last is a broken connection.
  public init(_ answers: [Answer]) {
    state = Mutex(State(answers: answers))
    rule = nil
  }

  /// Answers by a rule.
  public init(_ rule: @escaping @Sendable (HTTPRequest) -> Answer) {
    state = Mutex(State(answers: []))
    self.rule = rule
  }

  /// What was asked, in order.
  public var requests: [HTTPRequest] { state.withLock { $0.requests } }

  public func perform(
    _ request: HTTPRequest, body: (HTTPResponse, UnsafeRawBufferPointer) throws -> Void
  ) throws -> HTTPResponse {
    let answer = state.withLock { state -> Answer in
      state.requests.append(request)
      if let rule { return rule(request) }
      return state.answers.isEmpty ? .cut() : state.answers.removeFirst()
    }
    var response = answer.response
    response.url = request.url
    for piece in answer.pieces {
      response.byteCount += piece.count
      try piece.withUnsafeBytes { try body(response, $0) }
    }
    if let error = answer.error { throw error }
    return response
  }
}
