import Bytes
import Catalog
import Columnar
import Databento
import DeltaLog
import Ingest
import Parquet
import Platform
import Tables

/// Writes a table's rows as DBN records, equal field by field, in the order of their source.
///
/// Rows of one source keep its order: by their ordinals, or, for bars, which have none, by time,
/// instrument and publisher. Sources of a date are merged by index time. All in bounded memory.
public final class DBNExport {
  /// How files are written.
  public struct Options: Sendable {
    /// Raw symbols; empty means all.
    public var symbols: Set<String> = []
    /// Index timestamps in ns: half-open; nil means all.
    public var range: Range<Int64>?
    /// The version of the format.
    public var version = DBNFields.versionMax
    /// Whether existing files are replaced.
    public var overwrites = false
    /// Memory for sorting, in bytes.
    public var memoryByteCount = 192 << 20
    /// Folder for rows of a date that don't fit into memory: a lake that is only read need not be writable.
    public var spillFolder = "/tmp"

    /// The newest version, without replacing files.
    public init() {}
  }

  /// What was written.
  public struct Report: Sendable {
    /// Records of all files.
    public var recordCount = 0
    /// Bytes of all files.
    public var byteCount = 0
    /// Dates that had rows.
    public var dates = 0
  }

  private let table: LakeTable
  private let snapshot: Snapshot
  private let plain: PlainFiles
  private let schema: TableSchema
  private let kind: RecordKind
  private let options: Options
  private let observer: any PassObserver

  /// - Throws: `PassError` for a table whose rows are not DBN records.
  public init(
    lake: Lake, table: String, options: Options, observer: any PassObserver = NoObserver()
  ) throws {
    self.options = options
    self.observer = observer
    self.table = try lake.table(named: table)
    snapshot = try self.table.snapshot(applies: .allFeatures)
    plain = PlainFiles(snapshot, root: self.table.path)
    guard let schema = try self.table.schema(of: snapshot, in: lake),
      let kind = RecordKind(rawValue: schema.kind)
    else {
      throw PassError(
        .input,
        "'\(table)' holds \(snapshot.configuration[TableProperty.schema] ?? "foreign rows"), which are no DBN records",
        place: self.table.path,
        remedy: "lake query \(table) -o rows.parquet writes Parquet, -o rows.csv CSV")
    }
    self.schema = schema
    self.kind = kind
  }

  /// - Parameter path: `-` is standard output; `.zst` compresses.
  public func write(to path: String) throws -> Report {
    let period = try snapshot.partitionPeriod()
    let byStart = Dictionary(grouping: try snapshot.files) { period.start(of: $0) ?? .min }
    let starts = byStart.keys.sorted()
    let map = try InstrumentMap(
      partitions: try starts.filter { $0 != .min }.map { start in
        (period.days(around: start), try (byStart[start] ?? []).map(localPath))
      }, indexColumn: schema.indexColumn, symbols: options.symbols)
    if let unknown = options.symbols.sorted().first(where: { !map.known.contains($0) }) {
      throw PassError(
        .input, "the table has no symbol '\(unknown)'", place: table.path,
        remedy: NearestNames.question(unknown, among: map.known.sorted())
          ?? "lake describe \(ShellText.path(table.displayName))")
    }
    let packer = try RecordPacker(kind: kind, version: options.version, schema: schema)
    if packer.isNarrower {
      // Before a byte is written: the reader of a pipe cannot be told that its data is void.
      for start in starts { try check(try (byStart[start] ?? []).map(localPath), packer) }
    }
    let writer = try DBNWriter(
      path: path, metadata: metadata(map), overwrites: options.overwrites)
    var report = Report()
    for partition in starts {
      if observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
      observer.begin(partition == .min ? "" : CivilDate(daysSinceEpoch: partition).iso)
      // The files of a partition are in order of their intervals.
      let files = (byStart[partition] ?? []).sorted {
        (start($0), $0.path) < (start($1), $1.path)
      }
      let (count, dates) = try writePartition(try files.map(localPath), packer, to: writer)
      report.recordCount += count
      report.dates += dates
    }
    try writer.finish()
    report.byteCount = writer.byteCount
    return report
  }

  private func localPath(_ file: AddFile) throws -> String { try plain.path(of: file) }

  private func start(_ file: AddFile) -> Int64 {
    file.tag(SegmentTag.start).flatMap { Int64($0) } ?? 0
  }

