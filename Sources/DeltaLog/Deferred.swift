import Parquet
import Synchronization

/// A value that is decoded when it is first needed.
final class Deferred<Value: Sendable>: Sendable {
  private let state: Mutex<DeferredState<Value>>

  init() { state = Mutex(DeferredState.unread) }

  var isRead: Bool {
    state.withLock { state in
      if case .unread = state { return false }
      return true
    }
  }

  var failure: ParquetError? {
    state.withLock { state in
      if case .failed(let error) = state { return error }
      return nil
    }
  }

  /// nil if there is none, or if reading it failed: see `failure`.
  func value(_ read: () throws(ParquetError) -> Value?) -> Value? {
    switch decoded(read) {
    case .read(let value): value
    case .unread, .failed: nil
    }
  }

  /// - Throws: What `read` threw, now or in an earlier call.
  func get(_ read: () throws(ParquetError) -> Value?) throws(ParquetError) -> Value? {
    switch decoded(read) {
    case .read(let value): return value
    case .unread: return nil
    case .failed(let error): throw error
    }
  }

  private func decoded(
    _ read: () throws(ParquetError) -> Value?
  ) -> DeferredState<Value> {
    state.withLock { state in
      if case .unread = state {
        do throws(ParquetError) {
          state = .read(try read())
        } catch {
          state = .failed(error)
        }
      }
      return state
    }
  }
}

private enum DeferredState<Value: Sendable>: Sendable {
  case unread
  case read(Value?)
  case failed(ParquetError)
}
