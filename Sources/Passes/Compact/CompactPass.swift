import Catalog
import Columnar
import DeltaLog
import Parquet
import Platform
import Tables

/// Makes one sorted segment of a partition's small ones. No row changes: readers, and whatever is derived
/// from the table, see the same table as before.
///
/// Source: the Delta protocol, `dataChange` of add and remove actions. Files that are replaced stay on disk
/// as tombstones.
public final class CompactPass {
  public struct Options: Sendable {
    public var jobs = Parallel.width
    public var memoryByteCount = 192 << 20

    public init() {}
  }

  static let name = "compact"

  private let lake: Lake
  private let table: LakeTable
  private let options: Options
  private let observer: any PassObserver
  private let target: CompactTarget
  private let staging: StagingSession

  /// - Throws: Where the table cannot be written to.
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

  /// - Parameter choice: Of partitions by date; a table that has none is whole or not at all.
  public func plan(_ choice: UnitChoice = UnitChoice()) throws -> RewritePlan {
    let snapshot = target.snapshot
    guard snapshot.schema.fields.count == snapshot.fields.count else {
      throw PassError(
        .input, "the table has nested columns, which are not merged", place: table.path,
        remedy: "compact it with the program that wrote it")
    }
    let hasOrdinal = target.fields.contains { $0.name == TableSchema.ordinalColumn }
    return try CompactPlan.make(
      table, snapshot, choice: choice,
      canBeMerged: { file in
        // Places in a source that do not say which one would be lost among those of others.
        if !hasOrdinal { return true }
        return try saysSource(file)
      },
      isInOrder: { try target.order.holds(in: try $0.localPath(in: table.path)) })
  }

  /// Whether the places that a file's rows had in their sources tell the sources apart.
  private func saysSource(_ file: AddFile) throws -> Bool {
    let reader = try SegmentReader(path: file.localPath(in: table.path), fields: [])
    let column = TableSchema.ordinalColumn
    if !reader.mayHaveValues(column) { return true }
    for group in reader.rowGroups {
      guard let statistics = reader.statistics(column, rowGroup: group.rowGroup) else {
        return false
      }
      if statistics.nullCount == group.count { continue }
      guard case .integer(let least)? = statistics.minimum, SourceOrdinal.source(least) > 0 else {
        return false
      }
    }
    return true
  }

  // MARK: - Run

  /// Does what a plan says.
  public func run(_ plan: RewritePlan) throws -> RewriteReport {
    // Of a run that was killed when all was done, there may be nothing left to do but this.
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

/// The merging of files.
final class CompactJob: RewritePass, @unchecked Sendable {
  // Only read, once it is made.
  let name = CompactPass.name
  let target: CompactTarget
  private let staging: StagingSession
  private let observer: any PassObserver
  private let options: WriterOptions
  private let byteCountMax: Int

  /// - Parameter byteCountMax: Memory for the sorting of one unit.
  init(
    target: CompactTarget, staging: StagingSession, observer: any PassObserver, byteCountMax: Int
  ) {
    self.target = target
    self.staging = staging
    self.observer = observer
    self.byteCountMax = byteCountMax
    var options = WriterOptions()
    options.sortingColumns = target.schema?.sortingColumns(2) ?? []
    // What others wrote may hold it, and is kept as it is.
    options.allowsNaN = target.schema == nil
    self.options = options
  }

  func rewrite(
    _ unit: RewriteUnit, number: Int
  ) throws -> (product: StagedSegment, conserved: [Conserved]) {
    let run = try staging.run()
    let rewriter = SegmentRewriter(
      fields: target.fields, order: target.order, options: options, directory: run.directory,
      byteCountMax: byteCountMax)
    let segment = try rewriter.merge(
      unit.files.map { try $0.localPath(in: target.place) }, day: 0,
      fileName: "part-\(run.id)-\(number)-compact" + SegmentWriter.suffix,
      isInterrupted: { observer.isInterrupted })
    let before = try PartitionFingerprint(
      files: unit.files, root: target.place, fields: target.fields)
    return (
      segment,
      [
        Conserved("rows", before: before.rowCount, after: segment.rowCount),
        Conserved("hash of rows", before: before.rowHash, after: segment.fingerprint),
      ]
    )
  }
}
