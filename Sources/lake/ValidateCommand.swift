import CSystem
import Catalog
import CommandLineKit
import Compression
import Glibc
import Ingest
import JSON
import Market
import Passes
import Platform
import Query
import RowSources
import Storage
import Tables

/// Checks bars of tables and files, and writes a report.
struct ValidateCommand: JobCommand {
  static let spec = CommandSpec(
    name: "validate",
    summary: "Check bars by all rules in one reading, and write a report.",
    operands: [
      OperandSpec(
        "TABLE|FILE|FOLDER",
        help:
          "Tables of bars, or files of them: CSV, Parquet, DBN, JSON; a folder stands for all its data files.",
        isRepeated: true)
    ],
    flags: [
      .option(
        "interval", "INTERVAL",
        help: "Length of the bars of files, like 1m (else as the file says, or its times)."),
      .option(
        "report", "FILE",
        help:
          "Where the report goes (default logs/validation_report.txt, of the lake or of this folder)."
      ),
      .option(
        "calendar", "NAME",
        help: "Expect sessions of this calendar (default: that of the dataset, where one is known)."
      ),
      .option("symbol", "NAME", help: "The symbol of files without one."),
      .option("timezone", "ZONE", help: "The zone of times in files without one (default UTC)."),
      .option(
        "map", "THEIRS=OURS", repeatable: true,
        help: "Column THEIRS of the file is our OURS; '-' leaves it out."),
      .option("columns", "NAMES", help: "Names of all columns of a CSV file without a header."),
      .option("delimiter", "CHAR", help: "What separates fields of a CSV file, like ';' or 'tab'."),
      .option("dbn-version", "N", help: "Version of DBN records without a header (1, 2 or 3)."),
      .option("start", "T", help: "Of tables: partitions from this date on."),
      .option("end", "T", help: "Of tables: partitions up to this date, it included."),
      .option("jobs", "N", help: "Threads (default: as many as there are processors)."),
      .label,
    ] + IngestCommand.textFlags,
    notes: [
      "Errors: duplicate timestamps of a symbol and publisher; times going backwards in a file; high below open, close or low, "
        + "low above open or close; rows without a price; negative volumes, and negative prices of a dataset of stocks or "
        + "options; rows that break another rule of their schema; rows that cannot be read; missing columns; volumes "
        + "of resampled bars that differ from their source's.",
      "Warnings: timestamps that are not aligned to the interval; prices five times those before and after, or a fifth of them; "
        + "rows outside the sessions of the calendar; gaps in a session that chance does not explain.",
      "The exit status is 0 where nothing is found, 1 with errors or warnings, 2 where something could not be read. Files are "
        + "looked at in their own order; nothing is changed.",
    ],
    examples: [
      Example("lake validate bars.equs_mini_ohlcv_1m", "a table"),
      Example("lake validate downloads --interval 1m --report report.txt", "a folder of files"),
      Example("lake validate spy.csv --calendar XNYS", "a file, by the sessions of New York"),
    ])

