import Catalog
import CommandLineKit
import JSON
import Ledger
import Platform
import Query

/// Holds two tables, versions or files against each other.
struct CompareCommand: JobCommand {
  static let spec = CommandSpec(
    name: "compare",
    summary: "Hold two tables, versions of one, or files against each other, row by row.",
    operands: [
      OperandSpec(
        "A", help: "A table, TABLE@VERSION, a Delta folder, or a file: Parquet, CSV, DBN, JSON."),
      OperandSpec("B", help: "What it is compared with, likewise."),
    ],
    flags: [
      .option("symbol", "A,B", short: "s", repeatable: true, help: "Only rows of these symbols."),
      .option("start", "TIME", help: "Rows from this time on; a date means its first instant."),
      .option(
        "end", "TIME", help: "Rows before this time; a bare date means the whole of that day."),
      .option(
        "columns", "A,B", short: "c", repeatable: true,
        help: "Columns that are compared (default: all that both sides have)."),
      .option(
        "where", "CLAUSE", short: "w", help: "Only rows for which this is true, of both sides."),
      .option(
        "tolerance", "SHARE",
        help:
          "Differences up to this share of the larger value are none, like 1% or 0.01 (default 0)."),
      .option("by", "symbol,day", help: "Figures by symbol, by day, or by both."),
      .option(
        "timezone", "ZONE",
        help: "Zone of bare dates and times in the flags, and of times in files without one."),
      .option(
        "interval", "INTERVAL", help: "Length of the bars of files, like 1m (else as they say)."),
      .label,
    ],
    notes: [
      "Rows are paired by symbol, time, and publisher and sequence where both sides have them. Rows that nothing tells apart are "
        + "paired in their order. Both sides are sorted for that, in bounded memory.",
      "Of each column of both sides: how many values are equal, differ within the tolerance, or beyond it, and the worst rows. "
        + "Decimals are compared exactly, whatever their widths; times and texts are equal or not.",
      "The exit status is 0 where all rows are paired and no value is beyond the tolerance, 1 else, 2 where the two cannot be "
        + "compared. Files other than Parquet are read as lake ingest reads them, into a folder that is removed afterwards.",
    ],
    examples: [
      Example(
        "lake compare bars.glbx_mdp3_mbp_1_1d raw.glbx_mdp3_ohlcv_1d --tolerance 1% --by symbol",
        "our bars and the vendor's"),
      Example(
        "lake compare raw.equs_mini_ohlcv_1m@3 raw.equs_mini_ohlcv_1m",
        "what has changed since version 3"),
      Example("lake compare old.csv new.csv --interval 1m", "two files"),
    ])

  let operands: [String]
  var request = QueryRequest(table: "")
  let tolerance: Double
  let grouping: [ComparisonGrouping]
  let interval: String?
  let label: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    operands = [try arguments.operand("A"), try arguments.operand("B")]
    request.symbols = try arguments.list("symbol")
    request.start = arguments.value("start")
    request.end = arguments.value("end")
    request.columns = arguments.values("columns")
    for text in request.columns where ColumnList.names(in: text) == nil {
      throw arguments.bad("columns", text, "a list without empty items", "--columns A,B")
    }
    request.filter = arguments.value("where")
    try arguments.requireTimeZone("timezone")
    request.timezone = arguments.value("timezone")
    tolerance = try Self.tolerance(&arguments)
    let parts = try arguments.list("by")
    grouping = try parts.map { part throws(UsageError) in
      guard let own = ComparisonGrouping(rawValue: part) else {
        throw arguments.bad("by", part, "symbol, day, or both", "--by symbol,day")
      }
      return own
    }
    try arguments.requireInterval("interval", arguments.value("interval"))
    interval = arguments.value("interval")
    label = arguments.value(FlagSpec.label.name)
  }

  private static func tolerance(_ arguments: inout Arguments) throws(UsageError) -> Double {
    guard let text = arguments.value("tolerance") else { return 0 }
    let isPercent = text.hasSuffix("%")
    guard let number = Double(isPercent ? String(text.dropLast()) : text), number >= 0,
      number.isFinite
    else {
      throw arguments.bad("tolerance", text, "a share of the larger value", "--tolerance 1%")
    }
    return isPercent ? number / 100 : number
  }

  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus {
    if let lake = try context.findLakeIfAny() { recorder.begin(in: lake) }
    let began = Clock.monotonicSeconds()
    let progress = ProgressReporter(context, verb: "compare")
    let scratch = ScratchLake(
      command: Self.spec.name, interval: interval, timeZone: request.timezone, context: context)
    defer { scratch.remove() }
    let queries = try operands.map { try query($0, scratch, in: context) }
    let report: ComparisonReport
    do {
      var comparison = try TableComparison(
        queries[0], queries[1],
        columns: request.columns.flatMap { ColumnList.names(in: $0) ?? [$0] })
      comparison.tolerance = tolerance
      comparison.grouping = grouping
      if let folder = context.environment["TMPDIR"], !folder.isEmpty {
        comparison.spillFolder = folder
      }
      report = try comparison.run(isInterrupted: { context.isInterrupted })
    } catch let error as QueryError where error.isUsage {
      throw UsageError(
        .badValue, error.message, place: error.placeText, remedy: error.remedy,
        command: Self.spec.name)
    }
    progress.finish()
    if report.isInterrupted { throw Interrupted() }
    recorder.add { record in
      // Paths are no tables.
      record.tablesIn = operands.compactMap { try? TableName(parsing: Self.parts(of: $0).name) }
      record.rowsIn = report.leftCount + report.rightCount
    }
    ComparisonPrinter(
      report, operands: operands, tolerance: tolerance, grouping: grouping,
      elapsed: Clock.monotonicSeconds() - began
    ).print(in: context)
    return report.agrees ? .done : .findings
  }

  /// The name, and the version behind `@`.
  static func parts(of text: String) -> (name: String, version: Int?) {
    guard let at = text.lastIndex(of: "@"), let version = Int(text[text.index(after: at)...]),
      version >= 0
    else { return (text, nil) }
    return (String(text[..<at]), version)
  }

  private func query(
    _ operand: String, _ scratch: ScratchLake, in context: Context
  ) throws -> Query {
    var own = request
    own.columns = []
    // A query reads Parquet files as they are.
    if ScratchLake.isFile(operand), !operand.hasSuffix(".parquet") {
      let (lake, tables) = try scratch.lake(of: [operand])
      guard tables.count == 1, let table = tables.first else {
        throw UsageError(
          .badValue, "'\(operand)' holds rows of \(tables.count) kinds, and tables are compared",
          remedy: "lake ingest it, and compare the tables", command: Self.spec.name)
      }
      own.table = table.description
      return try Query(own, lake: { lake })
    }
    (own.table, own.version) = Self.parts(of: operand)
    do {
      return try Query(own, lake: { try context.findLake() })
    } catch let error as QueryError where error.isUsage {
      throw UsageError(
        .badValue, error.message, place: error.placeText, remedy: error.remedy,
        command: Self.spec.name)
    }
  }
}
