import Catalog
import Columnar
import DeltaLog
import Parquet
import Platform
import Tables

/// Merges a partition's small segments into one sorted segment. No row changes: readers, and derived tables,
/// see the same table as before.
///
/// Where it is asked to, it leaves out rows that are there twice: of equal rows with one key the first stays, and one
/// that differs from it goes into quarantine.
///
/// Source: the Delta protocol, `dataChange` of add and remove actions. Files that are replaced stay on disk
/// as tombstones.
public final class CompactPass {
  /// What a compaction may use.
  public struct Options: Sendable {
    /// Partitions that are merged at once.
    public var jobs = Parallel.width
    /// Bytes that it may use; half is for rows that are sorted, divided among the jobs.
    public var memoryByteCount = 192 << 20
    /// Whether of rows with one key one stays.
    public var removesDuplicates = false
    /// Whether small files are merged; else only partitions with duplicates, and those whose rows are in no order, are
    /// written again.
    public var mergesSmallFiles = true
    /// The key of a table that another program made.
    public var keyColumns: [String] = []

    /// As many jobs as the machine has cores, and 192 MiB.
    public init() {}
  }

  static let name = "compact"
  /// Its name where nothing is merged.
  static let dedupName = "dedup"

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
    target = try CompactTarget(
      table, name, passName: options.mergesSmallFiles ? Self.name : Self.dedupName, lake: lake,
      staging: staging, keyColumns: options.removesDuplicates ? options.keyColumns : nil)
  }

  // MARK: - Plan

  /// - Parameter choice: Applies to partitions by date; an unpartitioned table is compacted whole or not at
  ///   all.
  public func plan(_ choice: UnitChoice = UnitChoice()) throws -> RewritePlan {
    let snapshot = target.snapshot
    try CompactPlan.requireFlat(snapshot, path: table.path)
    var plan = RewritePlan(
      table: table.displayName, version: snapshot.version, units: [], keptCount: 0)
    if options.mergesSmallFiles {
      plan = try CompactPlan.make(
        table, snapshot, choice: choice,
        canBeMerged: target.merger.canBeMerged,
        isInOrder: { try target.merger.order.holds(in: try $0.localPath(in: table.path)) })
    }
    guard let key = target.key else { return plan }
    if !target.keylessPartitions.isEmpty {
      let names = target.keylessPartitions.joined(separator: "', '")
      observer.warn(
        PassError(
          .input,
          "rows are compared within each '\(names)': the table is partitioned by it, and --key does not name it",
          place: table.path, remedy: "nothing, if equal keys never lie in different partitions"))
    }
    let width = max(1, options.jobs)
    let rewriter = target.merger.rewriter(lake.root, byteCountMax(width))
    let (root, observer) = (table.path, observer)
    return try CompactPlan.wholePartitions(plan, snapshot, choice: choice, jobs: width) { files in
      try rewriter.repeatedKeyCount(
        try files.map { SegmentSource(path: try $0.localPath(in: root)) },
        keyColumns: key.columns, isInterrupted: { observer.isInterrupted })
    }
  }

  /// Memory of one of the jobs for rows that are sorted.
  private func byteCountMax(_ width: Int) -> Int { options.memoryByteCount / 2 / width }

  // MARK: - Run

  /// Does what a plan says.
  public func run(_ plan: RewritePlan) throws -> RewriteReport {
    // A run that was killed after its last commit may have left only this to do.
    try LakeCleaning.removeDeadRuns(lake, observer: observer)
    defer { staging.finish() }
    var (plan, report) = (plan, RewriteReport())
    var attempt = 0
    while !plan.units.isEmpty {
      attempt += 1
      let width = max(1, min(options.jobs, plan.units.count))
      let job = CompactJob(
        target,
        RewriteAttempt(
          staging: staging, observer: observer, number: attempt, byteCountMax: byteCountMax(width)))
      report.add(try RewriteEngine(job, plan: plan, observer: observer).run(jobs: width))
      // Files that another commit merged may still hold rows twice.
      guard target.key != nil, report.overtakenCount > 0, !report.isInterrupted,
        report.failures.isEmpty
      else { break }
      guard attempt < Self.attemptMax else {
        throw PassError(
          .conflict, "other commits took files \(attempt) times while rows were compared",
          place: table.path,
          remedy:
            "what was done until then is in; run the command again when fewer writers are at work")
      }
      report.overtakenCount = 0
      plan = try self.plan()
    }
    return report
  }

  /// Commits of others that may take files of ours.
  private static let attemptMax = 5
}

