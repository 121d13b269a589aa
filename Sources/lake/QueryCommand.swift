import Catalog
import CommandLineKit
import Ledger
import Platform
import Query

/// `lake query`: rows of a table as CSV, JSON lines or Parquet.
struct QueryCommand: Command {
  static let spec = CommandSpec(
    name: "query",
    summary: "Print rows of a table, a Delta folder or Parquet files.",
    operands: [
      OperandSpec("TABLE", help: "A table of the lake, or the path of a folder or Parquet file.")
    ],
    flags: [
      .option(
        "symbol", "A,B", short: "s", repeatable: true, help: "Only rows of these symbols."),
      .option("start", "TIME", help: "Rows from this time on; a date means its first instant."),
      .option(
        "end", "TIME", help: "Rows before this time; a bare date means the whole of that day."),
      .option("columns", "A,B", short: "c", repeatable: true, help: "Columns, in this order."),
      .option("where", "CLAUSE", short: "w", help: "Only rows for which this is true."),
      .option("limit", "N", short: "n", help: "At most N rows."),
      .option("tail", "N", help: "Only the last N rows."),
      .option(
        "order", "COLUMN[:desc]", repeatable: true,
        help: "Order of the rows: columns with commas between them."),
      .switch("count", help: "Print only how many rows there are."),
      .option(
        "format", "csv|tsv|jsonl|parquet",
        help: "Format of the rows (else by the name of the output file, else csv)."),
      .option(
        "output", "FILE", short: "o", help: "Where to write (- is standard output, the default)."),
      .switch("force", help: "Replace an existing output file."),
      .option("version", "N", help: "The table as it was at version N."),
      .option("as-of", "TIME", help: "The table as it was at this time."),
      .option(
        "timezone", "ZONE",
        help: "Zone of bare dates and times in the flags (else that of the table's partitions)."),
      .switch("no-checksum", help: "Read pages of a wrong CRC-32 too."),
      .switch(
        "allow-outside",
        help: "Read data files outside the table's folder too, where its log names such: trust it."),
      .option(
        "time-digits", "6|9",
        help: "All times with at least so many digits of a second, for readers of one form."),
      .switch("explain", help: "Print what would be read, what would be skipped, and why."),
    ],
    notes: [
      "A column whose name has a comma, or none at all, goes in double quotes: -c 'time,\"a,b\"'.",
      "Nested columns are JSON in CSV and TSV, objects and arrays in JSON lines, and nested in Parquet. A map whose keys "
        + "repeat is a list of objects with key and value.",
      "Without --columns a lake's own columns are left out: source_ordinal, requested_symbol, and extra, which has the "
        + "fields that the table's kind does not know. Columns go by their other names too (lake schema show KIND).",
      "Ranges are half-open: --start is included, --end is not.",
      "A clause compares columns with numbers, 'text' and times: "
        + "close > 100 and not (volume = 0 or side is null); also in (…), between, like.",
      "Rows come ordered by date, symbol and time. With --order they come by other columns, equal ones as usual; nulls come "
        + "last. --tail counts from the end of the order.",
      "Times print in UTC, prices with all their digits; "
        + "a null is an empty field, an empty text \"\".",
      "Times of bars on whole seconds print none of their digits, others 3, 6 or 9, as many as they have; "
        + "--time-digits 6 gives all of them one form.",
      "A file named .gz or .zst is compressed. A file appears when it is complete, or not at all.",
      "--json prints the summary as an object: on standard output with -o, else on standard error, below "
        + "rows that are JSON lines unless --format says otherwise.",
    ],
    examples: [
      Example(
        "lake query bars.equs_mini_ohlcv_1m -s SPY --start 2024-01-02 --end 2024-01-02 -o spy.csv",
        "one symbol, one day"),
      Example(
        "lake query raw.glbx_mdp3_mbp_1 -w 'size >= 100' -c ts_recv,symbol,price,size | head",
        "some columns of large trades"),
      Example("lake query bars.equs_mini_ohlcv_1m --order volume:desc -n 10", "the ten largest"),
      Example("lake query raw.glbx_mdp3_trades --start 2024-01-02 --count", "how many rows"),
      Example(
        "lake query ~/old/prices.parquet --limit 10 --format jsonl", "a file that is in no lake"),
    ])

  /// Output formats by the suffix of the file name.
  static let forms = OutputForms(
    ["csv", "tsv", "jsonl", "ndjson", "json", "parquet"], compressions: ["gz", "zst"])

