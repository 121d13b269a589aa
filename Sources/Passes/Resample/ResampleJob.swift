import Bytes
import Catalog
import Columnar
import DeltaLog
import Market
import Parquet
import Synchronization
import Tables

/// The running of a resample's plan: dates in parallel, all intervals of a date from one reading.
///
/// Files are made durable on threads of their own, while the next dates are computed.
final class ResampleJob: @unchecked Sendable {
  private let plan: ResamplePlan
  private let sourceRoot: String
  private let run: StagingRun
  private let observer: any PassObserver
  private let targets: [DerivedTarget]
  private let writerOptions: [WriterOptions]
  private let workspaces: BarWorkspacePool?
  private let syncer = FileSyncer()
  /// Partitions that were computed, by output. Guarded, as are the figures.
  private let results: Mutex<[[DerivedTarget.Result]]>
  private let failures: Mutex<[Int: any Error]> = Mutex([:])
  private let rowCounter = Atomic<Int>(0)
  private(set) var reports: [ResamplePass.Report.Output]

  init(
    plan: ResamplePlan, lake: Lake, sourceRoot: String, run: StagingRun,
    observer: any PassObserver, definitions: [TableDefinition]
  ) throws {
    self.plan = plan
    self.sourceRoot = sourceRoot
    self.run = run
    self.observer = observer
    targets = try definitions.map { try DerivedTarget($0, lake: lake) }
    writerOptions = definitions.map { definition in
      var options = WriterOptions()
      options.sortingColumns = definition.schema.sortingColumns(3)
      return options
    }
    // Tables of bars differ in their interval alone.
    workspaces = definitions.first.map {
      BarWorkspacePool(schema: $0.schema, options: WriterOptions())
    }
    results = Mutex(Array(repeating: [], count: definitions.count))
    reports = plan.outputs.map { output in
      ResamplePass.Report.Output(
        table: output.table, interval: output.interval.name,
        freshCount: output.partitions.count - output.dueCount)
    }
  }

  var rowsRead: Int { rowCounter.load(ordering: .relaxed) }

  /// Computes the due partitions of some dates.
  func compute(_ dates: [String], jobs: Int) throws {
    // The longest first: then no thread is left alone with one at the end.
    let sizes = dates.map { date in
      (plan.files[date] ?? []).reduce(Int64(0)) { $0.adding(clamped: $1.size) }
    }
    let order = dates.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
    try Parallel.forEach(dates.count, width: jobs) { index in
      if self.observer.isInterrupted { return }
      try self.workspaces?.withWorkspace { try self.compute(dates[order[index]], $0) }
    }
  }

  private func compute(_ date: String, _ workspace: BarWorkspace) throws {
    observer.begin(date)
    let due = plan.outputs.indices.filter { output in
      failures.withLock { $0[output] == nil }
        && plan.outputs[output].partitions.contains { $0.date == date && $0.state != .fresh }
    }
    let names = SymbolNames()
    let makers = due.map { Maker($0, plan.outputs[$0].interval, sink($0, date, workspace)) }
    let roots = stages(makers, workspace, names)
    var source = BarTotals()
    let folder = DataFolder(root: sourceRoot)
    let paths = try (plan.files[date] ?? []).map { try folder.path(of: $0) }
    var reader = try BarReader(paths: paths, names: names)
    let bars = workspace.source
    while try reader.next(into: bars) {
      source.add(bars, 0..<bars.count)
      rowCounter.wrappingAdd(bars.count, ordering: .relaxed)
      observer.didProcess(rowCount: bars.count)
      for root in roots { root.append(bars, 0..<bars.count) }
    }
    for root in roots { root.finish() }
    for maker in makers {
      attempt(maker.output) {
        if let error = maker.stage?.failure ?? maker.sink.failure { throw error }
        try keep(maker.sink, source, maker.output, date)
      }
    }
  }

  /// What makes one interval's bars of a date.
  private final class Maker {
    let output: Int
    let interval: Int64
    let sink: BarSink
    var stage: BarStage?

    init(_ output: Int, _ interval: Interval, _ sink: BarSink) {
      self.output = output
      self.interval = interval.nanoseconds / 1000
      self.sink = sink
    }
  }

