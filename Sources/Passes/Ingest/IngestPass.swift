import Bytes
import Catalog
import Columnar
import Compression
import Databento
import DeltaLog
import Parquet
import Storage

/// Puts files into the lake: split by partition date, sorted, each input whole or not at all.
///
/// Inputs are read one after the other, each on all threads; segments wait in staging and go into
/// their tables in groups.
public final class IngestPass {
  /// Partitions, and seconds, after which a group of inputs is committed.
  static let groupPartitionMax = 64
  static let groupNanoseconds: Int64 = 2_000_000_000
  /// Races that may be lost in a row.
  static let attemptMax = 100

  let lake: Lake
  let options: IngestOptions
  let observer: any PassObserver
  let run: StagingRun
  private var targets: [TableName: TableTarget] = [:]
  private var report = IngestReport()
  /// Places in `report.files` whose rows are pending, by table.
  private var pendingFiles: [TableName: [Int]] = [:]
  private var groupStart = Clock.nanoseconds()
  let quarantine: QuarantineWriter
  let journal: CoverageJournal

  public init(lake: Lake, options: IngestOptions, observer: any PassObserver = NoObserver()) throws
  {
    self.lake = lake
    self.options = options
    self.observer = observer
    try LakeCleaning.removeDeadRuns(lake)
    run = try StagingRun(root: lake.root)
    quarantine = QuarantineWriter(lake: lake, runID: run.id)
    journal = CoverageJournal(lake: lake, runID: run.id)
  }

  /// Ingests `paths` in order; a failed one does not stop the others.
  public func ingest(_ paths: [String]) throws -> IngestReport {
    defer { run.finish() }
    for path in paths {
      if observer.isInterrupted {
        report.isInterrupted = true
        break
      }
      observer.begin(path)
      report.files.append(IngestFileReport(path: path))
      ingestFile(report.files.count - 1)
      if isGroupDue { try commitAll() }
    }
    try commitAll()
    try quarantine.flush(run: run)
    try journal.fold(run: run)
    return report
  }

  private func ingestFile(_ place: Int) {
    do {
      try read(place)
    } catch let error as PassError where error.code == .interrupted {
      report.files.removeLast()
      report.isInterrupted = true
    } catch {
      let located = Located(error, path: report.files[place].path)
      report.files[place].state = .failed(located)
      observer.didFail(located)
    }
  }

  private func read(_ place: Int) throws {
    let path = report.files[place].path
    let input = try InputStream(path: path)
    let works =
      try DBNSource.isDBN(input, path: path, options: options)
      ? try readDBN(input, place) : try readRows(input, place)
    report.files[place].tables = works.map(\.target.name)
    let isNew = works.contains { !$0.isDone }
    if !isNew && !works.isEmpty { report.files[place].state = .alreadyDone }
    for work in works {
      report.files[place].repeatCount += work.repeatCount
      // Even where the rows are in: a run that died after their commit set nothing aside yet. What is in
      // quarantine already is not put there twice.
      quarantine.add(work.rejected, table: work.target.name, sha256: work.sha256, path: path)
      if work.isDone {
        report.files[place].repeatCount += work.storedRowCount
        continue
      }
      report.files[place].rowsStored += work.storedRowCount
      report.files[place].sentinelCount += work.sentinelCount
      report.files[place].flagCount += work.flagCount
      report.files[place].bytesOut += work.segments.reduce(0) { $0 + $1.staged.byteCount }
      report.files[place].quarantineCount += work.rejected.count
      journal.add(work, path: path, bytesIn: report.files[place].bytesIn)
      work.target.add(work.segments, input: work.appId)
      pendingFiles[work.target.name, default: []].append(place)
    }
  }

  private func readDBN(_ input: InputStream, _ place: Int) throws -> [SourceWork] {
    let source = DBNSource(pass: self, input: input)
    let (works, summary) = try source.read()
    report.files[place].rowsProcessed = summary.recordCount
    report.files[place].symbolCounts = summary.symbolCounts
    report.files[place].sha256 = summary.sha256
    report.files[place].bytesIn = source.byteCount
    return works
  }

  private func readRows(_ input: InputStream, _ place: Int) throws -> [SourceWork] {
    let source = RowFileSource(pass: self, input: input)
    let work = try source.read()
    report.files[place].rowsProcessed = source.rowCount
    report.files[place].sentinelCount = source.sentinelCount
    report.files[place].ambiguousTimeCount = source.ambiguousTimeCount
    report.files[place].sha256 = work.sha256
    report.files[place].bytesIn = source.byteCount
    return [work]
  }