  let request: QueryRequest
  let outputPath: String
  /// nil if neither a flag nor the file name determines it.
  let format: QueryOutput.Format?
  let force: Bool
  let explains: Bool
  /// Whether only the number of rows is wanted.
  let counts: Bool

  init(_ arguments: inout Arguments) throws(UsageError) {
    var request = QueryRequest(table: try arguments.table())
    if let second = try arguments.optionalOperand("TABLE") {
      throw UsageError(
        .unexpectedOperand, "unexpected argument '\(second)': one query reads one table",
        remedy: "files in one folder are read together: lake query FOLDER", command: Self.spec.name)
    }
    request.symbols = try arguments.list("symbol")
    request.start = arguments.value("start")
    request.end = arguments.value("end")
    request.columns = arguments.values("columns")
    for text in request.columns where ColumnList.names(in: text) == nil {
      throw arguments.bad("columns", text, "a list without empty items", "--columns A,B")
    }
    request.verifiesChecksums = !arguments.flag("no-checksum")
    request.filter = arguments.value("where")
    request.allowsOutside = arguments.flag("allow-outside")
    request.limit = try arguments.integer("limit", in: 0...Int.max)
    request.tail = try arguments.integer("tail", in: 0...Int.max)
    request.order = arguments.values("order")
    for text in request.order where ColumnList.names(in: text) == nil {
      throw arguments.bad("order", text, "a list without empty items", "--order A,B:desc")
    }
    try arguments.requireAtMostOne(of: ["limit", "tail"])
    counts = arguments.flag("count")
    for name in ["limit", "tail", "order", "columns", "output", "format", "explain"] {
      try arguments.requireAtMostOne(of: ["count", name])
    }
    try arguments.requireTimeZone("timezone")
    request.timezone = arguments.value("timezone")
    try arguments.requireAtMostOne(of: ["version", "as-of"])
    request.version = try arguments.integer("version", in: 0...Int.max)
    if let text = arguments.value("as-of") {
      do {
        request.asOf = try LakeTable.asOfMilliseconds(text)
      } catch {
        throw arguments.bad("as-of", text, "a time with its zone, or a date", error.remedy)
      }
    }
    outputPath = arguments.value("output") ?? "-"
    try arguments.requireOutputName("output", Self.forms, formFlag: "format")
    let named = try arguments.choice("format", of: QueryOutput.Format.allCases.map(\.rawValue))
    format =
      named.flatMap { QueryOutput.Format(rawValue: $0) } ?? QueryOutput.format(of: outputPath)
    if let text = try arguments.choice("time-digits", of: ["6", "9"]) {
      request.timeDigits = UInt8(text).flatMap { TimeDigits(rawValue: $0) }
    }
    force = arguments.flag("force")
    explains = arguments.flag("explain")
    self.request = request
  }

  private func count(_ query: Query, in context: Context) throws -> ExitStatus {
    guard let count = try query.count(isInterrupted: { context.isInterrupted }) else {
      throw Interrupted()
    }
    if context.isJSON {
      var summary = Summary()
      summary.add("table", .text(query.tableName))
      if let version = query.version { summary.add("version", .count(version)) }
      summary.add("rows", .count(count))
      context.print(summary)
    } else {
      context.printText(String(count))
    }
    if count > 0 { try nameMissingSymbols(query, in: context) }
    return .done
  }

  /// The symbols of the table that a requested name resolved to; folders and files have no ledger.
  private func contracts(named name: String, in context: Context) throws -> [NamedStretch] {
    guard let lake = try context.findLakeIfAny(),
      // A path is not a table name.
      let table = try? TableName(parsing: request.table), lake.hasTable(table)
    else { return [] }
    let (ledger, _) = try CoverageLedger.recovered(lake)
    return ledger.contracts(named: name, table: request.table).map {
      NamedStretch(symbol: $0.symbol, interval: $0.interval)
    }
  }

  private func nameMissingSymbols(_ query: Query, in context: Context) throws {
    if context.isQuiet && !context.isJSON { return }
    let missing = try query.missingSymbols(isInterrupted: { context.isInterrupted })
    if missing.isEmpty { return }
    context.warn(
      "no rows of \(missing.map { "'\($0)'" }.joined(separator: ", "))"
        + (query.rangeText == nil ? "" : " in the range"),
      place: query.tableName, remedy: "check the symbols: without --symbol all are printed")
  }

