import Bytes
import Catalog
import Columnar
import Compression
import Databento
import DeltaLog
import Parquet

/// Writes a table's rows back as DBN records, equal field by field, in the order of their source.
///
/// Rows that keep their places in their source come in its order, file after file of a date; bars keep
/// none where they came by time, then instrument and publisher, and so they go. Rows are put in order
/// date by date, in bounded memory.
public final class DBNExport {
  public struct Options: Sendable {
    /// Raw symbols; empty means all.
    public var symbols: Set<String> = []
    /// Index timestamps in ns: half-open; nil means all.
    public var range: Range<Int64>?
    public var version = DBNFields.versionMax
    public var overwrites = false
    public var memoryByteCount = 192 << 20

    public init() {}
  }

  public struct Report: Sendable {
    public var recordCount = 0
    public var byteCount = 0
    public var dates = 0
  }

  private let lake: Lake
  private let table: LakeTable
  private let snapshot: Snapshot
  private let schema: TableSchema
  private let kind: RecordKind
  private let options: Options
  private let observer: any PassObserver

  /// - Throws: `PassError` for a table whose rows are no DBN records.
  public init(
    lake: Lake, table: String, options: Options, observer: any PassObserver = NoObserver()
  ) throws {
    self.lake = lake
    self.options = options
    self.observer = observer
    self.table = try lake.table(named: table)
    snapshot = try self.table.snapshot()
    guard let schema = try self.table.schema(of: snapshot, in: lake),
      let kind = RecordKind(rawValue: schema.kind)
    else {
      throw PassError(
        .input,
        "'\(table)' holds \(snapshot.configuration[TableProperty.schema] ?? "foreign rows"), which are no DBN records",
        place: self.table.path, remedy: "lake query \(table) -o FILE writes CSV or Parquet")
    }
    self.schema = schema
    self.kind = kind
  }

  /// - Parameter path: `-` is standard output; `.zst` compresses.
  public func write(to path: String) throws -> Report {
    let byDate = Dictionary(grouping: snapshot.files) { $0.partitionValue("date") ?? "" }
    let dates = byDate.keys.sorted()
    let map = try InstrumentMap(
      files: try dates.map { date in (date, try (byDate[date] ?? []).map(localPath)) },
      symbols: options.symbols)
    if let unknown = options.symbols.sorted().first(where: { !map.known.contains($0) }) {
      throw PassError(
        .input, "the table has no symbol '\(unknown)'", place: table.path,
        remedy: NearestNames.question(unknown, among: map.known.sorted())
          ?? "lake describe \(table.displayName)")
    }
    let packer = try RecordPacker(kind: kind, version: options.version, schema: schema)
    if packer.isNarrower {
      // Before a byte is written: a pipe's reader cannot be told that what came is void.
      for date in dates { try check(try (byDate[date] ?? []).map(localPath), packer) }
    }
    let writer = try DBNWriter(
      path: path, metadata: metadata(map), overwrites: options.overwrites)
    var report = Report()
    for date in dates {
      if observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
      observer.begin(date)
      // Sources of a date follow each other as their intervals do.
      let files = (byDate[date] ?? []).sorted {
        (start($0), $0.path) < (start($1), $1.path)
      }
      let count = try writeDate(try files.map(localPath), packer, to: writer)
      report.recordCount += count
      if count > 0 { report.dates += 1 }
    }
    try writer.finish()
    report.byteCount = writer.byteCount
    return report
  }

  private func localPath(_ file: AddFile) throws -> String { try file.localPath(in: table.path) }

  private func start(_ file: AddFile) -> Int64 {
    file.tags[SegmentTag.start].flatMap { Int64($0) } ?? 0
  }

  /// Looks whether all records fit.
  private func check(_ paths: [String], _ packer: RecordPacker) throws {
    for path in paths {
      if observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
      try packer.pack(path: path, fileNumber: nil, options: options) { _, _ in }
    }
  }

  private func metadata(_ map: InstrumentMap) throws -> DBNMetadata {
    let byteCountMax = DBNFields.symbolByteCount(version: options.version) - 1
    if let symbol = map.symbols.first(where: { $0.utf8.count > byteCountMax }) {
      let newest = DBNFields.symbolByteCount(version: DBNFields.versionMax) - 1
      throw PassError(
        .input,
        "symbol '\(symbol)' has \(symbol.utf8.count) letters, and DBN version \(options.version) has room"
          + " for \(byteCountMax)", place: table.path,
        remedy: symbol.utf8.count <= newest
          ? "--dbn-version \(DBNFields.versionMax) holds it"
          : "lake query \(table.displayName) -o FILE writes CSV or Parquet")
    }
    var metadata = DBNMetadata(
      version: options.version, dataset: snapshot.configuration[TableProperty.dataset] ?? "",
      schema: kind, start: 0, end: nil, symbols: map.symbols, mappings: map.mappings)
    let range = options.range ?? map.range
    metadata.start = UInt64(max(0, range.lowerBound))
    metadata.end = UInt64(max(0, range.upperBound))
    return metadata
  }

  /// Sorts the records of one date and writes them.
  private func writeDate(
    _ paths: [String], _ packer: RecordPacker, to writer: DBNWriter
  ) throws -> Int {
    let stride = packer.stride
    let order = RowOrder(indexOffset: packer.recordByteCount, sequence: packer.tieBreaker)
    let pool = RowPool(stride: stride)
    var rows = SymbolRows(code: 0)
    let folder = try StagingRun(root: lake.root)
    defer { folder.finish() }
    var spill: SpillFile?
    let isByFile = try schema.keepsEveryOrdinal || paths.contains(where: RecordPacker.hasOrdinals)
    for (number, path) in paths.enumerated() {
      try packer.pack(path: path, fileNumber: isByFile ? number : nil, options: options) {
        record, key in
        let place = rows.append(key, from: pool)
        place.copyMemory(from: record, byteCount: stride)
        if pool.usedByteCount < options.memoryByteCount / 2 { return }
        let file = try spill ?? SpillFile(directory: folder.directory, stride: stride)
        spill = file
        let sorted = order.sorted(rows.run.pointers(stride: stride))
        rows.fragments.append(try file.write(sorted, order: order))
        pool.give(rows.takeRun().chunks)
      }
    }
    var count = 0
    let block = ByteBuffer()
    try RowMerge.forEachSpan(rows, order: order, stride: stride) { base, rowCount in
      for row in 0..<rowCount { block.append(base + row * stride, packer.recordByteCount) }
      count += rowCount
      if block.count >= 1 << 20 {
        try writer.write(block.bytes)
        block.removeAll()
      }
    }
    try writer.write(block.bytes)
    observer.didProcess(rowCount: count)
    return count
  }
}
