import Bytes
import Catalog
import DeltaLog
import Market
import Platform
import Tables

/// How a table is to keep its rows, as far as that is to change.
public struct TableLayout: Hashable, Sendable {
  /// nil: as it is.
  public var period: PartitionPeriod?
  /// Columns that are to hold decimals as wide as there are.
  public var wideColumns: Set<String>

  /// - Parameters:
  ///   - period: nil to keep the table's.
  ///   - wideColumns: Besides those that are wide already.
  public init(period: PartitionPeriod? = nil, wideColumns: Set<String> = []) {
    self.period = period
    self.wideColumns = wideColumns
  }

  fileprivate var reason: String { wideColumns.isEmpty ? "period" : "wider columns" }

  /// Refuses columns that cannot be wider.
  fileprivate func check(_ schema: TableSchema, place: String) throws {
    let able = schema.columns.filter {
      schema.widenableColumns.contains($0.name) || $0.type == TableSchema.wideType
    }.map(\.name)
    let unable = wideColumns.subtracting(able).sorted()
    guard !unable.isEmpty else { return }
    throw PassError(
      .usage,
      "'\(unable.joined(separator: "', '"))' cannot be wider: only prices and quantities can",
      place: place,
      remedy: NearestNames.question(unable[0], among: able)
        ?? (able.isEmpty ? nil : "--widen " + able.joined(separator: ",")))
  }
}

/// Keeps a table in another layout, by another period or with wider columns: all its rows in new files, and what it
/// declares of itself, in one commit.
///
/// Whatever is derived from the table stays fresh with another period: units of derivation are dates, whatever that is.
/// With wider columns it becomes stale, since a row's hash covers the columns' types. Where another commit comes first,
/// all is planned again.
public final class ConversionPass {
  /// Commits of others that may come first.
  private static let attemptMax = 5

  private let lake: Lake
  private let table: LakeTable
  private let name: TableName
  private let layout: TableLayout
  private let options: CompactPass.Options
  private let observer: any PassObserver
  private let staging: StagingSession
  private var target: ConversionTarget

  /// - Throws: Where the table cannot be written to, or is not one of the lake's own.
  public init(
    lake: Lake, table name: TableName, layout: TableLayout,
    options: CompactPass.Options = CompactPass.Options(),
    observer: any PassObserver = NoObserver()
  ) throws {
    self.lake = lake
    self.name = name
    table = lake.table(name)
    self.layout = layout
    self.options = options
    self.observer = observer
    staging = StagingSession(root: lake.root)
    target = try ConversionTarget(table, name, layout, lake: lake, staging: staging)
  }

  /// Nothing is to be done where the table has the layout already.
  public func plan() throws -> RewritePlan {
    let snapshot = target.snapshot
    if target.conversion.changesNothing {
      return RewritePlan(
        table: table.displayName, version: snapshot.version, units: [],
        keptCount: try snapshot.files.count)
    }
    let units = try target.conversion.units(try snapshot.files).map { partition, files in
      RewriteUnit(
        partition: partition, name: partition.folder(partition.values.keys.sorted()),
        reason: layout.reason, files: files)
    }
    return RewritePlan(
      table: table.displayName, version: snapshot.version, units: units, keptCount: 0)
  }

  /// Does what a plan says; where another commit came first, what a new one says.
  public func run(_ plan: RewritePlan) throws -> RewriteReport {
    // Of a run that was killed when all was done, there may be nothing left to do but this.
    try LakeCleaning.removeDeadRuns(lake, observer: observer)
    defer { staging.finish() }
    var (plan, attempt) = (plan, 0)
    while true {
      attempt += 1
      if target.conversion.changesNothing { return RewriteReport() }
      let width = max(1, min(options.jobs, plan.units.count))
      let job = ConversionJob(
        target,
        RewriteAttempt(
          staging: staging, observer: observer, number: attempt,
          byteCountMax: options.memoryByteCount / 2 / width))
      do {
        if plan.units.isEmpty {
          // A table without files: what it declares changes all the same.
          var report = RewriteReport()
          report.versions = try target.commit([]).map { [$0] } ?? []
          return report
        }
        return try RewriteEngine(job, plan: plan, observer: observer).run(jobs: width)
      } catch let lost as ConversionTarget.LostRace {
        guard attempt < Self.attemptMax else {
          throw PassError(
            .conflict, "\(attempt) other commits came first, the last one version \(lost.version)",
            place: table.path, remedy: "run the command again when fewer writers are at work")
        }
      }
      target = try ConversionTarget(table, name, layout, lake: lake, staging: staging)
      plan = try self.plan()
    }
  }
}

