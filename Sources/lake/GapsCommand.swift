import Catalog
import CommandLineKit
import JSON
import Ledger
import Market
import Passes
import Query

/// Finds and classifies the gaps of tables.
struct GapsCommand: JobCommand {
  static let spec = CommandSpec(
    name: "gaps",
    summary: "Explain every hole of a table: closed, no trade, not downloaded, suspicious, …",
    operands: [
      OperandSpec(
        "TABLE", help: "Tables to look at (default: all raw tables).", isOptional: true,
        isRepeated: true)
    ],
    flags: GapsPass.kind.flags + [
      .option(
        "symbol", "SYMBOLS", repeatable: true,
        help: "Only these, like SPY,QQQ; names that were asked for, like ES.c.0, too."),
      .option("start", "T", help: "From a date or time on, whether anything was fetched or not."),
      .option("end", "T", help: "To a date, it included, or up to a time."),
      .label,
    ],
    notes: [
      "A hole is time of an exchange's session without rows. Its state is one of:",
      "market_closed: a holiday. no_trade: all was fetched, and nothing was traded. degraded: flagged by the"
        + " vendor. not_entitled: outside the plan. not_downloaded: never asked for, or asked for too early."
        + " failed: asked for, and did not come. purged: removed on purpose. suspicious: fetched, but a symbol"
        + " that trades all the time has no rows for long, or many symbols lack the same minutes.",
      "Without --start and --end each symbol is looked at from its first row or request to its last."
        + " The exit status is 1 where something is not downloaded, failed or suspicious.",
    ],
    examples: [
      Example("lake gaps", "a summary of all raw tables"),
      Example("lake gaps raw.glbx_mdp3_ohlcv_1m --symbol ES.c.0 -v", "each hole, with its reason"),
      Example(
        "lake gaps raw.massive_stock_bars_1m --start 2025-03-01 --end 2025-03-31 --json",
        "whether the month is whole, for a script"),
    ])

  let tables: [String]
  let symbols: [String]
  let start: String?
  let end: String?
  let calendar: String?
  let label: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    label = arguments.value(FlagSpec.label.name)
    tables = try arguments.remainingOperands("TABLE")
    symbols = try arguments.list("symbol")
    start = arguments.value("start")
    end = arguments.value("end")
    calendar = arguments.value("calendar")
    do {
      _ = try TimeRange.parse(start: start, end: end, zone: .utc)
    } catch {
      throw UsageError(
        .badValue, "flag " + error.message, remedy: error.remedy, command: arguments.spec.name)
    }
  }

  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus {
    let lake = try context.findLake()
    if let calendar { _ = try ExchangeCalendar.named(calendar, in: lake) }
    let names =
      tables.isEmpty
      ? try lake.tableNames(layer: "raw").map(\.description) : tables
    let found = try names.map { try lake.requireTable(named: $0) }
    recorder.begin(in: lake)
    // An unreadable table is reported later, when it is checked.
    let (ledger, _) = try CoverageLedger.recovered(lake) { _, _ in }
    let progress = ProgressReporter(context, verb: "gaps")
    let observer = ProgressObserver(progress: progress, context: context)
    var status = ExitStatus.done
    var reports: [GapReport] = []
    for name in names {
      do {
        let table = try lake.table(named: name)
        let pass = try GapsPass(
          lake: lake, table: table, ledger: ledger, options: try options(table),
          observer: observer)
        let printer = GapPrinter(context: context, table: name)
        let report = try pass.run { printer.print($0) }
        printer.finish()
        reports.append(report)
        if report.needsAction { status = status.worse(.findings) }
        if report.isInterrupted { status = .interrupted }
      } catch {
        // An error in one table does not stop the others.
        context.report(error)
        status = status.worse(.failed)
      }
      if status == .interrupted { break }
    }
    progress.finish()
    recorder.add { record in
      record.tablesIn = found
      record.rowsIn = reports.reduce(0) { $0 + $1.rowCount }
    }
    nameUnknownSymbols(reports, in: context)
    print(reports, in: context)
    return status
  }

  private func options(_ table: LakeTable) throws -> GapOptions {
    let zone =
      try table.snapshot(applies: .allFeatures).configuration[TableProperty.partitionTimezone]
      ?? "UTC"
    let range = try TimeRange.parse(
      start: start, end: end, zone: try TimeZoneRules.named(zone))
    var options = GapOptions()
    options.symbols = Set(symbols)
    options.start = range.start
    options.end = range.end
    options.calendar = calendar
    return options
  }

  /// Reports symbols that none of the tables has.
  private func nameUnknownSymbols(_ reports: [GapReport], in context: Context) {
    let unknown = Set(symbols).filter { name in
      !reports.isEmpty
        && reports.allSatisfy { $0.unknownSymbols.contains(name) && !$0.isInterrupted }
    }
    if unknown.isEmpty { return }
    context.warn(
      "neither rows nor requests of \(unknown.sorted().map { "'\($0)'" }.joined(separator: ", "))",
      remedy: "check the symbols, or say which time to look at: --start and --end")
  }

  // MARK: - Printing

  private func print(_ reports: [GapReport], in context: Context) {
    var list = TextTable([
      ("TABLE", .left), ("STATE", .left), ("SYMBOLS", .right), ("SESSIONS", .right),
      ("MISSING", .right), ("FROM", .left), ("TO", .left),
    ])
    for report in reports {
      if context.isJSON { context.print(GapPrinter.json(report)) }
      for state in GapState.allCases {
        guard let tally = report.tallies[state] else { continue }
        list.add([
          report.table, state.words, Quantity.count(tally.symbolCount),
          Quantity.count(tally.sessionCount), GapPrinter.duration(tally.missingSeconds),
          GapPrinter.time(tally.interval.lowerBound), GapPrinter.time(tally.interval.upperBound),
        ])
      }
    }
    if !context.isJSON, !list.rows.isEmpty { context.print(list) }
    var summary = Summary()
    summary.add("tables", .count(reports.count))
    summary.add("symbols", .count(reports.reduce(0) { $0 + $1.symbolCount }))
    summary.add("sessions", .count(reports.reduce(0) { $0 + $1.sessionCount }))
    summary.add("rows", label: "rows looked at", .count(reports.reduce(0) { $0 + $1.rowCount }))
    let states = GapState.allCases.map { state in
      (state.rawValue, reports.reduce(0) { $0 + ($1.tallies[state]?.gapCount ?? 0) })
    }
    summary.add("gaps", .counts(states.filter { $0.1 > 0 }.map { (name: $0.0, count: $0.1) }))
    summary.add("needs_action", label: "to be done", .flag(reports.contains(where: \.needsAction)))
    context.print(summary)
    if !context.isJSON { advise(reports, in: context) }
  }

  /// Prints remedies for states that need action.
  private func advise(_ reports: [GapReport], in context: Context) {
    let found = Set(reports.flatMap(\.tallies.keys))
    let suspicious = reports.first { $0.tallies[.suspicious] != nil }?.table
    let advice: [(GapState, String)] = [
      (.notDownloaded, "run the download again: it fetches only what is missing"),
      (.failed, "lake download … --retry-failed fetches what failed"),
      (
        .suspicious,
        "lake gaps \(suspicious ?? "TABLE") -v says where; ask the vendor again: lake download … --refresh"
      ),
      (.notEntitled, "after a change of plan: lake download … --recheck not_entitled"),
    ]
    for (state, words) in advice where found.contains(state) {
      context.say("\(state.words): \(words)")
    }
  }
}

extension GapState {
  /// The state as text.
  var words: String { rawValue.split(separator: "_").joined(separator: " ") }
}
