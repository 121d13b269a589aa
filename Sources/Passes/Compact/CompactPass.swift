import Bytes
import Catalog
import Columnar
import DeltaLog
import Parquet
import Storage
import Synchronization
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

  public struct Report: Sendable {
    public var mergeCount = 0
    public var filesBefore = 0
    public var filesAfter = 0
    public var rowCount = 0
    public var bytesBefore: Int64 = 0
    public var bytesAfter: Int64 = 0
    /// Merges that were given up because another commit took some of their files.
    public var overtakenCount = 0
    public var versions: [Int] = []
    public var isInterrupted = false

    public init() {}
  }

  /// Columns of which the log keeps bounds where no schema says which: as many as the protocol's default.
  private static let foreignStatisticsMax = 32

  /// A merge that is done and not committed yet.
  private struct Result: Sendable {
    var merge: CompactPlan.Merge
    var segment: StagedSegment
    var tags: [String: String]
  }

  private let lake: Lake
  private let table: LakeTable
  private let name: TableName
  private let options: Options
  private let observer: any PassObserver
  private var snapshot: Snapshot
  private let schema: TableSchema?

  /// - Throws: Where the table cannot be written to.
  public init(
    lake: Lake, table name: TableName, options: Options = Options(),
    observer: any PassObserver = NoObserver()
  ) throws {
    self.lake = lake
    self.name = name
    table = lake.table(name)
    self.options = options
    self.observer = observer
    snapshot = try table.snapshot()
    try snapshot.requireWritable()
    schema = try table.schema(of: snapshot, in: lake)
  }

  /// The table's folder, relative to the lake's root.
  private var folder: String { name.layer + "/" + name.name + "/" }

  /// Columns of a data file.
  private var fields: [Field] {
    let partitions = Set(snapshot.partitionColumns)
    return snapshot.fields.filter { !partitions.contains($0.name) }
  }

  private var order: SortOrder {
    schema.map { SortOrder($0, fields: fields) } ?? .asStored
  }

  // MARK: - Plan

  public func plan() throws -> CompactPlan {
    guard snapshot.schema.fields.count == snapshot.fields.count else {
      throw PassError(
        .input, "the table has nested columns, which are not merged", place: table.path,
        remedy: "compact it with the program that wrote it")
    }
    let fields = fields
    let hasOrdinal = fields.contains { $0.name == TableSchema.ordinalColumn }
    return try CompactPlan(
      table, snapshot,
      canBeMerged: { file in
        // Places in a source that do not say which one would be lost among those of others.
        if !hasOrdinal { return true }
        return try saysSource(file)
      },
      isInOrder: { try order.holds(in: try $0.localPath(in: table.path)) })
  }

  /// Whether the places that a file's rows had in their sources tell the sources apart.
  private func saysSource(_ file: AddFile) throws -> Bool {
    let reader = try ParquetReader(path: file.localPath(in: table.path))
    guard let leaf = reader.leafIndex(named: TableSchema.ordinalColumn) else { return true }
    for rowGroup in 0..<reader.rowGroupCount {
      guard let statistics = reader.statistics(rowGroup: rowGroup, leaf: leaf) else { return false }
      if statistics.nullCount == reader.rowCount(rowGroup: rowGroup) { continue }
      guard case .integer(let least)? = statistics.minimum, SourceOrdinal.source(least) > 0 else {
        return false
      }
    }
    return true
  }

  // MARK: - Run

  /// Does what a plan says.
  public func run(_ plan: CompactPlan) throws -> Report {
    var report = Report()
    if plan.merges.isEmpty { return report }
    try LakeCleaning.removeDeadRuns(lake, observer: observer)
    let run = try StagingRun(root: lake.root)
    defer { run.finish() }
    for first in stride(from: 0, to: plan.merges.count, by: CommitGroup.partitionMax) {
      if observer.isInterrupted {
        report.isInterrupted = true
        break
      }
      let group = Array(
        plan.merges[first..<min(first + CommitGroup.partitionMax, plan.merges.count)])
      do {
        try commit(try merge(group, from: first, run), run, &report)
      } catch let error as PassError where error.code == .interrupted {
        report.isInterrupted = true
        break
      }
    }
    return report
  }

  /// - Parameter first: Number of the first merge in the plan: no two files of a run have one name.
  private func merge(
    _ merges: [CompactPlan.Merge], from first: Int, _ run: StagingRun
  ) throws -> [Result] {
    let width = max(1, min(options.jobs, merges.count))
    var writerOptions = WriterOptions()
    writerOptions.sortingColumns = schema?.sortingColumns(2) ?? []
    // What others wrote may hold it, and is kept as it is.
    writerOptions.allowsNaN = schema == nil
    let rewriter = SegmentRewriter(
      fields: fields, order: order, options: writerOptions, directory: run.directory,
      byteCountMax: options.memoryByteCount / 4 / width)
    let results = Mutex<[Int: Result]>([:])
    let (root, fields, observer, runID) = (table.path, fields, observer, run.id)
    try Parallel.forEach(merges.count, width: width) { index in
      let merge = merges[index]
      observer.begin(merge.name)
      let segment = try rewriter.merge(
        merge.files.map { try $0.localPath(in: root) }, day: 0,
        fileName: "part-\(runID)-\(first + index)-compact.zstd.parquet",
        isInterrupted: { observer.isInterrupted })
      try Self.checkConservation(merge, segment, root: root, fields: fields)
      observer.didRead(byteCount: Int(clamping: merge.byteCount))
      observer.didProcess(rowCount: segment.rowCount)
      let result = Result(merge: merge, segment: segment, tags: Self.tags(merge, segment))
      results.withLock { $0[index] = result }
    }
    return results.withLock { all in merges.indices.compactMap { all[$0] } }
  }

  /// - Throws: `PassError.conservation` where the segment holds other rows than the files.
  private static func checkConservation(
    _ merge: CompactPlan.Merge, _ segment: StagedSegment, root: String, fields: [Field]
  ) throws {
    let before = try PartitionFingerprint(files: merge.files, root: root, fields: fields)
    guard before.rowCount == Int64(segment.rowCount), before.rowHash == segment.fingerprint else {
      throw PassError(
        .conservation,
        "\(merge.name): the merged segment holds \(segment.rowCount) rows of hash \(segment.fingerprint), "
          + "its files \(before.rowCount) of hash \(before.rowHash)", place: root,
        remedy: "nothing was committed; look whether a file was changed on disk: lake history")
    }
  }

  private static func tags(
    _ merge: CompactPlan.Merge, _ segment: StagedSegment
  ) -> [String: String] {
    var tags = merge.files[0].tags
    tags[AddFile.Tag.rowHash] = nil
    tags[AddFile.Tag.rows] = "\(segment.rowCount)"
    tags[AddFile.Tag.rowHash2] = segment.fingerprint.description
    func bounds(_ tag: String) -> [Int64]? {
      let values = merge.files.map { $0.tag(tag).flatMap { Int64($0) } }
      return values.contains(nil) ? nil : values.compactMap { $0 }
    }
    tags[SegmentTag.start] = bounds(SegmentTag.start)?.min().map { "\($0)" }
    tags[SegmentTag.end] = bounds(SegmentTag.end)?.max().map { "\($0)" }
    return tags
  }

  // MARK: - Commit

  private func commit(_ merged: [Result], _ run: StagingRun, _ report: inout Report) throws {
    var left = merged
    for _ in 0..<CommitGroup.attemptMax {
      if left.isEmpty { return }
      var transaction = Transaction(snapshot: snapshot, storage: table.storage)
      transaction.operation = "OPTIMIZE"
      transaction.operationParameters = [("pass", "compact"), ("run", run.id)]
      var moves: [(from: String, to: String)] = []
      for result in left {
        let file = try addFile(result)
        transaction.compact(removing: result.merge.files, adding: [file])
        moves.append((result.segment.path, folder + file.filePath))
      }
      let outcome = try run.publish(moves) { try transaction.commit() }
      if case .committed(let version) = outcome {
        report.versions.append(version)
        for result in left {
          report.mergeCount += 1
          report.filesBefore += result.merge.fileCount
          report.filesAfter += 1
          report.rowCount += result.segment.rowCount
          report.bytesBefore = report.bytesBefore.adding(clamped: result.merge.byteCount)
          report.bytesAfter = report.bytesAfter.adding(clamped: Int64(result.segment.byteCount))
        }
        snapshot = try table.snapshot()
        return
      }
      // Another commit came first. Where it took files of ours, those are no longer ours to replace.
      snapshot = try table.snapshot()
      let live = Set(try snapshot.files.map(\.path))
      let before = left.count
      left.removeAll { $0.merge.files.contains { !live.contains($0.path) } }
      report.overtakenCount += before - left.count
    }
    throw PassError(
      .conflict, "\(CommitGroup.attemptMax) other commits came first", place: table.path,
      remedy: "run the command again when fewer writers are at work")
  }

  private func addFile(_ result: Result) throws -> AddFile {
    let folder = result.merge.name.isEmpty ? "" : result.merge.name + "/"
    let columns = schema?.statisticsColumns ?? fields.prefix(Self.foreignStatisticsMax).map(\.name)
    let statistics = result.segment.logStatistics(of: columns, fields: fields)
    return AddFile(
      path: folder + result.segment.fileName, partitionValues: result.merge.partition.values,
      size: Int64(result.segment.byteCount), modificationTime: Clock.milliseconds(),
      dataChange: false, stats: statistics.json, tags: result.tags)
  }
}
