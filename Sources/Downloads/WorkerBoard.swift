import CSystem
import Catalog
import Glibc
import JSON
import Platform
import Storage
import Tables

/// Publishes what the workers of a download do, for other processes, and receives requests to stop them.
///
/// `staging/<run>/workers.json` is rewritten every half second while the run lives; a file `stop-<number>`
/// beside it, or `stop-all`, stops a worker after its current unit.
final class WorkerBoard: Sendable {
  static let fileName = "workers.json"
  private static let period: Int64 = 500_000_000

  private struct Worker {
    var unit: String?
    var symbols: [String] = []
    var startedAt: Int64 = 0
    var progressedAt: Int64
    var byteCount = 0
    var unitCount = 0
    var isStopped = false
  }

  private struct State {
    var workers: [Worker]
    var isFinished = false
    var thread: pthread_t?
  }

  private let directory: String
  private let job: String
  private let startedAt = Clock.nanoseconds()
  private let state: Monitor<State>

  init(directory: String, job: String, workerCount: Int) {
    self.directory = directory
    self.job = job
    let worker = Worker(progressedAt: Clock.nanoseconds())
    state = Monitor(State(workers: Array(repeating: worker, count: workerCount)))
  }

  func start() {
    let thread = Parallel.startThread { [self] in
      while true {
        write()
        let next = Clock.nanoseconds() + Self.period
        let isFinished = state.wait { state -> Bool? in
          state.isFinished ? true : Clock.nanoseconds() >= next ? false : nil
        }
        if isFinished { return }
      }
    }
    state.withLock { $0.thread = thread }
  }

  func finish() {
    let thread = state.withLock { state in
      state.isFinished = true
      return state.thread
    }
    if let thread { pthread_join(thread, nil) }
  }

  // MARK: - Workers

  func begin(_ number: Int, _ unit: DownloadUnit) {
    state.withLock {
      let now = Clock.nanoseconds()
      $0.workers[number - 1].unit = unit.name
      $0.workers[number - 1].symbols = unit.symbols
      $0.workers[number - 1].startedAt = now
      $0.workers[number - 1].progressedAt = now
      $0.workers[number - 1].byteCount = 0
    }
  }

  func progress(_ number: Int, byteCount: Int) {
    state.withLock {
      $0.workers[number - 1].byteCount = byteCount
      $0.workers[number - 1].progressedAt = Clock.nanoseconds()
    }
  }

  func end(_ number: Int) {
    state.withLock {
      $0.workers[number - 1].unit = nil
      $0.workers[number - 1].unitCount += 1
      $0.workers[number - 1].progressedAt = Clock.nanoseconds()
    }
  }

  /// Whether a worker was asked to stop.
  func shouldStop(_ number: Int) -> Bool {
    let isTold =
      lake_access("\(directory)/stop-\(number)", F_OK) == 0
      || lake_access("\(directory)/stop-all", F_OK) == 0
    if isTold { state.withLock { $0.workers[number - 1].isStopped = true } }
    return isTold
  }

  private func write() {
    let workers = state.withLock { $0.workers }
    let list = workers.enumerated().map { number, worker in
      var members: [(String, JSONValue)] = [
        ("number", .integer(number + 1)), ("units_done", .integer(worker.unitCount)),
        ("bytes", .integer(worker.byteCount)), ("started_at", .integer(worker.startedAt)),
        ("progressed_at", .integer(worker.progressedAt)), ("stopped", .boolean(worker.isStopped)),
        ("symbols", .array(worker.symbols.map { .string($0) })),
      ]
      if let unit = worker.unit { members.append(("unit", .string(unit))) }
      return JSONValue.object(JSONObject(members))
    }
    let board = JSONObject([
      ("job", .string(job)), ("process", .integer(Int(getpid()))),
      ("started_at", .integer(startedAt)), ("workers", .array(list)),
    ])
    let bytes = Array(JSONValue.object(board).description.utf8)
    // It need not be durable, but nobody must read half of it.
    let path = directory + "/" + Self.fileName
    let descriptor = lake_open(path + ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    if descriptor < 0 { return }
    let written = bytes.withUnsafeBytes { lake_write(descriptor, $0.baseAddress, $0.count) }
    lake_close(descriptor)
    if written == bytes.count { lake_rename(path + ".new", path) }
  }
}

/// The status of a worker of a running download.
public struct WorkerStatus: Sendable {
  /// `<process>.<number>`: the argument of `lake workers stop`.
  public var id: String
  /// The process's job.
  public var job: String
  /// The current unit; nil while it waits.
  public var unit: String?
  /// The symbols of the current request.
  public var symbols: [String]
  /// Requests completed.
  public var unitCount: Int
  /// Bytes received.
  public var byteCount: Int
  /// Start of the current unit, in ns since 1970 UTC.
  public var startedAt: Int64
  /// When bytes were last received, in ns since 1970 UTC.
  public var progressedAt: Int64
  /// Whether it was asked to stop.
  public var isStopping: Bool

