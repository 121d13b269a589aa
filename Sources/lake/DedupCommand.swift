import Catalog
import CommandLineKit
import Passes
import Platform
import Tables

/// Removes rows that are in a table twice.
struct DedupCommand: JobCommand {
  static let spec = CommandSpec(
    name: "dedup",
    summary: "Remove rows that are in a table twice; of rows with one key the oldest stays.",
    operands: [OperandSpec("TABLE", help: "A table of the lake, like raw.massive_stock_bars_1m.")],
    flags: CompactPass.dedupKind.flags + [
      .option("jobs", "N", help: "Threads (default: as many as there are processors)."),
      .option(
        "memory", "SIZE", help: "Memory for sorting and buffers (default 192MB)."),
      .option(
        "key", "COLUMNS", repeatable: true,
        help: "Of a table that another program made: what makes a row another one."),
      .label,
      .plan(help: "Show which partitions have duplicates, and stop."),
    ],
    notes: [
      "The key is what the schema of the table's rows says (bars, definitions, news). A row that is equal in every column to "
        + "an older one with its key is removed; one that differs goes into the quarantine table (exit 1). Ticks have no "
        + "key: equal ones are events of their own, and a table of them is refused.",
      "Only partitions with duplicates are written again, and those of other programs whose rows are in no order. Rows that "
        + "stay, rows removed and rows quarantined must come to the rows that there were, or nothing is committed. The "
        + "files that are replaced stay on disk as part of the table's history: lake restore brings them back.",
      "lake compact --dedup merges small files in the same reading.",
    ],
    examples: [
      Example("lake dedup raw.massive_stock_bars_1m --plan", "which partitions have duplicates"),
      Example("lake dedup raw.massive_stock_bars_1m", "remove them"),
      Example("lake dedup raw.theirs --key symbol,ts", "of a table that another program made"),
    ])

  let table: String
  let jobs: Int?
  let memory: Int?
  let isPlanOnly: Bool
  let keyColumns: [String]
  let label: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    table = try arguments.table()
    jobs = try arguments.integer("jobs", in: 1...256)
    memory = try arguments.byteCount("memory", minimum: LakeConfig.memoryByteCountMin)
    isPlanOnly = arguments.flag("plan")
    keyColumns = try arguments.columnNames("key")
    label = arguments.value(FlagSpec.label.name)
  }

  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus {
    let lake = try context.findLake()
    var options = CompactPass.Options()
    options.jobs = jobs ?? lake.config.jobCount
    options.memoryByteCount = memory ?? lake.config.memoryByteCount
    options.removesDuplicates = true
    options.mergesSmallFiles = false
    options.keyColumns = keyColumns
    let progress = ProgressReporter(context, verb: "dedup")
    let observer = ProgressObserver(progress: progress, context: context)
    let name = try lake.requireTable(named: table)
    let pass = try CompactPass(lake: lake, table: name, options: options, observer: observer)
    let plan = try pass.plan()
    let output = RewriteOutput(plan, removesDuplicates: true, mergesSmallFiles: false)
    if isPlanOnly {
      progress.finish()
      output.printPlan(in: context)
      return .done
    }
    recorder.begin(in: lake)
    let began = Clock.monotonicSeconds()
    let report = try pass.run(plan)
    progress.finish()
    recorder.add(report, of: name)
    if plan.units.isEmpty, !context.isJSON {
      context.say("nothing to remove: no row of \(plan.table) has the key of another one")
      return .done
    }
    output.print(report, of: name, elapsed: Clock.monotonicSeconds() - began, in: context)
    return output.status(report)
  }
}
