import Glibc
import Synchronization

/// A server on the loopback interface that responds to requests by a rule, byte for byte.
final class LoopbackServer: Sendable {
  /// The response to a request, and whether the connection is kept open.
  struct Answer: Sendable {
    var bytes: String
    var keeps = false
    /// Whether it waits for the client to disconnect before it closes the connection.
    var stalls = false
  }

  let port: Int
  private let listener: Int32
  /// The accepting thread owns the listener: if another thread closed the descriptor, another test might reuse
  /// it meanwhile, and its connections would be accepted here.
  private let isClosed = Mutex(false)
  private let rule: @Sendable (String) -> Answer
  private let counts = Mutex<(connections: Int, requests: [String])>((0, []))

  var connectionCount: Int { counts.withLock { $0.connections } }
  var requests: [String] { counts.withLock { $0.requests } }
  func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

  init(_ rule: @escaping @Sendable (String) -> Answer) {
    self.rule = rule
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = self.listener
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(listener, pointer, size)
        listen(listener, 16)
        getsockname(listener, pointer, &size)
      }
    }
    port = Int(UInt16(bigEndian: address.sin_port))
    startThread {
      while true {
        let connection = accept(listener, nil, nil)
        if connection < 0 { break }
        self.counts.withLock { $0.connections += 1 }
        startThread { self.serve(connection) }
      }
      self.isClosed.withLock { isClosed in
        isClosed = true
        close(listener)
      }
    }
  }

  /// Must be called: the server runs until then.
  func stop() {
    isClosed.withLock { isClosed in
      if !isClosed { shutdown(listener, Int32(SHUT_RDWR)) }
    }
  }

  private func serve(_ connection: Int32) {
    defer { close(connection) }
    var text = ""
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      while !isWhole(text) {
        let count = read(connection, &buffer, buffer.count)
        if count <= 0 { return }
        text += String(decoding: buffer[..<count], as: UTF8.self)
      }
      counts.withLock { $0.requests.append(text) }
      let answer = rule(text)
      text = ""
      var bytes = Array(answer.bytes.utf8)[...]
      while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes {
          send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count <= 0 { return }
        bytes = bytes.dropFirst(count)
      }
      if answer.stalls { _ = read(connection, &buffer, buffer.count) }
      if !answer.keeps { return }
    }
  }

  /// Whether the head and the announced body are complete.
  private func isWhole(_ text: String) -> Bool {
    guard let end = text.range(of: "\r\n\r\n") else { return false }
    let body = text[end.upperBound...].utf8.count
    let line = text.lowercased().split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
    return body >= (line.flatMap { Int($0.dropFirst(15).drop { $0 == " " }) } ?? 0)
  }
}

extension String {
  fileprivate func range(of text: String) -> Range<String.Index>? {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(text) {
        return index..<self.index(index, offsetBy: text.count)
      }
      index = self.index(after: index)
    }
    return nil
  }
}

private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Runs on a thread of its own, so that the test's tasks are not blocked.
func startThread(_ body: @escaping @Sendable () -> Void) {
  var thread = pthread_t()
  let context = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
  pthread_create(
    &thread, nil,
    { context in
      guard let context else { return nil }
      Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
      return nil
    }, context)
  pthread_detach(thread)
}
