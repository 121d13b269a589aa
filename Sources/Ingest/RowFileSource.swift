import Catalog
import Columnar
import Compression
import Ledger
import Market
import Massive
import Platform
import RowSources
import Tables

/// One CSV or Parquet input, being read into one table.
final class RowFileSource {
  let pass: IngestPass
  let item: IngestInput
  let path: String
  private var input: InputStream?
  private(set) var rowCount = 0
  private(set) var sentinelCount = 0
  /// Rows that are stored though they break a rule, by rule.
  private(set) var flagCounts: [String: Int] = [:]
  private(set) var ambiguousTimeCount = 0
  private(set) var byteCount = 0
  /// What is worth a line beside the figures.
  private(set) var notes: [String] = []

  init(pass: IngestPass, item: IngestInput, input: InputStream) {
    self.pass = pass
    self.item = item
    self.input = input
    path = input.path
  }

  /// - Throws: `NeedsWiderColumns` where the rows show it; then all inputs of the table are read again.
  func read() throws -> SourceWork {
    // Standard input can't be read twice, so nothing may be encoded before everything was read.
    if input?.canBeReadAgain == false { return try attempt(mayClose: false) }
    do {
      return try attempt(mayClose: true)
    } catch is OutOfOrder {
      return try attempt(mayClose: false)
    }
  }

  private func attempt(mayClose: Bool) throws -> SourceWork {
    let input = try self.input ?? item.open()
    self.input = nil
    pass.observer.readsFromBeginning()
    let probe = input.canBeReadAgain ? item.probe(pass.observer) : nil
    let opened = try open(input)
    let newTable = input.canBeReadAgain ? try newTable(opened) : nil
    if let newTable, item.delivery == nil { pass.openTables.insert(newTable) }
    let target = try target(opened)
    let hasOrdinal = opened.schema.keepsEveryOrdinal
    let layout = RowRouter.layout(opened.source.layout, hasOrdinal: hasOrdinal)
    let zone = try TimeZoneRules.named(target.timeZone)
    let plan = try RowPlan(
      schema: target.schema, layout: layout, zone: zone, filled: opened.source.filledColumns)
    let pool = WorkPool(width: pass.options.jobs)
    defer { pool.close() }
    do {
      let reading = Self.reading(item, schema: opened.schema)
      let lookup = try item.isReplacing ? .nothing : target.lookup(probe, reading: reading)
      let assembler = try pass.assembler(
        plan, target: target, lookup: lookup, pool: pool,
        gathersSymbols: item.delivery == nil && item.options.symbol == nil)
      let sink = pass.sink(plan, assembler, texts: opened.source.strings, mayClose: mayClose)
      let router = RowRouter(
        sink: sink, sourceByteCount: opened.source.layout.stride,
        ordinalBase: hasOrdinal ? try ordinalBase(opened.schema) : nil,
        timeZone: zone)
      let rejected = try readRows(
        opened, target, router, input, pool, newTable: newTable)
      try sink.finish()
      try pool.finish()
      for note in opened.source.report.notes {
        pass.observer.warn(PassError(.input, note, place: path))
      }
      return try work(opened, target, assembler.take(), routed: router.rowCount, rejected)
    } catch {
      pool.cancel()
      throw error
    }
  }

  /// The high bits of the source's ordinals, which differ from other sources'.
  private func ordinalBase(_ schema: TableSchema) throws -> Int64 {
    if let delivery = item.delivery { return InputIdentity.ordinalBase(name: delivery.identity) }
    // A pipe can't be read in advance: the run identifies it.
    if path == "-" { return InputIdentity.ordinalBase(name: pass.run.id) }
    let input = try InputStream(path: path)
    var beginning = [UInt8](repeating: 0, count: BlockReader.blockByteCount)
    let count = try beginning.withUnsafeMutableBytes { try input.read(into: $0) }
    return beginning.withUnsafeBytes {
      InputIdentity.ordinalBase(
        beginning: UnsafeRawBufferPointer(rebasing: $0[..<count]), byteCount: input.fileByteCount,
        reading: Self.reading(item, schema: schema))
    }
  }

