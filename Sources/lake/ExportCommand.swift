import Catalog
import Columnar
import CommandLineKit
import Databento
import Export
import Platform
import Query

/// Exports a table's rows in a vendor's format.
struct ExportCommand: Command {
  static let spec = CommandSpec(
    name: "export",
    summary: "Write a table's rows back as the vendor's records.",
    operands: [
      OperandSpec("dbn", help: "The format: Databento's DBN."),
      OperandSpec("TABLE", help: "A table of Databento records."),
    ],
    flags: [
      .option("output", "FILE", short: "o", help: "Write to FILE; .zst compresses. '-' is stdout."),
      .option("symbol", "SYMBOLS", help: "Only these raw symbols."),
      .option("start", "TIME", help: "From this date or instant (UTC) on."),
      .option("end", "TIME", help: "Up to this instant, or to the end of this date."),
      .option("dbn-version", "1|2|3", help: "Version of the format (default 3)."),
      .switch("force", help: "Overwrite FILE."),
    ],
    notes: [
      "Records are equal to their source's field by field. Tables that keep the source's ordinal give its order back; "
        + "bars come by time, then instrument and publisher.",
      "A value for which the version has no room is refused with its field and record: nothing is cut. Versions 1 and 2 "
        + "have shorter texts and symbols, smaller quantities and ids, and no legs; 3 leaves out what the vendor's own "
        + "upgrade does.",
    ],
    examples: [
      Example("lake export dbn raw.glbx_mdp3_trades -o trades.dbn.zst", "all records"),
      Example(
        "lake export dbn raw.glbx_mdp3_mbp_1 --symbol ESH4 --start 2024-01-02 --end 2024-01-02 -o es.dbn",
        "one symbol, one day"),
    ])

  let table: String
  let path: String
  var options = DBNExport.Options()

  init(_ arguments: inout Arguments) throws(UsageError) {
    _ = try arguments.operandChoice("dbn")
    table = try arguments.table()
    path = arguments.value("output") ?? "-"
    try arguments.requireOutputName(
      "output", OutputForms(["dbn"], compressions: ["zst", "gz"]))
    options.symbols = Set(try arguments.list("symbol"))
    options.overwrites = arguments.flag("force")
    if let version = try arguments.integer("dbn-version", in: 1...3) { options.version = version }
    let start = try Self.time(arguments, "start", isEnd: false)
    let end = try Self.time(arguments, "end", isEnd: true)
    if start != nil || end != nil {
      let (first, last) = (start ?? .min, end ?? .max)
      guard first <= last else {
        throw arguments.bad("end", arguments.value("end") ?? "", "a time after --start", nil)
      }
      options.range = first..<last
    }
  }

  private static func time(
    _ arguments: Arguments, _ name: String, isEnd: Bool
  ) throws(UsageError) -> Int64? {
    guard let text = arguments.value(name) else { return nil }
    guard let time = TimeText.parseISO(text) else {
      throw arguments.bad(name, text, "a date or an instant like 2024-01-02T14:30:00Z", nil)
    }
    // As the end of a range, a bare date includes that day.
    return time.nanoseconds
      + (isEnd && CivilDate(iso: text) != nil ? CivilDate.nanosecondsPerDay : 0)
  }

  var printsRows: Bool { path == "-" }

  func run(in context: Context) throws -> ExitStatus {
    let lake = try context.findLake()
    let progress = ProgressReporter(context, verb: "export")
    let observer = ProgressObserver(progress: progress, context: context)
    let began = Clock.monotonicSeconds()
    var options = options
    if let folder = context.environment["TMPDIR"], !folder.isEmpty { options.spillFolder = folder }
    let report = try DBNExport(lake: lake, table: table, options: options, observer: observer)
      .write(to: path)
    progress.finish()
    var summary = Summary()
    summary.add("records", .count(report.recordCount))
    summary.add("dates", .count(report.dates))
    summary.add("bytes", label: "bytes before compression", .bytes(report.byteCount))
    summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
    summary.add("elapsed", .seconds(Clock.monotonicSeconds() - began))
    context.print(summary)
    return .done
  }
}
