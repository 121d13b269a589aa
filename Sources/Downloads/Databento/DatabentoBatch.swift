import Bytes
import CSystem
import Catalog
import Columnar
import Databento
import Glibc
import Ingest
import JSON
import Platform
import RowSources
import Storage
import Tables

/// Files that Databento prepares, one per day, and that can be fetched again for free for a month.
///
/// `staging/batch/<hash of the request>.json` records the job, so that an interrupted download finds its files
/// again instead of paying for new ones; an incomplete file is continued.
public final class DatabentoBatch: Sendable {
  private static let folder = "staging/batch"
  private static let pollMilliseconds: Int32 = 2_000

  private let client: DatabentoClient
  private let lake: Lake
  private let isInterrupted: @Sendable () -> Bool
  private let didWait: @Sendable (String) -> Void
  /// Jobs by request, with their files once they are done.
  private let jobs: Monitor<[DownloadUnit: Job]>

  private struct Job {
    var id: String
    var files: [BatchFile]?
    /// Why the vendor does not prepare the files.
    var refusal: DownloadRefusal?
    /// Whether a worker waits for the vendor already.
    var isWaitedFor = false
  }

  /// - Parameters:
  ///   - isInterrupted: Polled while waiting for the vendor.
  ///   - didWait: Called with what is waited for.
  public init(
    _ client: DatabentoClient, lake: Lake, isInterrupted: @escaping @Sendable () -> Bool,
    didWait: @escaping @Sendable (String) -> Void
  ) {
    self.client = client
    self.lake = lake
    self.isInterrupted = isInterrupted
    self.didWait = didWait
    jobs = Monitor([:])
  }

  /// Orders files for consecutive units, or finds an existing job for them.
  ///
  /// A refusal by the vendor is thrown to those who fetch the units concerned; the others are prepared.
  ///
  /// - Returns: The jobs' ids.
  public func submit(_ units: [DownloadUnit]) throws -> [String] {
    // The files go there too, whoever submitted the job.
    try DirectoryStorage(root: lake.root).createDirectory(Self.folder)
    let known = try client.listJobs()
    var ids: [String] = []
    for span in DownloadQuote.spans(units) {
      // An older job's files are what is to be replaced.
      let isAgain = units.contains { $0.isReplacing && span.holds($0) }
      do {
        let job = try DatabentoDownload.refusing {
          try isAgain ? order(span) : remembered(span, known) ?? order(span)
        }
        jobs.withLock { $0[span] = Job(id: job) }
        ids.append(job)
      } catch let refusal as DownloadRefusal where refusal.kind != .unauthorized {
        jobs.withLock { $0[span] = Job(id: "", refusal: refusal) }
      }
    }
    return ids
  }

  private func order(_ span: DownloadUnit) throws -> String {
    let job = try client.submitJob(DatabentoDownload.query(span), split: .day)
    let storage = DirectoryStorage(root: lake.root)
    let note = JSONObject([("job", .string(job.id)), ("asked", .string(span.name))])
    try storage.writeDurably(
      Self.note(span), Array(JSONValue.object(note).description.utf8))
    return job.id
  }

  /// An earlier job for the same request, as long as the vendor keeps it. A run that died right after its order
  /// left no record: then the vendor's list of jobs shows it.
  private func remembered(_ span: DownloadUnit, _ known: [BatchJob]) throws -> String? {
    let storage = DirectoryStorage(root: lake.root)
    if try storage.exists(Self.note(span)),
      let id = try JSONValue(parsing: storage.read(Self.note(span)))["job"]?.string,
      known.contains(where: { $0.id == id })
    {
      return id
    }
    let query = try DatabentoDownload.query(span)
    return known.first { $0.isFor(query, split: .day) }?.id
  }

  private static func note(_ span: DownloadUnit) -> String { "\(folder)/\(span.id).json" }

  // MARK: - Fetching

  func fetch(_ unit: DownloadUnit, into spool: BodySpool) throws -> FetchedUnit {
    let (job, files) = try self.files(holding: unit)
    var fetched = FetchedUnit()
    fetched.requestID = job
    fetched.costNanoUSD = unit.costNanoUSD
    try spool.restart()
    let date = CivilDate(
      daysSinceEpoch: Int(unit.interval.lowerBound / CivilDate.nanosecondsPerDay)
    ).iso.filter { $0 != "-" }
    guard let file = files.first(where: { $0.isData && $0.name.contains(date) }) else {
      // No file: the vendor has nothing on that day.
      fetched.state = .empty
      return fetched
    }
    fetched.etag = file.sha256
    let folder = lake.root + "/" + Self.folder
    let path = "\(folder)/\(job)-\(file.name)"
    try client.download(file, to: path) { _ in
      if isInterrupted() { throw PassError(.interrupted, "interrupted") }
    }
    try copy(path, spool)
    lake_unlink(path)
    fetched.byteCount = spool.byteCount
    return fetched
  }

  private func copy(_ path: String, _ spool: BodySpool) throws {
    let supply = try FileSupply(path: path)
    let part = ByteBuffer(capacity: 1 << 20)
    let room = UnsafeMutableRawBufferPointer(start: part.base, count: 1 << 20)
    while true {
      let count = try supply.read(into: room)
      if count == 0 { return }
      try spool.append(UnsafeRawBufferPointer(rebasing: room[..<count]))
    }
  }

  /// The files of the job for a unit; waits until the vendor has prepared them.
  private func files(holding unit: DownloadUnit) throws -> (String, [BatchFile]) {
    let found: (span: DownloadUnit, id: String, files: [BatchFile]?)? = try jobs.wait { jobs in
      if isInterrupted() { throw PassError(.interrupted, "interrupted") }
      let span = jobs.keys.first { $0.holds(unit) }
      guard let span, let job = jobs[span] else { return .some(nil) }
      if let refusal = job.refusal { throw refusal }
      if job.files == nil && job.isWaitedFor { return nil }
      jobs[span]?.isWaitedFor = true
      return .some((span, job.id, job.files))
    }
    guard let found else {
      throw PassError(.input, "no batch job holds \(unit.name)")
    }
    if let files = found.files { return (found.id, files) }
    defer { jobs.withLock { $0[found.span]?.isWaitedFor = false } }
    let files = try waitForFiles(found.id)
    jobs.withLock { $0[found.span]?.files = files }
    return (found.id, files)
  }

  private func waitForFiles(_ id: String) throws -> [BatchFile] {
    while true {
      if isInterrupted() { throw PassError(.interrupted, "interrupted") }
      guard
        let job = try client.listJobs(states: [.received, .queued, .processing, .done, .expired])
          .first(where: { $0.id == id })
      else {
        throw DatabentoError(.badJob, "the vendor knows no job '\(id)'", remedy: "run it again")
      }
      switch job.state {
      case .done: return try client.listFiles(job: id)
      case .expired:
        throw DatabentoError(
          .badJob, "the files of job '\(id)' have expired", remedy: "run it again")
      default: didWait("job \(id): \(job.stateName)")
      }
      var pause = pollfd()
      poll(&pause, 0, Self.pollMilliseconds)
    }
  }
}

extension DownloadUnit {
  /// Whether a span of units includes `unit`.
  fileprivate func holds(_ unit: DownloadUnit) -> Bool {
    request.symbols == unit.symbols && request.schema == unit.schema
      && request.interval.clamped(to: unit.interval) == unit.interval
  }
}
