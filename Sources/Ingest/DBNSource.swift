import Catalog
import Columnar
import Compression
import Databento
import Ledger
import Market
import Platform
import RowSources
import Synchronization
import Tables

/// One DBN input: every record kind in it goes to its own table.
final class DBNSource {
  private let pass: IngestPass
  private let item: IngestInput
  private let path: String
  private var input: InputStream?
  private(set) var byteCount = 0
  private var sinks: [RecordKind: KindSink] = [:]
  /// For the thread that watches the memory while another adds sinks.
  private let watched = Mutex<[WatchedSink]>([])
  private var rejected: [RecordKind: [RejectedRow]] = [:]
  private var rejectedCount = 0
  /// What the answer may contain; nil for a file.
  private let scope: (any AnswerScope)?
  private let probe: ContentProbe?
  /// Whether bars keep their ordinals, since the source is not sorted by their values.
  private var keepsBarOrdinals = false

  /// The path of one record kind into its table.
  private struct KindSink {
    let router: DBNRouter
    let assembler: SegmentAssembler
    let target: TableTarget
  }

  /// Its memory may be read at any time; it is spilled only while no other thread works.
  private struct WatchedSink: @unchecked Sendable { let sink: RowSink }

  init(pass: IngestPass, item: IngestInput, input: InputStream) {
    self.pass = pass
    self.item = item
    self.input = input
    path = input.path
    scope = item.delivery?.scope
    probe = input.canBeReadAgain ? item.probe(pass.observer) : nil
  }

  /// Whether an input is DBN: by its name, its first bytes, or since the user gave its version.
  static func isDBN(_ input: InputStream, path: String, options: IngestOptions) throws -> Bool {
    if options.dbnVersion != nil { return true }
    if isNamed(path) { return true }
    if !input.canBeReadAgain {
      // A pipe can't be probed: flags that only other formats need tell it apart.
      return options.kind == nil && options.symbol == nil && options.interval == nil
    }
    let probe = try InputStream(path: path)
    var prelude = [UInt8](repeating: 0, count: DBNMetadata.preludeByteCount)
    let count = try prelude.withUnsafeMutableBytes { try probe.read(into: $0) }
    return prelude[..<count].withUnsafeBytes { DBNMetadata.isPrelude($0) }
  }

  /// Whether the last suffix, except for compression, is one of DBN's: `x.dbn.csv` is a CSV file.
  static func isNamed(_ path: String) -> Bool {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    var suffixes = name.split(separator: ".").dropFirst().map { $0.lowercased() }
    while let last = suffixes.last, ["zst", "zstd", "gz"].contains(last) { suffixes.removeLast() }
    return suffixes.last.map { ["dbn", "frag", "dbz"].contains($0) } ?? false
  }

  func read() throws -> ([SourceWork], DBNFileSummary) {
    if input?.canBeReadAgain == false {
      // A pipe can't be read twice, so nothing may be encoded before everything was read.
      keepsBarOrdinals = true
      return try attempt(mayClose: false)
    }
    var mayClose = true
    while true {
      do {
        return try attempt(mayClose: mayClose)
      } catch is OutOfOrder where mayClose {
        mayClose = false
      } catch is BarsOutOfOrder where !keepsBarOrdinals {
        keepsBarOrdinals = true
      }
    }
  }