/// A table that is to be kept in another layout.
final class ConversionTarget: RewriteTarget {
  /// Another commit came first: what was written is not all that there is.
  struct LostRace: Error {
    var version: Int
  }

  let snapshot: Snapshot
  let conversion: TableConversion
  private let table: TableWriter
  private let staging: StagingSession
  private let metadata: TableMetadata
  private let operation: String

  init(
    _ table: LakeTable, _ name: TableName, _ layout: TableLayout, lake: Lake,
    staging: StagingSession
  ) throws {
    self.staging = staging
    snapshot = try table.snapshot()
    try snapshot.requireWritable()
    try CompactPlan.requireFlat(snapshot, path: table.path)
    guard let schema = try table.schema(of: snapshot, in: lake),
      snapshot.partitionColumns == [schema.partitionColumn]
    else {
      throw PassError(
        .input, "the table is not one that lake made: what its rows' dates are is not known",
        place: table.path, remedy: "take its rows into a table of the lake: lake ingest")
    }
    self.table = TableWriter(name, lake: lake, snapshot: snapshot)
    try layout.check(schema, place: table.path)
    conversion = TableConversion(
      root: table.path, schema: schema, snapshot: snapshot, to: layout.period ?? schema.period,
      widening: layout.wideColumns)
    operation = layout.wideColumns.isEmpty ? "OPTIMIZE" : "CHANGE COLUMN"
    metadata = try conversion.metadata(of: snapshot)
  }

  var path: String { table.root }

  func livePaths() throws -> Set<String> { Set(try snapshot.files.map(\.path)) }

  func commit(_ units: [RewrittenUnit<PlacedSegment>]) throws -> Int? {
    let run = try staging.run()
    var change = TableChange(.wholeTable)
    change.changesRows = false
    change.operation = operation
    change.parameters = [("pass", CompactPass.name), ("run", run.id)]
    change.metadata = metadata
    change.removed = units.flatMap(\.unit.files)
    change.segments = units.flatMap(\.products)
    switch try table.commit(change, nil, run: run) {
    case .committed(let version): return version
    case .alreadyDone(let version): throw LostRace(version: version)
    case .conflict(let version, _): throw LostRace(version: version)
    }
  }
}

/// The writing of the rows of some partitions.
final class ConversionJob: RewritePass, @unchecked Sendable {
  // Only read, once it is made.
  let name = CompactPass.name
  let target: ConversionTarget
  let isAtOnce = true
  private let attempt: RewriteAttempt

  init(_ target: ConversionTarget, _ attempt: RewriteAttempt) {
    (self.target, self.attempt) = (target, attempt)
  }

  func rewrite(_ unit: RewriteUnit, number: Int) throws -> RewrittenUnit<PlacedSegment> {
    let run = try attempt.staging.run()
    let segments = try target.conversion.convert(
      unit.files, directory: run.directory, byteCountMax: attempt.byteCountMax,
      isInterrupted: { attempt.observer.isInterrupted },
      fileName: { "part-\(run.id)-\(attempt.number)-\(number)-\($0)" + SegmentWriter.suffix })
    let before = try target.conversion.fingerprint(of: unit.files)
    return RewrittenUnit(
      unit: unit, products: segments,
      conserved: [
        Conserved(
          "rows", before: before.rowCount, after: segments.reduce(0) { $0 + $1.rowCount }),
        Conserved(
          "hash of rows", before: before.rowHash,
          after: segments.reduce(into: Fingerprint()) { $0 &+= $1.staged.fingerprint }),
      ])
  }
}
