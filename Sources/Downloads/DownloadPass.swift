import Catalog
import Glibc
import Ingest
import Ledger
import Platform
import Tables

/// Fetches units from a vendor and stores them, each as a whole or not at all.
///
/// Several workers fetch in parallel; one committer stores the results, in order, several units per commit. A
/// unit that fails does not affect the others.
public final class DownloadPass {
  private let ingest: IngestPass
  private let source: any DownloadSource
  private let observer: any PassObserver
  private let workerCount: Int
  /// By unit, in the order in which they were taken; nil if a unit was split.
  private var outcomes: [DownloadOutcome?] = []
  /// Units whose rows wait for the commit.
  private var pending: [Pending] = []
  private var stop: (any Error)?

  private struct Pending {
    /// Index in `outcomes`.
    var outcome: Int
    /// Index in the files of the ingest's report.
    var fileIndex: Int
    var fetching: DownloadQueue.Fetching
  }

  /// - Parameter workerCount: Units that are fetched at once.
  public init(
    lake: Lake, source: any DownloadSource, options: IngestOptions, workerCount: Int,
    observer: any PassObserver
  ) throws {
    self.source = source
    self.observer = observer
    self.workerCount = max(1, workerCount)
    ingest = try IngestPass(lake: lake, options: options, observer: observer)
    ingest.needsLedger = true
  }

  /// Fetches and stores `units`, in order of time.
  ///
  /// - Parameters:
  ///   - job: The name in `lake workers`.
  ///   - ledger: The ledger that the units were planned with.
  ///   - recovered: Events that the ledger lacks: they are added to it.
  public func run(
    _ units: [DownloadUnit], job: String, ledger: CoverageLedger,
    recovered: [CoverageEvent] = []
  ) throws -> DownloadReport {
    var rest: [DownloadUnit]? = units
    return try run(job: job, ledger: ledger, recovered: recovered) {
      defer { rest = nil }
      return rest
    }
  }

  /// Fetches and stores the units that `next` returns, until it returns none. It is called again when all are
  /// stored.
  public func run(
    job: String, ledger: CoverageLedger, recovered: [CoverageEvent] = [],
    next: () throws -> [DownloadUnit]?
  ) throws -> DownloadReport {
    try ingest.journal.keep(recovered)
    ingest.journal.carry(ledger.unanswered)
    let board = WorkerBoard(
      directory: ingest.run.directory, job: job, workerCount: workerCount)
    let observer = self.observer
    let queue = DownloadQueue(
      directory: ingest.run.directory, workerCount: workerCount,
      isInterrupted: { observer.isInterrupted })
    let watch = CommitWatch(ingest.lake, since: ledger)
    let purchases = PurchaseJournal(
      lake: ingest.lake, runID: ingest.run.id, clock: ingest.journal.clock)
    var threads: [pthread_t] = []
    for number in 1...workerCount {
      let worker = DownloadWorker(
        number: number, queue: queue, source: source, board: board, lake: ingest.lake,
        watch: watch, purchases: purchases)
      if let thread = Parallel.startThread({ worker.run() }) {
        threads.append(thread)
      } else {
        queue.didEnd()
      }
    }
    board.start()
    defer {
      queue.stop()
      for thread in threads { pthread_join(thread, nil) }
      board.finish()
      ingest.run.finish()
    }
    do {
      while !queue.isEnded, let units = try next() {
        queue.append(units.filter { $0.agreedCount == nil })
        for unit in units { if let count = unit.agreedCount { try agree(unit, count) } }
        repeat {
          try storeAll(queue)
          try settle(queue, isLast: true)
        } while queue.isWaiting
        try queue.check()
      }
    } catch {
      queue.abandon()
      stop = stop ?? error
      // Rows that were not committed.
      for unit in pending {
        outcomes[unit.outcome] = DownloadOutcome(unit.fetching.unit, .interrupted)
      }
    }
    for unit in queue.rest { outcomes.append(DownloadOutcome(unit, .interrupted)) }
    // A request that was interrupted may be billed for what was sent.
    if stop == nil, !observer.isInterrupted {
      do { try purchases.finish() } catch { stop = error }
    }
    do { try ingest.finish(isGivenUp: stop != nil) } catch { stop = stop ?? error }
    stop = stop ?? ingest.report.ledgerFailure
    var report = DownloadReport()
    report.commits = ingest.report.commits
    report.outcomes = outcomes.compactMap { $0 }
    report.stop = stop
    report.isInterrupted = observer.isInterrupted
    return report
  }

