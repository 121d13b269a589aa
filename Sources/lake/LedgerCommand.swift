import Catalog
import Columnar
import CommandLineKit
import JSON
import Ledger

/// Shows the lake's coverage, and rebuilds it from the tables.
struct LedgerCommand: Command {
  static let spec = CommandSpec(
    name: "ledger",
    summary: "Show which intervals the lake holds and why others are missing, or rebuild that.",
    operands: [
      OperandSpec(
        "show|rebuild", help: "show prints the intervals; rebuild reads the tables' commits.")
    ],
    flags: [
      .option("dataset", "DATASET", help: "Only this dataset."),
      .option("schema", "KIND", help: "Only this record kind."),
      .option(
        "symbol", "SYMBOLS", repeatable: true,
        help: "Only these symbols, like SPY,QQQ, as they were asked for."),
      .plan(help: "With rebuild: say what is missing, and write nothing."),
    ],
    notes: [
      "A name like ES.c.0 is a contract on each date: -v and --json show which, and query and gaps find its rows by any of"
        + " the contract's names. Every commit says which interval it covers. Where ledger/ is lost or lacks something, rebuild takes it from there. "
        + "What never was in a table, like a refusal of the vendor's, is not in the commits."
    ],
    examples: [
      Example("lake ledger show --symbol ES.c.0", "the state of each interval"),
      Example("lake ledger rebuild", "after ledger/ was lost"),
    ])

  let verb: String
  let dataset: String?
  let schema: String?
  let symbols: [String]
  let isDryRun: Bool

  init(_ arguments: inout Arguments) throws(UsageError) {
    verb = try arguments.operandChoice("show|rebuild")
    dataset = arguments.value("dataset")
    schema = arguments.value("schema")
    symbols = try arguments.list("symbol")
    isDryRun = arguments.flag("plan")
    let others = verb == "show" ? ["plan"] : ["dataset", "schema", "symbol"]
    for name in others where !arguments.values(name).isEmpty {
      throw UsageError(
        .badValue, "flag '--\(arguments.written(name))' does not go with \(verb)",
        remedy: verb == "show" ? "lake ledger rebuild --plan" : "leave it out: all tables are read",
        command: Self.spec.name)
    }
  }

  func run(in context: Context) throws -> ExitStatus {
    let lake = try context.findLake()
    return verb == "show" ? try show(lake, context) : try rebuild(lake, context)
  }

  private func show(_ lake: Lake, _ context: Context) throws -> ExitStatus {
    var status = ExitStatus.done
    let (ledger, _) = try CoverageLedger.recovered(lake) { _, error in
      context.report(error)
      status = .failed
    }
    var table = TextTable([
      ("DATASET", .left), ("SCHEMA", .left), ("SYMBOL", .left), ("FROM", .left), ("TO", .left),
      ("STATE", .left), ("WHY", .left),
    ])
    var count = 0
    var missing = Set(symbols)
    for source in ledger.sources
    where (dataset ?? source.dataset) == source.dataset
      && (schema ?? source.schema) == source.schema
      && (symbols.isEmpty || symbols.contains(source.symbol))
    {
      missing.remove(source.symbol)
      let stretches = ledger.stretches(
        dataset: source.dataset, schema: source.schema, symbolType: source.symbolType,
        symbol: source.symbol)
      for stretch in stretches {
        count += 1
        let (from, to) = (text(stretch.interval.lowerBound), text(stretch.interval.upperBound))
        let why = stretch.event.reason ?? ""
        table.add([
          source.dataset, source.schema, source.symbol, from, to, stretch.state.rawValue, why,
        ])
        let contracts = stretch.event.contracts.filter {
          $0.name == source.symbol && $0.interval.overlaps(stretch.interval)
        }
        for contract in contracts {
          context.detail(
            "\(contract.name) was \(contract.symbol) from \(contract.start.iso) to before \(contract.end.iso)"
          )
        }
        if context.isJSON {
          let members: [(String, JSONValue)] = [
            ("type", .string("interval")), ("dataset", .string(source.dataset)),
            ("schema", .string(source.schema)), ("symbol", .string(source.symbol)),
            ("symbol_type", .string(source.symbolType)), ("start", .string(from)),
            ("end", .string(to)), ("state", .string(stretch.state.rawValue)),
            ("reason", .string(why)), ("contracts", .array(contracts.map(\.json))),
          ]
          context.print(JSONValue.object(JSONObject(members)).description)
        }
      }
    }
    if !context.isJSON && count > 0 { context.print(table) }
    if !missing.isEmpty {
      context.warn(
        "the ledger knows nothing of \(missing.sorted().map { "'\($0)'" }.joined(separator: ", "))",
        remedy: "without --symbol all names are shown, as they were asked for")
    }
    var summary = Summary()
    summary.add("intervals", .count(count))
    summary.add("events", .count(ledger.events.count))
    context.print(summary)
    return status
  }

  private func rebuild(_ lake: Lake, _ context: Context) throws -> ExitStatus {
    var status = ExitStatus.done
    let missing = try LedgerRebuild.missing(lake) { _, error in
      // An unreadable table does not stop the others.
      context.report(error)
      status = .failed
    }
    for event in missing {
      context.detail(
        "\(event.dataset) \(event.schema) \(event.symbols.joined(separator: ",")) "
          + "\(text(event.interval.lowerBound)) \(event.state.rawValue)")
    }
    if !isDryRun {
      try LedgerRebuild.add(missing, to: lake, observer: WarningObserver(context: context))
    }
    var summary = Summary()
    summary.add("events_missing", .count(missing.count))
    summary.add("events_written", .count(isDryRun ? 0 : missing.count))
    context.print(summary)
    return status
  }

  private func text(_ time: Int64) -> String {
    TimeText.iso(nanoseconds: time, digits: time % 1_000_000_000 == 0 ? 0 : 9)
  }
}
