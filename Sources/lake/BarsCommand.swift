import Catalog
import CommandLineKit
import JSON
import Passes
import Platform
import Tables

/// Makes bars of trades.
struct BarsCommand: JobCommand {
  static let spec = CommandSpec(
    name: "bars",
    summary: "Make bars of ticks: trades, or quotes and books with the trades among them.",
    operands: [
      OperandSpec(
        "TABLE|FILE",
        help:
          "A table of trades, tbbo, mbp-1, mbp-10, mbo or Massive's trades, or files of them; several make one table of bars.",
        isRepeated: true)
    ],
    flags: BarsPass.kind.flags + [
      .option("jobs", "N", help: "Threads (default: as many as there are processors)."),
      .option(
        "output", "FILE", short: "o",
        help: "Of files: where the bars go (- is standard output, the default)."),
      .switch("force", help: "Replace an existing output file."),
      .label,
      .plan(help: "Show what would be computed, and stop."),
    ],
    notes: [
      "Only trades count: records with action T. Open is the first by (ts_event, sequence), close the last; count is"
        + " their number, vwap their average price by volume. Trades of an undefined price are left out. Bars are closed"
        + " on the left and labelled by their start, a day's by midnight of its date; a period without a trade has none."
        + " Each publisher has its own bars, as the vendor's have.",
      "A trade's time is ts_event. Where that is undefined, or on another date than ts_recv, it is ts_recv. Databento"
        + " makes its own bars by ts_recv: --clock ts_recv.",
      "Bars of files need no lake: they are printed, or written to --output, as lake query does: CSV, TSV, JSON lines or Parquet "
        + "by its name. The files are read into a temporary folder, which is removed afterwards.",
      "--session rth takes [9:30, 16:00) New York, of a dataset of stocks on days and half days of XNYS, or the"
        + " sessions of --calendar. A trade at exactly 16:00:00 is outside. --session eth takes a calendar's whole"
        + " trading dates: CME's from the evening before, stocks' with the hours before and after.",
    ],
    examples: [
      Example("lake bars raw.glbx_mdp3_mbp_1 --to 1m,1d", "minutes and days, read once"),
      Example("lake bars es.mbp-1.dbn.zst --to 1m -o bars.csv", "of a file, without a lake"),
      Example("lake bars raw.xnas_itch_trades --to 1d --session rth", "days of regular hours"),
      Example(
        "lake bars raw.glbx_mdp3_trades --to 1d --session eth", "days that begin the evening before"
      ),
    ])

  let tables: [String]
  var options = BarsPass.Options()
  let jobs: Int?
  let isPlanOnly: Bool
  let label: String?
  /// Where bars of files go; nil for bars of tables.
  let outputPath: String?
  let force: Bool

  init(_ arguments: inout Arguments) throws(UsageError) {
    tables = try arguments.remainingOperands("TABLE|FILE", minimum: 1)
    let files = tables.filter { ScratchLake.isFile($0) }
    guard files.isEmpty || files.count == tables.count else {
      throw UsageError(
        .contradiction, "'\(files[0])' is a file, and other operands are none",
        remedy: "name tables, or files that exist", command: Self.spec.name)
    }
    if files.isEmpty, let path = tables.first(where: { $0.contains("/") }) {
      throw UsageError(
        .badValue, "there is no file '\(path)'", remedy: "check the path: 'ls' shows what is there",
        command: Self.spec.name)
    }
    let path = arguments.value("output")
    guard path == nil || !files.isEmpty else {
      throw UsageError(
        .contradiction, "--output goes with files, and '\(tables[0])' is none",
        remedy: "bars of a table go into a table; lake query prints it", command: Self.spec.name)
    }
    try arguments.requireOutputName("output", QueryCommand.forms)
    outputPath = files.isEmpty ? nil : path ?? "-"
    force = arguments.flag("force")
    let intervals = try arguments.list(BarsPass.Parameter.intervals)
    if !intervals.isEmpty { options.intervals = intervals }
    let sessions = TradeSession.allCases.map(\.rawValue)
    let session = try arguments.choice(BarsPass.Parameter.session, of: sessions)
    options.session = session.flatMap { TradeSession(rawValue: $0) } ?? .all
    options.calendar = arguments.value(BarsPass.Parameter.calendar)
    options.others =
      Array(tables.dropFirst()) + (try arguments.list(BarsPass.Parameter.others))
    options.isConsolidated = arguments.flag(BarsPass.Parameter.consolidate)
    let clocks = BarsPass.Clock.allCases.map(\.rawValue)
    let clock = try arguments.choice(BarsPass.Parameter.clock, of: clocks)
    options.clock = clock.flatMap { BarsPass.Clock(rawValue: $0) } ?? .event
    options.isPlain = arguments.flag(BarsPass.Parameter.plain)
    options.output = try arguments.tableName(BarsPass.Parameter.output)
    jobs = try arguments.integer("jobs", in: 1...256)
    isPlanOnly = arguments.flag("plan")
    label = arguments.value(FlagSpec.label.name)
    if outputPath != nil { try requireOneOutput(arguments) }
    if options.output != nil, options.intervals.count != 1 {
      throw UsageError(
        .contradiction,
        "'--as' names one table, and \(options.intervals.count) intervals are asked for",
        remedy: "--to with one interval", command: Self.spec.name)
    }
  }

  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus {
    if let outputPath { return try run(files: tables, to: outputPath, in: context) }
    let lake = try context.findLake()
    var options = options
    options.jobs = jobs ?? lake.config.jobCount
    let progress = ProgressReporter(context, verb: "bars")
    let observer = ProgressObserver(progress: progress, context: context)
    let pass = try BarsPass(lake: lake, table: tables[0], options: options, observer: observer)
    let plan = try planned(pass)
    if isPlanOnly {
      progress.finish()
      print(plan, in: context)
      return .done
    }
    recorder.begin(in: lake)
    let began = Clock.monotonicSeconds()
    let report = try pass.run(plan)
    progress.finish()
    recorder.add(error: report.work.outputs.flatMap(\.failures).first?.error) { record in
      record.tablesIn = plan.sources
      record.tablesOut = report.work.outputs.map(\.table)
      record.rowsIn = report.recordCount
      record.rowsOut = report.work.outputs.reduce(0) { $0 + $1.rowCount }
      record.bytesOut = report.work.outputs.reduce(0) { $0 + $1.byteCount }
    }
    print(report, plan, elapsed: Clock.monotonicSeconds() - began, in: context)
    if report.work.isInterrupted { return .interrupted }
    return report.work.failureCount > 0 ? .failed : .done
  }

