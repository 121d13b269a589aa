import CSystem
import Glibc
import Ingest
import Platform

/// Units between the workers and the committer.
///
/// Workers fetch units in order, a few ahead of the committer; the committer takes them in the same order as
/// soon as their first byte has arrived. So few bodies are on disk, and a long one is stored while it still
/// arrives.
final class DownloadQueue: Sendable {
  /// A unit that is being fetched, or was.
  struct Fetching: Sendable {
    var unit: DownloadUnit
    var spool: BodySpool
  }

  /// Bodies on disk, in number and MB, beyond two per worker.
  private static let spoolMax = 256
  private static let spoolByteMax = 256 << 20
  /// How long the committer waits for a body before it commits pending rows.
  private static let patience: Int64 = 1_000_000_000

  /// The committer's next step.
  enum Step {
    case store(Fetching)
    /// No body is available now: commit pending rows.
    case commit
    case end
  }

  private struct State {
    var waiting: [DownloadUnit] = []
    var head = 0
    /// Not taken by the committer yet.
    var begun: [Fetching] = []
    /// Bodies on disk, by path: started, and not released yet.
    var spools: [String: BodySpool] = [:]
    var workerCount = 0
    var fetched: [String: Result<FetchedUnit, any Error>] = [:]
    var isStopped = false
    /// Whether what is being fetched is useless too.
    var isAbandoned = false
    var failure: (any Error)?
    var spoolNumber = 0
  }

  private let state: Monitor<State>
  private let directory: String
  private let workerMax: Int
  private let isInterrupted: @Sendable () -> Bool

  init(
    directory: String, workerCount: Int, isInterrupted: @escaping @Sendable () -> Bool
  ) {
    self.directory = directory
    self.isInterrupted = isInterrupted
    workerMax = workerCount
    state = Monitor(State(workerCount: workerCount))
  }

  // MARK: - Workers

  /// The next unit to fetch, once there is room; nil when the job stops.
  func next(
    isStopped: () -> Bool, didGrow: @escaping @Sendable (Int) -> Void
  ) throws -> Fetching? {
    try state.wait { state -> Fetching?? in
      if state.isStopped || isInterrupted() || isStopped() { return .some(nil) }
      if state.head == state.waiting.count || isFull(state) { return nil }
      let unit = state.waiting[state.head]
      state.head += 1
      state.spoolNumber += 1
      let spool = try BodySpool(
        path: "\(directory)/body-\(state.spoolNumber)", isInterrupted: isInterrupted,
        isAbandoned: { [weak self] in self?.isAbandoned ?? true }, didGrow: didGrow)
      state.spools[spool.path] = spool
      let fetching = Fetching(unit: unit, spool: spool)
      state.begun.append(fetching)
      return fetching
    }
  }

  /// Whether there are enough bodies on disk: small ones wait together for one commit.
  private func isFull(_ state: State) -> Bool {
    if state.spools.count < 2 * workerMax { return false }
    return state.spools.count >= Self.spoolMax
      || state.spools.values.reduce(0) { $0 + $1.byteCount } >= Self.spoolByteMax
  }

  /// Tells what came of fetching a unit.
  func didFetch(_ fetching: Fetching, _ result: Result<FetchedUnit, any Error>) {
    state.withLock { $0.fetched[fetching.spool.path] = result }
    switch result {
    case .success: fetching.spool.finish()
    case .failure(let error): fetching.spool.fail(error)
    }
  }

  /// A worker ends.
  func didEnd() { state.withLock { $0.workerCount -= 1 } }

  /// A worker failed because of an error of this machine: the job ends.
  func fail(_ error: any Error) {
    state.withLock {
      $0.failure = $0.failure ?? error
      $0.isStopped = true
      $0.isAbandoned = true
    }
  }

  /// Throws the error of a failed worker.
  func check() throws { if let error = state.withLock({ $0.failure }) { throw error } }

  /// No further unit is started.
  func stop() { state.withLock { $0.isStopped = true } }

  /// No further unit is started, and current fetches are abandoned.
  func abandon() {
    state.withLock {
      $0.isStopped = true
      $0.isAbandoned = true
    }
  }

  private var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

  /// Puts units in front of those that wait: the parts of a refused unit.
  func prepend(_ units: [DownloadUnit]) {
    state.withLock { $0.waiting.insert(contentsOf: units, at: $0.head) }
  }

  // MARK: - Committer

  /// The next unit whose body has started to arrive.
  ///
  /// - Parameter hasPending: Whether rows wait for their commit: they must not wait for a slow vendor, nor for
  ///   disk space that they take themselves.
  func take(hasPending: Bool) -> Step {
    let deadline = Clock.nanoseconds() + Self.patience
    let step: Step = state.wait { state -> Step? in
      if let fetching = state.begun.first {
        if hasPending && !fetching.spool.hasBegun && !isInterrupted() {
          return Clock.nanoseconds() >= deadline ? .commit : nil
        }
        state.begun.removeFirst()
        return .store(fetching)
      }
      let isOver =
        state.head == state.waiting.count || state.isStopped || isInterrupted()
        || state.workerCount == 0
      if isOver { return .end }
      return hasPending && (isFull(state) || Clock.nanoseconds() >= deadline) ? .commit : nil
    }
    if case .store(let fetching) = step { fetching.spool.waitUntilBegun() }
    return step
  }

  /// The result of fetching a unit; waits for it.
  func result(of fetching: Fetching) -> Result<FetchedUnit, any Error> {
    state.wait { $0.fetched[fetching.spool.path] }
  }

  /// Frees the disk space of a body.
  func release(_ fetching: Fetching) {
    lake_unlink(fetching.spool.path)
    state.withLock {
      $0.spools[fetching.spool.path] = nil
      $0.fetched[fetching.spool.path] = nil
    }
  }

  /// Adds units after those that wait.
  func append(_ units: [DownloadUnit]) { state.withLock { $0.waiting += units } }

  /// Whether units wait that were put in front since the last was taken.
  var isWaiting: Bool {
    state.withLock {
      $0.head < $0.waiting.count && !$0.isStopped && !isInterrupted() && $0.workerCount > 0
    }
  }

  /// Whether nothing more will be fetched.
  var isEnded: Bool {
    state.withLock { $0.isStopped || $0.workerCount == 0 || isInterrupted() }
  }

  /// Units that were never started.
  var rest: [DownloadUnit] { state.withLock { Array($0.waiting[$0.head...]) } }
}
