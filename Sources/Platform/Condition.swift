import Glibc

/// A mutex with a condition variable.
///
/// Building block of `Monitor`, `Turnstile` and `WorkPool`; use `Monitor` for a value that several threads
/// change.
final class Condition: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  func lock() { pthread_mutex_lock(mutex) }

  func unlock() { pthread_mutex_unlock(mutex) }

  /// Runs `body` with the lock held.
  func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
    lock()
    defer { unlock() }
    return try body()
  }

  /// Wakes all waiting threads. Call with the lock held.
  func broadcast() { pthread_cond_broadcast(changed) }

  /// Releases the lock until a broadcast; may also wake spuriously, so the caller must check again. Call with
  /// the lock held.
  func wait() { pthread_cond_wait(changed, mutex) }

  /// Like `wait()`, for at most this many milliseconds (below 1000).
  func wait(milliseconds: Int) {
    var until = timespec()
    clock_gettime(CLOCK_REALTIME, &until)
    until.tv_nsec += milliseconds * 1_000_000
    if until.tv_nsec >= 1_000_000_000 {
      until.tv_nsec -= 1_000_000_000
      until.tv_sec += 1
    }
    pthread_cond_timedwait(changed, mutex, &until)
  }
}