  let inputs: [String]
  var files = IngestOptions()
  let reportPath: String?
  let calendar: String?
  let start: String?
  let end: String?
  let jobs: Int?
  let label: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    do {
      _ = try TimeRange.parse(
        start: arguments.value("start"), end: arguments.value("end"), zone: .utc)
    } catch {
      throw UsageError(
        .badValue, "flag " + error.message, remedy: error.remedy, command: arguments.spec.name)
    }
    inputs = try arguments.remainingOperands("TABLE|FILE|FOLDER", minimum: 1)
    try arguments.requireInterval("interval", arguments.value("interval"))
    files.interval = arguments.value("interval")
    files.symbol = arguments.value("symbol")
    try arguments.requireTimeZone("timezone")
    files.timeZone = arguments.value("timezone")
    try arguments.requireMappings("map")
    files.columnMap = arguments.values("map")
    let columns = try arguments.list("columns")
    if !columns.isEmpty { files.columns = columns }
    files.delimiter = try IngestCommand.byte("delimiter", &arguments)
    files.dbnVersion = try arguments.integer("dbn-version", in: 1...3)
    try IngestCommand.readTextFlags(&arguments, &files)
    files.commandWords = IngestCommand.wordsWithoutFiles(inputs)
    reportPath = arguments.value("report")
    calendar = arguments.value("calendar")
    start = arguments.value("start")
    end = arguments.value("end")
    jobs = try arguments.integer("jobs", in: 1...256)
    label = arguments.value(FlagSpec.label.name)
  }

  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus {
    let lake = try context.findLakeIfAny()
    if let lake { recorder.begin(in: lake) }
    let began = Clock.monotonicSeconds()
    let progress = ProgressReporter(context, verb: "validate")
    let observer = ProgressObserver(progress: progress, context: context)
    let fileCheck = try FileCheck(lake: lake, calendar: calendar, observer: observer)
    var report = ValidationReport()
    for input in inputs {
      if context.isInterrupted { break }
      do {
        if let table = try table(input, lake, in: context) {
          let pass = try ValidatePass(
            lake: table.lake, table: try table.lake.table(named: input),
            options: try options(table),
            observer: observer)
          report.parts.append(try pass.run())
        } else {
          try check(filesOf: input, fileCheck, lake, &report, in: context)
        }
      } catch let error as PassError where error.code == .interrupted {
        break
      } catch let error as UsageError {
        throw error
      } catch {
        var part = ValidationReport.Part(name: input)
        part.errors.append((input, error))
        report.parts.append(part)
      }
    }
    progress.finish()
    report.isInterrupted = context.isInterrupted
    for (_, error) in report.parts.flatMap(\.errors) { context.report(error) }
    var path: String?
    do {
      // One of a part would replace that of all.
      if !report.isInterrupted { path = try write(report, lake) }
    } catch {
      // What was found is printed all the same.
      context.report(error)
    }
    recorder.add(error: report.parts.flatMap(\.errors).first?.error) { record in
      record.tablesIn = inputs.compactMap { input in
        // Paths are no tables.
        (try? TableName(parsing: input)).flatMap { lake?.hasTable($0) == true ? $0 : nil }
      }
      record.rowsIn = report.rowCount
    }
    ValidationPrinter(report, path: path, elapsed: Clock.monotonicSeconds() - began).print(
      in: context)
    if report.isInterrupted { throw Interrupted() }
    if report.unreadCount > 0 || path == nil { return .failed }
    return report.findings.isEmpty ? .done : .findings
  }

  // MARK: - Tables

  private struct FoundTable {
    let lake: Lake
    let name: TableName
  }

  /// The table of a name; nil where it is the path of a file or folder.
  private func table(_ text: String, _ lake: Lake?, in context: Context) throws -> FoundTable? {
    var info = stat()
    if text.contains("/") || lake_stat(text, &info) == 0 { return nil }
    // What is no name is a path.
    guard let name = try? TableName(parsing: text) else { return nil }
    let lake = try lake ?? context.findLake()
    return FoundTable(lake: lake, name: try lake.requireTable(named: name.description))
  }

  private func options(_ table: FoundTable) throws -> ValidatePass.Options {
    var options = ValidatePass.Options()
    options.jobs = jobs ?? table.lake.config.jobCount
    options.calendar = calendar
    let zone =
      try table.lake.table(table.name).snapshot(applies: .allFeatures).configuration[
        TableProperty.partitionTimezone]
      ?? "UTC"
    let range = try TimeRange.parse(
      start: start, end: end, zone: try TimeZoneRules.named(zone))
    options.start = range.start
    options.end = range.end
    return options
  }

  // MARK: - Files

  private func check(
    filesOf input: String, _ check: FileCheck, _ lake: Lake?, _ report: inout ValidationReport,
    in context: Context
  ) throws {
    let paths = InputPaths([input])
    for (path, error) in paths.failures {
      var part = ValidationReport.Part(name: path)
      part.errors.append((path, error))
      report.parts.append(part)
    }
    if paths.hasFolders, paths.files.isEmpty, paths.failures.isEmpty {
      context.warn("no files of bars are in the folder", place: input)
    }
    for path in paths.files {
      if context.isInterrupted { return }
      if paths.hasFolders, isReport(path) { continue }
      report.parts.append(try part(path, check, lake, in: context))
    }
  }

  /// Whether a file is the report of an earlier run, in the folder that is looked at.
  private func isReport(_ path: String) -> Bool {
    // What is wrong with a file is told when it is opened.
    guard let input = try? InputStream(path: path) else { return false }
    let title = Array(ValidationReport.title.utf8)
    var head = [UInt8](repeating: 0, count: title.count)
    // As above.
    let count = (try? head.withUnsafeMutableBytes { try input.read(into: $0) }) ?? 0
    return count == title.count && head == title
  }

  /// Checks one file. What is wrong with it is part of the answer.
  private func part(
    _ path: String, _ check: FileCheck, _ lake: Lake?, in context: Context
  ) throws -> ValidationReport.Part {
    var part = ValidationReport.Part(name: path)
    do {
      let opened = try FileBars.open(path, files, lake: lake)
      if opened.interval == nil {
        context.say(
          "\(path): nothing tells how long its bars are, so that neither alignment nor gaps are looked at (--interval 1m)"
        )
      }
      // Where nothing tells the zone of bars of days, they may begin at midnight of New York too.
      let zones =
        try (files.timeZone ?? opened.timeZone).map { [try TimeZoneRules.named($0)] }
        ?? [.utc, TimeZoneRules.named("America/New_York")]
      part = try check.check(
        opened.source, interval: opened.interval, dataset: opened.dataset, zones: zones
      ) { try FileBars.open(path, files, lake: lake).source }
      for row in opened.takeRejected() { add(row, path, &part.findings) }
    } catch let error as PassError where error.code == .interrupted {
      throw error
    } catch let error as SourceError where error.code == .missingColumn {
      let text = error.message.split(separator: ";").first.map(String.init) ?? error.message
      part.findings.add(.missingColumn, detail: "\(path): \(text)") {
        BarExample(source: path, values: text)
      }
    } catch {
      part.errors.append((path, error))
      return part
    }
    if part.findings.isEmpty { part.passedCount = 1 } else { part.failedCount = 1 }
    return part
  }

  private func add(
    _ row: SourceRejection, _ path: String, _ findings: inout BarFindings
  ) {
    let isPrice =
      row.rule == RejectionRule.nullRequired.rawValue
      && ValidatePass.columns.contains { row.reason.contains("'\($0)'") }
    findings.add(isPrice ? .noPrice : .unreadableRow, detail: isPrice ? nil : row.rule) {
      BarExample(
        source: path, row: Int(row.rowNumber), time: row.timestamp, symbol: row.symbol ?? "",
        values: row.reason)
    }
  }

  // MARK: - The report

  /// Writes the report, whole or not at all. It is made again by the next run: an older one is replaced.
  private func write(_ report: ValidationReport, _ lake: Lake?) throws -> String {
    let path = try reportPath ?? defaultPath(lake)
    let file = try OutputFile(path: path, replaces: true)
    let text = Array(report.text(now: Clock.nanoseconds()).utf8)
    try text.withUnsafeBytes { try file.write($0) }
    try file.publish()
    return path
  }

  private func defaultPath(_ lake: Lake?) throws -> String {
    let root = lake.map { $0.root } ?? "."
    try DirectoryStorage(root: root).createDirectory("logs")
    return (lake == nil ? "" : root + "/") + "logs/validation_report.txt"
  }
}
