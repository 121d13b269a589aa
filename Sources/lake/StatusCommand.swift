import Catalog
import CommandLineKit
import JSON
import Ledger
import Passes
import Platform
import Tables

/// Shows which derived tables are up to date.
struct StatusCommand: Command {
  static let spec = CommandSpec(
    name: "status",
    summary: "Show which derived tables are up to date, and which dates are not, and why.",
    operands: [
      OperandSpec("TABLE", help: "A derived table (default: all).", isOptional: true)
    ],
    notes: [
      "fresh: made of the rows that are there now. stale: those changed since. missing: not made yet. orphaned: the rows are "
        + "gone. frozen: they were purged, and what was made of them stays. failed: the last run that was to make it failed, and "
        + "nothing made it since. The exit status is 1 where something is not "
        + "up to date, or what it is made of is not there."
    ],
    examples: [
      Example("lake status", "all derived tables"),
      Example("lake run", "brings up to date what lake.yaml names"),
    ])

  let table: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    table = try arguments.optionalOperand("TABLE")
  }

  func run(in context: Context) throws -> ExitStatus {
    let lake = try context.findLake()
    let (passes, mistakes) = ConfiguredPass.all(in: lake.config, kinds: PassRegistry.all)
    var status = ExitStatus.done
    for mistake in mistakes {
      context.report(mistake)
      status = .failed
    }
    let failed = { (error: any Error) in
      context.report(error)
      status = .failed
    }
    var unreadable: [any Error] = []
    var tables = DerivedTable.all(
      in: lake, configured: passes, kinds: PassRegistry.all, failed: { unreadable.append($0) })
    var wanted = passes
    if let table {
      let name = try TableName(parsing: table)
      tables.removeAll { $0.table != name }
      // What other tables are made of does not matter.
      wanted = tables.isEmpty ? [] : ConfiguredPass.choose(name, among: passes)
      if tables.isEmpty {
        // Reports a name that is not a table.
        let path = try lake.table(lake.requireTable(named: table)).path
        if let error = unreadable.first(where: { Self.isOf(path, $0) }) { throw error }
        throw PassError(
          .input, "'\(table)' is not derived: no pass made it",
          remedy: "lake status shows what is derived; lake describe \(table) shows the table")
      }
    }
    if table == nil { unreadable.forEach(failed) }
    let tallies = try tally(wanted, of: tables, lake, in: context, failed: failed)
    var failures: [TableName: (startedAt: Int64, error: String)] = [:]
    do {
      failures = try RunLedger.failures(in: lake)
    } catch {
      context.report(error)
      status = .failed
    }
    var printer = StatusPrinter(context: context)
    for derived in tables {
      guard let tally = tallies[derived.table] else {
        printer.addFailed(derived)
        continue
      }
      // A failure is obsolete once the table is up to date, by whatever command.
      printer.add(derived, tally, failure: tally.isUpToDate ? nil : failures[derived.table]?.error)
    }
    printer.finish()
    return printer.dueCount > 0 || printer.lacksSource ? status.worse(.findings) : status
  }

  /// Whether an error is about something in a folder.
  private static func isOf(_ folder: String, _ error: any Error) -> Bool {
    (error as? any LakeError)?.placeText?.hasPrefix(folder) ?? false
  }

  /// Compares tables with their inputs: first those of lake.yaml, in the order of their passes.
  private func tally(
    _ passes: [ConfiguredPass], of tables: [DerivedTable], _ lake: Lake, in context: Context,
    failed: (any Error) -> Void
  ) throws -> [TableName: UnitTally] {
    let means = PassMeans(lake: lake)
    var tallies: [TableName: UnitTally] = [:]
    let runner = PassRunner(
      passes.filter { $0.kind.effect == .derive }
        + tables.filter { !$0.isConfigured }.map(\.pass), means: means,
      choice: UnitChoice())
    runner.plan { pass, outcome in
      switch outcome {
      case .planned(.derive(let plan)):
        for output in plan.outputs { tallies[output.table] = UnitTally(output) }
      case .waits(let dates):
        for table in pass.outputs {
          tallies[table] = UnitTally(waitingFor: pass.request.table, dates.sorted())
        }
      // A missing input is no failure: it is said of each table that would be made of it.
      case .failed where !lake.hasTable(pass.request.table):
        for table in pass.outputs { tallies[table] = UnitTally(withoutSource: pass.request.table) }
      case .failed(let error): failed(error)
      case .planned, .upToDate, .ran: break
      }
    }
    try context.checkInterruption()
    return tallies
  }
}

/// Number of dates of a table by state and reason.
struct UnitTally {
  private(set) var counts: [PassUnit.State: Int] = [:]
  /// In the order of their first dates.
  private(set) var reasons: [(reason: PassUnit.Reason, dates: [String])] = []

  /// The input table, if it does not exist.
  private(set) var missingSource: TableName?

  /// Of no dates.
  init() {}

  init(withoutSource source: TableName) { missingSource = source }