/// Merges the files of one unit.
final class CompactJob: RewritePass, @unchecked Sendable {
  // All properties are constants, or immutable after `init`.
  var name: String { target.passName }
  let target: CompactTarget
  private let attempt: RewriteAttempt

  init(_ target: CompactTarget, _ attempt: RewriteAttempt) {
    (self.target, self.attempt) = (target, attempt)
  }

  func rewrite(_ unit: RewriteUnit, number: Int) throws -> RewrittenUnit<PlacedSegment> {
    let run = try attempt.staging.run()
    let name = "part-\(run.id)-\(attempt.number)-\(number)-compact" + SegmentWriter.suffix
    let rewriter = target.merger.rewriter(run.directory, attempt.byteCountMax)
    if let key = target.key {
      return try deduplicate(unit, key, rewriter, name: name, number: number)
    }
    let before = try target.merger.fingerprint(of: unit.files)
    let segment = try rewriter.merge(
      unit.files.map { SegmentSource(path: try $0.localPath(in: target.path)) }, day: 0,
      fileName: name, isInterrupted: { attempt.observer.isInterrupted })
    return RewrittenUnit(
      unit: unit, products: [try target.merger.placed(segment, of: unit.files)],
      conserved: [
        Conserved("rows", before: before.rowCount, after: segment.rowCount),
        Conserved("hash of rows", before: before.rowHash, after: segment.fingerprint),
      ])
  }

  /// Rows that stay, duplicates and conflicts come to what there was.
  private func deduplicate(
    _ unit: RewriteUnit, _ key: RowKey, _ rewriter: SegmentRewriter, name: String, number: Int
  ) throws -> RewrittenUnit<PlacedSegment> {
    let groups = try groups(unit.files)
    // The oldest first: of rows with one key its row stays.
    let sources = try groups.enumerated().flatMap { group, files in files.map { (group, $0) } }
      .sorted { Self.isOlder($0.1, $1.1) }
      .map { SegmentSource(path: try $1.localPath(in: target.path), group: $0) }
    let result = try rewriter.deduplicate(
      sources, keyColumns: key.columns, day: 0, fileName: name,
      conflictMax: CompactTarget.conflictMax,
      hashesSources: unit.files.allSatisfy { $0.taggedRowHash == nil },
      isInterrupted: { attempt.observer.isInterrupted })
    let before = try before(unit.files, result)
    var done = RewrittenUnit(
      unit: unit,
      products: try result.segments.sorted { $0.key < $1.key }.map {
        try target.merger.placed(remaining: $0.value, of: groups[$0.key])
      },
      conserved: [
        Conserved("rows", before: before.rowCount, after: result.rowCount),
        Conserved("hash of rows", before: before.rowHash, after: result.fingerprint),
      ])
    done.duplicateCount = result.duplicateCount
    done.conflictCount = result.conflictCount
    try target.keep(result.conflicts, of: unit)
    return done
  }

  /// What files hold before: their tags say it. Those of other programs have none, and were hashed as they were read, or
  /// are read again.
  private func before(
    _ files: [AddFile], _ result: DeduplicatedRows
  ) throws -> PartitionFingerprint {
    try result.source ?? target.merger.fingerprint(of: files)
  }

  private static func isOlder(_ one: AddFile, _ other: AddFile) -> Bool {
    (one.modificationTime, one.path) < (other.modificationTime, other.path)
  }

  /// Files that become one; the group with the oldest file first.
  private func groups(_ files: [AddFile]) throws -> [[AddFile]] {
    var groups: [[AddFile]] = []
    for group in SegmentMerger.groups(files) {
      let ordered = group.sorted(by: Self.isOlder)
      let mergeable = try Set(ordered.filter(target.merger.canBeMerged).map(\.path))
      let together = ordered.filter { mergeable.contains($0.path) }
      if !together.isEmpty { groups.append(together) }
      groups += ordered.filter { !mergeable.contains($0.path) }.map { [$0] }
    }
    return groups.sorted { Self.isOlder($0[0], $1[0]) }
  }
}