  /// Chains the intervals: each is made of the longest that it is a multiple of, which has the fewest
  /// bars.
  ///
  /// - Returns: Those that are made of the source.
  private func stages(
    _ makers: [Maker], _ workspace: BarWorkspace, _ names: SymbolNames
  ) -> [BarStage] {
    var roots: [BarStage] = []
    var known: [BarStage] = []
    for maker in makers.sorted(by: { $0.interval < $1.interval }) {
      let stage = BarStage(
        interval: maker.interval, rows: workspace.rows(maker.output), sink: maker.sink,
        names: names)
      let base = known.last {
        $0.interval < maker.interval && maker.interval % $0.interval == 0
      }
      if let base { base.add(stage) } else { roots.append(stage) }
      known.append(stage)
      maker.stage = stage
    }
    return roots
  }

  /// A failure of one interval leaves the others alone.
  private func attempt(_ output: Int, _ body: () throws -> Void) {
    if failures.withLock({ $0[output] != nil }) { return }
    do {
      try body()
    } catch {
      failures.withLock { $0[output] = $0[output] ?? error }
    }
  }

  private func sink(_ output: Int, _ date: String, _ workspace: BarWorkspace) -> BarSink {
    let options = writerOptions[output]
    let fields = targets[output].definition.schema.fileFields
    let name = "part-\(run.id)-\(plan.outputs[output].interval.name)-\(date).zstd.parquet"
    let directory = run.directory
    let day = CivilDate(iso: date)?.daysSinceEpoch ?? 0
    return BarSink(encoder: workspace.encoder) {
      try SegmentWriter(
        directory: directory, fileName: name, day: day, columns: fields.map { WriterColumn($0) },
        options: options)
    }
  }

  /// Keeps a computed partition, if it conserves what the pass must conserve.
  private func keep(
    _ sink: BarSink, _ source: BarTotals, _ output: Int, _ date: String
  ) throws {
    guard sink.totals == source else {
      throw PassError(
        .conservation,
        "\(date): bars of \(plan.outputs[output].interval.name) do not conserve volume, high and low",
        place: sourceRoot, remedy: "nothing was committed; report this as a bug")
    }
    guard let partition = plan.outputs[output].partitions.first(where: { $0.date == date }) else {
      return
    }
    if let segment = sink.segment { syncer.add(segment.path) }
    results.withLock {
      $0[output].append(
        DerivedTarget.Result(
          date: date, derivation: partition.derivation, segment: sink.segment))
    }
  }

  /// Commits what was computed, one commit a table.
  func commit() throws {
    try syncer.finish()
    for output in targets.indices {
      let computed = results.withLock { results in
        let taken = results[output].sorted { $0.date < $1.date }
        results[output] = []
        return taken
      }
      attempt(output) { try commit(computed, output) }
      reports[output].error = failures.withLock { $0[output] }
      if let error = reports[output].error { observer.didFail(error) }
    }
  }

  private func commit(_ computed: [DerivedTarget.Result], _ output: Int) throws {
    let parameters = [
      ("pass", ResamplePass.name), ("source", plan.source.description),
      ("sourceVersion", "\(plan.sourceVersion)"), ("run", run.id),
    ]
    var left = computed
    for _ in 0..<CommitGroup.attemptMax {
      if try targets[output].commit(left, run: run, parameters: parameters) == nil {
        reports[output].computedCount += left.count
        reports[output].rowCount += left.reduce(0) { $0 + ($1.segment?.rowCount ?? 0) }
        reports[output].byteCount += left.reduce(0) { $0 + ($1.segment?.byteCount ?? 0) }
        return
      }
      // Somebody else wrote to these partitions: what is the same already need not be written again.
      try targets[output].reload()
      let known = try targets[output].filesByDate()
      left.removeAll {
        targets[output].isFresh($0.derivation, date: $0.date, files: known[$0.date] ?? [])
      }
    }
    throw PassError(
      .conflict, "\(CommitGroup.attemptMax) other commits came first", place: targets[output].root,
      remedy: "run the command again when fewer writers are at work")
  }
}
