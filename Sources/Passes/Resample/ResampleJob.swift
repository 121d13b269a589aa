import Bytes
import Catalog
import Columnar
import DeltaLog
import Parquet
import Synchronization

/// The running of a resample's plan: dates in parallel, all intervals of a date from one reading.
final class ResampleJob: @unchecked Sendable {
  /// Rows that every interval takes before the next slice: seven columns of them fit the second-level
  /// cache.
  private static let sliceRowCount = 8192

  private let plan: ResamplePlan
  private let sourceRoot: String
  private let run: StagingRun
  private let observer: any PassObserver
  private let targets: [DerivedTarget]
  private let writerOptions: [WriterOptions]
  private let encoders: BarEncoderPool?
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
    encoders = definitions.first.map {
      BarEncoderPool(schema: $0.schema, options: WriterOptions())
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
    try Parallel.forEach(dates.count, width: jobs) { index in
      if self.observer.isInterrupted { return }
      try self.compute(dates[index])
    }
  }

  private func compute(_ date: String) throws {
    observer.begin(date)
    let due = plan.outputs.indices.filter { output in
      failures.withLock { $0[output] == nil }
        && plan.outputs[output].partitions.contains { $0.date == date && $0.state != .fresh }
    }
    var aggregators: [Int: BarAggregator] = [:]
    for output in due {
      let interval = plan.outputs[output].interval.nanoseconds / 1000
      guard let encoders else { continue }
      aggregators[output] = BarAggregator(
        interval: interval, sink: sink(output, date, encoders))
    }
    var source = BarSink.Totals()
    var reader = try BarReader(
      paths: (plan.files[date] ?? []).map { sourceRoot + "/" + $0.filePath })
    var batch = BarBatch()
    while try reader.next(into: &batch) {
      source.add(batch)
      rowCounter.wrappingAdd(batch.count, ordering: .relaxed)
      observer.didProcess(rowCount: batch.count)
      // Slices that stay in the cache while all intervals take their turn.
      for first in stride(from: 0, to: batch.count, by: Self.sliceRowCount) {
        let rows = first..<min(first + Self.sliceRowCount, batch.count)
        for output in due {
          attempt(output) { try aggregators[output]?.append(batch, rows: rows) }
        }
      }
    }
    for output in due {
      attempt(output) {
        guard let sink = try aggregators[output]?.finish() else { return }
        try keep(sink, source, output, date)
      }
    }
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

  private func sink(_ output: Int, _ date: String, _ encoders: BarEncoderPool) -> BarSink {
    let options = writerOptions[output]
    let fields = targets[output].definition.schema.fileFields
    let name = "part-\(run.id)-\(plan.outputs[output].interval.name)-\(date).zstd.parquet"
    let directory = run.directory
    let day = CivilDate(iso: date)?.daysSinceEpoch ?? 0
    return BarSink(encoders: encoders) {
      try SegmentWriter(
        directory: directory, fileName: name, day: day, columns: fields.map { WriterColumn($0) },
        options: options)
    }
  }

  /// Keeps a computed partition, if it conserves what the pass must conserve.
  private func keep(
    _ sink: BarSink, _ source: BarSink.Totals, _ output: Int, _ date: String
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
    results.withLock {
      $0[output].append(
        DerivedTarget.Result(
          date: date, derivation: partition.derivation, segment: sink.segment))
    }
  }

  /// Commits what was computed, one commit a table.
  func commit() throws {
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
    for _ in 0..<IngestPass.attemptMax {
      if try targets[output].commit(left, run: run, parameters: parameters) == nil {
        reports[output].computedCount += left.count
        reports[output].rowCount += left.reduce(0) { $0 + ($1.segment?.rowCount ?? 0) }
        reports[output].byteCount += left.reduce(0) { $0 + ($1.segment?.byteCount ?? 0) }
        return
      }
      // Somebody else wrote to these partitions: what is the same already need not be written again.
      try targets[output].reload()
      let known = targets[output].filesByDate()
      left.removeAll {
        targets[output].isFresh($0.derivation, date: $0.date, files: known[$0.date] ?? [])
      }
    }
    throw PassError(
      .conflict, "\(IngestPass.attemptMax) other commits came first", place: targets[output].root,
      remedy: "run the command again when fewer writers are at work")
  }
}

/// Encoders that are free.
final class BarEncoderPool: Sendable {
  private struct Box: @unchecked Sendable { let encoder: BarEncoder }

  private let free = Mutex<[Box]>([])
  private let schema: TableSchema
  private let options: WriterOptions

  init(schema: TableSchema, options: WriterOptions) {
    self.schema = schema
    self.options = options
  }

  func take() -> BarEncoder {
    free.withLock { $0.popLast() }?.encoder ?? BarEncoder(schema: schema, options: options)
  }

  func give(_ encoder: BarEncoder) {
    let box = Box(encoder: encoder)
    free.withLock { $0.append(box) }
  }
}

extension BarSink.Totals {
  mutating func add(_ batch: BarBatch) {
    if batch.count == 0 { return }
    if !batch.isPlain {
      addSlowly(batch)
      return
    }
    var (top, bottom) = (high ?? .min, low ?? .max)
    var sum: Int64 = 0
    batch.high.withUnsafeBufferPointer { for value in $0 { top = value > top ? value : top } }
    batch.low.withUnsafeBufferPointer {
      for value in $0 { bottom = value < bottom ? value : bottom }
    }
    batch.volume.withUnsafeBufferPointer { for value in $0 { sum &+= value } }
    high = top
    low = bottom
    volume += Int128(sum)
  }

  private mutating func addSlowly(_ batch: BarBatch) {
    for row in 0..<batch.count {
      if batch.validity[6]?[row] != 0 { volume += Int128(batch.volume[row]) }
      let hasPrice = (2...5).allSatisfy { batch.validity[$0]?[row] != 0 }
      if hasPrice {
        high = max(high ?? batch.high[row], batch.high[row])
        low = min(low ?? batch.low[row], batch.low[row])
      }
    }
  }
}
