import Bytes
import Catalog
import Columnar
import DeltaLog
import Market
import Parquet
import Synchronization
import Tables

/// Makes longer bars of a table of bars, one table an interval, straight from the source.
///
/// Only partitions whose source rows changed are computed; compaction changes none. Every interval that
/// is a multiple of the source's and divides a day can be asked for.
public final class ResamplePass {
  static let name = "resample"
  /// Raise it when equal inputs give other results.
  static let version = 1
  public static let defaultIntervals = ["15s", "30s", "1m"]

  public struct Options: Sendable {
    public var intervals: [String] = ResamplePass.defaultIntervals
    /// Name of the one output, instead of the default.
    public var output: TableName?
    public var jobs = Parallel.width

    public init() {}
  }

  public struct Report: Sendable {
    /// What became of one interval.
    public struct Output: Sendable {
      public var table: TableName
      public var interval: String
      public var computedCount = 0
      public var freshCount = 0
      public var rowCount = 0
      public var byteCount = 0
      public var error: (any Error)?
    }

    public var outputs: [Output] = []
    /// Source rows read, each once whatever the number of intervals.
    public var rowsRead = 0
    public var isInterrupted = false
    public var failureCount: Int { outputs.count { $0.error != nil } }
  }

  private let lake: Lake
  private let source: LakeTable
  private let sourceName: TableName
  private let options: Options
  private let observer: any PassObserver

  public init(
    lake: Lake, table: String, options: Options, observer: any PassObserver = NoObserver()
  ) throws {
    self.lake = lake
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

  public func plan() throws -> ResamplePlan {
    let snapshot = try source.snapshot()
    let schema = try sourceSchema(snapshot)
    let files = Dictionary(grouping: try snapshot.files) { $0.partitionValue("date") ?? "" }
    let fields = schema.fileFields
    let fingerprints = FingerprintCache(files: files, root: source.path, fields: fields)
    var plan = ResamplePlan(
      source: sourceName, sourceVersion: snapshot.version, outputs: [], files: files)
    for text in options.intervals {
      do {
        let interval = try interval(text, schema)
        let target = try DerivedTarget(try definition(interval, snapshot), lake: lake)
        let partitions = try partitions(target, fingerprints)
        plan.outputs.append(
          ResamplePlan.Output(
            interval: interval, table: target.definition.name, partitions: partitions))
      } catch {
        plan.failures.append((text, error))
      }
    }
    return plan
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
    if zone != "UTC" && interval > .hour {
      throw PassError(
        .usage,
        "bars of \(interval.name) cross the dates of '\(zone)', by which the source is kept",
        remedy: "an interval of an hour or less")
    }
    let name = options.output ?? TableName.bars(from: sourceName, interval: interval.name)
    var properties = [
      "lake.pass": Self.name, "lake.pass.source": sourceName.description,
      "lake.pass.interval": interval.name,
    ]
    properties[TableProperty.adjusted] = snapshot.configuration[TableProperty.adjusted]
    return TableDefinition(
      name, schema: try TableSchema.named(kind(interval, snapshot), in: lake), timezone: zone,
      dataset: snapshot.configuration[TableProperty.dataset], properties: properties)
  }

  /// Bars are made of bars of their own kind: the volume of some vendors' has a fraction.
  private func kind(_ interval: Interval, _ snapshot: Snapshot) -> String {
    let source = snapshot.configuration[TableProperty.schema] ?? ""
    let stem = source.lastIndex(of: "-").map { String(source[...$0]) } ?? "ohlcv-"
    return stem + interval.name
  }

  private func partitions(
    _ target: DerivedTarget, _ fingerprints: FingerprintCache
  ) throws -> [ResamplePlan.Partition] {
    let known = try target.filesByDate()
    let dates = Set(fingerprints.dates).union(known.keys).sorted()
    return try dates.map { date in
      let fingerprint = try fingerprints[date]
      let derivation = Derivation(
        pass: Self.name, version: Self.version,
        inputs: [("\(sourceName)/\(date)/\(target.definition.schema.kind)", fingerprint)])
      let files = known[date] ?? []
      let state: ResamplePlan.State =
        if target.isFresh(derivation, date: date, files: files) {
          .fresh
        } else if fingerprint.rowCount == 0 {
          files.isEmpty ? .fresh : .orphaned
        } else {
          files.isEmpty ? .missing : .stale
        }
      return ResamplePlan.Partition(date: date, state: state, derivation: derivation)
    }
  }

  // MARK: - Compute and commit

  public func run(_ plan: ResamplePlan) throws -> Report {
    try LakeCleaning.removeDeadRuns(lake, observer: observer)
    var report = Report()
    for failure in plan.failures {
      observer.didFail(failure.error)
      report.outputs.append(
        Report.Output(
          table: sourceName, interval: failure.interval, error: failure.error))
    }
    let dates = Set(
      plan.outputs.flatMap { $0.partitions.filter { $0.state != .fresh }.map(\.date) }
    )
    .sorted()
    let run = try StagingRun(root: lake.root)
    defer { run.finish() }
    let job = try ResampleJob(
      plan: plan, lake: lake, sourceRoot: source.path, run: run, observer: observer,
      definitions: try plan.outputs.map { try definition($0.interval, try source.snapshot()) })
    for first in stride(from: 0, to: dates.count, by: CommitGroup.partitionMax) {
      if observer.isInterrupted { break }
      let group = Array(dates[first..<min(first + CommitGroup.partitionMax, dates.count)])
      try job.compute(group, jobs: options.jobs)
      try job.commit()
    }
    report.isInterrupted = observer.isInterrupted
    report.rowsRead = job.rowsRead
    report.outputs += job.reports
    return report
  }
}

/// Fingerprints of the source's partitions, each computed once.
final class FingerprintCache {
  private let files: [String: [AddFile]]
  private let root: String
  private let fields: [Field]
  private var known: [String: PartitionFingerprint] = [:]

  init(files: [String: [AddFile]], root: String, fields: [Field]) {
    self.files = files
    self.root = root
    self.fields = fields
  }

  var dates: [String] { files.keys.sorted() }

  subscript(date: String) -> PartitionFingerprint {
    get throws {
      if let known = known[date] { return known }
      let fingerprint = try PartitionFingerprint(
        files: files[date] ?? [], root: root, fields: fields)
      known[date] = fingerprint
      return fingerprint
    }
  }
}
