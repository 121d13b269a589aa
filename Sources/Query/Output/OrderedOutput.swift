import Bytes
import Platform
import Synchronization

/// Takes blocks of rows from several threads and writes them in the order of their numbers.
///
/// A thread waits for its turn, reserves its range of the output, passes the turn on, and only then copies:
/// into a file, copies run in parallel.
final class OrderedOutput: Sendable {
  /// Whether more blocks are wanted.
  enum Outcome { case goOn, stop }

  private let target: any RowTarget
  private let turns = Turnstile()
  private let rowLimit: Int?
  private let state = Mutex(State())
  /// Set when no more rows are wanted: enough were written, or the reader closed the pipe.
  private let isStopped = Atomic<Bool>(false)

  private struct State {
    var isClosed = false
    var rowCount = 0
    var byteCount = 0
  }

  init(target: any RowTarget, rowLimit: Int?) {
    self.target = target
    self.rowLimit = rowLimit
  }

  var rowCount: Int { state.withLock { $0.rowCount } }
  var byteCount: Int { state.withLock { $0.byteCount } }
  /// Whether the reader closed the pipe.
  var isClosed: Bool { state.withLock { $0.isClosed } }
  var wantsMore: Bool { !isStopped.load(ordering: .relaxed) }

  /// Writes bytes before any block.
  func writeHeader(_ bytes: [UInt8]) throws {
    if bytes.isEmpty { return }
    let goesOn = try bytes.withUnsafeBytes { raw in
      if target.isSeekable {
        try target.write(raw, at: 0)
        return true
      }
      return try target.append(raw)
    }
    state.withLock { $0.byteCount = bytes.count }
    if !goesOn { readerHasGone() }
    if rowLimit == 0 { isStopped.store(true, ordering: .relaxed) }
  }

  /// Writes block `number` of `rowCount` rows.
  ///
  /// - Parameter trim: Truncates `buffer` to its first rows, if a limit cuts the block.
  func write(
    _ number: Int, rowCount: Int, _ buffer: ByteBuffer, trim: (Int) throws -> Void
  ) throws -> Outcome {
    try inTurn(number) { turn in
      let rows = turn.room(for: rowCount)
      if rows < rowCount { try trim(rows) }
      try turn.append(buffer.bytes, rowCount: rows)
    }
  }

  /// Runs `body` when it is the turn of block `number`; it may append any number of times.
  func inTurn(_ number: Int, _ body: (inout Turn) throws -> Void) throws -> Outcome {
    guard turns.enter(number) else { return .stop }
    if !wantsMore {
      turns.leave()
      return .stop
    }
    var turn = Turn(output: self)
    do {
      try body(&turn)
    } catch {
      turns.close()
      throw error
    }
    turns.leave()
    if let (bytes, offset) = turn.later { try target.write(bytes, at: offset) }
    return wantsMore ? .goOn : .stop
  }

  private func readerHasGone() {
    state.withLock { $0.isClosed = true }
    isStopped.store(true, ordering: .relaxed)
  }

  /// Stops all writing.
  func close() { turns.close() }

  /// One thread's turn to write.
  struct Turn {
    /// Whether no more rows are wanted.
    var isOver: Bool { !output.wantsMore }

    fileprivate let output: OrderedOutput
    fileprivate var later: (bytes: UnsafeRawBufferPointer, offset: Int)?

    /// How many of `count` more rows are wanted.
    func room(for count: Int) -> Int {
      guard let limit = output.rowLimit else { return count }
      return Swift.min(count, Swift.max(0, limit - output.rowCount))
    }

    /// Copies the bytes appended last, so that they need not stay valid.
    mutating func settle() throws {
      if let (bytes, offset) = later { try output.target.write(bytes, at: offset) }
      later = nil
    }

    /// Appends rows. The bytes must live until the next `append`, and the last ones until
    /// `inTurn` returns.
    mutating func append(_ bytes: UnsafeRawBufferPointer, rowCount: Int) throws {
      let offset = output.state.withLock { state in
        defer {
          state.byteCount += bytes.count
          state.rowCount += rowCount
        }
        return state.byteCount
      }
      if let limit = output.rowLimit, output.rowCount >= limit {
        output.isStopped.store(true, ordering: .relaxed)
      }
      if bytes.isEmpty { return }
      if output.target.isSeekable {
        try settle()
        later = (bytes, offset)
      } else if try !output.target.append(bytes) {
        output.readerHasGone()
      }
    }
  }
}
