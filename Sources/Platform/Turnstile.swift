/// Lets threads pass one after the other, in the order of their numbers, from 0.
public final class Turnstile: @unchecked Sendable {
  private let condition = Condition()
  // Both are guarded by `condition`.
  private var next = 0
  private var isClosed = false

  /// Lets 0 in first.
  public init() {}

  /// Waits until all lower numbers have left; false when the turnstile was closed.
  public func enter(_ number: Int) -> Bool {
    condition.withLock {
      while next != number, !isClosed { condition.wait() }
      return !isClosed
    }
  }

  /// Lets the next number in.
  public func leave() {
    condition.withLock {
      next += 1
      condition.broadcast()
    }
  }

  /// Lets nobody in any more.
  public func close() {
    condition.withLock {
      isClosed = true
      condition.broadcast()
    }
  }

  /// Runs `body` when all lower numbers have passed. Every number must pass, once.
  public func pass(_ number: Int, _ body: () -> Void) {
    if enter(number) { body() }
    leave()
  }
}