  private func readRows(
    _ opened: OpenSource, _ target: TableTarget, _ router: RowRouter, _ input: InputStream,
    _ pool: WorkPool, newTable: TableName?
  ) throws -> [RejectedRow] {
    var rejected: [RejectedRow] = []
    var offset = 0
    let block = RowBlock(layout: opened.source.layout)
    while try opened.source.next(block) {
      if pass.observer.isInterrupted { throw PassError(.interrupted, "interrupted") }
      pass.observer.didRead(byteCount: input.compressedOffset - offset)
      offset = input.compressedOffset
      pass.observer.didProcess(rowCount: block.rowCount)
      try router.route(block)
      rejected += try takeRejected(opened)
      if let newTable { try checkWidths(opened, of: newTable) }
      if rejected.count > SourceRejection.countMax {
        let report = opened.source.report
        throw tooManyBadRows(
          rejected.count, Int(report.rowCount + report.rejectedCount),
          "more than \(SourceRejection.countMax)", rejected, opened,
          remedy: SourceRejection.limitRemedy)
      }
      try RowSink.relieve([router.sink], above: pass.rowByteCountMax, pool: pool)
    }
    byteCount = input.fileByteCount ?? input.compressedOffset
    rejected += try takeRejected(opened)
    rowCount = Int(opened.source.report.rowCount + opened.source.report.rejectedCount)
    sentinelCount = Int(opened.source.report.sentinelCount)
    ambiguousTimeCount = Int(opened.source.report.ambiguousTimeCount)
    try checkShare(try fresh(rejected, opened, target), opened)
    return rejected
  }

  /// The rows that were not quarantined before, when the same content came.
  private func fresh(
    _ rows: [RejectedRow], _ opened: OpenSource, _ target: TableTarget
  ) throws -> [RejectedRow] {
    guard let sha256 = opened.source.contentHash else { return rows }
    return try pass.quarantine.fresh(rows, table: target.name, sha256: sha256)
  }

  private func checkShare(_ aside: [RejectedRow], _ opened: OpenSource) throws {
    if Double(aside.count) > item.options.badRowShareMax * Double(rowCount) {
      throw tooManyBadRows(
        aside.count, rowCount, "\(aside.count) of \(rowCount)", aside, opened)
    }
  }

  private func takeRejected(_ opened: OpenSource) throws -> [RejectedRow] {
    try opened.source.takeRejected().map { try pass.originals.keep(RejectedRow($0)) }
  }

  private func work(
    _ opened: OpenSource, _ target: TableTarget, _ rows: AssembledRows, routed: Int,
    _ rejected: [RejectedRow]
  ) throws -> SourceWork {
    try rows.checkAccounts(routed: routed, path: path)
    let aside = try rejected + conflicts(rows.conflicts, rejected, opened, target)
    let freshAside = try fresh(aside, opened, target)
    try checkShare(freshAside, opened)
    guard let sha256 = opened.source.contentHash else {
      throw PassError(.input, "the input was not read to its end", place: path)
    }
    var work = SourceWork(
      target: target, sha256: sha256, identity: item.delivery?.identity,
      reading: Self.reading(item, schema: opened.schema))
    try rows.checkIsStored(work.isDone, path: path)
    work.take(rows, interval: item.delivery?.request.interval)
    try pass.replaceStored(rows.replaced, work: &work)
    work.overlap = rows.overlap.finding(isKeyed: !opened.schema.keyColumns.isEmpty)
    flagCounts = opened.source.report.flagged.mapValues { Int($0) }
    work.flagCount = Int(opened.source.report.flaggedRowCount)
    work.rejected = freshAside
    work.quarantinedBeforeCount = aside.count - freshAside.count
    let named = item.options.symbol.map { [$0] } ?? (opened.source as? MassiveSource)?.tickers
    work.symbols = named ?? (item.delivery == nil ? rows.symbols.names : [])
    work.namesSymbolsByRows = named == nil
    warnOfFolder(work.symbols)
    return work
  }