  init(waitingFor source: TableName, _ dates: [String]) {
    counts[.missing] = dates.count
    if !dates.isEmpty { reasons = [(.inputDue(source), dates)] }
  }

  init(_ output: DerivePlan.Output) {
    for unit in output.units {
      counts[unit.state, default: 0] += 1
      guard unit.state.isDue, let reason = unit.reason else { continue }
      if let index = reasons.firstIndex(where: { $0.reason == reason }) {
        reasons[index].dates.append(unit.date)
      } else {
        reasons.append((reason, [unit.date]))
      }
    }
  }

  var isUpToDate: Bool { dueCount == 0 && missingSource == nil }

  var dueCount: Int { counts.reduce(0) { $0 + ($1.key.isDue ? $1.value : 0) } }
}

private struct StatusPrinter {
  private let context: Context
  private var list = TextTable([
    ("TABLE", .left), ("PASS", .left), ("MADE OF", .left), ("FRESH", .right), ("STALE", .right),
    ("MISSING", .right), ("ORPHANED", .right), ("FROZEN", .right), ("WHY", .left),
  ])
  private var hasUnconfigured = false
  private var failedCount = 0
  private var tableCount = 0
  private(set) var dueCount = 0
  /// Whether some table's input does not exist.
  private(set) var lacksSource = false
  private var total: [PassUnit.State: Int] = [:]

  init(context: Context) { self.context = context }

  mutating func add(_ derived: DerivedTable, _ tally: UnitTally, failure: String?) {
    tableCount += 1
    dueCount += tally.dueCount
    total.merge(tally.counts) { $0 + $1 }
    if !derived.isConfigured, tally.dueCount > 0 { hasUnconfigured = true }
    if failure != nil { failedCount += 1 }
    if tally.missingSource != nil { lacksSource = true }
    if context.isJSON { return context.print(json(derived, tally, failure)) }
    func count(_ state: PassUnit.State) -> String { Quantity.count(tally.counts[state] ?? 0) }
    var why = tally.reasons.map { reason in
      let dates = reason.dates
      let range = dates.count == 1 ? dates[0] : "\(dates[0]) … \(dates[dates.count - 1])"
      return "\(reason.reason.text): \(range)"
    }.joined(separator: "; ")
    if let source = tally.missingSource { why = "\(source) is not there" }
    if let failure { why += (why.isEmpty ? "" : "; ") + "the last run failed: " + failure }
    list.add([
      derived.table.description, derived.pass.kind.name, derived.pass.request.table.description,
      // Dates without output are as fresh as others.
      Quantity.count((tally.counts[.fresh] ?? 0) + (tally.counts[.empty] ?? 0)),
      count(.stale), count(.missing), count(.orphaned), count(.frozen), why,
    ])
  }

  /// Adds a table that could not be compared with its inputs; the error was told.
  mutating func addFailed(_ derived: DerivedTable) {
    tableCount += 1
    failedCount += 1
    let why = "it could not be compared with what it is made of"
    if context.isJSON {
      let tally = UnitTally()
      return context.print(json(derived, tally, why))
    }
    list.add(
      [
        derived.table.description, derived.pass.kind.name,
        derived.pass.request.table.description,
      ] + [String](repeating: "-", count: 5) + [why])
  }

  private func json(
    _ derived: DerivedTable, _ tally: UnitTally, _ failure: String?
  ) -> String {
    var members: [(String, JSONValue)] = [
      ("type", .string("table")), ("table", .string(derived.table.description)),
      ("pass", .string(derived.pass.kind.name)),
      ("source", .string(derived.pass.request.table.description)),
      ("configured", .boolean(derived.isConfigured)),
    ]
    members += PassUnit.State.allCases.map { state in
      (state.rawValue, .integer(Int64(tally.counts[state] ?? 0)))
    }
    members.append(("source_missing", .boolean(tally.missingSource != nil)))
    members.append(("failed", .boolean(failure != nil)))
    if let failure { members.append(("error", .string(failure))) }
    members.append(
      (
        "reasons",
        .array(
          tally.reasons.map { reason in
            .object(
              JSONObject([
                ("reason", .string(reason.reason.text)),
                ("dates", .integer(Int64(reason.dates.count))),
                ("first", .string(reason.dates[0])),
                ("last", .string(reason.dates[reason.dates.count - 1])),
              ]))
          })
      ))
    return JSONValue.object(JSONObject(members)).description
  }

  func finish() {
    if !context.isJSON, !list.rows.isEmpty { context.print(list) }
    var summary = Summary()
    summary.add("tables", .count(tableCount))
    for state in PassUnit.State.allCases { summary.add(state.rawValue, .count(total[state] ?? 0)) }
    summary.add("failed", .count(failedCount))
    context.print(summary)
    if context.isJSON { return }
    if tableCount == 0 {
      context.say("nothing is derived yet")
      context.say("next: lake resample TABLE, or passes in lake.yaml and lake run")
    } else if dueCount > 0 {
      context.say(
        hasUnconfigured
          ? "lake run brings up to date what lake.yaml names; other tables, the command that made them"
          : "lake run brings it up to date")
    }
  }
}
