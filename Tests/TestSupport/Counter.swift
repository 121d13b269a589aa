import Synchronization

/// A thread-safe counter.
public final class Counter: Sendable {
  private let count = Atomic<Int>(0)

  public init() {}

  public func add() { count.wrappingAdd(1, ordering: .relaxed) }

  public var value: Int { count.load(ordering: .relaxed) }
}
