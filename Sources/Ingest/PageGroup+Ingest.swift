import Bytes
import Catalog
import Columnar
import Ledger
import Market
import Massive
import Platform
import Synchronization
import Tables

extension PageGroup {
  /// Files that are read ahead, on the threads of a pool, in order, each into memory of its own.
  private final class Reader: Sendable {
    private let results = Mutex<[Int: File?]>([:])
    private let pool: WorkPool
    private let shape: Shape
    // A scratch belongs to one file from the start of its reading until its rows are routed.
    nonisolated(unsafe) private let scratches: [Scratch]

    init(_ pool: WorkPool, _ shape: Shape) {
      self.pool = pool
      self.shape = shape
      scratches = (0...PageGroup.aheadMax).map { _ in Scratch(layout: shape.kind.layout) }
    }

    func scratch(_ index: Int) -> Scratch { scratches[index % scratches.count] }

    func begin(_ index: Int, _ path: String) {
      pool.add {
        // An error in a file is found again, and reported, when it is read by itself.
        let file = try? File(path, shape: self.shape, scratch: self.scratch(index))
        self.results.withLock { $0[index] = .some(file) }
      }
    }

    func take(_ index: Int) throws -> File? {
      try pool.help(until: { self.results.withLock { $0[index] != nil } })
      return results.withLock { $0.removeValue(forKey: index) } ?? nil
    }
  }

  /// The result for each file; nil if they must be read one after the other.
  func ingest() throws -> [GroupedFile]? {
    let pool = WorkPool(width: pass.options.jobs)
    defer { pool.close() }
    do {
      return try read(pool)
    } catch {
      pool.cancel()
      if let error = error as? PassError, error.code == .interrupted { throw error }
      // Read by itself, the file reports its error.
      return nil
    }
  }

  private func read(_ pool: WorkPool) throws -> [GroupedFile] {
    let (options, hint) = try RowFileSource.reading(pass, pass.options)
    let shape = try Shape(paths[0], options: options, hint: hint, lake: pass.lake)
    let reader = Reader(pool, shape)
    for (index, path) in paths.prefix(Self.aheadMax).enumerated() { reader.begin(index, path) }
    let table = try Table(shape, pass: pass, pool: pool)
    var files: [GroupedFile] = []
    var hashes: Set<String> = []
    for index in paths.indices {
      if pass.observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
      guard let file = try reader.take(index) else { throw NotPlain() }
      let ahead = index + Self.aheadMax
      if ahead < paths.count { reader.begin(ahead, paths[ahead]) }
      let grouped = GroupedFile(file, target: table.target, options: pass.options)
      if grouped.work.isDone || !hashes.insert(file.sha256).inserted { throw NotPlain() }
      files.append(grouped)
      pass.observer.didRead(byteCount: file.byteCount)
      pass.observer.didProcess(rowCount: file.rowCount)
      try table.route(file, reader.scratch(index).block)
    }
    try table.finish(&files)
    return files
  }

  /// Collects the rows of all files for one table.
  private final class Table {
    let target: TableTarget
    private let pass: IngestPass
    private let pool: WorkPool
    private let texts = StringTable()
    private let router: RowRouter
    private let assembler: SegmentAssembler

    init(_ shape: Shape, pass: IngestPass, pool: WorkPool) throws {
      self.pass = pass
      self.pool = pool
      guard pass.options.table != nil || pass.options.dataset == nil else { throw NotPlain() }
      let (placement, layout) = (shape.placement, shape.kind.layout)
      target = try pass.target(
        pass.options.table ?? placement.table,
        schema: try pass.schema(shape.schemaKind),
        dataset: pass.options.dataset ?? placement.dataset, setting: placement.setting)
      let zone = try TimeZoneRules.named(target.timeZone)
      let plan = try RowPlan(schema: target.schema, layout: layout, zone: zone)
      assembler = try pass.assembler(plan, target: target, lookup: try target.lookup(), pool: pool)
      let sink = pass.sink(plan, assembler, texts: texts, mayClose: false)
      router = RowRouter(
        sink: sink, sourceByteCount: layout.stride, ordinalBase: nil,
        timeZone: zone)
    }

