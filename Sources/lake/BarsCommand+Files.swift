import Catalog
import CommandLineKit
import Ingest
import Passes
import Platform
import Query
import Tables

// Bars of files, without a lake.

extension BarsCommand {
  /// One interval makes one file, and there is no table that could be named.
  func requireOneOutput(_ arguments: Arguments) throws(UsageError) {
    if let name = ["as", "with"].first(where: { !arguments.values($0).isEmpty }) {
      throw UsageError(
        .contradiction, "--\(name) names tables, and bars of files go into a file",
        remedy: "-o bars.csv", command: Self.spec.name)
    }
    if options.intervals.count != 1 {
      throw UsageError(
        .contradiction,
        "bars of files go into one file, and \(options.intervals.count) intervals are asked for",
        remedy: "--to with one interval", command: Self.spec.name)
    }
  }

  /// Reads the files into a temporary lake, makes the bars there, and writes them as a query does.
  func run(files: [String], to path: String, in context: Context) throws -> ExitStatus {
    if isPlanOnly {
      for file in files { context.printText("\(file)  \(options.intervals[0]) → \(path)") }
      return .done
    }
    let began = Clock.monotonicSeconds()
    let progress = ProgressReporter(context, verb: "bars")
    let scratch = ScratchLake(command: Self.spec.name, context: context)
    defer { scratch.remove() }
    let observer = ProgressObserver(progress: progress, context: context)
    let ticks = try files.compactMap { try DBNTrades.open($0) }
    if ticks.count == files.count {
      let lake = try scratch.makeLake()
      let job = try usageChecked {
        try TickFileBars(ticks, options, into: lake, observer: observer)
      }
      let table: TableName?
      do {
        table = try job.make()
      } catch let error as PassError where error.code == .interrupted {
        throw Interrupted()
      }
      progress.finish()
      return try write(
        table, of: lake, from: files, to: path, BarFigures(job.tally), began: began, in: context)
    }
    return try run(rowsOf: files, scratch, progress, observer, to: path, began: began, in: context)
  }

  /// Bars of files other than DBN: these are read as into a lake.
  private func run(
    rowsOf files: [String], _ scratch: ScratchLake, _ progress: ProgressReporter,
    _ observer: ProgressObserver, to path: String, began: Double, in context: Context
  ) throws -> ExitStatus {
    let (lake, tables) = try scratch.lake(of: files)
    let ticks = try tables.filter { try BarsPass.holdsTrades(lake.table($0), in: lake) }
    guard let first = ticks.first else {
      throw PassError(
        .input, "the files hold no trades: \(tables.map(\.name).joined(separator: ", "))",
        place: files.joined(separator: ", "),
        remedy: "name files of trades, tbbo, mbp-1, mbp-10 or mbo; lake resample takes bars")
    }
    var options = options
    options.jobs = jobs ?? Parallel.width
    options.others = ticks.dropFirst().map(\.description)
    let pass = try BarsPass(
      lake: lake, table: first.description, options: options, observer: observer)
    let plan = try planned(pass)
    let report = try pass.run(plan)
    progress.finish()
    if report.work.isInterrupted { throw Interrupted() }
    if let failure = report.work.outputs.flatMap(\.failures).first { throw failure.error }
    let output = report.work.outputs.first { $0.rowCount > 0 }
    return try write(
      output?.table, of: lake, from: files, to: path, BarFigures(report), began: began, in: context)
  }

  private func write(
    _ table: TableName?, of lake: Lake, from files: [String], to path: String,
    _ figures: BarFigures, began: Double, in context: Context
  ) throws -> ExitStatus {
    guard let table else {
      throw PassError(
        .input, "no trade counts: there are no bars", place: files.joined(separator: ", "),
        remedy: "--session all takes trades of all hours; lake dbn FILE shows the records")
    }
    let outcome = try Query(QueryRequest(table: table.description), lake: { lake }).run(
      to: QueryOutput(path: path, format: QueryOutput.format(of: path) ?? .csv, force: force),
      isInterrupted: { context.isInterrupted })
    if outcome.isInterrupted { throw Interrupted() }
    if outcome.isClosed { throw OutputClosed() }
    if path != "-" || context.isJSON || context.isVerbose {
      var summary = Summary()
      summary.add("output", .text(path))
      summary.add("bars", .count(outcome.rowCount))
      figures.add(to: &summary)
      summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
      summary.add("elapsed", .seconds(Clock.monotonicSeconds() - began))
      context.print(summary)
    }
    return .done
  }
}