  func planned(_ pass: BarsPass) throws -> BarsPass.Plan {
    try usageChecked { try pass.plan() }
  }

  /// Mistakes of the command line are usage errors.
  func usageChecked<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as PassError where error.code == .usage {
      throw UsageError(
        .badValue, error.message, remedy: error.remedy, command: Self.spec.name)
    }
  }

  private func print(_ plan: BarsPass.Plan, in context: Context) {
    for (interval, output) in zip(plan.intervals, plan.work.outputs) {
      for unit in output.units {
        var members: [(String, JSONValue)] = [
          ("type", .string("partition")), ("table", .string(output.table.description)),
          ("interval", .string(interval)), ("date", .string(unit.date)),
          ("state", .string(unit.state.rawValue)),
        ]
        if let reason = unit.reason { members.append(("reason", .string(reason.text))) }
        if context.isJSON {
          context.print(JSONValue.object(JSONObject(members)).description)
        } else if unit.state.isDue {
          context.printText(
            "\(output.table)  \(unit.date)  \(unit.state.rawValue)"
              + (unit.reason.map { ": " + $0.text } ?? ""))
        }
      }
    }
    var summary = Summary()
    summary.add("source", .text(plan.sources.map(\.description).joined(separator: ", ")))
    for (interval, output) in zip(plan.intervals, plan.work.outputs) {
      summary.add(
        "due_" + interval, label: output.table.description,
        .text("\(output.dueCount) of \(output.units.count) dates to compute"))
    }
    context.print(summary)
  }

  private func print(
    _ report: BarsPass.Report, _ plan: BarsPass.Plan, elapsed: Double, in context: Context
  ) {
    var summary = Summary()
    for (interval, output) in zip(plan.intervals, report.work.outputs) {
      if context.isJSON { print(interval, output, in: context) }
      var text =
        "\(Quantity.count(output.rowCount)) bars on \(output.computedCount) dates; "
        + "\(output.freshCount) dates were fresh"
      if output.frozenCount > 0 { text += "; \(output.frozenCount) are frozen" }
      if !output.failures.isEmpty { text = "\(output.failures.count) failed; " + text }
      summary.add("to_" + interval, label: "\(interval) → \(output.table)", .text(text))
    }
    BarFigures(report).add(to: &summary)
    summary.add("rows_written", .count(report.work.outputs.reduce(0) { $0 + $1.rowCount }))
    summary.add("bytes_out", .bytes(report.work.outputs.reduce(0) { $0 + $1.byteCount }))
    summary.add("failed", .count(report.work.failureCount))
    summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
    summary.add("elapsed", .seconds(elapsed))
    context.print(summary)
  }

  private func print(_ interval: String, _ output: DeriveReport.Output, in context: Context) {
    let members: [(String, JSONValue)] = [
      ("type", .string("table")), ("table", .string(output.table.description)),
      ("interval", .string(interval)),
      ("dates_computed", .integer(Int64(output.computedCount))),
      ("dates_fresh", .integer(Int64(output.freshCount))),
      ("rows", .integer(Int64(output.rowCount))), ("bytes", .integer(Int64(output.byteCount))),
      ("failed", .boolean(!output.failures.isEmpty)),
    ]
    context.print(JSONValue.object(JSONObject(members)).description)
  }
}

/// What became of the records that were read, for the summary.
struct BarFigures {
  private let tally: TradeTally
  private let datesWithoutTrades: [String]

  init(_ report: BarsPass.Report) {
    tally = report.tally
    datesWithoutTrades = report.datesWithoutTrades
  }

  init(_ tally: TradeTally) {
    self.tally = tally
    datesWithoutTrades = []
  }

  func add(to summary: inout Summary) {
    summary.add("trades", .count(tally.tradeCount))
    summary.add("quotes", label: "other records", .count(tally.quoteCount))
    for (key, label, count) in [
      ("undefined", "trades without a price", tally.undefinedCount),
      ("outside_session", "trades outside the session", tally.outsideCount),
      ("undated", "trades counted when received", tally.undatedCount),
      ("excluded", "trades left out by the vendor's rules", tally.excludedCount),
    ] where count > 0 {
      summary.add(key, label: label, .count(count))
    }
    let empty = datesWithoutTrades
    if !empty.isEmpty {
      summary.add(
        "dates_without_trades", label: "dates without trades",
        .text(
          "\(empty.count): " + empty.prefix(5).joined(separator: ", ")
            + (empty.count > 5 ? ", …" : "")))
    }
  }
}