  private func storeAll(_ queue: DownloadQueue) throws {
    while true {
      switch queue.take(hasPending: ingest.hasPending) {
      case .store(let fetching): try store(fetching, queue)
      case .commit: try settle(queue, isLast: true)
      case .end: return
      }
    }
  }

  private func store(_ fetching: DownloadQueue.Fetching, _ queue: DownloadQueue) throws {
    let unit = fetching.unit
    observer.begin(unit.name)
    if fetching.spool.isWithoutBody {
      outcomes.append(try closed(fetching, queue))
      queue.release(fetching)
      return
    }
    // What replaces rows must see those that another unit of the same days keeps.
    if unit.isReplacing, pending.contains(where: { $0.fetching.unit.sharesDays(with: unit) }) {
      try settle(queue, isLast: true)
    }
    let runID = ingest.run.id
    let delivery = Delivery(
      identity: identity(unit), request: unit.request, setting: source.table(of: unit),
      replaces: unit.isReplacing
        ? ReplacedRegion(unit.request, isClaimed: unit.isClaimed) : nil,
      body: fetching.spool, rows: source.rows(of: unit), scope: UnitScope(unit),
      events: { table, file in
        // The vendor's figures are known after the last byte; an error of the fetch is reported later.
        let fetched = (try? queue.result(of: fetching).get()) ?? FetchedUnit()
        return DownloadEvents.stored(
          unit.events(fetched), table: table, file: file, runID: runID)
      },
      verify: { file in
        // An error of the fetch is reported when the unit is settled.
        guard case .success(let fetched) = queue.result(of: fetching) else { return }
        try fetched.verify(receivedCount: file.rowsProcessed)
      })
    outcomes.append(nil)
    let number = outcomes.count - 1
    let fileIndex = try ingest.take(IngestInput(delivery: delivery, options: ingest.options))
    pending.append(Pending(outcome: number, fileIndex: fileIndex, fetching: fetching))
    try settle(queue, isLast: false)
  }

  /// The application id by which a unit's rows are stored once.
  private func identity(_ unit: DownloadUnit) -> String {
    // If it was requested before, the request is the same, but the answer may differ.
    let isAgain = unit.isReplacing || unit.openStart != nil || unit.isOpen
    return "lake/download/\(unit.id)" + (isAgain ? "/\(ingest.run.id)" : "")
  }

  /// The outcome of a unit without a body: there is no data, or it failed.
  private func closed(
    _ fetching: DownloadQueue.Fetching, _ queue: DownloadQueue
  ) throws -> DownloadOutcome? {
    let unit = fetching.unit
    switch queue.result(of: fetching) {
    case .success(let fetched):
      do { try fetched.verify(receivedCount: 0) } catch { return try refused(unit, error, queue) }
      return try empty(unit, fetched)
    case .failure(let error): return try refused(unit, error, queue)
    }
  }

  /// Records that what files claimed is all that the vendor has.
  private func agree(_ unit: DownloadUnit, _ count: Int) throws {
    var fetched = FetchedUnit()
    fetched.reason = "as many rows of files as the vendor has records"
    var events = DownloadEvents.withoutRows(unit.events(fetched), runID: ingest.run.id)
    if count == 0, !unit.isOpen { for index in events.indices { events[index].state = .empty } }
    if !events.isEmpty { events[0].rowCount = Int64(count) }
    let isNoted = try ingest.note(
      events, of: unit.request, source.table(of: unit),
      identity: "lake/claim/\(unit.id)/\(ingest.run.id)")
    if !isNoted { try ingest.journal.record(events) }
    outcomes.append(DownloadOutcome(unit, .agreed))
  }

  private func empty(_ unit: DownloadUnit, _ fetched: FetchedUnit) throws -> DownloadOutcome {
    var fetched = fetched
    fetched.state = fetched.state ?? (unit.isOpen ? .open : .empty)
    let events = DownloadEvents.withoutRows(unit.events(fetched), runID: ingest.run.id)
    let isNoted = try ingest.note(
      events, of: unit.request, source.table(of: unit), identity: identity(unit))
    if !isNoted { try ingest.journal.record(events) }
    var outcome = DownloadOutcome(unit, .empty)
    outcome.costNanoUSD = fetched.costNanoUSD ?? unit.costNanoUSD
    return outcome
  }

