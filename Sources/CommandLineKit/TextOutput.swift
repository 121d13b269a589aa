import CSystem
import Glibc
import Platform
import Synchronization

/// Buffered bytes to a descriptor, or into memory for tests.
///
/// Writing never throws: after the reader has closed the pipe bytes are dropped and `isClosed` is set;
/// any other failure is kept in `failure` and ends the program with status 2.
public final class TextOutput: Sendable {
  private struct State {
    var buffer: [UInt8] = []
    var isClosed = false
    var failure: Int32 = 0
  }

  /// Bytes kept before they are written.
  static let bufferByteCountMax = 64 << 10

  /// nil: kept in memory.
  public let descriptor: Int32?
  private let state = Mutex(State())

  /// nil keeps the bytes in memory.
  public init(descriptor: Int32?) { self.descriptor = descriptor }

  /// Adds a text.
  public func write(_ text: String) {
    var text = text
    text.withUTF8 { write(bytes: UnsafeRawBufferPointer($0)) }
  }

  /// Adds bytes.
  public func write(bytes: UnsafeRawBufferPointer) {
    state.withLock { state in
      if state.isClosed || state.failure != 0 { return }
      state.buffer.append(contentsOf: bytes)
      if state.buffer.count >= Self.bufferByteCountMax { drain(&state) }
    }
  }

  /// Writes what waits.
  public func flush() { state.withLock { drain(&$0) } }

  /// Whether the reader has closed the pipe.
  public var isClosed: Bool { state.withLock { $0.isClosed } }

  /// The system's error number of the first write that failed for another reason; 0 for none.
  public var failure: Int32 { state.withLock { $0.failure } }

  /// What was written so far, where it is kept in memory.
  public var text: String {
    descriptor == nil ? state.withLock { String(decoding: $0.buffer, as: UTF8.self) } : ""
  }

  private func drain(_ state: inout State) {
    guard let descriptor else { return }
    if !state.isClosed, state.failure == 0,
      !state.buffer.withUnsafeBytes({ Transfer.write(descriptor, $0) })
    {
      let error = lake_errno()
      if error == EPIPE { state.isClosed = true } else { state.failure = error }
    }
    state.buffer.removeAll(keepingCapacity: true)
  }
}