  /// Checks that all records fit.
  private func check(_ paths: [String], _ packer: RecordPacker) throws {
    for path in paths {
      if observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
      try packer.pack(path: path, fileNumber: 0, options: options) { _, _, _ in }
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
          : "lake query \(ShellText.path(table.displayName)) -o rows.parquet writes Parquet, -o rows.csv CSV"
      )
    }
    var metadata = DBNMetadata(
      version: options.version, dataset: snapshot.configuration[TableProperty.dataset] ?? "",
      schema: kind, start: 0, end: nil, symbols: map.symbols, mappings: map.mappings)
    let range = options.range ?? map.range
    metadata.start = UInt64(max(0, range.lowerBound))
    metadata.end = UInt64(max(0, range.upperBound))
    return metadata
  }

  /// Sorts and writes the records of one partition.
  ///
  /// - Returns: Number of records, and of dates.
  private func writePartition(
    _ paths: [String], _ packer: RecordPacker, to writer: DBNWriter
  ) throws -> (count: Int, dates: Int) {
    let sorter = ExportSorter(
      packer, spillFolder: options.spillFolder, options.memoryByteCount / 2)
    for (number, path) in paths.enumerated() {
      try packer.pack(path: path, fileNumber: number, options: options, body: sorter.add)
    }
    var count = 0
    var (dates, dayStart, dayEnd): (Set<Int64>, Int64, Int64) = ([], 1, 0)
    let block = ByteBuffer()
    try sorter.forEachSpan { base, rowCount in
      for row in 0..<rowCount {
        let record = base + row * packer.stride
        block.append(record, packer.recordByteCount)
        let time = packer.time(ofPacked: record)
        if time >= dayStart, time < dayEnd { continue }
        let day = floorDivide(time, CivilDate.nanosecondsPerDay)
        dates.insert(day)
        dayStart = day.multipliedReportingOverflow(by: CivilDate.nanosecondsPerDay).partialValue
        dayEnd = dayStart.addingReportingOverflow(CivilDate.nanosecondsPerDay).partialValue
      }
      count += rowCount
      if block.count >= 1 << 20 {
        try writer.write(block.bytes)
        block.removeAll()
      }
    }
    try writer.write(block.bytes)
    observer.didProcess(rowCount: count)
    return (count, dates.count)
  }
}

/// Sorts packed records of one date: those of each source in its own order, and the sources by index time.
private final class ExportSorter {
  private let packer: RecordPacker
  private let spillFolder: String
  private let byteCountMax: Int
  private let order: RowOrder
  private let pool: RowPool
  /// In the order of their first rows.
  private var sources: [SymbolRows] = []
  private var indexes: [ExportSource: Int] = [:]
  private var spill: SpillFile?

  init(_ packer: RecordPacker, spillFolder: String, _ byteCountMax: Int) {
    self.packer = packer
    self.spillFolder = spillFolder
    self.byteCountMax = byteCountMax
    order = RowOrder(indexOffset: packer.recordByteCount, sequence: packer.tieBreaker)
    pool = RowPool(stride: packer.stride)
  }

  func add(_ record: UnsafeRawPointer, _ source: ExportSource, _ key: SortKey) throws {
    let index = indexes[source] ?? sources.count
    if index == sources.count {
      indexes[source] = index
      sources.append(SymbolRows(code: 0))
    }
    try add(record, key, to: &sources[index])
    if pool.usedByteCount < byteCountMax { return }
    for index in sources.indices { try spillRows(&sources[index]) }
  }

  private func add(
    _ record: UnsafeRawPointer, _ key: SortKey, to rows: inout SymbolRows
  ) throws {
    rows.append(key, from: pool).copyMemory(from: record, byteCount: packer.stride)
  }

  private func spillRows(_ rows: inout SymbolRows) throws {
    if rows.run.rowCount == 0 { return }
    let file = try spill ?? SpillFile(inTemporary: spillFolder, stride: packer.stride)
    spill = file
    let sorted = order.sorted(rows.run.pointers(stride: packer.stride))
    rows.fragments.append(try file.write(sorted, order: order))
    pool.give(rows.takeRun().chunks)
  }

  /// Calls `body` with spans of records, in order.
  func forEachSpan(_ body: (UnsafeRawPointer, Int) throws -> Void) throws {
    if sources.count > 1 { try mergeSources() }
    guard let rows = sources.first else { return }
    try RowMerge.forEachSpan(rows, order: order, stride: packer.stride, body)
  }

  /// Merges all sources into one: a row is sorted by the latest time so far in its own source.
  private func mergeSources() throws {
    var merged = SymbolRows(code: 0)
    let row = ByteBuffer(capacity: packer.stride)
    for number in sources.indices {
      try spillRows(&sources[number])
      var latest = Int64.min
      var count: UInt64 = 0
      try RowMerge.forEachSpan(sources[number], order: order, stride: packer.stride) {
        base, rowCount in
        for index in 0..<rowCount {
          row.removeAll()
          row.append(base + index * packer.stride, packer.stride)
          latest = max(
            latest,
            UnsafeRawPointer(row.base).loadLE(packer.recordByteCount + 16, as: Int64.self))
          let key = SortKey(
            index: latest,
            sequence: UInt64(number) << UInt64(SourceOrdinal.positionBitCount) | count)
          row.base.storeLE(key.index, packer.recordByteCount)
          row.base.storeLE(key.sequence, packer.recordByteCount + 8)
          try add(UnsafeRawPointer(row.base), key, to: &merged)
          count += 1
          if pool.usedByteCount >= byteCountMax { try spillRows(&merged) }
        }
      }
    }
    sources = [merged]
  }
}