  private func conflicts(
    _ conflicts: [KeyConflict], _ rejected: [RejectedRow], _ opened: OpenSource,
    _ target: TableTarget
  ) throws -> [RejectedRow] {
    if conflicts.isEmpty { return [] }
    var places = ConflictPlaces(conflicts, rejected: rejected)
    let input = path == "-" ? nil : try item.open()
    if let input, input.canBeReadAgain {
      let again = try open(input)
      let plan = try RowPlan(
        schema: target.schema, layout: again.source.layout,
        zone: TimeZoneRules.named(target.timeZone), filled: again.source.filledColumns)
      try places.look(through: again.source, plan: plan) { pass.observer.isInterrupted }
    }
    return try conflicts.indices.map {
      try pass.originals.keep(places.rejected(conflicts[$0], index: $0))
    }.sorted { $0.position < $1.position }
  }

  /// - Parameters:
  ///   - badCount: Bad rows among the first `rowCount`.
  ///   - count: How many, in words.
  private func tooManyBadRows(
    _ badCount: Int, _ rowCount: Int, _ count: String, _ rejected: [RejectedRow],
    _ opened: OpenSource, remedy: String? = nil
  ) -> PassError {
    let (format, schema) = (opened.format, opened.schema)
    if opened.source.report.rowCount == 0, let blank = blankColumn(rejected, schema) {
      return blank
    }
    let mending =
      format == .pages
      ? nil
      : widening(opened)
        ?? rejected.first.flatMap { Self.remedy($0.rule, tableName(kind: schema.kind)) }
    // If most rows are bad, the file is read in the wrong way: the remedy should not be to quarantine them all.
    let areMostBad = badCount * 2 > rowCount
    let setting =
      areMostBad
      ? item.delivery == nil
        ? "check that it is the right file, and how it is read: --map, --timezone, --schema"
        : "run it again later: the vendor's answer is not as documented"
      : item.badRowSetting
    return PassError(
      .tooManyBadRows, "\(count) rows are bad" + RejectedRow.words(rejected), place: path,
      remedy: mending.map { areMostBad ? $0 : $0 + "; or " + (remedy ?? setting) }
        ?? (areMostBad ? setting : remedy ?? setting))
  }

  /// If every row lacks the same value: a column without values is as good as missing.
  private func blankColumn(_ rejected: [RejectedRow], _ schema: TableSchema) -> PassError? {
    guard let first = rejected.first, first.rule == RejectionRule.nullRequired.rawValue,
      first.reason.hasPrefix("'"),
      rejected.allSatisfy({ $0.rule == first.rule && $0.reason == first.reason })
    else { return nil }
    let name = String(first.reason.dropFirst().prefix { $0 != "'" })
    let column = schema.columns.first {
      [$0.name, $0.source].contains(name) || $0.aliases.contains(name)
    }
    let ours = column?.name ?? name
    return PassError(
      .input,
      "the file's column '\(name)' has no value in any row, and every row of \(schema.kind) needs one",
      place: path,
      remedy: ours == "symbol"
        ? "name it: --symbol SPY --map '\(name)=-', or the column that holds it: --map 'theirs=symbol'"
        : "name the column that holds it: --map 'theirs=\(ours)'")
  }

