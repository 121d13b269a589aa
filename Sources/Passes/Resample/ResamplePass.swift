import Catalog
import Columnar
import DeltaLog
import Market
import Parquet
import Platform
import Synchronization
import Tables

/// Makes longer bars from a table of bars, one table per interval, straight from the source.
///
/// Only dates whose source rows changed are computed; compaction changes none. Any interval that is a multiple
/// of the source's and divides a day can be asked for.
public final class ResamplePass {
  static let name = "resample"
  /// Raise it when equal inputs give other results.
  static let version = 1
  /// What is made where no interval is asked for.
  public static let defaultIntervals = ["15s", "30s", "1m"]

  /// Properties of a table of bars that say what it is made from.
  enum Property {
    static let interval = "lake.pass.interval"
  }

  /// What is made, and with how many threads.
  public struct Options: Sendable {
    /// Like `15s`; each must be a multiple of the source's interval and divide a day.
    public var intervals: [String] = ResamplePass.defaultIntervals
    /// Name of the one output, instead of the default.
    public var output: TableName?
    /// Dates that are made at once.
    public var jobs = Parallel.width

    /// The default intervals, under the default names.
    public init() {}
  }

  /// What came of a run.
  public struct Report: Sendable {
    /// What was made; one output an interval of the plan.
    public var work: DeriveReport
    /// Source rows, each counted once whatever the number of intervals.
    public var rowsRead: Int
    /// Intervals that could not be planned, and outputs of which some date failed.
    public var failureCount: Int
  }

  private let lake: Lake
  private let source: LakeTable
  private let sourceName: TableName
  private let options: Options
  private let observer: any PassObserver
  private let snapshots: SnapshotCache

  /// - Parameters:
  ///   - table: Name of the source.
  ///   - snapshots: Shared with other passes of a run, so that each log is read once.
  /// - Throws: `PassError.usage` where `options.output` names one table for several intervals; `CatalogError`
  ///   where there is no such table.
  public init(
    lake: Lake, table: String, options: Options, observer: any PassObserver = NoObserver(),
    snapshots: SnapshotCache = SnapshotCache()
  ) throws {
    self.lake = lake
    self.snapshots = snapshots
    self.options = options
    self.observer = observer
    source = try lake.table(named: table)
    sourceName = try lake.requireTable(named: table)
    if options.output != nil && options.intervals.count != 1 {
      throw PassError(
        .usage, "--as names one table, and \(options.intervals.count) intervals are asked for",
        remedy: "--to with one interval")
    }
  }

  // MARK: - Plan

  /// Compares every date of every output with the source. Reads logs, and rows only of files without
  /// fingerprints.
  ///
  /// - Parameter due: Dates of input tables that will be made before the plan runs.
  /// - Returns: Intervals that cannot be made are among its `failures`.
  /// - Throws: Where the source holds no bars.
  public func plan(
    _ choice: UnitChoice = UnitChoice(), due: [TableName: Set<String>] = [:]
  ) throws -> ResamplePlan {
    let snapshot = try snapshots.snapshot(source)
    let schema = try sourceSchema(snapshot)
    let input = try StoredInput(
      sourceName, snapshot: snapshot, root: source.path, schema: schema)
    let staging = StagingSession(root: lake.root)
    var (intervals, targets): ([Interval], [StagedTarget]) = ([], [])
    var failures: [(interval: String, error: any Error)] = []
    for text in options.intervals {
      do {
        let interval = try interval(text, schema)
        targets.append(
          try StagedTarget(
            try definition(interval, snapshot), lake: lake, staging: staging,
            snapshots: snapshots))
        intervals.append(interval)
      } catch {
        failures.append((text, error))
      }
    }
    let job = ResampleJob(
      source: input,
      zone: try TimeZoneRules.named(
        snapshot.configuration[TableProperty.partitionTimezone] ?? "UTC"), intervals: intervals,
      targets: targets, staging: staging, observer: observer)
    return ResamplePlan(
      source: sourceName, sourceVersion: snapshot.version,
      work: try DerivePlan(job, choice: choice, due: due), intervals: intervals, failures: failures,
      job: job)
  }

  private func sourceSchema(_ snapshot: Snapshot) throws -> TableSchema {
    guard let schema = try source.schema(of: snapshot, in: lake), schema.interval != nil else {
      let kind = snapshot.configuration[TableProperty.schema] ?? "rows of another writer"
      throw PassError(
        .input, "'\(sourceName)' holds \(kind), and bars are made of bars", place: source.path,
        remedy: "lake tables shows which tables hold ohlcv bars")
    }
    return schema
  }

  private func interval(_ text: String, _ schema: TableSchema) throws -> Interval {
    guard let interval = Interval.parse(text) else {
      throw PassError(
        .usage, "'\(text)' is no interval", remedy: "a count and a unit, like 15s, 1m, 1h or 1d")
    }
    guard let base = schema.interval, interval.isMultiple(of: base), interval > base else {
      if let base = schema.interval, base >= .day {
        throw PassError(
          .usage, "bars of \(base.name) are the longest there are: an interval divides a day",
          remedy: "resample a table of shorter bars")
      }
      throw PassError(
        .usage,
        "bars of \(interval.name) can't be made of bars of \(schema.interval?.name ?? "another length")",
        remedy: "an interval that is a multiple of \(schema.interval?.name ?? "the source's")")
    }
    guard interval.dividesDay else {
      throw PassError(
        .usage, "bars of \(interval.name) do not divide a day",
        remedy: "an interval that a day holds a whole number of, like 15s, 30m, 6h")
    }
    return interval
  }

  private func definition(_ interval: Interval, _ snapshot: Snapshot) throws -> TableDefinition {
    let zone = snapshot.configuration[TableProperty.partitionTimezone] ?? "UTC"
    let name = options.output ?? TableName.bars(from: sourceName, interval: interval.name)
    var properties = [
      TableProperty.pass: Self.name, TableProperty.source: sourceName.description,
      Property.interval: interval.name,
    ]
    properties[TableProperty.adjusted] = snapshot.configuration[TableProperty.adjusted]
    let schema = try TableSchema.named(kind(interval, snapshot), in: lake)
    return TableDefinition(
      name, schema: schema.widened(schema.wideColumns(of: snapshot)), timezone: zone,
      dataset: snapshot.configuration[TableProperty.dataset], properties: properties)
  }

  /// Bars keep the record kind of their source: some vendors' volumes have fractions.
  private func kind(_ interval: Interval, _ snapshot: Snapshot) -> String {
    let source = snapshot.configuration[TableProperty.schema] ?? ""
    let stem = source.lastIndex(of: "-").map { String(source[...$0]) } ?? "ohlcv-"
    return stem + interval.name
  }

  // MARK: - Compute and commit

  /// Carries out a plan of this pass. A date that fails does not affect the others.
  public func run(_ plan: ResamplePlan) throws -> Report {
    try LakeCleaning.removeDeadRuns(lake, observer: observer)
    for failure in plan.failures { observer.didFail(failure.error) }
    defer { plan.job.finish() }
    let work = try DeriveEngine(plan.job, plan: plan.work, observer: observer)
      .run(jobs: options.jobs)
    return Report(
      work: work, rowsRead: work.rowsRead ?? 0,
      failureCount: plan.failures.count + work.failureCount)
  }
}
