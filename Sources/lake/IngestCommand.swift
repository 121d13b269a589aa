import Catalog
import CommandLineKit
import Ingest
import JSON
import Platform
import Query
import RowSources
import Tables

/// Puts market-data files into the lake.
struct IngestCommand: JobCommand {
  static let spec = CommandSpec(
    name: "ingest",
    summary: "Put market-data files into the lake: split by date, sorted, each file whole or not.",
    operands: [
      OperandSpec(
        "FILE",
        help:
          "DBN (.dbn, .dbn.zst), CSV (.csv, .gz, .zst), Parquet, Massive's pages (.json), a folder, a Delta table, or '-' for stdin.",
        isRepeated: true)
    ],
    flags: [
      .outputTable(help: "Table to store into (default: by dataset and kind)."),
      .option("symbol", "SYMBOL", help: "Symbol of rows that carry none."),
      .option(
        "symbol-from-name", "PATTERN",
        help:
          "The same from each file's name, like '{symbol}_1d.csv' or '{symbol}/*.csv'; '*' is any text."
      ),
      .option("interval", "INTERVAL", help: "Interval of bars, like 1s or 1m."),
      .option("schema", "KIND", help: "Record kind of rows, like trades or mbp-1."),
      .option("dataset", "DATASET", help: "Vendor's dataset, like GLBX.MDP3."),
      .option("timezone", "ZONE", help: "Zone of times without one, like America/New_York."),
      .option(
        "ambiguous", "WHICH",
        help: "Times that happened twice: earliest (default), latest, or reject."),
      .option(
        "map", "THEIRS=OURS", repeatable: true,
        help: "Column THEIRS of the file is our OURS; '-' leaves it out."),
      .option("columns", "NAMES", help: "Names of all columns of a CSV file without a header."),
      .option("delimiter", "CHAR", help: "What separates fields of a CSV file, like ';' or 'tab'."),
      .option("dbn-version", "N", help: "Version of DBN records without a header (1, 2 or 3)."),
      .option("jobs", "N", help: "Threads (default: as many as there are processors)."),
      .option("memory", "SIZE", help: "Memory for rows and encoders (default 192MB)."),
      .option(
        "max-bad", "SHARE",
        help: "Share of bad and conflicting rows above which a file fails (default 0.1)."),
      .option(
        "overlap", "HOW",
        help: "Rows that the table may have already: merge (default), union, append or refuse."),
      .label,
    ] + textFlags + [
      .switch("wide", help: "Each column is a symbol: its values become a series."),
      .plan(help: "Show what is recognised of each text file, and what is missing; store nothing."),
    ],
    notes: [
      "Of a Delta table of another program the live rows are taken, without deleted ones; partition values are columns.",
      "The same content read the same way is a no-op, whatever the file's name or compression. Read otherwise (another "
        + "--symbol, --timezone, --map …) it is another input. Bad rows go to a quarantine table with the reason; a "
        + "file that can't be decoded adds nothing, the others go on, and the exit status is 2.",
      "Files may overlap what is stored. Bars and definitions have a key: an equal row is left out, another one is set "
        + "aside as a conflict. Ticks have none: of equal rows of one symbol and time the table keeps as many as the file "
        + "that has most of them, so equal rows of one file are all kept, and equal rows of two files are taken for the "
        + "same event. What a cut divides between two files is lost then: cut files between instants. Where nothing tells "
        + "events apart (no sequence, no id, no nanoseconds), or where rows meet stored ones and none is equal, it is said "
        + "and the exit status is 1. --overlap union does the same and says nothing, --overlap append stores all rows, "
        + "--overlap refuse fails a file whose rows meet stored ones.",
    ],
    examples: [
      Example("lake ingest ~/downloads/*.dbn.zst", "each kind of record to its own table"),
      Example(
        "lake ingest ES_2021_01.csv --as raw.es_ohlcv_1s --symbol ESH1 --interval 1s",
        "bars from a CSV file"),
      Example("lake ingest pages/*.json --interval 1m", "saved pages of Massive's bars"),
      Example("zstdcat x.dbn.zst | lake ingest -", "from a pipe"),
    ])

