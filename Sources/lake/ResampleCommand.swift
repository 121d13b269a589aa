import Catalog
import CommandLineKit
import JSON
import Passes
import Platform
import Query
import Tables

/// Makes longer bars from shorter ones.
struct ResampleCommand: JobCommand {
  static let spec = CommandSpec(
    name: "resample",
    summary: "Make longer bars of a table of bars, one table an interval.",
    operands: [OperandSpec("TABLE", help: "A table of bars, like raw.equs_mini_ohlcv_1s.")],
    flags: ResamplePass.kind.flags + [
      .option("jobs", "N", help: "Threads (default: as many as there are processors)."),
      .label,
      .plan(help: "Show what would be computed, and stop."),
    ],
    notes: [
      "Bars are closed on the left and labelled by their start; each interval is computed from the table itself. "
        + "Periods without a bar have none. Only dates whose rows changed are computed again.",
      "Bars of an hour and less begin by the clock of UTC, longer ones by that of the table's zone: a day of Massive's bars is "
        + "a date of New York, of 23 or 25 hours where the clocks change.",
    ],
    examples: [
      Example("lake resample raw.equs_mini_ohlcv_1s", "to 15s, 30s and 1m"),
      Example("lake resample raw.equs_mini_ohlcv_1s --to 5m,1h", "to other intervals"),
      Example("lake resample raw.equs_mini_ohlcv_1s --plan", "what would be computed"),
    ])

  let table: String
  var options = ResamplePass.Options()
  /// Both can be set in lake.yaml and are overridden by flags.
  let intervals: [String]
  let jobs: Int?
  let output: TableName?
  let isPlanOnly: Bool
  let label: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    table = try arguments.table()
    let intervals = try arguments.list(ResamplePass.Parameter.intervals)
    self.intervals = intervals
    output = try arguments.tableName(ResamplePass.Parameter.output)
    jobs = try arguments.integer("jobs", in: 1...256)
    isPlanOnly = arguments.flag("plan")
    label = arguments.value(FlagSpec.label.name)
  }

  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus {
    let lake = try context.findLake()
    var options = options
    options.intervals =
      intervals.isEmpty ? lake.config.resampleIntervals.map(\.name) : intervals
    options.jobs = jobs ?? lake.config.jobCount
    options.output = output
    if output != nil, options.intervals.count != 1 {
      throw UsageError(
        .contradiction,
        "'--as' names one table, and \(options.intervals.count) intervals are asked for",
        remedy: "--to with one interval", command: Self.spec.name)
    }
    let progress = ProgressReporter(context, verb: "resample")
    let observer = ProgressObserver(progress: progress, context: context)
    let pass = try ResamplePass(lake: lake, table: table, options: options, observer: observer)
    let plan = try pass.plan()
    try checkIntervals(plan, in: context)
    if isPlanOnly {
      progress.finish()
      print(plan, in: context)
      return plan.failures.isEmpty ? .done : .failed
    }
    recorder.begin(in: lake)
    let began = Clock.monotonicSeconds()
    let report = try pass.run(plan)
    progress.finish()
    let error = plan.failures.first?.error ?? report.work.outputs.flatMap(\.failures).first?.error
    recorder.add(error: error) { record in
      record.tablesIn = [plan.source]
      record.tablesOut = report.work.outputs.map(\.table)
      record.rowsIn = report.rowsRead
      record.rowsOut = report.work.outputs.reduce(0) { $0 + $1.rowCount }
      record.bytesOut = report.work.outputs.reduce(0) { $0 + $1.byteCount }
    }
    print(report, plan, elapsed: Clock.monotonicSeconds() - began, in: context)
    if report.work.isInterrupted { return .interrupted }
    return report.failureCount > 0 ? .failed : .done
  }

  /// If all intervals of `--to` are invalid, nothing is started.
  private func checkIntervals(_ plan: ResamplePlan, in context: Context) throws {
    let mistakes = plan.failures.compactMap { $0.error as? PassError }.filter { $0.code == .usage }
    guard !intervals.isEmpty, plan.intervals.isEmpty, mistakes.count == plan.failures.count,
      let last = mistakes.last
    else { return }
    for mistake in mistakes.dropLast() { context.report(mistake) }
    throw UsageError(
      .badValue, "flag '--to': " + last.message, remedy: last.remedy, command: Self.spec.name)
  }

  private func print(_ plan: ResamplePlan, in context: Context) {
    for failure in plan.failures { context.report(failure.error) }
    for (interval, output) in zip(plan.intervals, plan.work.outputs) {
      for unit in output.units {
        var members: [(String, JSONValue)] = [
          ("type", .string("partition")), ("table", .string(output.table.description)),
          ("interval", .string(interval.name)), ("date", .string(unit.date)),
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
    summary.add("source", .text("\(plan.source) version \(plan.sourceVersion)"))
    for (interval, output) in zip(plan.intervals, plan.work.outputs) {
      summary.add(
        "due_" + interval.name, label: output.table.description,
        .text("\(output.dueCount) of \(output.units.count) dates to compute"))
    }
    context.print(summary)
  }

  private func print(
    _ report: ResamplePass.Report, _ plan: ResamplePlan, elapsed: Double, in context: Context
  ) {
    let outputs = zip(plan.intervals, report.work.outputs)
    if context.isJSON {
      for failure in plan.failures {
        print(
          failure.interval, DeriveReport.Output(table: plan.source), isFailed: true, in: context)
      }
      for (interval, output) in outputs {
        print(interval.name, output, isFailed: !output.failures.isEmpty, in: context)
      }
    }
    var summary = Summary()
    for failure in plan.failures {
      summary.add("to_" + failure.interval, label: failure.interval, .text("failed"))
    }
    for (interval, output) in outputs {
      let isFailed = !output.failures.isEmpty
      var text =
        "\(Quantity.count(output.rowCount)) bars on \(output.computedCount) dates; "
        + "\(output.freshCount) dates were fresh"
      if output.frozenCount > 0 { text += "; \(output.frozenCount) are frozen" }
      if isFailed {
        text = output.computedCount == 0 ? "failed" : "\(output.failures.count) failed; " + text
      }
      summary.add(
        "to_" + interval.name,
        label: isFailed && output.computedCount == 0
          ? interval.name : "\(interval.name) → \(output.table)",
        .text(text))
    }
    summary.add("rows_read", .count(report.rowsRead))
    summary.add("rows_written", .count(report.work.outputs.reduce(0) { $0 + $1.rowCount }))
    summary.add("bytes_out", .bytes(report.work.outputs.reduce(0) { $0 + $1.byteCount }))
    summary.add("failed", .count(report.failureCount))
    summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
    summary.add("elapsed", .seconds(elapsed))
    context.print(summary)
  }

  private func print(
    _ interval: String, _ output: DeriveReport.Output, isFailed: Bool, in context: Context
  ) {
    let members: [(String, JSONValue)] = [
      ("type", .string("table")), ("table", .string(output.table.description)),
      ("interval", .string(interval)),
      ("dates_computed", .integer(Int64(output.computedCount))),
      ("dates_fresh", .integer(Int64(output.freshCount))),
      ("rows", .integer(Int64(output.rowCount))), ("bytes", .integer(Int64(output.byteCount))),
      ("failed", .boolean(isFailed)),
    ]
    context.print(JSONValue.object(JSONObject(members)).description)
  }
}
