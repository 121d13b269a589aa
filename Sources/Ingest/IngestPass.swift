import Catalog
import Compression
import DeltaLog
import Ledger
import Parquet
import Platform
import RowSources
import Tables

/// Ingests files: split by partition date, sorted, each input as a whole or not at all.
///
/// Inputs are read one after the other, each on all threads; segments wait in staging and are committed to
/// their tables in groups.
public final class IngestPass {
  /// The lake that takes the rows.
  package let lake: Lake
  /// How inputs are read, where they do not say it themselves.
  package let options: IngestOptions
  let observer: OnceObserver
  /// The staging folder in which segments wait for their commit.
  package let run: StagingRun
  var targets: [TableName: TableTarget] = [:]
  /// Tables that were read before it was known which rows go into them.
  var snapshots: [TableName: Snapshot] = [:]
  /// Columns of tables that do not exist yet which are as wide as decimals get: some input needs that.
  var widths: [TableName: Set<String>] = [:]
  /// Tables that do not exist yet and take rows of files whose numbers may need wider columns: their first commit waits for
  /// more files, whatever the time, since it decides how wide they are.
  var openTables: Set<TableName> = []
  /// Command lines that were told because files do not say all, and how many more files would need the same.
  var toldRemedies: [String: Int] = [:]
  private var schemas: [String: TableSchema] = [:]
  /// What came of the inputs so far; complete when the job is done.
  package var report = IngestReport()
  /// By index as in `report.files`.
  var inputs: [IngestInput] = []
  /// Tables that had an input's rows already.
  private(set) var unchangedTables: Set<TableName> = []
  var groupStart = Clock.nanoseconds()
  let quarantine: QuarantineWriter
  let originals: OriginalStore
  var batch = BatchFolder([])
  /// Takes the coverage events of each commit.
  package let journal: CoverageJournal
  /// Whether failing to update the ledger ends the job: purchases must be recorded.
  package var needsLedger = false
  let syncer = FileSyncer()
  /// Shared by all tables and inputs.
  let mergeMemory: MergeMemory

  /// Removes what dead runs left behind, and makes the staging folder.
  public init(lake: Lake, options: IngestOptions, observer: any PassObserver = NoObserver()) throws
  {
    self.lake = lake
    self.options = options
    let observer = OnceObserver(observer)
    self.observer = observer
    mergeMemory = MergeMemory(budget: options.memoryByteCount)
    try LakeCleaning.removeDeadRuns(lake, observer: observer)
    run = try StagingRun(root: lake.root)
    originals = OriginalStore(directory: run.directory)
    quarantine = QuarantineWriter(lake: lake, runID: run.id, originals: originals)
    journal = try CoverageJournal(lake: lake, runID: run.id)
  }

  /// Ingests files in order; a failed one does not stop the others.
  public func ingest(_ paths: [String]) throws -> IngestReport {
    try ingest(InputPaths(files: paths))
  }

  /// Ingests files, and those of folders, in order; a failed one does not stop the others.
  public func ingest(_ inputs: InputPaths) throws -> IngestReport {
    for (path, error) in inputs.failures { fail(path, error) }
    let paths = inputs.files
    var index = 0
    var singleEnd = 0
    batch = BatchFolder(paths)
    while index < paths.count {
      if observer.isInterrupted {
        report.isInterrupted = true
        break
      }
      if let words = batch.companion(paths[index]) {
        skip(paths[index], words)
        index += 1
        continue
      }
      if index >= singleEnd {
        let (count, isTaken) = try takePages(paths[index...])
        singleEnd = index + count
        if isTaken {
          index += count
          continue
        }
      }
      try take(
        IngestInput(path: paths[index], name: inputs.names[paths[index]], options: options))
      index += 1
    }
    tellRepeatedRefusals()
    var report = try finish()
    report.files.removeAll { if case .interrupted = $0.state { true } else { false } }
    return report
  }

  /// Reads one input, and commits the group if it is due.
  ///
  /// - Returns: Index in `report.files`; the entry may change until the commit.
  @discardableResult
  package func take(_ input: IngestInput) throws -> Int {
    observer.begin(input.name)
    inputs.append(input)
    report.files.append(IngestFileReport(path: input.name))
    let index = report.files.count - 1
    ingestInput(index)
    if isGroupDue { try commitAll() }
    return index
  }

