import Glibc

/// A fixed number of threads for the work behind one reader.
///
/// The thread that feeds the pool is one of them: instead of sleeping while it waits for a buffer,
/// for memory or for the end, it takes a task itself. So `width` threads are busy, and a pool of
/// width 1 is simply the feeder doing everything in order.
///
/// Tasks of a *lane* run one at a time, in the order in which they were added; tasks without a lane
/// run in any order, on any thread. After a task has failed, later ones are dropped.
public final class WorkPool: @unchecked Sendable {
  public typealias Task = @Sendable () throws -> Void

  /// A queue whose tasks run in order, one at a time.
  public final class Lane: @unchecked Sendable {
    fileprivate var tasks: [Task] = []
    fileprivate var head = 0
    fileprivate var isRunning = false

    fileprivate var isIdle: Bool { !isRunning && head == tasks.count }

    /// The task that may begin now.
    fileprivate func next() -> Task? {
      if isRunning || head == tasks.count { return nil }
      let task = tasks[head]
      head += 1
      if head == tasks.count {
        tasks.removeAll(keepingCapacity: true)
        head = 0
      }
      isRunning = true
      return task
    }
  }

  // All state is guarded by `mutex`; `changed` is signalled when any of it changes.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var tasks: [Task] = []
  private var tasksHead = 0
  private var lanes: [Lane] = []
  private var unfinished = 0
  private var failure: (any Error)?
  private var isClosed = false
  private var threads: [pthread_t] = []
  /// Threads that work, the feeder included.
  public let width: Int

  public init(width: Int) {
    self.width = max(1, width)
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
    for _ in 1..<max(1, width) {
      if let thread = Parallel.startThread({ self.work() }) { threads.append(thread) }
    }
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  public func makeLane() -> Lane {
    let lane = Lane()
    locked { lanes.append(lane) }
    return lane
  }

  public func add(_ task: @escaping Task) {
    locked {
      tasks.append(task)
      unfinished += 1
      pthread_cond_broadcast(changed)
    }
  }

  public func add(to lane: Lane, _ task: @escaping Task) {
    locked {
      lane.tasks.append(task)
      unfinished += 1
      pthread_cond_broadcast(changed)
    }
  }

  /// Runs a task of a lane on this thread where it may begin now and the other threads have so much to
  /// do that a task without a lane waits; else adds it.
  public func runOrAdd(to lane: Lane, _ task: @escaping Task) throws {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    if let failure { throw failure }
    lane.tasks.append(task)
    unfinished += 1
    if tasksHead < tasks.count, let next = lane.next() {
      _ = run((next, lane))
      if let failure { throw failure }
    } else {
      pthread_cond_broadcast(changed)
    }
  }

  /// Runs tasks, or sleeps where there is none to run, until `condition` holds.
  ///
  /// `condition` is called with the pool's lock held, after every task that ends anywhere and after
  /// every `notify`.
  ///
  /// - Throws: The first failure of a task.
  public func help(until condition: () -> Bool) throws {
    try help(until: condition, next: { self.next() })
  }

  private func help(until condition: () -> Bool, next: () -> (Task, Lane?)?) throws {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let failure { throw failure }
      if condition() { return }
      if !run(next()) { pthread_cond_wait(changed, mutex) }
    }
  }

  /// Runs tasks until `condition` holds or nothing is left to run.
  ///
  /// - Returns: Whether nothing runs any more.
  public func helpUntilIdle(or condition: () -> Bool) throws -> Bool {
    var isIdle = false
    try help(until: {
      isIdle = self.unfinished == 0
      return isIdle || condition()
    })
    return isIdle
  }

  /// Runs tasks of a lane, or sleeps while another thread does, until `condition` holds.
  public func help(with lane: Lane, until condition: () -> Bool) throws {
    try help(until: condition, next: { lane.next().map { ($0, lane) } })
  }

  /// Runs tasks of a lane until none is left.
  public func drain(_ lane: Lane) throws { try help(with: lane, until: { lane.isIdle }) }

  /// Runs tasks until `condition` holds or none waits to be begun.
  public func helpWithTasks(until condition: () -> Bool) throws {
    try help(until: { self.tasksHead == self.tasks.count || condition() })
  }

  /// Runs until every task has ended.
  public func finish() throws { try help(until: { self.unfinished == 0 }) }

  /// Drops what has not begun and waits for what has.
  public func cancel() {
    pthread_mutex_lock(mutex)
    if failure == nil { failure = CancellationError() }
    while unfinished > 0 {
      if !runOne() { pthread_cond_wait(changed, mutex) }
    }
    pthread_mutex_unlock(mutex)
  }

  /// Ends the threads. The owner must call it: they keep the pool alive.
  public func close() {
    locked {
      isClosed = true
      pthread_cond_broadcast(changed)
    }
    for thread in threads { pthread_join(thread, nil) }
    threads = []
  }

  private func work() {
    pthread_mutex_lock(mutex)
    while !isClosed {
      if !runOne() { pthread_cond_wait(changed, mutex) }
    }
    pthread_mutex_unlock(mutex)
  }

  private func runOne() -> Bool { run(next()) }

  /// Runs a task with the lock released; false where there is none.
  private func run(_ work: (Task, Lane?)?) -> Bool {
    guard let (task, lane) = work else { return false }
    let isDropped = failure != nil
    pthread_mutex_unlock(mutex)
    var thrown: (any Error)?
    if !isDropped {
      do { try task() } catch { thrown = error }
    }
    pthread_mutex_lock(mutex)
    if let thrown, failure == nil { failure = thrown }
    lane?.isRunning = false
    unfinished -= 1
    pthread_cond_broadcast(changed)
    return true
  }

  /// Lanes come last: the feeder helps with them when they fall behind.
  private func next() -> (Task, Lane?)? {
    if tasksHead < tasks.count {
      let task = tasks[tasksHead]
      tasksHead += 1
      if tasksHead == tasks.count {
        tasks.removeAll(keepingCapacity: true)
        tasksHead = 0
      }
      return (task, nil)
    }
    for lane in lanes { if let task = lane.next() { return (task, lane) } }
    return nil
  }

  private func locked<T>(_ body: () -> T) -> T {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }
}
