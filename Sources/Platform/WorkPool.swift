import Glibc

/// A fixed number of threads for the work of one reader.
///
/// The thread that feeds the pool is one of them: instead of sleeping while it waits for a buffer, for memory
/// or for the end, it runs a task itself. So `width` threads are busy, and in a pool of width 1 the feeder runs
/// everything in order.
///
/// Tasks of a *lane* run one at a time, in the order in which they were added; tasks without a lane run in any
/// order, on any thread. After a task fails, the remaining ones are dropped.
public final class WorkPool: @unchecked Sendable {
  /// A unit of work; an error fails the whole pool.
  public typealias Task = @Sendable () throws -> Void

  /// A queue whose tasks run in order, one at a time.
  public final class Lane: @unchecked Sendable {
    fileprivate var tasks: [Task] = []
    fileprivate var head = 0
    fileprivate var isRunning = false

    fileprivate var isIdle: Bool { !isRunning && head == tasks.count }

    /// The next task, if none of the lane is running.
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

  // All state is protected by `changes`, which is broadcast on every change.
  private let changes = Condition()
  private var tasks: [Task] = []
  private var tasksHead = 0
  private var lanes: [Lane] = []
  private var unfinished = 0
  private var failure: (any Error)?
  private var isClosed = false
  private var threads: [pthread_t] = []
  /// Number of threads, the feeder included.
  public let width: Int

  /// Starts `width` − 1 threads, since the feeder is one too.
  public init(width: Int) {
    self.width = max(1, width)
    for _ in 1..<max(1, width) {
      if let thread = Parallel.startThread({ self.work() }) { threads.append(thread) }
    }
  }

  /// Makes a lane of this pool.
  public func makeLane() -> Lane {
    let lane = Lane()
    changes.withLock { lanes.append(lane) }
    return lane
  }

  /// Adds a task without a lane.
  public func add(_ task: @escaping Task) {
    changes.withLock {
      tasks.append(task)
      unfinished += 1
      changes.broadcast()
    }
  }

  /// Adds a task at the end of a lane.
  public func add(to lane: Lane, _ task: @escaping Task) {
    changes.withLock {
      lane.tasks.append(task)
      unfinished += 1
      changes.broadcast()
    }
  }

  /// Runs a lane's task on this thread if it may start now and the other threads are so busy that a task
  /// without a lane is waiting; else adds it.
  public func runOrAdd(to lane: Lane, _ task: @escaping Task) throws {
    changes.lock()
    defer { changes.unlock() }
    if let failure { throw failure }
    lane.tasks.append(task)
    unfinished += 1
    if tasksHead < tasks.count, let next = lane.next() {
      _ = run((next, lane))
      if let failure { throw failure }
    } else {
      changes.broadcast()
    }
  }

  /// Runs tasks, or sleeps if there is none, until `condition` holds.
  ///
  /// `condition` is called with the pool's lock held, after every finished task and every `notify`.
  ///
  /// - Throws: The first task's error.
  public func help(until condition: () -> Bool) throws {
    try help(until: condition, next: { self.next() })
  }

  private func help(until condition: () -> Bool, next: () -> (Task, Lane?)?) throws {
    changes.lock()
    defer { changes.unlock() }
    while true {
      if let failure { throw failure }
      if condition() { return }
      if !run(next()) { changes.wait() }
    }
  }

  /// Runs tasks until `condition` holds or nothing is left.
  ///
  /// - Returns: Whether no task is running or queued.
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

  /// Runs tasks of a lane until it is empty.
  public func drain(_ lane: Lane) throws { try help(with: lane, until: { lane.isIdle }) }

  /// Runs tasks until `condition` holds or none is waiting to start.
  public func helpWithTasks(until condition: () -> Bool) throws {
    try help(until: { self.tasksHead == self.tasks.count || condition() })
  }

  /// Runs until every task has finished.
  public func finish() throws { try help(until: { self.unfinished == 0 }) }

  /// Drops the queued tasks and waits for the running ones.
  public func cancel() {
    changes.lock()
    if failure == nil { failure = CancellationError() }
    while unfinished > 0 {
      if !runOne() { changes.wait() }
    }
    changes.unlock()
  }

  /// Ends the threads. Required: they keep the pool alive.
  public func close() {
    changes.withLock {
      isClosed = true
      changes.broadcast()
    }
    for thread in threads { pthread_join(thread, nil) }
    threads = []
  }

  private func work() {
    changes.lock()
    while !isClosed {
      if !runOne() { changes.wait() }
    }
    changes.unlock()
  }

  private func runOne() -> Bool { run(next()) }

  /// Runs a task with the lock released; false if there is none.
  private func run(_ work: (Task, Lane?)?) -> Bool {
    guard let (task, lane) = work else { return false }
    let isDropped = failure != nil
    changes.unlock()
    var thrown: (any Error)?
    if !isDropped {
      do { try task() } catch { thrown = error }
    }
    changes.lock()
    if let thrown, failure == nil { failure = thrown }
    lane?.isRunning = false
    unfinished -= 1
    changes.broadcast()
    return true
  }

  /// Lanes come last: the feeder helps with them if they fall behind.
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
}