  /// Adds files that were read together.
  func add(_ files: [GroupedFile]) throws {
    // One of them has the segments of all.
    let days = Set(files.flatMap { $0.work.segments.map(\.staged.day) })
    for file in files {
      inputs.append(IngestInput(path: file.file.path, options: options))
      report.files.append(file.report())
      file.work.target.add(
        PendingInput(
          appId: file.work.appId, segments: file.work.segments,
          events: file.event(runID: run.id).map { [$0] } ?? [], index: report.files.count - 1,
          dates: DateScope(days: days)))
    }
    if isGroupDue { try commitAll() }
  }

  /// Commits what is pending, updates the ledgers and clears staging.
  ///
  /// - Parameter isGivenUp: Whether pending inputs are dropped instead.
  @discardableResult
  package func finish(isGivenUp: Bool = false) throws -> IngestReport {
    defer { run.finish() }
    if !isGivenUp { try commitAll() }
    updateLedger()
    return report
  }

  /// Frees an input's resources, once its rows are stored.
  package func release(_ index: Int) { inputs[index] = IngestInput(path: "", options: options) }

  func ingestInput(_ index: Int) {
    inputs[index].rewind()
    do {
      try read(index)
    } catch let need as NeedsWiderColumns {
      for other in widen(need) + [index] {
        report.files[other] = IngestFileReport(path: inputs[other].name)
        ingestInput(other)
      }
    } catch is ReplacesPending {
      report.files[index] = IngestFileReport(path: inputs[index].name)
      ingestBehindPending(index)
    } catch  where inputs[index].isStale && !observer.isInterrupted {
      report.files[index] = IngestFileReport(path: inputs[index].name)
      ingestInput(index)
    } catch let error as PassError where error.code == .interrupted {
      report.files[index].didFail(.interrupted)
      report.isInterrupted = true
    } catch  where observer.isInterrupted {
      // An answer, or a pipe, will not be read to its end; any other error is found again by the next run.
      report.files[index].didFail(.interrupted)
      report.isInterrupted = true
    } catch  where inputs[index].isBroken {
      // The downloader reports why its body failed.
      report.files[index].didFail(.failed(error))
    } catch {
      let located = Located(error, path: report.files[index].path)
      report.files[index].didFail(.failed(located))
      if isRepeatedRefusal(error) { return }
      // An error that ends a whole download is reported at its end.
      if inputs[index].delivery == nil || !LocalFault.isOne(error) { observer.didFail(located) }
    }
  }

  /// Reads an input again after earlier ones are committed, since its rows replace some of theirs.
  private func ingestBehindPending(_ index: Int) {
    do {
      try commitAll()
      ingestInput(index)
    } catch {
      let located = Located(error, path: report.files[index].path)
      report.files[index].didFail(.failed(located))
      observer.didFail(located)
    }
  }

  private func read(_ index: Int) throws {
    let item = inputs[index]
    let input = try item.open()
    let isDBN =
      try item.delivery.map { $0.rows == nil }
      ?? DBNSource.isDBN(input, path: item.path, options: item.options)
    var works = isDBN ? try readDBN(item, input, index) : try readRows(item, input, index)
    try item.delivery?.verify(report.files[index])
    if item.delivery != nil, works.allSatisfy(\.isWithoutRows) {
      works = try emptyWork(item, index).map { [$0] } ?? []
    }
    report.files[index].tables = works.map(\.target.name)
    // Rows of a table may have changed since: conflicts with them are quarantined.
    let isNew = works.contains { !$0.isDone || !$0.rejected.isEmpty }
    if !isNew && !works.isEmpty { report.files[index].state = .alreadyDone }
    for var work in works { try take(&work, of: item, index) }
  }

  /// Adds what an input changes in one table to the next commit and the report.
  private func take(_ work: inout SourceWork, of item: IngestInput, _ index: Int) throws {
    // Even if the rows are stored: a run that died after their commit has not quarantined any.
    quarantine.add(
      work.rejected, table: work.target.name, sha256: work.sha256, path: item.name)
    report.files[index].duplicateCount += work.duplicateCount
    report.files[index].quarantineCount += work.rejected.count
    report.files[index].quarantinedBeforeCount += work.quarantinedBeforeCount
    if work.isDone {
      unchangedTables.insert(work.target.name)
      report.files[index].alreadyStoredCount += work.alreadyStoredCount + work.storedRowCount
      return
    }
    var change: RowChange?
    if let region = item.delivery?.replaces {
      let (applied, removed) = try RegionReplacement(region, pass: self).apply(to: &work)
      quarantine.add(removed, table: work.target.name, sha256: work.sha256, path: item.name)
      report.files[index].removedCount += removed.count
      report.files[index].change = (report.files[index].change ?? RowChange()) + applied
      change = applied
    }
    report.files[index].alreadyStoredCount += work.alreadyStoredCount
    if change?.isNone == true { return }
    if let finding = work.overlap, item.options.overlap == .merge,
      !work.target.has(content: work.sha256)
    {
      report.files[index].overlap = finding
    }
    report.files[index].rowsStored += work.storedRowCount
    report.files[index].dates = try work.storedDates ?? report.files[index].dates
    report.files[index].replacementCount += work.replacementCount
    report.files[index].sentinelCount += work.sentinelCount
    // Some of its rows may be left out, as stored already.
    report.files[index].flagCount += min(work.flagCount, work.storedRowCount)
    report.files[index].bytesOut += work.segments.reduce(0) { $0 + $1.staged.byteCount }
    // Rows that were only quarantined are not stored: they are examined again when they come again.
    if work.isOnlyQuarantined && item.delivery == nil { return }
    work.target.add(
      PendingInput(
        appId: work.appId, segments: work.segments + work.kept, removals: work.removals,
        events: events(work, item, index), change: change, index: index,
        dates: item.isReplacing ? .everything : work.dates))
  }

