import Catalog
import Columnar
import Market
import Parquet
import Platform
import Synchronization
import Tables

/// Makes bars: all intervals of a date while reading it once.
///
/// Files are synced on their own threads, while the next dates are computed.
final class ResampleJob: DerivePass, @unchecked Sendable {
  // Guarded by locks, or immutable after `init`; a workspace or sink belongs to one thread.
  let identity = (name: ResamplePass.name, version: ResamplePass.version)
  let targets: [StagedTarget]
  let intervals: [Interval]
  private let source: StoredInput
  private let zone: TimeZoneRules
  private let staging: StagingSession
  private let observer: any PassObserver
  private let writerOptions: [WriterOptions]
  private let workspaces: BarWorkspacePool?
  private let syncer = FileSyncer()
  private let rowCounter = Atomic<Int>(0)

  /// - Parameter zone: Of the dates of all tables.
  init(
    source: StoredInput, zone: TimeZoneRules, intervals: [Interval], targets: [StagedTarget],
    staging: StagingSession, observer: any PassObserver
  ) {
    self.source = source
    self.zone = zone
    self.intervals = intervals
    self.targets = targets
    self.staging = staging
    self.observer = observer
    writerOptions = targets.map { target in
      var options = WriterOptions()
      options.sortingColumns = target.definition.schema.sortingColumns(3)
      return options
    }
    // Tables of bars differ only in their interval.
    workspaces = targets.first.map {
      // And in the date column, which a sink adds.
      BarWorkspacePool(
        schema: $0.definition.schema.partitioned(by: .date), options: WriterOptions())
    }
  }

  var inputs: [any DeriveInput] { [source] }
  var rowsRead: Int? { rowCounter.load(ordering: .relaxed) }

  func parameters(of target: Int) -> String { targets[target].definition.schema.kind }

  var commitParameters: [(name: String, value: String)] {
    [
      ("pass", ResamplePass.name), ("source", source.name.description),
      ("sourceVersion", "\(source.version)"),
    ]
  }

  func sync() throws { try syncer.finish() }

  /// Removes what is left in staging.
  func finish() { staging.finish() }

  func make(_ date: String, targets: [Int], keep: (Int, Made) -> Void) throws {
    try workspaces?.withWorkspace { try make(date, targets, $0, keep) }
  }

  /// Where the bars of a date begin. Those of an hour and less begin where the clock of UTC says, longer ones as the dates of
  /// the table's zone do; a day is as long as its date is.
  private func grid(_ target: Int, _ date: String) -> (interval: Int64, origin: Int64) {
    let length = intervals[target].nanoseconds / 1000
    guard intervals[target] > .hour, let day = CivilDate(iso: date)?.daysSinceEpoch else {
      return (length, 0)
    }
    let start = zone.startOfDay(day) * 1_000_000
    guard intervals[target] >= .day else { return (length, start) }
    return (zone.startOfDay(day + 1) * 1_000_000 - start, start)
  }

  typealias Made = Result<(StagedSegment?, [Conserved]), any Error>

  private func make(
    _ date: String, _ due: [Int], _ workspace: BarWorkspace, _ keep: (Int, Made) -> Void
  ) throws {
    let run = try staging.run()
    let names = SymbolNames()
    let makers = due.map { Maker($0, grid($0, date), sink($0, date, run, workspace)) }
    let roots = stages(makers, workspace, names)
    var totals = BarTotals()
    var reader = try BarReader(
      try source.readers(of: date), times: source.times(of: date), names: names)
    let bars = workspace.source
    var rowCount: Int64 = 0
    while try reader.next(into: bars) {
      rowCount += Int64(bars.count)
      totals.add(bars, 0..<bars.count)
      rowCounter.wrappingAdd(bars.count, ordering: .relaxed)
      observer.didProcess(rowCount: bars.count)
      for root in roots { root.append(bars, 0..<bars.count) }
    }
    for root in roots { root.finish() }
    try requireSameRows(date, rowCount)
    for maker in makers {
      if let error = maker.stage?.failure ?? maker.sink.failure {
        keep(maker.target, .failure(withRemedy(error, date)))
        continue
      }
      if let segment = maker.sink.segment { syncer.add(segment.path) }
      keep(
        maker.target, .success((maker.sink.segment, totals.conserved(in: maker.sink.totals))))
    }
  }

  /// An error of the rows, with how to find them.
  private func withRemedy(_ error: any Error, _ date: String) -> any Error {
    guard var found = error as? PassError, found.code == .input, found.remedy == nil else {
      return error
    }
    let table = LoggedFile.table(in: source.root)
    found.remedy =
      "look for a wrong volume: lake query \(table) --start \(date) --end \(date) --columns symbol,ts_event,volume; "
      + "rows out of order are sorted by lake compact \(table)"
    return found
  }

  /// Refuses a date of a table by month or year of which the column `date` says other rows than their times do: another
  /// program wrote them, and bars would leave some out.
  private func requireSameRows(_ date: String, _ rowCount: Int64) throws {
    guard source.times(of: date) != nil else { return }
    let wanted = try source.fingerprint(of: date).rowCount
    if rowCount == wanted { return }
    throw PassError(
      .input,
      "\(wanted) rows have the date \(date), and the times of \(rowCount) are on it: some rows' date contradicts their time",
      place: source.root,

      remedy:
        "lake restore \(LoggedFile.table(in: source.root)) --version N takes back the commit that brought them"
    )
  }

  /// Makes one interval's bars of a date.
  private final class Maker {
    let target: Int
    /// Microseconds.
    let interval: Int64
    let origin: Int64
    let sink: BarSink
    var stage: BarStage?

    init(_ target: Int, _ grid: (interval: Int64, origin: Int64), _ sink: BarSink) {
      self.target = target
      (interval, origin) = grid
      self.sink = sink
    }
  }

  /// Chains the intervals: each is made from the longest one that it is a multiple of, which has the fewest
  /// bars.
  ///
  /// - Returns: The stages that are made from the source itself.
  private func stages(
    _ makers: [Maker], _ workspace: BarWorkspace, _ names: SymbolNames
  ) -> [BarStage] {
    var roots: [BarStage] = []
    var known: [BarStage] = []
    for maker in makers.sorted(by: { $0.interval < $1.interval }) {
      let stage = BarStage(
        interval: maker.interval, origin: maker.origin, rows: workspace.rows(maker.target),
        sink: maker.sink, names: names)
      // None of its bars may lie in two of these.
      let base = known.last {
        $0.interval < maker.interval && maker.interval % $0.interval == 0
          && (maker.origin - $0.origin) % $0.interval == 0
      }
      if let base { base.add(stage) } else { roots.append(stage) }
      known.append(stage)
      maker.stage = stage
    }
    return roots
  }

  private func sink(
    _ target: Int, _ date: String, _ run: StagingRun, _ workspace: BarWorkspace
  ) -> BarSink {
    let options = writerOptions[target]
    let schema = targets[target].definition.schema
    let fields = schema.fileFields
    let name = "part-\(run.id)-\(intervals[target].name)-\(date)" + SegmentWriter.suffix
    let directory = run.directory
    let day = CivilDate(iso: date)?.daysSinceEpoch ?? 0
    let dates =
      schema.period == .date
      ? nil
      : DateColumn(
        Field(TableSchema.dateColumn, .date), value: Int64(day), options: options)
    return BarSink(encoder: workspace.encoder, dates: dates) {
      try SegmentWriter(
        directory: directory, fileName: name, day: schema.period.start(ofDay: day),
        columns: fields.map { WriterColumn($0) },
        options: options)
    }
  }
}
