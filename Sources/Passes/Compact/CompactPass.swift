import Catalog
import Columnar
import DeltaLog
import Parquet
import Platform
import Tables

/// Merges a partition's small segments into one sorted segment. No row changes: readers, and derived tables,
/// see the same table as before.
///
/// Source: the Delta protocol, `dataChange` of add and remove actions. Files that are replaced stay on disk
/// as tombstones.
public final class CompactPass {
  /// What a compaction may use.
  public struct Options: Sendable {
    /// Partitions that are merged at once.
    public var jobs = Parallel.width
    /// Bytes that it may use; a quarter is for sort keys, divided among the jobs.
    public var memoryByteCount = 192 << 20

    /// As many jobs as the machine has cores, and 192 MiB.
    public init() {}
  }

  static let name = "compact"

  private let lake: Lake
  private let table: LakeTable
  private let options: Options
  private let observer: any PassObserver
  private let target: CompactTarget
  private let staging: StagingSession

  /// - Throws: If the table cannot be written to.
  public init(
    lake: Lake, table name: TableName, options: Options = Options(),
    observer: any PassObserver = NoObserver()
  ) throws {
    self.lake = lake
    table = lake.table(name)
    self.options = options
    self.observer = observer
    staging = StagingSession(root: lake.root)
    target = try CompactTarget(table, name, lake: lake, staging: staging)
  }

  // MARK: - Plan

  /// - Parameter choice: Applies to partitions by date; an unpartitioned table is compacted whole or not at
  ///   all.
  public func plan(_ choice: UnitChoice = UnitChoice()) throws -> RewritePlan {
    let snapshot = target.snapshot
    guard snapshot.schema.fields.count == snapshot.fields.count else {
      throw PassError(
        .input, "the table has nested columns, which are not merged", place: table.path,
        remedy: "compact it with the program that wrote it")
    }
    return try CompactPlan.make(
      table, snapshot, choice: choice,
      canBeMerged: target.merger.canBeMerged,
      isInOrder: { try target.merger.order.holds(in: try $0.localPath(in: table.path)) })
  }

  // MARK: - Run

  /// Does what a plan says.
  public func run(_ plan: RewritePlan) throws -> RewriteReport {
    // A run that was killed after its last commit may have left only this to do.
    try LakeCleaning.removeDeadRuns(lake, observer: observer)
    if plan.units.isEmpty { return RewriteReport() }
    defer { staging.finish() }
    let width = max(1, min(options.jobs, plan.units.count))
    let job = CompactJob(
      target: target, staging: staging, observer: observer,
      byteCountMax: options.memoryByteCount / 4 / width)
    return try RewriteEngine(job, plan: plan, observer: observer).run(jobs: width)
  }
}

/// Merges the files of one unit.
final class CompactJob: RewritePass, @unchecked Sendable {
  // All properties are constants, or immutable after `init`.
  let name = CompactPass.name
  let target: CompactTarget
  private let staging: StagingSession
  private let observer: any PassObserver
  private let byteCountMax: Int

  /// - Parameter byteCountMax: Memory for sorting one unit, in bytes.
  init(
    target: CompactTarget, staging: StagingSession, observer: any PassObserver, byteCountMax: Int
  ) {
    self.target = target
    self.staging = staging
    self.observer = observer
    self.byteCountMax = byteCountMax
  }

  func rewrite(
    _ unit: RewriteUnit, number: Int
  ) throws -> (product: StagedSegment, conserved: [Conserved]) {
    let run = try staging.run()
    let segment = try target.merger.merge(
      unit.files.map { try $0.localPath(in: target.path) }, day: 0, directory: run.directory,
      fileName: "part-\(run.id)-\(number)-compact" + SegmentWriter.suffix,
      byteCountMax: byteCountMax, isInterrupted: { observer.isInterrupted })
    let before = try target.merger.fingerprint(of: unit.files)
    return (
      segment,
      [
        Conserved("rows", before: before.rowCount, after: segment.rowCount),
        Conserved("hash of rows", before: before.rowHash, after: segment.fingerprint),
      ]
    )
  }
}