  /// The coverage events of an input's rows in one table.
  private func events(_ work: SourceWork, _ item: IngestInput, _ index: Int) -> [CoverageEvent] {
    let file = report.files[index]
    guard let delivery = item.delivery else {
      return work.event(path: item.path, byteCount: file.bytesIn, runID: run.id).map {
        batch.split($0, path: item.path)
      } ?? []
    }
    return delivery.events(work.target.name, file)
  }

  /// The work of an answer without rows: a commit records it, and removes the rows that it replaces. It makes
  /// no table if there is none.
  private func emptyWork(_ item: IngestInput, _ index: Int) throws -> SourceWork? {
    guard let delivery = item.delivery else { return nil }
    guard let target = try existing(delivery.request, delivery.setting) else { return nil }
    return SourceWork(
      target: target, sha256: report.files[index].sha256, identity: delivery.identity)
  }

  /// The requested table, if it exists or is pending.
  private func existing(_ request: VendorRequest, _ setting: TableSetting) throws -> TableTarget? {
    guard targets[request.table] != nil || lake.hasTable(request.table) else { return nil }
    let target = try target(
      request.table, schema: try schema(request.schema), dataset: request.dataset,
      setting: setting)
    return target.snapshot == nil && target.pending.isEmpty ? nil : target
  }

  /// Notes events of an answer without a body in the next commit of its table.
  ///
  /// - Returns: false if there is no table: then only the ledger has them.
  package func note(
    _ events: [CoverageEvent], of request: VendorRequest, _ setting: TableSetting, identity: String
  ) throws -> Bool {
    guard let target = try existing(request, setting) else { return false }
    let appId = identity + "/\(request.table)"
    if target.has(input: appId) { return false }
    target.add(PendingInput(appId: appId, events: events))
    return true
  }

  private func readDBN(
    _ item: IngestInput, _ input: InputStream, _ index: Int
  ) throws -> [SourceWork] {
    let source = DBNSource(pass: self, item: item, input: input)
    let (works, summary) = try source.read()
    report.files[index].rowsProcessed = summary.recordCount
    report.files[index].symbolCounts = summary.symbolCounts
    report.files[index].sha256 = summary.sha256
    report.files[index].bytesIn = source.byteCount
    report.files[index].requestedNames = summary.requestedNames
    report.files[index].notFound = summary.metadata?.notFound ?? []
    return works
  }

  private func readRows(
    _ item: IngestInput, _ input: InputStream, _ index: Int
  ) throws -> [SourceWork] {
    let source = RowFileSource(pass: self, item: item, input: input)
    let work = try source.read()
    report.files[index].rowsProcessed = source.rowCount
    report.files[index].sentinelCount = source.sentinelCount
    report.files[index].ambiguousTimeCount = source.ambiguousTimeCount
    report.files[index].flagCounts = source.flagCounts
    report.files[index].sha256 = work.sha256
    report.files[index].bytesIn = source.byteCount
    return [work]
  }

  private var fileNumber = 0

  /// Prefix of the names of one source's segments in one table.
  func nextFilePrefix() -> String {
    fileNumber += 1
    return "part-\(run.id)-\(fileNumber)"
  }

  /// Memory for rows before they are spilled; the rest is for encoders and buffers.
  var rowByteCountMax: Int { options.memoryByteCount / 2 }

  /// The schema of a kind, parsed once for all inputs.
  func schema(_ kind: String) throws -> TableSchema {
    if let known = schemas[kind] { return known }
    let schema = try TableSchema.named(kind, in: lake)
    schemas[kind] = schema
    return schema
  }
}
