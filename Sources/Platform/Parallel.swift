import CSystem
import Glibc
import Synchronization

/// Runs independent work on a fixed number of threads.
public enum Parallel {
  /// Number of processors available to this process, at least 1.
  public static var width: Int { Int(lake_processor_count()) }

  /// Calls `body(0) … body(count − 1)`, each once, on up to `width` threads; returns when all are done. After
  /// an error no new index is started, and the error of the lowest index is thrown.
  public static func forEach(
    _ count: Int, width: Int = Parallel.width, _ body: @escaping @Sendable (Int) throws -> Void
  ) throws {
    let workers = Swift.min(width, count)
    if workers <= 1 {
      for index in 0..<count { try body(index) }
      return
    }
    let state = ForEachState(count: count, body: body)
    var threads: [pthread_t] = []
    for _ in 1..<workers {
      if let thread = startThread({ state.run() }) { threads.append(thread) }
    }
    state.run()
    for thread in threads { pthread_join(thread, nil) }
    if let (_, error) = state.failure.withLock({ $0 }) { throw error }
  }

  /// Starts a thread; nil if the system refuses.
  public static func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
    let box = Unmanaged.passRetained(ThreadBody(run: body))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { raw in
        guard let raw else { return nil }
        Unmanaged<ThreadBody>.fromOpaque(raw).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    if status != 0 {
      box.release()
      return nil
    }
    return thread
  }
}

private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void
  init(run: @escaping @Sendable () -> Void) { self.run = run }
}

private final class ForEachState: Sendable {
  let count: Int
  let body: @Sendable (Int) throws -> Void
  let next = Atomic<Int>(0)
  let failure = Mutex<(index: Int, error: any Error)?>(nil)

  init(count: Int, body: @escaping @Sendable (Int) throws -> Void) {
    self.count = count
    self.body = body
  }

  func run() {
    while failure.withLock({ $0 == nil }) {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if index >= count { return }
      do {
        try body(index)
      } catch {
        failure.withLock {
          if let first = $0, first.index <= index { return }
          $0 = (index, error)
        }
      }
    }
  }
}
