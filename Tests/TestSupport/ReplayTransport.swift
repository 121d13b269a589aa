import HTTP
import Synchronization

/// A transport with scripted responses, for tests without a network.
public final class ReplayTransport: HTTPTransport {
  /// The response to one request.
  public struct Answer: Sendable {
    public var response: HTTPResponse
    public var pieces: [[UInt8]]
    /// Thrown after the body.
    public var error: HTTPError?

    public init(
      status: Int = 200, headers: [String: String] = [:], pieces: [[UInt8]] = [],
      error: HTTPError? = nil
    ) {
      response = HTTPResponse(status: status, headers: headers)
      self.pieces = pieces
      self.error = error
    }

    /// A text response, by default JSON.
    public static func text(
      _ text: String, status: Int = 200, headers: [String: String] = [:]
    ) -> Answer {
      var headers = headers
      if headers["content-type"] == nil { headers["content-type"] = "application/json" }
      return Answer(status: status, headers: headers, pieces: [Array(text.utf8)])
    }

    /// The connection is dropped after some pieces.
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

  /// Returns the responses in order; a request after the last one fails like a dropped connection.
  public init(_ answers: [Answer]) {
    state = Mutex(State(answers: answers))
    rule = nil
  }

  /// Returns responses by a rule.
  public init(_ rule: @escaping @Sendable (HTTPRequest) -> Answer) {
    state = Mutex(State(answers: []))
    self.rule = rule
  }

  /// The requests so far, in order.
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