  private var fileNumber = 0

  /// Begins the names of one source's segments in one table.
  func nextFilePrefix() -> String {
    fileNumber += 1
    return "part-\(run.id)-\(fileNumber)"
  }

  /// Bytes that rows may take before they are spilled: the rest is for encoders and buffers.
  var rowByteCountMax: Int { options.memoryByteCount / 2 }

  /// What makes segments of `target` out of one source's rows.
  func assembler(
    _ plan: RowPlan, target: TableTarget, lookup: StoredLookup, pool: WorkPool
  ) -> SegmentAssembler {
    var writerOptions = WriterOptions()
    // Symbol and index, and one number more where rows are ordered by it.
    writerOptions.sortingColumns = target.schema.sortingColumns(
      plan.order.sequence == nil ? 2 : 3)
    return SegmentAssembler(
      plan: plan,
      settings: SegmentAssembler.Settings(
        stagingDirectory: run.directory, filePrefix: nextFilePrefix(), options: writerOptions,
        keyColumns: target.schema.keyColumns, stored: lookup),
      pool: pool)
  }

  /// What sorts one source's rows for `assembler`.
  func sink(
    _ plan: RowPlan, _ assembler: SegmentAssembler, texts: StringTable, mayClose: Bool
  ) -> RowSink {
    RowSink(
      plan: plan, texts: texts, spillDirectory: run.directory, mayClose: mayClose,
      encodeEarly: { sink, partition, slot, run in
        try assembler.encodeEarly(
          partition, slot: slot, run: run, texts: sink.texts.values, rowPool: sink.pool)
      },
      close: { sink, partition in
        assembler.close(partition, texts: sink.texts.values, rowPool: sink.pool)
      })
  }

  /// The table that rows of a kind go to.
  func target(_ name: TableName, schema: TableSchema, dataset: String) throws -> TableTarget {
    if let known = targets[name] { return known }
    let target = try TableTarget(
      name: name, schema: schema, lake: lake, dataset: dataset, timeZone: "UTC")
    targets[name] = target
    return target
  }

  // MARK: - Committing

  private var isGroupDue: Bool {
    let partitions = targets.values.reduce(0) { $0 + $1.pending.count }
    return partitions >= Self.groupPartitionMax
      || Clock.nanoseconds() - groupStart >= Self.groupNanoseconds
  }

  private func commitAll() throws {
    for name in targets.keys.sorted() {
      guard let target = targets[name] else { continue }
      try commit(target)
    }
    groupStart = Clock.nanoseconds()
  }

  private func commit(_ target: TableTarget) throws {
    for _ in 0..<Self.attemptMax {
      let places = pendingFiles[target.name] ?? []
      if places.isEmpty { return }
      let parameters = [("inputs", "\(places.count)"), ("run", run.id)]
      let before = target.snapshot?.version
      guard let outcome = try target.commit(run, parameters: parameters) else {
        pendingFiles[target.name] = []
        if let version = target.snapshot?.version, version != before {
          report.commits.append((target.name, version))
        }
        return
      }
      // Another writer came first: what it wrote may overlap ours, so ours is read again.
      target.dropPending()
      pendingFiles[target.name] = []
      try target.reload()
      if case .alreadyDone = outcome {
        for place in places { report.files[place].state = .alreadyDone }
        return
      }
      for place in places {
        quarantine.drop(sha256: report.files[place].sha256)
        journal.drop(sha256: report.files[place].sha256)
        report.files[place] = IngestFileReport(path: report.files[place].path)
        ingestFile(place)
      }
    }
    throw PassError(
      .conflict, "\(Self.attemptMax) other commits came first", place: target.root,
      remedy: "run the command again when fewer writers are at work")
  }
}

/// An error of any room, with the input's path in front of its place.
struct Located: LakeError {
  let message: String
  let placeText: String?
  let remedy: String?

  init(_ error: any Error, path: String) {
    guard let known = error as? any LakeError else {
      message = "\(error)"
      placeText = path
      remedy = nil
      return
    }
    message = known.message
    remedy = known.remedy
    let place = known.placeText
    placeText =
      place.map { $0.hasPrefix(path) ? $0 : path + ", " + $0 } ?? path
  }
}