  /// A file of a whole table suggests completeness, so what it lacks is reported.
  private func nameLeftOut(_ query: Query, in context: Context) throws {
    let names = try query.leftOutColumns()
    if names.isEmpty { return }
    context.warn(
      "columns that have values are left out: " + names.map { "'\($0)'" }.joined(separator: ", "),
      place: query.tableName, remedy: "name all columns that are wanted: --columns A,B")
  }

  var printsRows: Bool { outputPath == "-" && !explains }

  func run(in context: Context) throws -> ExitStatus {
    try ChecksumRemedy.offered { try answer(in: context) }
  }

  /// Says what of the files is not read as they have it.
  private func warnOfOddities(_ query: Query, in context: Context) {
    let file = request.table.hasSuffix(".parquet") ? ShellText.path(request.table) : "FILE"
    if request.columns.isEmpty, !query.skippedColumns.isEmpty {
      let names = query.skippedColumns.map { "'\($0)'" }.joined(separator: ", ")
      context.warn(
        "columns of a form that no query reads are left out: \(names)",
        remedy: "lake parquet \(file) --rows prints nested values")
    }
    if let first = query.contradictions.first {
      let count = query.contradictions.count
      context.warn(
        "folders and files contradict each other, and the folders count: \(first)"
          + (count > 1 ? ", and \(Quantity.count(count - 1)) other files" : ""),
        remedy: "query the file itself to see what it says, or rename the folder")
    }
    if !query.repeatedColumns.isEmpty {
      let names = query.repeatedColumns.map { "'\($0)'" }.joined(separator: ", ")
      context.warn(
        "of columns that share a name only the first is read: \(names)",
        remedy: "lake parquet \(file) --rows prints all of them")
    }
  }

  private func answer(in context: Context) throws -> ExitStatus {
    let began = Clock.monotonicSeconds()
    let query: Query
    do {
      query = try Query(
        request, lake: { try context.findLake() }, named: { try contracts(named: $0, in: context) })
    } catch let error as QueryError where error.isUsage {
      throw UsageError(
        .badValue, error.message, place: error.placeText, remedy: error.remedy, command: "query")
    }
    let format = format ?? (context.isJSON && printsRows ? .jsonl : .csv)
    if outputPath == "-", format == .parquet, context.isTerminal, !explains {
      throw UsageError(
        .contradiction, "a Parquet file is nothing for a terminal", remedy: "name a file with -o",
        command: "query")
    }
    if explains {
      QueryFigures(query: query).print(try query.explanation(), in: context)
      return .done
    }
    if let range = query.rangeText { context.detail("range \(range)") }
    if counts { return try count(query, in: context) }
    if context.isVerbose { for line in try query.explanation().lines { context.detail(line) } }
    warnOfOddities(query, in: context)
    if format == .parquet { try nameLeftOut(query, in: context) }
    var output = QueryOutput(path: outputPath, format: format, force: force)
    if let folder = context.environment["TMPDIR"], !folder.isEmpty { output.spillFolder = folder }
    let outcome = try query.run(to: output, isInterrupted: { context.isInterrupted })
    if outcome.isInterrupted { throw Interrupted() }
    if outcome.isClosed { throw OutputClosed() }
    if !outcome.int96Columns.isEmpty {
      context.warn(
        "written as INT96, which other programs may cut: years outside 1677 to 2262 and nanoseconds in one column: "
          + outcome.int96Columns.map { "'\($0)'" }.joined(separator: ", "),
        remedy: "write text for programs that do: --format csv")
    }
    let reasons =
      outcome.rowCount == 0 && (context.isJSON || !context.isQuiet) ? try query.emptyReasons() : []
    // Without rows the reasons explain it.
    if outcome.rowCount > 0 { try nameMissingSymbols(query, in: context) }
    if !context.isJSON, outcome.rowCount == 0 {
      context.say("no rows")
      for reason in reasons { context.say("  " + Escaping.controls(reason)) }
    }
    // Rows on stdout are not followed by a summary unless requested.
    if context.isJSON || context.isVerbose || !printsRows {
      context.print(
        QueryFigures(query: query).summary(
          outcome, format: format, path: outputPath, reasons: reasons,
          elapsed: Clock.monotonicSeconds() - began))
    }
    return .done
  }
}
