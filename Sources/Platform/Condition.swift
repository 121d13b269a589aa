import Glibc

/// A lock, and waiting for a change of what it guards: a mutex and a condition of the system.
///
/// What `Monitor`, `Turnstile` and `WorkPool` are made of; who needs a value that threads change takes a `Monitor`.
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

  /// Wakes all who wait. With the lock held.
  func broadcast() { pthread_cond_broadcast(changed) }

  /// Gives the lock away until a broadcast, or for no reason: the caller looks again. With the lock held.
  func wait() { pthread_cond_wait(changed, mutex) }

  /// The same for at most so many milliseconds, fewer than a second.
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
