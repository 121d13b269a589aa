import Catalog
import CommandLineKit
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
    let observer = ProgressObserver(progress: progress, context: context)
    let pass = try BarsPass(
      lake: lake, table: first.description, options: options, observer: observer)
    let plan = try planned(pass)
    let report = try pass.run(plan)
    progress.finish()
    if report.work.isInterrupted { throw Interrupted() }
    if let failure = report.work.outputs.flatMap(\.failures).first { throw failure.error }
    guard let output = report.work.outputs.first, output.rowCount > 0 else {
      throw PassError(
        .input, "no trade counts: there are no bars", place: files.joined(separator: ", "),
        remedy: "--session all takes trades of all hours; lake dbn FILE shows the records")
    }
    let request = QueryRequest(table: output.table.description)
    let outcome = try Query(request, lake: { lake }).run(
      to: QueryOutput(path: path, format: QueryOutput.format(of: path) ?? .csv, force: force),
      isInterrupted: { context.isInterrupted })
    if outcome.isInterrupted { throw Interrupted() }
    if outcome.isClosed { throw OutputClosed() }
    if path != "-" || context.isJSON || context.isVerbose {
      var summary = Summary()
      summary.add("output", .text(path))
      summary.add("bars", .count(outcome.rowCount))
      BarFigures(report).add(to: &summary)
      summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
      summary.add("elapsed", .seconds(Clock.monotonicSeconds() - began))
      context.print(summary)
    }
    return .done
  }
}
