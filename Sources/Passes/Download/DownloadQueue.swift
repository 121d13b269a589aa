import Bytes
import Glibc

/// Units on their way from the vendor to the committer.
///
/// Workers fetch units in order, a few ahead of the committer; the committer takes them in the same
/// order as soon as their first byte is there. So the disk holds few bodies, and a long one is stored
/// while it is still coming.
final class DownloadQueue: Sendable {
  /// A unit that is being fetched, or has been.
  struct Fetching: Sendable {
    var unit: DownloadUnit
    var spool: DownloadSpool
  }

  private struct State {
    var waiting: [DownloadUnit] = []
    var head = 0
    var begun: [Fetching] = []
    var begunHead = 0
    /// Bodies on disk: begun, and not yet given back.
    var spoolCount = 0
    var workerCount = 0
    var fetched: [String: Result<FetchedUnit, any Error>] = [:]
    var isStopped = false
    var failure: (any Error)?
    var spoolNumber = 0
  }

  private let state: Monitor<State>
  private let directory: String
  private let spoolMax: Int
  private let isInterrupted: @Sendable () -> Bool

  init(
    directory: String, workerCount: Int, isInterrupted: @escaping @Sendable () -> Bool
  ) {
    self.directory = directory
    self.isInterrupted = isInterrupted
    spoolMax = 2 * workerCount
    state = Monitor(State(workerCount: workerCount))
  }

  // MARK: - Workers

  /// The next unit to fetch, waiting for one; nil once the job stops.
  func next(
    isStopped: () -> Bool, didGrow: @escaping @Sendable (Int) -> Void
  ) throws -> Fetching? {
    try state.wait { state -> Fetching?? in
      if state.isStopped || isInterrupted() || isStopped() { return .some(nil) }
      if state.head == state.waiting.count || state.spoolCount >= spoolMax { return nil }
      let unit = state.waiting[state.head]
      state.head += 1
      state.spoolCount += 1
      state.spoolNumber += 1
      let spool = try DownloadSpool(
        path: "\(directory)/body-\(state.spoolNumber)", isInterrupted: isInterrupted,
        didGrow: didGrow)
      let fetching = Fetching(unit: unit, spool: spool)
      state.begun.append(fetching)
      return fetching
    }
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

  /// A worker could not go on for a reason of this machine's: the job ends with it.
  func fail(_ error: any Error) {
    state.withLock {
      $0.failure = $0.failure ?? error
      $0.isStopped = true
    }
  }

  /// Throws what a worker could not go on for.
  func check() throws { if let error = state.withLock({ $0.failure }) { throw error } }

  /// No further unit is begun.
  func stop() { state.withLock { $0.isStopped = true } }

  /// Puts units in front of those that wait: what a refused unit is cut into.
  func prepend(_ units: [DownloadUnit]) {
    state.withLock { $0.waiting.insert(contentsOf: units, at: $0.head) }
  }

  // MARK: - Committer

  /// The next unit whose body has begun to come; nil when none is left.
  func take() -> Fetching? {
    let fetching: Fetching? = state.wait { state -> Fetching?? in
      if state.begunHead < state.begun.count {
        let fetching = state.begun[state.begunHead]
        state.begunHead += 1
        return .some(fetching)
      }
      let isOver =
        state.head == state.waiting.count || state.isStopped || isInterrupted()
        || state.workerCount == 0
      return isOver ? .some(nil) : nil
    }
    fetching?.spool.waitUntilBegun()
    return fetching
  }

  /// What came of fetching a unit, once it has ended.
  func result(of fetching: Fetching) -> Result<FetchedUnit, any Error> {
    state.wait { $0.fetched[fetching.spool.path] }
  }

  /// Gives a body's place on disk back.
  func release(_ fetching: Fetching) {
    unlink(fetching.spool.path)
    state.withLock {
      $0.spoolCount -= 1
      $0.fetched[fetching.spool.path] = nil
    }
  }

  /// Adds units behind those that wait.
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

  /// Units that were never begun.
  var rest: [DownloadUnit] { state.withLock { Array($0.waiting[$0.head...]) } }
}
