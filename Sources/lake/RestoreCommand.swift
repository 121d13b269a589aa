import Catalog
import CommandLineKit
import DeltaLog
import JSON
import Passes

/// Restores an earlier version of a table.
struct RestoreCommand: JobCommand {
  static let spec = CommandSpec(
    name: "restore",
    summary: "Take a table back to an earlier version: one commit, which can itself be undone.",
    operands: [OperandSpec("TABLE", help: "A table of the lake, like raw.es_ohlcv_1s.")],
    flags: VersionChoice.flags + [
      .switch(
        "empty", help: "Before its first rows: no files, no inputs; schema and properties stay."),
      .plan(help: "Show what would come and go, and stop."),
      .label,
    ],
    notes: [
      "Rows, schema and properties are those of that version again. Files that were ingested since are no longer in, and "
        + "can be ingested again, with other flags; the ledger no longer counts their intervals as complete. Nothing is "
        + "deleted, and no price is forgotten. What was made of the table becomes stale: lake resample makes it again. "
        + "A version whose bytes are gone is refused. --empty undoes every commit, the first one too."
    ],
    examples: [
      Example("lake history raw.es_ohlcv_1s", "which versions there are"),
      Example("lake restore raw.es_ohlcv_1s --version 3 --plan", "what would come and go"),
      Example("lake restore raw.es_ohlcv_1s --version 3", "after a file was ingested wrongly"),
      Example("lake restore raw.es_ohlcv_1s --empty", "after its very first file was"),
    ])

  let table: String
  let choice: VersionChoice
  let isEmptying: Bool
  let isPlanOnly: Bool
  let label: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    table = try arguments.table()
    try arguments.requireAtMostOne(of: ["version", "as-of", "empty"])
    choice = try VersionChoice(&arguments)
    isEmptying = arguments.flag("empty")
    isPlanOnly = arguments.flag("plan")
    label = arguments.value(FlagSpec.label.name)
    if choice.version == nil && choice.asOf == nil && !isEmptying {
      throw UsageError(
        .missingValue, "restore needs the version to go back to",
        remedy: "--version N, --as-of T or --empty; lake history \(table) shows the versions",
        command: Self.spec.name)
    }
  }

  func run(in context: Context, recording recorder: JobRecorder) throws -> ExitStatus {
    let lake = try context.findLake()
    let target: RestoreTarget =
      isEmptying
      ? .empty
      : .version(
        try choice.version ?? choice.snapshot(of: lake.table(named: table)).version)
    let pass = try RestorePass(lake: lake, table: table, to: target)
    if isPlanOnly {
      print(try pass.planWithLedger(), newVersion: nil, in: context)
      return .done
    }
    recorder.begin(in: lake)
    let done = try pass.run(observer: WarningObserver(context: context))
    recorder.add(error: done.ledgerFailure) { $0.tablesOut = [done.plan.table] }
    if let failure = done.ledgerFailure {
      context.report(failure)
      context.warn(
        "the table is restored; what the ledger lacks is in the table: once it can be written, lake ledger rebuild"
      )
    }
    print(done.plan, newVersion: done.version, in: context)
    return done.ledgerFailure == nil ? .done : .findings
  }

  private func print(_ plan: RestorePlan, newVersion: Int?, in context: Context) {
    if context.isJSON {
      for entry in plan.undone { context.print(json(entry)) }
      for change in plan.changes { context.print(json(change.partition, change.change)) }
    } else if !plan.isNothing && (isPlanOnly || !context.isQuiet) {
      printTables(plan, in: context)
    }
    if plan.isNothing { context.say("nothing to do: " + Self.words(plan)) }
    context.print(summary(plan, newVersion))
  }

  private static func words(_ plan: RestorePlan) -> String {
    guard case .version(let version) = plan.target else {
      return "the table is empty, and knows of no input"
    }
    let more = version == 0 ? "; --empty takes it back to before its first rows" : ""
    return "the table is as it was at version \(version)" + more
  }

  private func printTables(_ plan: RestorePlan, in context: Context) {
    var undone = TextTable([
      ("UNDONE VERSION", .right), ("TIME", .left), ("OPERATION", .left), ("FILES ADDED", .right),
      ("FILES REMOVED", .right), ("ROWS ADDED", .right),
    ])
    for entry in plan.undone {
      undone.add([
        String(entry.version), HistoryCommand.time(entry.timestamp),
        entry.commitInfo?.operation ?? "-", Quantity.count(entry.addCount),
        Quantity.count(entry.removeCount), Self.text(entry.addedRowCount),
      ])
    }
    if !plan.undone.isEmpty { context.print(undone) }
    var changes = TextTable([
      ("DATE", .left), ("FILES COMING", .right), ("FILES GOING", .right), ("ROWS COMING", .right),
      ("ROWS GOING", .right),
    ])
    for (partition, change) in plan.changes {
      changes.add([
        partition, Quantity.count(change.filesAdded), Quantity.count(change.filesRemoved),
        Self.text(change.rowsAdded), Self.text(change.rowsRemoved),
      ])
    }
    if !plan.changes.isEmpty { context.print(changes) }
  }

  private static func text(_ rows: Int64?) -> String {
    rows.map { Quantity.count(Int($0)) } ?? "?"
  }

  private func summary(_ plan: RestorePlan, _ newVersion: Int?) -> Summary {
    let total = plan.total
    var summary = Summary()
    summary.add("table", .text(plan.table.description))
    summary.add("from_version", .count(plan.fromVersion))
    if case .version(let version) = plan.target {
      summary.add("restored_version", label: "as at version", .count(version))
    } else {
      summary.add("emptied", .flag(true))
    }
    if let newVersion { summary.add("version", label: "new version", .count(newVersion)) }
    summary.add("commits_undone", .count(plan.undone.count))
    summary.add("files_coming", .count(total.filesAdded))
    summary.add("files_going", .count(total.filesRemoved))
    if let rows = total.rowsAdded { summary.add("rows_coming", .count(Int(rows))) }
    if let rows = total.rowsRemoved { summary.add("rows_going", .count(Int(rows))) }
    summary.add("columns_going", .texts(plan.columnsRemoved))
    summary.add("columns_coming", .texts(plan.columnsAdded))
    summary.add("properties_changed", .texts(plan.propertiesChanged))
    summary.add("inputs_undone", label: "inputs no longer in", .count(plan.inputsUndone))
    summary.add(
      "intervals_undone", label: "intervals no longer complete", .count(plan.intervalsUndone))
    return summary
  }

  private func json(_ entry: HistoryEntry) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "undone")
    json.member("version", entry.version)
    json.member("time", HistoryCommand.time(entry.timestamp))
    json.member("operation", entry.commitInfo?.operation)
    json.member("files_added", entry.addCount)
    json.member("files_removed", entry.removeCount)
    json.member("rows_added", entry.addedRowCount)
    json.endObject()
    return json.string
  }

  private func json(_ partition: String, _ change: RestorePlan.Change) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "partition")
    json.member("date", partition)
    json.member("files_coming", change.filesAdded)
    json.member("files_going", change.filesRemoved)
    json.member("rows_coming", change.rowsAdded)
    json.member("rows_going", change.rowsRemoved)
    json.endObject()
    return json.string
  }
}