  let label: String?
  let paths: [String]
  /// Whether nothing is read, and only what is recognised is shown.
  let isPlan: Bool
  var options = IngestOptions()
  /// These three stand in lake.yaml too, where no flag is given.
  let jobs: Int?
  let memory: Int?
  let badRowShareMax: Double?

  init(_ arguments: inout Arguments) throws(UsageError) {
    options.table = try arguments.tableName("as")
    try arguments.requireInterval("interval", arguments.value("interval"))
    try arguments.requireTimeZone("timezone")
    try arguments.requireMappings("map")
    let symbols = try arguments.list("symbol")
    guard symbols.count <= 1 else {
      throw arguments.bad(
        "symbol", arguments.values("symbol").joined(separator: ","),
        "one symbol: it stands for all rows that carry none", nil)
    }
    options.symbol = symbols.first
    options.symbolPattern = try Self.symbolPattern(&arguments, besides: options.symbol)
    options.interval = arguments.value("interval")
    options.kind = arguments.value("schema")
    options.dataset = arguments.value("dataset")
    options.timeZone = arguments.value("timezone")
    let choices = AmbiguousTime.allCases.map(\.rawValue)
    if let word = try arguments.choice("ambiguous", of: choices),
      let chosen = AmbiguousTime(rawValue: word)
    {
      options.ambiguousTime = chosen
    }
    options.columnMap = arguments.values("map")
    let columns = try arguments.list("columns")
    if !columns.isEmpty { options.columns = columns }
    options.delimiter = try Self.byte("delimiter", &arguments)
    try Self.readTextFlags(&arguments, &options)
    options.isWide = arguments.flag("wide")
    isPlan = arguments.flag("plan")
    options.dbnVersion = try arguments.integer("dbn-version", in: 1...3)
    if let word = try arguments.choice("overlap", of: OverlapPolicy.allCases.map(\.rawValue)),
      let chosen = OverlapPolicy(rawValue: word)
    {
      options.overlap = chosen
    }
    jobs = try arguments.integer("jobs", in: 1...256)
    memory = try arguments.byteCount("memory", minimum: LakeConfig.memoryByteCountMin)
    if let share = arguments.value("max-bad") {
      guard let value = Double(share), (0...1).contains(value) else {
        throw arguments.bad("max-bad", share, "a share from 0 to 1", nil)
      }
      badRowShareMax = value
    } else {
      badRowShareMax = nil
    }
    label = arguments.value(FlagSpec.label.name)
    paths = try arguments.remainingOperands("FILE", minimum: 1)
    options.commandWords = Self.wordsWithoutFiles(paths)
  }

  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus {
    let lake = try context.findLake()
    try checkKind(in: lake)
    var options = options
    var copies: DeltaCopies?
    let inputs = try listed(
      {
        let made = try copies ?? DeltaCopies(root: lake.root)
        copies = made
        return made
      }, context)
    // Read as long as the pass is at work.
    defer { withExtendedLifetime(copies) {} }
    if inputs.files.count > 1 {
      options.fileSet = FileSet(words: Self.fileWords(paths), paths: inputs.files)
    }
    if isPlan {
      let pass = try IngestPass(lake: lake, options: options)
      defer { pass.run.finish() }
      return show(pass.plan(inputs), in: context)
    }
    recorder.begin(in: lake)
    options.jobs = jobs ?? lake.config.jobCount
    options.memoryByteCount = memory ?? lake.config.memoryByteCount
    options.badRowShareMax = badRowShareMax ?? Double(lake.config.quarantinePercentMax) / 100
    let progress = ProgressReporter(
      context, verb: "ingest", fileTotal: inputs.files.count + inputs.failures.count)
    let observer = ProgressObserver(progress: progress, context: context)
    let pass = try IngestPass(lake: lake, options: options, observer: observer)
    let began = Clock.monotonicSeconds()
    let report = try pass.ingest(inputs)
    progress.finish()
    record(report, in: recorder)
    print(report, elapsed: Clock.monotonicSeconds() - began, in: context)
    if report.isInterrupted { return .interrupted }
    if report.failureCount > 0 { return .failed }
    let hasFindings = report.files.contains {
      $0.quarantineCount > 0 || $0.flagCount > 0 || $0.overlap != nil
    }
    return hasFindings || report.ledgerFailure != nil ? .findings : .done
  }

