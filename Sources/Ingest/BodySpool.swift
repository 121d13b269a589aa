import CSystem
import Compression
import Databento
import Glibc
import Platform
import Tables

/// The body of one answer, in a file that is read while it is being written.
///
/// An attempt that fails half-way is followed by another from the beginning: then what was read of the first
/// one is invalid, and its reader must start again.
public final class BodySpool: Sendable {
  /// Path of the file.
  public let path: String
  private let descriptor: Int32
  private let state = Monitor(State())
  private let isInterrupted: @Sendable () -> Bool
  private let isAbandoned: @Sendable () -> Bool

  private struct State {
    var byteCount = 0
    /// Attempts started.
    var attempt = 0
    var outcome: Outcome?
    var instruments: [InstrumentName] = []
    var keeper: (any AnyObject & Sendable)?
    var willBuy: (@Sendable (Int64?) throws -> Void)?
  }

  private enum Outcome {
    case complete
    case failed(any Error)
  }

  private let didGrow: @Sendable (Int) -> Void

  /// - Parameters:
  ///   - isAbandoned: Whether the body is not needed any more.
  ///   - didGrow: Called with the number of bytes so far.
  package init(
    path: String, isInterrupted: @escaping @Sendable () -> Bool,
    isAbandoned: @escaping @Sendable () -> Bool = { false },
    didGrow: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws {
    self.path = path
    self.didGrow = didGrow
    self.isInterrupted = isInterrupted
    self.isAbandoned = isAbandoned
    descriptor = lake_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw PassError.system("open", path: path) }
  }

  deinit { lake_close(descriptor) }

  // MARK: - Writing

  /// Drops the bytes of an earlier attempt.
  public func restart() throws {
    if isAbandoned() { throw PassError(.interrupted, "stopped") }
    try state.withLock { state in
      state.attempt += 1
      if state.byteCount == 0 { return }
      state.byteCount = 0
      guard lake_ftruncate(descriptor, 0) == 0 else {
        throw PassError.system("truncate", path: path)
      }
    }
  }

  /// Appends bytes.
  public func append(_ bytes: UnsafeRawBufferPointer) throws {
    if isAbandoned() { throw PassError(.interrupted, "stopped") }
    let offset = state.withLock { $0.byteCount }
    try writeAll(descriptor, bytes, at: offset, path: path)
    state.withLock { $0.byteCount += bytes.count }
    didGrow(offset + bytes.count)
  }

  /// Raw symbols that are not in the body; must be set before its first byte.
  public var instruments: [InstrumentName] {
    get { state.withLock { $0.instruments } }
    set { state.withLock { $0.instruments = newValue } }
  }

  /// Called right before the vendor is asked for what costs something.
  public func willBuy(costNanoUSD: Int64?) throws {
    try state.withLock { $0.willBuy }?(costNanoUSD)
  }

  /// Sets what `willBuy` calls; what it throws keeps the request from being made. The argument is the estimated
  /// cost in nano-dollars, nil where it is not known.
  package func onPurchase(_ body: @escaping @Sendable (Int64?) throws -> Void) {
    state.withLock { $0.willBuy = body }
  }

  /// Keeps `keeper` alive as long as the body.
  package func hold(_ keeper: any AnyObject & Sendable) { state.withLock { $0.keeper = keeper } }

  /// Bytes of the current attempt so far; 0 after a failure.
  public var byteCount: Int { state.withLock { $0.byteCount } }

  /// Ends the body: readers that wait for more come to its end.
  package func finish() { state.withLock { $0.outcome = .complete } }

  /// An incomplete body is useless: its disk space is freed.
  package func fail(_ error: any Error) {
    state.withLock {
      $0.outcome = .failed(error)
      $0.byteCount = 0
      lake_ftruncate(descriptor, 0)
    }
  }

  var hasFailed: Bool {
    state.withLock { if case .failed = $0.outcome { true } else { false } }
  }

  // MARK: - Reading

  /// Waits until there are bytes to read, or the body has ended.
  package func waitUntilBegun() {
    state.wait { state in
      state.byteCount > 0 || state.outcome != nil || isInterrupted() ? () : nil
    }
  }

  /// Whether there are bytes to read, or the body has ended.
  package var hasBegun: Bool { state.withLock { $0.byteCount > 0 || $0.outcome != nil } }

  /// Whether it ended without bytes.
  package var isWithoutBody: Bool { state.withLock { $0.outcome != nil && $0.byteCount == 0 } }

  /// One reading of the body, from its beginning.
  func makeReading() -> Reading { Reading(self, attempt: state.withLock { $0.attempt }) }

  /// Reads while the body is being written.
  final class Reading: Sendable {
    private let spool: BodySpool
    private let attempt: Int

    fileprivate init(_ spool: BodySpool, attempt: Int) {
      self.spool = spool
      self.attempt = attempt
    }

    /// Whether what was read so far belongs to an earlier attempt.
    var isStale: Bool { spool.state.withLock { $0.attempt != attempt } }

    /// Waits at `offset`, the file's current end, for more.
    ///
    /// - Returns: false if the body ends there.
    func waitForMore(at offset: Int) throws(CompressionError) -> Bool {
      let (path, attempt) = (spool.path, attempt)
      let answer: Result<Bool, CompressionError> = spool.state.wait { state in
        if state.attempt != attempt {
          return .failure(CompressionError(.file, "the download began again", path: path))
        }
        if state.byteCount > offset { return .success(true) }
        if spool.isInterrupted() {
          return .failure(CompressionError(.file, "interrupted", path: path))
        }
        switch state.outcome {
        case .complete: return .success(false)
        case .failed(let error):
          let reason = (error as? any LakeError)?.message ?? "\(error)"
          return .failure(CompressionError(.file, "the download failed: " + reason, path: path))
        case nil: return nil
        }
      }
      return try answer.get()
    }
  }
}