  private func attempt(mayClose: Bool) throws -> ([SourceWork], DBNFileSummary) {
    let input = try self.input ?? item.open()
    self.input = nil
    pass.observer.readsFromBeginning()
    sinks = [:]
    watched.withLock { $0 = [] }
    rejected = [:]
    rejectedCount = 0
    let pool = WorkPool(width: pass.options.jobs)
    defer { pool.close() }
    do {
      let reader = DBNFileReader(
        input: input, versionHint: item.options.dbnVersion,
        ordinalBase: item.delivery.map { InputIdentity.ordinalBase(name: $0.identity) },
        instruments: item.delivery?.body.instruments ?? [], pool: pool, observer: pass.observer,
        makeRouter: { [unowned self] in
          try self.makeRouter($0, $1, $2, pool: pool, mayClose: mayClose)
        },
        rejected: { [unowned self] in try self.reject($0, $1) },
        didReadBlocks: { [unowned self] in
          try RowSink.relieve(
            self.watched.withLock { $0.map(\.sink) }, above: self.pass.rowByteCountMax, pool: pool)
        })
      let summary = try reader.run()
      for kind in sinks.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
        try sinks[kind]?.router.sink.finish()
      }
      try pool.finish()
      byteCount = input.compressedOffset
      return (try works(summary), summary)
    } catch {
      pool.cancel()
      throw error
    }
  }

  private func works(_ summary: DBNFileSummary) throws -> [SourceWork] {
    let kinds = sinks.keys.sorted { $0.rawValue < $1.rawValue }
    let assembled = Dictionary(
      uniqueKeysWithValues: kinds.compactMap { kind in
        sinks[kind].map { (kind, $0.assembler.take()) }
      })
    let aside = try quarantined(kinds, assembled, summary)
    return try kinds.compactMap { kind in
      guard let sink = sinks[kind], let rows = assembled[kind] else { return nil }
      try rows.checkAccounts(
        routed: Int(sink.router.sink.ordinal) - sink.router.rejectedCount, path: path)
      for segment in rows.segments { try scope?.check(times: segment.timeRange) }
      var work = SourceWork(
        target: sink.target, sha256: summary.sha256, identity: item.delivery?.identity,
        reading: reading)
      try rows.checkIsStored(work.isDone, path: path)
      work.take(
        rows, interval: item.delivery?.request.interval ?? interval(summary.metadata))
      try pass.replaceStored(rows.replaced, work: &work)
      work.overlap = rows.overlap.finding(
        isKeyed: !sink.target.schema.keyColumns.isEmpty)
      work.flagCount = sink.router.flagCount
      work.rejected = aside[kind]?.fresh ?? []
      work.quarantinedBeforeCount = aside[kind]?.beforeCount ?? 0
      work.symbols = summary.metadata?.symbols ?? []
      work.symbolType = summary.metadata?.stypeIn?.name ?? SType.rawSymbol.name
      work.requestedNames = summary.requestedNames
      return work
    }
  }

  /// A header has everything that is needed; bare records need a version.
  private var reading: InputReading {
    var reading = InputReading()
    reading.add("dbn version", item.options.dbnVersion.map { "\($0)" })
    reading.add("overlap", item.options.overlap == .append ? "append" : nil)
    return reading
  }

  /// The interval of the input by its header; nil if it was cut off by a limit or is open.
  private func interval(_ metadata: DBNMetadata?) -> Range<Int64>? {
    guard let metadata, metadata.limit == nil, let end = metadata.end,
      let first = Int64(exactly: metadata.start), let last = Int64(exactly: end), first < last
    else { return nil }
    return first..<last
  }

  private func makeRouter(
    _ kind: RecordKind, _ metadata: DBNMetadata?, _ version: Int, pool: WorkPool, mayClose: Bool
  ) throws -> DBNRouter? {
    try scope?.check(kind, metadata)
    let schema = try pass.schema(kind.rawValue)
    let dataset = item.options.dataset ?? metadata?.dataset ?? ""
    let target = try pass.target(
      try tableName(kind, dataset), schema: schema, dataset: dataset)
    let mayHaveOrdinal = schema.column(named: TableSchema.ordinalColumn) != nil
    let hasOrdinal = schema.keepsEveryOrdinal || mayHaveOrdinal && keepsBarOrdinals
    let tsOut = metadata?.tsOut ?? false
    let layout = DBNRouter.layout(
      kind: kind, version: version, tsOut: tsOut, hasOrdinal: hasOrdinal)
    let plan = try RowPlan(schema: target.schema, layout: layout, zone: .utc)
    let lookup = try item.isReplacing ? .nothing : target.lookup(probe, reading: reading)
    let assembler = try pass.assembler(plan, target: target, lookup: lookup, pool: pool)
    let sink = pass.sink(plan, assembler, texts: StringTable(), mayClose: mayClose)
    let router = DBNRouter(
      kind: kind, sink: sink,
      recordByteCount: DBNFields.recordByteCount(kind, version: version, tsOut: tsOut),
      hasOrdinal: hasOrdinal, watchesOrder: mayHaveOrdinal && !hasOrdinal,
      checks: plan.checks(schema: schema), scope: scope)
    sinks[kind] = KindSink(router: router, assembler: assembler, target: target)
    let watchedSink = WatchedSink(sink: sink)
    watched.withLock { $0.append(watchedSink) }
    return router
  }

  private func tableName(_ kind: RecordKind, _ dataset: String) throws -> TableName {
    if let table = item.options.table {
      if sinks.isEmpty { return table }
      throw PassError(
        .input, "the file holds several kinds of records, and --as names one table", place: path,
        remedy: "leave --as out: each kind goes to a table of its own")
    }
    if dataset.isEmpty {
      throw PassError(
        .input, "the file does not say which dataset it is from", place: path,
        remedy: "--dataset GLBX.MDP3, or --as raw.name")
    }
    return TableName.raw(dataset: dataset, kind: kind.rawValue)
  }

  private func reject(_ kind: RecordKind, _ row: RejectedRow) throws {
    rejected[kind, default: []].append(try pass.originals.keep(row))
    rejectedCount += 1
    if rejectedCount > SourceRejection.countMax {
      throw tooManyBadRows(
        "more than \(SourceRejection.countMax)", rejected.values.flatMap { $0 },
        remedy: SourceRejection.limitRemedy)
    }
  }

  /// The quarantined rows of each kind, and how many were quarantined when the same content came before.
  ///
  /// - Throws: If there are more than the input may have.
  private func quarantined(
    _ kinds: [RecordKind], _ assembled: [RecordKind: AssembledRows], _ summary: DBNFileSummary
  ) throws -> [RecordKind: (fresh: [RejectedRow], beforeCount: Int)] {
    var aside: [RecordKind: (fresh: [RejectedRow], beforeCount: Int)] = [:]
    var bad: [RejectedRow] = []
    for kind in kinds {
      guard let sink = sinks[kind], let rows = assembled[kind] else { continue }
      let all =
        try (rejected[kind] ?? [])
        + rows.conflicts.map { try pass.originals.keep(RejectedRow($0, position: nil)) }
      let fresh = try pass.quarantine.fresh(
        all, table: sink.target.name, sha256: summary.sha256)
      aside[kind] = (fresh, all.count - fresh.count)
      // Invalid stream messages, like mappings without a time, fail no file.
      bad += kind.isSchema ? fresh : fresh.filter(\.isConflict)
    }
    if Double(bad.count) > item.options.badRowShareMax * Double(summary.recordCount) {
      let areMostBad = bad.count > Int(summary.recordCount) / 2
      throw tooManyBadRows(
        "\(bad.count) of \(summary.recordCount)", bad,
        remedy: areMostBad
          ? bad.contains { $0.isConflict } && item.delivery == nil
            ? "check that it belongs into this table: --as raw.NAME stores it into another"
            : "check that it is whole and what its name says: lake dbn FILE prints its records"
          : item.badRowSetting)
    }
    return aside
  }

  private func tooManyBadRows(
    _ count: String, _ rows: [RejectedRow], remedy: String
  ) -> PassError {
    PassError(
      .tooManyBadRows, "\(count) rows are bad" + RejectedRow.words(rows), place: path,
      remedy: remedy)
  }
}
