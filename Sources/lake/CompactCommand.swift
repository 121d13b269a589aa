import Catalog
import CommandLineKit
import JSON
import Passes
import Platform
import Tables

/// Makes one sorted file of a partition's small ones.
struct CompactCommand: JobCommand {
  static let spec = CommandSpec(
    name: "compact",
    summary: "Merge the small files of a table's partitions, each into one sorted file.",
    operands: [OperandSpec("TABLE", help: "A table of the lake, like raw.massive_stock_bars_1d.")],
    flags: [
      .option("jobs", "N", help: "Threads (default: as many as there are processors)."),
      .option(
        "memory", "SIZE", help: "Memory for sorting and buffers (default 192MB)."),
      .label,
      .plan(help: "Show what would be merged, and stop."),
    ],
    notes: [
      "No row changes, and nothing that was made of the table is stale afterwards. Nothing is committed unless the "
        + "merged files hold exactly the rows of those that they replace, which stay on disk as part of the table's history. "
        + "Files of 64 MB and more stay as they are, and so do rows whose place in their source an older version did not tell."
    ],
    examples: [
      Example("lake compact raw.massive_stock_bars_1d", "merge what is small"),
      Example("lake compact raw.massive_stock_bars_1d --plan", "what would be merged"),
    ])

  let table: String
  let jobs: Int?
  let memory: Int?
  let isPlanOnly: Bool
  let label: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    table = try arguments.table()
    jobs = try arguments.integer("jobs", in: 1...256)
    memory = try arguments.byteCount("memory", minimum: LakeConfig.memoryByteCountMin)
    isPlanOnly = arguments.flag("plan")
    label = arguments.value(FlagSpec.label.name)
  }

  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus {
    let lake = try context.findLake()
    var options = CompactPass.Options()
    options.jobs = jobs ?? lake.config.jobCount
    options.memoryByteCount = memory ?? lake.config.memoryByteCount
    let progress = ProgressReporter(context, verb: "compact")
    let observer = ProgressObserver(progress: progress, context: context)
    let name = try lake.requireTable(named: table)
    let pass = try CompactPass(lake: lake, table: name, options: options, observer: observer)
    let plan = try pass.plan()
    if isPlanOnly {
      progress.finish()
      print(plan, in: context)
      return .done
    }
    recorder.begin(in: lake)
    let began = Clock.monotonicSeconds()
    let report = try pass.run(plan)
    progress.finish()
    recorder.add(error: report.failures.first?.error) { record in
      record.tablesIn = [name]
      record.tablesOut = [name]
      record.rowsIn = report.rowCount
      record.rowsOut = report.rowCount
      record.bytesIn = Int(clamping: report.bytesBefore)
      record.bytesOut = Int(clamping: report.bytesAfter)
    }
    if plan.units.isEmpty, !context.isJSON {
      let files = plan.keptCount == 1 ? "1 file" : "\(Quantity.count(plan.keptCount)) files"
      context.say("nothing to merge: \(plan.table) has \(files)")
      return .done
    }
    print(report, plan, elapsed: Clock.monotonicSeconds() - began, in: context)
    if report.isInterrupted { return .interrupted }
    return report.failures.isEmpty ? .done : .failed
  }

  private func print(_ plan: RewritePlan, in context: Context) {
    for merge in plan.units {
      let name = merge.name.isEmpty ? "all" : merge.name
      if context.isJSON {
        context.print(
          JSONValue.object(
            JSONObject([
              ("type", .string("merge")), ("partition", .string(merge.name)),
              ("reason", .string(merge.reason)),
              ("files", .integer(Int64(merge.fileCount))), ("bytes", .integer(merge.byteCount)),
            ])
          ).description)
      } else {
        context.printText(
          "\(name)  \(Quantity.count(merge.fileCount)) files  \(Quantity.bytes(Int(clamping: merge.byteCount)))"
            + (merge.reason == "small" ? "" : "  \(merge.reason)")
        )
      }
    }
    var summary = Summary()
    summary.add("table", .text("\(plan.table) version \(plan.version)"))
    summary.add("to_merge", .count(plan.units.reduce(0) { $0 + $1.fileCount }))
    summary.add("into", .count(plan.units.count))
    summary.add("kept", .count(plan.keptCount))
    context.print(summary)
  }

  private func print(
    _ report: RewriteReport, _ plan: RewritePlan, elapsed: Double, in context: Context
  ) {
    var summary = Summary()
    summary.add("files_merged", .count(report.filesBefore))
    summary.add("files_written", .count(report.filesAfter))
    summary.add("files_kept", .count(plan.keptCount))
    summary.add("rows", .count(report.rowCount))
    summary.add("bytes_in", .bytes(Int(clamping: report.bytesBefore)))
    summary.add("bytes_out", .bytes(Int(clamping: report.bytesAfter)))
    summary.add("overtaken", .count(report.overtakenCount))
    summary.add("failed", .count(report.failures.count))
    summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
    summary.add("elapsed", .seconds(elapsed))
    context.print(summary)
  }
}