  /// Seconds without progress after which a working worker counts as stalled.
  public static let stallSeconds: Int64 = 30

  /// Whether it has made no progress for a long time.
  public func isStalled(at now: Int64) -> Bool {
    unit != nil && now - progressedAt > Self.stallSeconds * 1_000_000_000
  }

  /// The workers of all live runs of a lake.
  public static func all(_ lake: Lake) throws -> [WorkerStatus] {
    let storage = DirectoryStorage(root: lake.stagingPath)
    var result: [WorkerStatus] = []
    for run in try runs(storage) where StagingRun.isAlive(run, root: lake.root) {
      guard let board = try board(storage, run) else { continue }
      let directory = lake.stagingPath + "/" + run
      let process = board["process"]?.int64 ?? 0
      for worker in board["workers"]?.array ?? [] {
        let number = worker["number"]?.int64 ?? 0
        result.append(
          WorkerStatus(
            id: "\(process).\(number)", job: board["job"]?.string ?? "",
            unit: worker["unit"]?.string,
            symbols: (worker["symbols"]?.array ?? []).compactMap(\.string),
            unitCount: Int(worker["units_done"]?.int64 ?? 0),
            byteCount: Int(worker["bytes"]?.int64 ?? 0),
            startedAt: worker["started_at"]?.int64 ?? 0,
            progressedAt: worker["progressed_at"]?.int64 ?? 0,
            isStopping: lake_access("\(directory)/stop-\(number)", F_OK) == 0
              || lake_access("\(directory)/stop-all", F_OK) == 0))
      }
    }
    return result
  }

  /// Folders of runs, including dead ones.
  private static func runs(_ storage: DirectoryStorage) throws -> [String] {
    do throws(StorageError) {
      return try storage.list("").filter(\.isDirectory).map(\.name)
    } catch {
      if error.code == .notFound { return [] }
      throw error
    }
  }

  /// The status of a run's workers; nil if it has none, or has ended meanwhile.
  private static func board(_ storage: DirectoryStorage, _ run: String) throws -> JSONValue? {
    do {
      return try JSONValue(parsing: storage.read(run + "/" + WorkerBoard.fileName))
    } catch let error as StorageError where error.code == .notFound {
      return nil
    }
  }

  /// Asks a worker (`1234.1`), or all of a process (`1234`), to stop after the current unit.
  ///
  /// - Returns: Ids of the workers that were asked.
  public static func stop(_ id: String, in lake: Lake) throws -> [String] {
    let storage = DirectoryStorage(root: lake.stagingPath)
    var told: [String] = []
    for run in try runs(storage) where StagingRun.isAlive(run, root: lake.root) {
      guard let board = try board(storage, run), let process = board["process"]?.int64
      else { continue }
      for worker in board["workers"]?.array ?? [] {
        let number = worker["number"]?.int64 ?? 0
        guard id == "\(process)" || id == "\(process).\(number)" else { continue }
        try storage.writeDurably("\(run)/stop-\(number)", [])
        told.append("\(process).\(number)")
      }
    }
    return told
  }
}