  /// A kind that nothing describes is a mistake on the command line, whatever the files hold.
  private func checkKind(in lake: Lake) throws {
    // With an interval it stands for bars of that interval.
    guard let kind = options.kind, kind != "ohlcv" else { return }
    do {
      _ = try TableSchema.named(kind, in: lake)
    } catch  where error.code == .unknownKind {
      throw UsageError(
        .badValue, "flag '--schema': " + error.message, remedy: error.remedy,
        command: Self.spec.name)
    }
  }

  private func record(_ report: IngestReport, in recorder: JobRecorder) {
    let error = report.files.lazy.compactMap { file -> (any Error)? in
      if case .failed(let error) = file.state { error } else { nil }
    }.first
    recorder.add(error: error ?? report.ledgerFailure) { record in
      record.tablesOut = report.files.flatMap(\.tables)
      record.rowsIn = report.total(\.rowsProcessed)
      record.rowsOut = report.total(\.rowsStored)
      record.bytesIn = report.total(\.bytesIn)
      record.bytesOut = report.total(\.bytesOut)
    }
  }

  private func print(_ report: IngestReport, elapsed: Double, in context: Context) {
    for file in report.files {
      if context.isJSON {
        context.print(json(file))
      } else {
        context.detail(line(file))
        for (rule, count) in file.flagCounts.sorted(by: { $0.key < $1.key }) {
          context.detail("  stored, but flagged by rule \(rule): \(Quantity.count(count))")
        }
      }
    }
    for file in report.files {
      if let finding = file.overlap { context.warn(Self.words(finding, file)) }
    }
    for commit in report.commits {
      context.detail("committed \(commit.table) version \(commit.version)")
    }
    if let failure = report.ledgerFailure {
      context.report(failure)
      context.warn(
        report.isJournalWhole
          ? "the rows are stored; what the ledger lacks is in ledger/journal, for the next command that writes"
          : "the rows are stored; what the ledger lacks is in the tables: once it can be written, lake ledger rebuild"
      )
    }
    sayWhatIsIn(report, context)
    context.print(summary(report, elapsed))
  }

  /// A finding in words, with what may be done.
  private static func words(_ finding: OverlapFinding, _ file: IngestFileReport) -> String {
    let left = "\(Quantity.count(file.alreadyStoredCount)) rows were left out as already stored"
    let what =
      switch finding {
      case .nothingIdentifies:
        left + ", though nothing tells events of one time apart: no sequence, id or nanoseconds"
      case .otherPrecision:
        "rows lie among stored ones of the same symbol whose times are finer or coarser, and few are equal: "
          + "the same events may now be stored twice"
      case .nothingEqual:
        "rows meet stored ones of the same symbol and time, and none is equal: "
          + "the same events may now be stored twice"
      case .otherColumns:
        left
          + ", though they have values in columns where the stored ones have none or others: what only they say is not stored"
      case .otherKey:
        "rows have the symbol and time of stored ones and other values, and one side does not say all of the table's key: "
          + "the same bars may now be stored twice"
      }
    return "\(file.path): \(what) (--overlap union if that is right; lake restore takes it back)"
  }

  private func line(_ file: IngestFileReport) -> String {
    switch file.state {
    case .stored:
      "\(file.path): \(Quantity.count(file.rowsStored)) rows into "
        + file.tables.map(\.description).joined(separator: ", ")
    case .alreadyDone: "\(file.path): its content is in the lake already"
    case .skipped(let words): "\(file.path): skipped, \(words)"
    case .failed: "\(file.path): failed"
    case .interrupted: "\(file.path): stopped"
    }
  }

