/// A value that several threads change, and on whose changes they can wait.
public final class Monitor<Value>: @unchecked Sendable {
  // `value` is guarded by `condition`, which is broadcast after every change.
  private let condition = Condition()
  private var value: Value

  /// Guards a value.
  public init(_ value: Value) { self.value = value }

  /// Runs `body` with the lock held, and wakes those who wait.
  public func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
    condition.lock()
    defer {
      condition.broadcast()
      condition.unlock()
    }
    return try body(&value)
  }

  /// Calls `body` with the lock held until it returns something: at every change, and at least every 100 ms.
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