    func route(_ file: File, _ block: RowBlock) throws {
      recode(file.strings, block)
      try router.route(block)
      try RowSink.relieve([router.sink], above: pass.rowByteCountMax, pool: pool)
    }

    /// Replaces a file's text codes by those of the table.
    private func recode(_ strings: StringTable, _ block: RowBlock) {
      var codes = [UInt32](repeating: 0, count: strings.count)
      strings.values.bytes.withUnsafeBytes { bytes in
        for code in codes.indices.dropFirst() {
          let range = strings.values.byteRange(code)
          codes[code] = texts.code(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
      }
      let stride = block.layout.stride
      for field in block.layout.fields where field.form == .text {
        var at = block.bytes.base + field.offset
        for _ in 0..<block.rowCount {
          at.storeLE(codes[Int(UnsafeRawPointer(at).loadLE(0, as: UInt32.self))], 0)
          at += stride
        }
      }
    }

    /// Encodes all rows; the first file has the segments.
    func finish(_ files: inout [GroupedFile]) throws {
      try router.sink.finish()
      try pool.finish()
      let rows = assembler.take()
      guard rows.duplicateCount == 0, rows.alreadyStoredCount == 0, rows.replaced.isEmpty,
        rows.conflicts.isEmpty, !files.isEmpty
      else {
        // What was encoded is removed with the run's folder.
        throw NotPlain()
      }
      try rows.checkAccounts(routed: router.rowCount, path: files[0].file.path)
      files[0].work.take(rows, interval: nil)
      for index in files.indices {
        files[index].work.interval = files[index].file.interval
        files[index].work.symbols = files[index].file.tickers
        files[index].work.flagCount = files[index].file.flagCount
      }
    }
  }
}

/// A file of a group, and what it adds to its table.
struct GroupedFile {
  let file: PageGroup.File
  var work: SourceWork
  var sha256: String { file.sha256 }

  init(_ file: PageGroup.File, target: TableTarget, options: IngestOptions) {
    self.file = file
    work = SourceWork(
      target: target, sha256: file.sha256,
      reading: RowFileSource.reading(
        IngestInput(path: file.path, options: options), schema: target.schema))
  }

  /// The file's entry in the report.
  func report() -> IngestFileReport {
    var report = IngestFileReport(path: file.path)
    report.tables = [work.target.name]
    report.rowsProcessed = file.rowCount
    report.rowsStored = file.rowCount
    report.flagCount = file.flagCount
    report.bytesIn = file.byteCount
    report.bytesOut = work.segments.reduce(0) { $0 + $1.staged.byteCount }
    report.sha256 = file.sha256
    return report
  }

  /// The event for the coverage ledger.
  func event(runID: String) -> CoverageEvent? {
    var event = work.event(path: file.path, byteCount: file.byteCount, runID: runID)
    event?.rowCount = Int64(file.rowCount)
    return event
  }
}

extension IngestPass {
  /// Reads the leading page files together, if they are simple.
  ///
  /// - Returns: How many there are, and whether they were taken; if not, each must be read by itself.
  func takePages(_ paths: ArraySlice<String>) throws -> (count: Int, isTaken: Bool) {
    let candidates = PageGroup.candidates(paths, pass: self)
    if candidates.isEmpty { return (0, false) }
    observer.begin(candidates[0])
    let files: [GroupedFile]?
    do {
      files = try PageGroup(pass: self, paths: candidates).ingest()
    } catch let error as PassError where error.code == .interrupted {
      // Read one by one, they are interrupted one by one.
      files = nil
    }
    guard let files else { return (candidates.count, false) }
    try add(files)
    return (files.count, true)
  }
}