  /// A remedy for rows that break a rule of the file's format.
  private static func remedy(_ rule: String, _ table: TableName?) -> String? {
    if rule == RejectedRow.conflictRule {
      return
        "if the file corrects what is stored, take that back first: lake history \(table?.description ?? "TABLE") shows the versions to go back to with lake restore"
    }
    return switch RejectionRule(rawValue: rule) {
    case .badTime:
      "write times as 2024-01-02T14:30:00Z or 20240102 14:30, or map another column: --map 'theirs=ts_event'"
    case .notANumber: "write numbers as 1234.5, or leave the column out: --map 'theirs=-'"
    case .fractionInInteger: "leave the column out: --map 'theirs=-'"
    case .tooManyDecimals, .notAnExactDecimal:
      "round the numbers in the file to the decimals that the table keeps"
    case .naiveTime: "say the time zone: --timezone America/New_York"
    case .invalidUTF8: "convert the file: iconv -f LATIN1 -t UTF-8"
    case .raggedRow:
      "give every row as many fields as the header has; one with a delimiter in it goes in quotes"
    case .badQuote: "end a quoted value at its second quote, and double the quotes within it"
    case .nulByte: "remove the NUL bytes from the file"
    case .doesNotFit, .unsupportedValue, .unknownLetter:
      "correct the values, or leave the column out: --map 'theirs=-'"
    case .timeGap: "correct the times, or the zone: --timezone"
    case .timeOutOfRange: "correct the times, or map another column: --map 'theirs=ts_event'"
    case .timeTooFine: "round the times in the file to the microseconds that the table keeps"
    case .timeAmbiguous: "say which is meant: --ambiguous earliest, or latest"
    case .timeUnit: "write all times in one unit, or as 2024-01-02T14:30:00Z"
    case .dateDisagrees:
      "leave the column of dates out: --map 'theirs=-'; or say the zone: --timezone"
    case .nullRequired: "fill the values, or name another column: --map 'theirs=ours'"
    case .otherRecordType: "say the kind of the rows: --schema"
    case nil: nil
    }
  }

  /// Opens the file as its rows are read: whatever refuses it before the first row does so here.
  func open(_ input: InputStream) throws -> OpenSource {
    guard let delivery = item.delivery, let rows = delivery.rows else {
      let (options, hint) = try inspectedOptions()
      return try SourceFile.open(input, options: options, hint: hint, lake: pass.lake) {
        try traits(kind: $0)
      }
    }
    let schema = try pass.schema(delivery.request.schema)
    return OpenSource(source: try rows.open(input, schema), schema: schema, format: .pages)
  }

  /// What is known of the table for a kind of rows.
  private func traits(kind: String) throws -> TargetTraits {
    guard let table = tableName(kind: kind) else { return TargetTraits() }
    return TargetTraits(
      partitionZone: try pass.timeZone(of: table).map { try TimeZoneRules.named($0) },
      wideColumns: try pass.wideColumns(of: table) ?? pass.widths[table] ?? [])
  }

  private func target(_ opened: OpenSource) throws -> TableTarget {
    let schema = opened.schema
    let placement = opened.placement
    let dataset = item.options.dataset ?? placement?.dataset ?? ""
    let setting = item.delivery?.setting ?? placement?.setting ?? dateSetting(opened)
    if let table = item.options.table ?? (item.options.dataset == nil ? placement?.table : nil) {
      return try checkedDates(
        opened, try pass.target(table, schema: schema, dataset: dataset, setting: setting))
    }
    if dataset.isEmpty {
      throw PassError(
        .input, "nothing says which table the rows belong to", place: path,
        remedy: "--as raw.NAME, or --dataset NAME for the table raw.NAME_KIND")
    }
    return try checkedDates(
      opened,
      try pass.target(
        TableName.raw(dataset: dataset, kind: schema.kind), schema: schema, dataset: dataset,
        setting: setting))
  }

  /// A table of dates without times keeps them as they are: it is partitioned in their zone.
  private func dateSetting(_ opened: OpenSource) -> TableSetting? {
    opened.source.dates.map { TableSetting(timeZone: $0.zone.name) }
  }

  /// A date stays that date: in a table with another partition zone it would become the previous or next one.
  private func checkedDates(_ opened: OpenSource, _ target: TableTarget) throws -> TableTarget {
    guard let (zone, day) = opened.source.dates, zone.name != target.timeZone else { return target }
    let (start, overflow) = zone.startOfDay(day).multipliedReportingOverflow(by: 1_000_000_000)
    let own = try TimeZoneRules.named(target.timeZone)
    if overflow || own.localDay(nanoseconds: start) == day { return target }
    throw PassError(
      .input,
      "the file's dates, like '\(CivilDate(daysSinceEpoch: day).iso)', begin in '\(zone.name)' on another date of "
        + "'\(target.timeZone)', by which '\(target.name)' is cut", place: path,
      remedy:
        "--timezone \(target.timeZone) if they are its dates, or store them into a table of their own: "
        + "--as raw.NAME")
  }
}
