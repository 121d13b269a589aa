/// A lock-protected value with waiting for changes.
public final class Monitor<Value>: @unchecked Sendable {
  // `value` is protected by `condition`, which is broadcast after every change.
  private let condition = Condition()
  private var value: Value

  /// Protects a value.
  public init(_ value: Value) { self.value = value }

  /// Runs `body` with the lock held, and wakes all waiting threads.
  public func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    condition.lock()
    defer {
      condition.broadcast()
      condition.unlock()
    }
    return try body(&value)
  }

  /// Calls `body` with the lock held until it returns non-nil: after every change, and at least every 100 ms.
  public func wait<Result>(_ body: (inout Value) throws -> Result?) rethrows -> Result {
    condition.lock()
    defer {
      condition.broadcast()
      condition.unlock()
    }
    while true {
      if let result = try body(&value) { return result }
      condition.wait(milliseconds: 100)
    }
  }
}