  /// The outcome of a unit that the vendor refused, or that failed.
  ///
  /// - Returns: nil if its symbols are requested one by one instead.
  private func refused(
    _ unit: DownloadUnit, _ error: any Error, _ queue: DownloadQueue
  ) throws -> DownloadOutcome? {
    if observer.isInterrupted { return DownloadOutcome(unit, .interrupted) }
    if error is FetchedByAnother { return DownloadOutcome(unit, .alreadyDone) }
    if (error as? PassError)?.code == .interrupted { return DownloadOutcome(unit, .interrupted) }
    let refusal = error as? DownloadRefusal
    var fetched = FetchedUnit()
    fetched.reason = (error as? any LakeError)?.message ?? "\(error)"
    var outcome = DownloadOutcome(unit, .failed(error))
    if LocalFault.isOne(error) {
      giveUp(Located(error, path: unit.name), queue)
      return outcome
    }
    switch refusal?.kind {
    case .unauthorized:
      // The job stops; nothing is known about the interval.
      stop = stop ?? error
      queue.stop()
      return outcome
    case .empty:
      // Stored rows stay if the vendor has nothing to replace them with.
      if unit.isReplacing { return DownloadOutcome(unit, .empty) }
      return try empty(unit, fetched)
    case .notEntitled, .rejected:
      if unit.symbols.count > 1 {
        queue.prepend(unit.single)
        return nil
      }
      fetched.state = refusal?.kind == .notEntitled ? .notEntitled : .failed
      if refusal?.kind == .notEntitled { outcome.result = .notEntitled(error) }
    default: fetched.state = .failed
    }
    if fetched.state == .failed { observer.didFail(Located(error, path: unit.name)) }
    // Stored rows stay if fetching them again fails.
    if !unit.isReplacing { try record(unit, fetched) }
    return outcome
  }

  /// Ends the job because of an error of this machine.
  private func giveUp(_ error: any Error, _ queue: DownloadQueue) {
    stop = stop ?? error
    queue.abandon()
  }

  private func record(
    _ unit: DownloadUnit, _ fetched: FetchedUnit, isBilled: Bool = false
  ) throws {
    try ingest.journal.record(
      DownloadEvents.withoutRows(
        unit.events(fetched), runID: ingest.run.id, isBilled: isBilled))
  }

  /// Determines the outcomes of units whose commit is done, and frees their bodies.
  private func settle(_ queue: DownloadQueue, isLast: Bool) throws {
    if isLast { try ingest.commitAll() }
    // After a lost race, the commit is made again from the bodies.
    if !isLast && ingest.hasPending { return }
    for unit in pending {
      outcomes[unit.outcome] = try settled(unit, queue)
      queue.release(unit.fetching)
      ingest.release(unit.fileIndex)
    }
    pending = []
  }

  private func settled(_ pending: Pending, _ queue: DownloadQueue) throws -> DownloadOutcome? {
    let unit = pending.fetching.unit
    let file = ingest.report.files[pending.fileIndex]
    let fetched: FetchedUnit
    switch queue.result(of: pending.fetching) {
    case .failure(let error): return try refused(unit, error, queue)
    case .success(let value): fetched = value
    }
    var outcome = DownloadOutcome(unit, file)
    outcome.costNanoUSD = fetched.costNanoUSD ?? unit.costNanoUSD
    outcome.byteCount = max(fetched.byteCount, file.bytesIn)
    switch file.state {
    case .interrupted: outcome.result = .interrupted
    case .failed(let error):
      outcome.result = .failed(error)
      if LocalFault.isOne(error) {
        giveUp(error, queue)
        return outcome
      }
      var failed = fetched
      failed.state = .failed
      failed.reason = (error as? any LakeError)?.message ?? "\(error)"
      if !unit.isReplacing { try record(unit, failed, isBilled: true) }
    // Vendors' answers have no companion files.
    case .skipped: return nil
    case .stored where file.tables.isEmpty: return try empty(unit, fetched)
    case .alreadyDone, .stored:
      if file.rowsProcessed == 0 { outcome.result = .empty }
      let isCommitted = if case .stored = file.state { file.change?.isNone != true } else { false }
      if !isCommitted {
        // Nothing had to be stored; that it was checked again is recorded.
        try ingest.journal.record(
          DownloadEvents.stored(
            unit.events(fetched), table: unit.table, file: file, runID: ingest.run.id))
      }
    }
    return outcome
  }
}
