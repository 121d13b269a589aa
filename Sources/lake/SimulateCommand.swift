import Columnar
import CommandLineKit
import Databento
import Glibc
import Platform
import Query
import Simulation

/// Generates simulated market data.
struct SimulateCommand: Command {
  static let spec = CommandSpec(
    name: "simulate",
    summary: "Make up market data as Databento files: for trying things out, tests and benchmarks.",
    flags: [
      .option("start", "DATE", help: "First day, UTC (default 2024-01-02)."),
      .option("days", "N", help: "Days with trading (default 1); weekends are not counted."),
      .option(
        "schema", "LIST",
        help:
          "definition, status, mbp-1, tbbo, trades, ohlcv-1s|1m|1h|1d (default definition,ohlcv-1s)."
      ),
      .option("symbols", "LIST", help: "Stocks or futures (default eight well-known stocks)."),
      .option("dataset", "CODE", help: "Like EQUS.MINI or GLBX.MDP3 (default: by the symbols)."),
      .option("seed", "S", help: "Same seed, same bytes (default 1)."),
      .option("rows-per-day", "N", help: "About how many mbp-1 rows a full day has, all symbols."),
      .option("intensity", "X", help: "Activity compared with the usual: 0.1, 1, 20 …"),
      .option("output", "DIR", short: "o", help: "Folder for the files (default: here)."),
      .option("jobs", "N", help: "Days that are written at once (default: processors)."),
      .switch("force", help: "Overwrite files that exist."),
    ],
    notes: [
      "One file a day and schema, named like the vendor's: equs-mini-20240102.ohlcv-1s.dbn.zst. A "
        + "day's files depend on the seed, the symbols and the date alone. Trades happen at the "
        + "simulated quotes, and bars are made of those trades. Futures trade from Sunday evening "
        + "to Friday with a break a day; stocks from 04:00 New York time to 20:00 or midnight UTC."
    ],
    examples: [
      Example(
        "lake simulate --days 3 --schema ohlcv-1s,trades,definition --symbols SPY,QQQ -o data",
        "three days of two stocks"),
      Example(
        "lake simulate --schema mbp-1 --symbols ESH4,NQH4 --rows-per-day 50000000 -o big",
        "fifty million quotes in one day"),
    ], usesLake: false)

  let options: SimulationOptions
  let jobs: Int?

  init(_ arguments: inout Arguments) throws(UsageError) {
    let start = arguments.value("start") ?? "2024-01-02"
    guard let date = CivilDate(iso: start) else {
      throw arguments.bad("start", start, "a date like 2024-01-02", nil)
    }
    var options = SimulationOptions(
      start: date,
      dayCount: try arguments.integer("days", in: 1...SimulatedMarket.dayCountMax) ?? 1,
      directory: arguments.value("output") ?? "")
    let names = SimulatedMarket.schemas.map(\.rawValue)
    var schemas: [RecordKind] = []
    for name in try arguments.list("schema") {
      guard let schema = RecordKind(rawValue: name), SimulatedMarket.schemas.contains(schema) else {
        throw arguments.bad(
          "schema", name, names.joined(separator: ", "),
          NearestNames.question(name, among: names))
      }
      schemas.append(schema)
    }
    if !schemas.isEmpty { options.schemas = schemas }
    options.symbols = try arguments.list("symbols")
    options.dataset = arguments.value("dataset")
    if let text = arguments.value("seed") {
      guard let seed = UInt64(text) else {
        throw arguments.bad("seed", text, "a whole number of at least 0", nil)
      }
      options.seed = seed
    }
    try arguments.requireAtMostOne(of: ["rows-per-day", "intensity"])
    options.rowsPerDay = try arguments.integer("rows-per-day", in: 1...1_000_000_000)
    if let text = arguments.value("intensity") {
      guard let factor = Double(text), factor > 0, factor <= 10_000 else {
        throw arguments.bad("intensity", text, "a number above 0, at most 10000", nil)
      }
      options.intensity = max(1, Int((factor * 1024).rounded()))
    }
    options.overwrites = arguments.flag("force")
    self.options = options
    jobs = try arguments.integer("jobs", in: 1...256)
  }

  func run(in context: Context) throws -> ExitStatus {
    let simulation = try SimulatedMarket(options)
    let files = try simulation.run(
      width: jobs ?? Parallel.width, shouldStop: { context.isInterrupted },
      onDay: { files in
        for file in files {
          context.detail("\(file.path): \(Quantity.count(file.recordCount)) records")
        }
      })
    guard let files else { throw Interrupted() }
    for file in files {
      if context.isJSON {
        context.print(
          "{\"type\":\"file\",\"path\":\(Escaping.json(file.path)),\"schema\":\""
            + "\(file.schema.rawValue)\",\"date\":\"\(file.date.iso)\",\"records\":"
            + "\(file.recordCount)}")
      } else if !context.isQuiet {
        context.printText(file.path)
      }
    }
    var summary = Summary()
    summary.add("files", .count(files.count))
    summary.add("records", .count(files.reduce(0) { $0 + $1.recordCount }))
    context.print(summary)
    return .done
  }
}
