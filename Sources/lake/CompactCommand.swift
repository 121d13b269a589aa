import Catalog
import CommandLineKit
import Market
import Passes
import Platform
import Tables

/// Merges a partition's small files into one sorted file; removes duplicate rows; repartitions a table by
/// another period.
struct CompactCommand: JobCommand {
  static let spec = CommandSpec(
    name: "compact",
    summary:
      "Merge the small files of a table's partitions, each into one sorted file; remove duplicates.",
    operands: [OperandSpec("TABLE", help: "A table of the lake, like raw.massive_stock_bars_1d.")],
    flags: CompactPass.kind.flags + [
      .option("jobs", "N", help: "Threads (default: as many as there are processors)."),
      .option(
        "memory", "SIZE", help: "Memory for sorting and buffers (default 192MB)."),
      .option(
        "key", "COLUMNS", repeatable: true,
        help: "With --dedup, of a table that another program made: what makes a row another one."),
      .option(
        "period", "PERIOD",
        help: "Keep the table by date, month or year: all files are written again, in one commit."),
      .label,
      .plan(help: "Show what would be merged, and stop."),
    ],
    notes: [
      "No row changes, and nothing that was made of the table is stale afterwards. Nothing is committed unless the "
        + "merged files hold exactly the rows of those that they replace, which stay on disk as part of the table's history. "
        + "Files of 64 MB and more stay as they are, and so do rows whose place in their source an older version did not tell.",
      "--dedup looks through each partition of a table whose rows have a key (bars, definitions, news). A row that is equal "
        + "in every column to an older one with its key is removed; one that differs goes into the quarantine table (exit 1). "
        + "Ticks have no key: equal ones are events of their own.",
      "--period: a date is found by 'date = …' whatever the period, and what is made of the table stays fresh.",
    ],
    examples: [
      Example("lake compact raw.massive_stock_bars_1d", "merge what is small"),
      Example("lake compact raw.massive_stock_bars_1d --plan", "what would be merged"),
      Example(
        "lake compact raw.massive_stock_bars_1m --dedup", "and remove rows that are there twice"),
      Example("lake compact raw.massive_stock_bars_1d --period year", "one partition a year"),
    ])

  let table: String
  let jobs: Int?
  let memory: Int?
  let isPlanOnly: Bool
  let removesDuplicates: Bool
  let keyColumns: [String]
  let period: PartitionPeriod?
  let label: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    table = try arguments.table()
    jobs = try arguments.integer("jobs", in: 1...256)
    memory = try arguments.byteCount("memory", minimum: LakeConfig.memoryByteCountMin)
    isPlanOnly = arguments.flag("plan")
    removesDuplicates = arguments.flag("dedup")
    keyColumns = try arguments.columnNames("key")
    period = try arguments.choice("period", of: PartitionPeriod.allCases.map(\.rawValue))
      .flatMap { PartitionPeriod(rawValue: $0) }
    if !keyColumns.isEmpty, !removesDuplicates {
      throw UsageError(
        .contradiction, "--key says which rows are one, and goes with --dedup",
        remedy: "add --dedup", command: Self.spec.name)
    }
    try arguments.requireAtMostOne(of: ["period", "dedup"])
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
    options.removesDuplicates = removesDuplicates
    options.keyColumns = keyColumns
    let pass = try pass(lake, name, options, observer)
    let plan = try pass.plan()
    let output = RewriteOutput(plan, period: period, removesDuplicates: removesDuplicates)
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
    if plan.units.isEmpty, report.versions.isEmpty, !context.isJSON {
      let files = plan.keptCount == 1 ? "1 file" : "\(Quantity.count(plan.keptCount)) files"
      let why = period.map { "it is kept by \($0) already, in" } ?? "\(plan.table) has"
      context.say("nothing to \(period == nil ? "merge" : "do"): \(why) \(files)")
      return .done
    }
    output.print(report, of: name, elapsed: Clock.monotonicSeconds() - began, in: context)
    return output.status(report)
  }

  /// The chosen pass's functions to plan and to run.
  private func pass(
    _ lake: Lake, _ name: TableName, _ options: CompactPass.Options, _ observer: any PassObserver
  ) throws -> (plan: () throws -> RewritePlan, run: (RewritePlan) throws -> RewriteReport) {
    if let period {
      let pass = try ConversionPass(
        lake: lake, table: name, layout: TableLayout(period: period), options: options,
        observer: observer)
      return ({ try pass.plan() }, { try pass.run($0) })
    }
    let pass = try CompactPass(lake: lake, table: name, options: options, observer: observer)
    return ({ try pass.plan() }, { try pass.run($0) })
  }
}
