/// Admits threads one at a time in the order of their numbers, from 0.
public final class Turnstile: @unchecked Sendable {
  private let condition = Condition()
  // Both are protected by `condition`.
  private var next = 0
  private var isClosed = false

  /// Admits number 0 first.
  public init() {}

  /// Waits until all lower numbers have left; false if the turnstile is closed.
  public func enter(_ number: Int) -> Bool {
    condition.withLock {
      while next != number, !isClosed { condition.wait() }
      return !isClosed
    }
  }

  /// Admits the next number.
  public func leave() {
    condition.withLock {
      next += 1
      condition.broadcast()
    }
  }

  /// Admits no further numbers and releases all waiting threads.
  public func close() {
    condition.withLock {
      isClosed = true
      condition.broadcast()
    }
  }

  /// Runs `body` after all lower numbers have passed. Every number must pass exactly once.
  public func pass(_ number: Int, _ body: () -> Void) {
    if enter(number) { body() }
    leave()
  }
}
