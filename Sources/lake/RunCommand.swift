import Catalog
import Columnar
import CommandLineKit
import JSON
import Passes
import Platform
import Tables

/// Updates the derived tables of lake.yaml.
struct RunCommand: JobCommand {
  static let spec = CommandSpec(
    name: "run",
    summary: "Bring up to date what lake.yaml derives: what is stale, and nothing else.",
    operands: [
      OperandSpec(
        "TABLE",
        help:
          "A derived table, with all that it is made of; or a source, with all that is made of it.",
        isOptional: true)
    ],
    flags: [
      .option("since", "DATE", help: "Only dates from this one on, like 2024-01-02."),
      .switch("force", help: "Make again what is fresh too."),
      .option("jobs", "N", help: "Threads (default: as many as there are processors)."),
      .option("memory", "SIZE", help: "Memory for sorting and buffers (default 192MB)."),
      .label,
      .plan(help: "Show what would be made, and why; and stop."),
    ],
    notes: [
      "Passes stand in lake.yaml under 'passes'. A pass runs after those that make what it reads; those that merge files or "
        + "report run last; one that removes duplicates runs first. A date is made again when the rows that it is made of have changed, or the pass itself. "
        + "A second run does nothing."
    ],
    examples: [
      Example("lake run", "all that is stale"),
      Example("lake run --plan", "what would be made, and why"),
      Example("lake run bars.equs_mini_ohlcv_1h --since 2024-01-01", "one table, this year"),
    ])

  let table: String?
  let choice: UnitChoice
  let jobs: Int?
  let memory: Int?
  let isPlanOnly: Bool
  let label: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    table = try arguments.optionalOperand("TABLE")
    let since = arguments.value("since")
    if let since, CivilDate(iso: since) == nil {
      throw UsageError(
        .badValue, "flag '--since' is '\(since)', expected a date", remedy: "--since 2024-01-02",
        command: Self.spec.name)
    }
    choice = UnitChoice(since: since, isForced: arguments.flag("force"))
    jobs = try arguments.integer("jobs", in: 1...256)
    memory = try arguments.byteCount("memory", minimum: LakeConfig.memoryByteCountMin)
    isPlanOnly = arguments.flag("plan")
    label = arguments.value(FlagSpec.label.name)
  }

  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus {
    let lake = try context.findLake()
    let passes = try ConfiguredPass.chosen(table, in: lake)
    let progress = ProgressReporter(context, verb: "run")
    let observer = ProgressObserver(progress: progress, context: context)
    let means = PassMeans(lake: lake, jobs: jobs, memoryByteCount: memory, observer: observer)
    let runner = PassRunner(passes, means: means, choice: choice)
    var printer = RunPrinter(context: context)
    let began = Clock.monotonicSeconds()
    if isPlanOnly {
      progress.finish()
      runner.plan { printer.plan($0, $1) }
      printer.finishPlan()
    } else {
      recorder.begin(in: lake)
      try runner.run { pass, outcome in
        printer.add(pass, outcome)
        recorder.add(pass, outcome)
      }
      progress.finish()
      printer.finish(elapsed: Clock.monotonicSeconds() - began)
    }
    if observer.isInterrupted { return .interrupted }
    if printer.failureCount > 0 { return .failed }
    return printer.findingCount > 0 ? .findings : .done
  }
}

extension ConfiguredPass {
  /// The passes of the lake's configuration that a command applies to.
  ///
  /// - Parameter table: The table to update; nil for all.
  static func chosen(_ table: String?, in lake: Lake) throws -> [ConfiguredPass] {
    let (passes, mistakes) = all(in: lake.config, kinds: PassRegistry.all)
    if var first = mistakes.first {
      first.remedy = first.remedy ?? "lake config check"
      throw first
    }
    if passes.isEmpty {
      throw PassError(
        .input, "lake.yaml names no passes: there is nothing to bring up to date",
        place: lake.config.path,
        remedy:
          "passes: [{pass: resample, table: raw.equs_mini_ohlcv_1s, to: [1m]}], or lake resample TABLE"
      )
    }
    guard let table else { return passes }
    let chosen = choose(try TableName(parsing: table), among: passes)
    if chosen.isEmpty {
      let names = Set(passes.flatMap { $0.outputs + [$0.request.table] }).map(\.description)
      throw PassError(
        .input, "no pass of lake.yaml makes or reads '\(table)'", place: lake.config.path,
        remedy: NearestNames.question(table, among: names.sorted())
          ?? "lake status shows what is derived")
    }
    return chosen
  }
}

extension JobRecorder {
  /// Adds a pass that had work, under its own name.
  func add(_ pass: ConfiguredPass, _ outcome: PassRunner.Outcome) {
    switch outcome {
    case .failed(let error):
      add(pass.kind.name, error: error) { record in
        record.outcome = .failed
        record.tablesIn = [pass.request.table]
        record.tablesOut = pass.outputs
      }
    case .ran(_, let report):
      add(pass.kind.name, error: report.firstFailure) { record in
        record.outcome =
          report.isInterrupted
          ? .interrupted
          : report.failureCount > 0 ? .failed : report.findingCount > 0 ? .findings : .done
        record.tablesIn = [pass.request.table]
        record.tablesOut = pass.kind.effect == .rewrite ? [pass.request.table] : pass.outputs
        record.rowsIn = report.rowsRead
        record.rowsOut = report.rowsWritten
        record.bytesOut = report.bytesWritten
      }
    case .upToDate, .planned, .waits: break
    }
  }
}
