import Catalog
import Columnar
import DeltaLog
import Platform
import Tables

/// A table whose files are merged.
final class CompactTarget: RewriteTarget {
  /// Columns of which the log keeps bounds where no schema says which: as many as the protocol's default.
  private static let foreignStatisticsMax = 32

  private let table: LakeTable
  private let staging: StagingSession
  /// The table's folder, relative to the lake's root.
  private let folder: String
  private(set) var snapshot: Snapshot
  /// nil where another program made the table.
  let schema: TableSchema?
  /// Columns of a data file.
  let fields: [Field]
  let order: SortOrder

  init(_ table: LakeTable, _ name: TableName, lake: Lake, staging: StagingSession) throws {
    self.table = table
    self.staging = staging
    folder = name.layer + "/" + name.name + "/"
    let snapshot = try table.snapshot()
    try snapshot.requireWritable()
    self.snapshot = snapshot
    schema = try table.schema(of: snapshot, in: lake)
    let partitions = Set(snapshot.partitionColumns)
    let fields = snapshot.fields.filter { !partitions.contains($0.name) }
    self.fields = fields
    order = schema.map { SortOrder($0, fields: fields) } ?? .asStored
  }

  var place: String { table.path }

  func livePaths() throws -> Set<String> { Set(try snapshot.files.map(\.path)) }

  func commit(_ units: [RewrittenUnit<StagedSegment>]) throws -> Int? {
    let run = try staging.run()
    var transaction = Transaction(snapshot: snapshot, storage: table.storage)
    transaction.operation = "OPTIMIZE"
    transaction.operationParameters = [("pass", CompactPass.name), ("run", run.id)]
    var moves: [(from: String, to: String)] = []
    for done in units {
      let file = addFile(done)
      transaction.compact(removing: done.unit.files, adding: [file])
      moves.append((done.product.path, folder + file.filePath))
    }
    let outcome = try run.publish(moves) { try transaction.commit() }
    snapshot = try table.snapshot()
    if case .committed(let version) = outcome { return version }
    return nil
  }

  private func addFile(_ done: RewrittenUnit<StagedSegment>) -> AddFile {
    let (unit, segment) = (done.unit, done.product)
    let columns = schema?.statisticsColumns ?? fields.prefix(Self.foreignStatisticsMax).map(\.name)
    let statistics = segment.logStatistics(of: columns, fields: fields)
    return AddFile(
      path: (unit.name.isEmpty ? "" : unit.name + "/") + segment.fileName,
      partitionValues: unit.partition.values, size: Int64(segment.byteCount),
      modificationTime: Clock.milliseconds(), dataChange: false, stats: statistics.json,
      tags: tags(unit, segment))
  }

  private func tags(_ unit: RewriteUnit, _ segment: StagedSegment) -> [String: String] {
    var tags = unit.files[0].tags
    tags[AddFile.Tag.rowHash] = nil
    tags[AddFile.Tag.rows] = "\(segment.rowCount)"
    tags[AddFile.Tag.rowHash2] = segment.fingerprint.description
    func bounds(_ tag: String) -> [Int64]? {
      let values = unit.files.map { $0.tag(tag).flatMap { Int64($0) } }
      return values.contains(nil) ? nil : values.compactMap { $0 }
    }
    tags[SegmentTag.start] = bounds(SegmentTag.start)?.min().map { "\($0)" }
    tags[SegmentTag.end] = bounds(SegmentTag.end)?.max().map { "\($0)" }
    return tags
  }
}