  private func json(_ file: IngestFileReport) -> String {
    let state =
      switch file.state {
      case .stored: "stored"
      case .alreadyDone: "already_done"
      case .skipped: "skipped"
      case .failed: "failed"
      case .interrupted: "interrupted"
      }
    let members: [(String, JSONValue)] = [
      ("type", .string("file")), ("path", .string(file.path)), ("state", .string(state)),
      ("tables", .array(file.tables.map { .string($0.description) })),
      ("rows_processed", .integer(Int64(file.rowsProcessed))),
      ("rows_stored", .integer(Int64(file.rowsStored))),
      ("repeats_skipped", .integer(Int64(file.duplicateCount))),
      ("rows_already_stored", .integer(Int64(file.alreadyStoredCount))),
      ("rows_replaced", .integer(Int64(file.replacementCount))),
      ("overlap_finding", file.overlap.map { .string($0.name) } ?? .null),
      ("sentinels_made_null", .integer(Int64(file.sentinelCount))),
      ("ambiguous_times", .integer(Int64(file.ambiguousTimeCount))),
      ("quarantined", .integer(Int64(file.quarantineCount))),
      ("quarantined_before", .integer(Int64(file.quarantinedBeforeCount))),
      ("flagged", .integer(Int64(file.flagCount))), ("sha256", .string(file.sha256)),
      ("bytes_in", .integer(Int64(file.bytesIn))), ("bytes_out", .integer(Int64(file.bytesOut))),
    ]
    return JSONValue.object(JSONObject(members)).description
  }

  private func summary(_ report: IngestReport, _ elapsed: Double) -> Summary {
    var summary = Summary()
    let done = report.files.count { if case .alreadyDone = $0.state { true } else { false } }
    summary.add("files", .count(report.files.count))
    summary.addQuietly("files_failed", .count(report.failureCount))
    summary.addQuietly("files_already_done", .count(done))
    summary.addIfAny(
      "files_skipped", label: "files beside the data, skipped",
      report.files.count { if case .skipped = $0.state { true } else { false } })
    let processed = report.total(\.rowsProcessed)
    summary.add("rows_processed", .count(processed))
    summary.add("rows_stored", .count(report.total(\.rowsStored)))
    summary.addQuietly("rows_already_stored", .count(report.total(\.alreadyStoredCount)))
    if report.total(\.replacementCount) > 0 {
      summary.add(
        "rows_replaced", label: "stored rows replaced", .count(report.total(\.replacementCount)))
    }
    summary.addQuietly("repeats_skipped", .count(report.total(\.duplicateCount)))
    summary.addQuietly("sentinels_made_null", .count(report.total(\.sentinelCount)))
    summary.addQuietly(
      "ambiguous_times", label: "times that happened twice",
      .count(report.total(\.ambiguousTimeCount)))
    let steps = report.symbolCounts.sorted { $0.key.rawValue < $1.key.rawValue }
    summary.addQuietly(
      "symbols_by_step", label: "symbols (by date) found by",
      .counts(steps.map { ($0.key.name, $0.value) }))
    summary.addQuietly("quarantined", .count(report.total(\.quarantineCount)))
    summary.addIfAny(
      "quarantined_before", label: "quarantined before", report.total(\.quarantinedBeforeCount))
    summary.addQuietly("flagged", label: "stored, but flagged", .count(report.total(\.flagCount)))
    summary.addQuietly("bytes_in", .bytes(report.total(\.bytesIn)))
    summary.addQuietly("bytes_out", .bytes(report.total(\.bytesOut)))
    summary.addQuietly(
      "rows_per_second", label: "speed", .rate(Double(processed) / max(elapsed, 1e-9)))
    summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
    summary.add("elapsed", .seconds(elapsed))
    return summary
  }
}

/// Shows a job on the progress line.
struct ProgressObserver: PassObserver {
  let progress: ProgressReporter
  let context: Context

  func begin(_ name: String) { progress.beginFile(name) }
  func didRead(byteCount: Int) { progress.addBytes(byteCount) }
  func didProcess(rowCount: Int) { progress.addRows(rowCount) }
  func didStore(rowCount: Int) { progress.addStoredRows(rowCount) }

  func didFail(_ error: any Error) {
    progress.addErrors()
    context.report(error)
  }

  func warn(_ error: PassError) {
    context.warn(error.message, place: error.placeText, remedy: error.remedy)
  }

  var isInterrupted: Bool { context.isInterrupted }
}
