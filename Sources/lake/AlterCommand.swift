import Catalog
import CommandLineKit
import JSON
import Market
import Passes
import Platform
import Tables

/// Changes a table's columns.
struct AlterCommand: JobCommand {
  static let spec = CommandSpec(
    name: "alter",
    summary: "Make columns of a table wider, where later files need more digits than it keeps.",
    operands: [OperandSpec("TABLE", help: "A table of the lake, like raw.btcusdt_ohlcv_1m.")],
    flags: [
      .option(
        "widen", "COLUMNS", repeatable: true,
        help: "Prices and quantities that become decimal(38,18), like volume."),
      .option("jobs", "N", help: "Threads (default: as many as there are processors)."),
      .option("memory", "SIZE", help: "Memory for sorting and buffers (default 192MB)."),
      .label,
      .plan(help: "Show what would be written again, and stop."),
    ],
    notes: [
      "All files are written again, in one commit; every number is what it was, and files that hold it in fewer digits stay on "
        + "disk as part of the table's history. What is made of the table becomes stale, and a table of bars needs the same "
        + "width as what it is made of: widen it too, then lake run.",
      "Rows that were quarantined for their digits come in when their file is ingested again, after lake restore took back the "
        + "commit that brought the rest of it.",
    ],
    examples: [
      Example("lake alter raw.btcusdt_ohlcv_1m --widen volume", "volumes with a fraction"),
      Example("lake alter raw.btcusdt_ohlcv_1m --widen volume --plan", "what would be written"),
    ])

  let table: String
  let columns: [String]
  let jobs: Int?
  let memory: Int?
  let isPlanOnly: Bool
  let label: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    table = try arguments.table()
    columns = try arguments.columnNames("widen")
    jobs = try arguments.integer("jobs", in: 1...256)
    memory = try arguments.byteCount("memory", minimum: LakeConfig.memoryByteCountMin)
    isPlanOnly = arguments.flag("plan")
    label = arguments.value(FlagSpec.label.name)
    if columns.isEmpty {
      throw UsageError(
        .missingValue, "alter needs what to change", remedy: "--widen volume",
        command: Self.spec.name)
    }
  }

  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus {
    let lake = try context.findLake()
    let name = try lake.requireTable(named: table)
    var options = CompactPass.Options()
    options.jobs = jobs ?? lake.config.jobCount
    options.memoryByteCount = memory ?? lake.config.memoryByteCount
    let progress = ProgressReporter(context, verb: "alter")
    let pass = try ConversionPass(
      lake: lake, table: name, layout: TableLayout(wideColumns: Set(columns)), options: options,
      observer: ProgressObserver(progress: progress, context: context))
    let plan = try pass.plan()
    if isPlanOnly {
      progress.finish()
      show(plan, in: context)
      return .done
    }
    recorder.begin(in: lake)
    let began = Clock.monotonicSeconds()
    let report = try pass.run(plan)
    progress.finish()
    recorder.add(report, of: name)
    if plan.units.isEmpty, report.versions.isEmpty {
      context.say("nothing to do: \(columns.joined(separator: ", ")) of \(name) is as wide already")
    }
    var summary = Summary()
    summary.add("files_replaced", .count(report.filesBefore))
    summary.add("files_written", .count(report.filesAfter))
    summary.add("rows", .count(report.rowCount))
    summary.add("bytes_in", .bytes(Int(clamping: report.bytesBefore)))
    summary.add("bytes_out", .bytes(Int(clamping: report.bytesAfter)))
    summary.add("failed", .count(report.failures.count))
    summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
    summary.add("elapsed", .seconds(Clock.monotonicSeconds() - began))
    context.print(summary)
    if report.isInterrupted { return .interrupted }
    return report.failures.isEmpty ? .done : .failed
  }

  private func show(_ plan: RewritePlan, in context: Context) {
    for unit in plan.units {
      let name = unit.name.isEmpty ? "all" : unit.name
      if context.isJSON {
        let members: [(String, JSONValue)] = [
          ("type", .string("rewrite")), ("partition", .string(unit.name)),
          ("files", .integer(Int64(unit.fileCount))), ("bytes", .integer(unit.byteCount)),
        ]
        context.print(JSONValue.object(JSONObject(members)).description)
      } else {
        context.printText(
          "\(name)  \(Quantity.count(unit.fileCount)) files  \(Quantity.bytes(Int(clamping: unit.byteCount)))"
        )
      }
    }
    var summary = Summary()
    summary.add("table", .text("\(plan.table) version \(plan.version)"))
    summary.add("to_rewrite", .count(plan.units.reduce(0) { $0 + $1.fileCount }))
    context.print(summary)
  }
}
