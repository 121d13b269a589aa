import Catalog
import Columnar
import CommandLineKit
import DeltaLog
import JSON
import Query

/// Lists a table's versions.
struct HistoryCommand: Command {
  static let spec = CommandSpec(
    name: "history",
    summary: "List a table's versions, newest first: when, what, how much.",
    operands: [
      OperandSpec("TABLE", help: "A table of the lake, or the path of any Delta table folder.")
    ],
    flags: [.option("limit", "N", help: "The newest N versions (default 20; 0 for all).")],
    notes: ["Times are UTC. A version can be read with --version in query, files and describe."],
    examples: [
      Example("lake history raw.equs_mini_ohlcv_1s", "the newest versions"),
      Example("lake history bars.equs_mini_ohlcv_1m --limit 0 --json", "all of them, as JSON"),
    ])

  static let limitDefault = 20

  let table: String
  let limit: Int?

  init(_ arguments: inout Arguments) throws(UsageError) {
    table = try arguments.table()
    let given = try arguments.integer("limit", in: 0...Int.max) ?? Self.limitDefault
    limit = given == 0 ? nil : given
  }

  func run(in context: Context) throws -> ExitStatus {
    let found = try context.findTable(table)
    let entries = try history(found.table.storage, limit: limit)
    if context.isJSON {
      for entry in entries { context.print(json(entry)) }
      var summary = Summary()
      summary.add("path", .text(found.table.path))
      summary.add("versions", .count(entries.count))
      context.print(summary)
      return .done
    }
    var list = TextTable([
      ("VERSION", .right), ("TIME", .left), ("OPERATION", .left), ("ADDED", .right),
      ("REMOVED", .right), ("ROWS ADDED", .right), ("BYTES ADDED", .right), ("BY", .left),
    ])
    for entry in entries {
      list.add([
        String(entry.version), Self.time(entry.timestamp), entry.commitInfo?.operation ?? "-",
        Quantity.count(entry.addCount), Quantity.count(entry.removeCount),
        entry.addedRowCount.map { Quantity.count(Int($0)) } ?? "?",
        entry.addedByteCount.map { Quantity.bytes(Int($0)) } ?? "?",
        entry.commitInfo?.engineInfo ?? "-",
      ])
    }
    context.print(list)
    if let last = entries.last, entries.count == limit, last.version > 0 {
      context.say("older versions: --limit 0")
    }
    return .done
  }

  /// Milliseconds since 1970 as ISO text.
  static func time(_ milliseconds: Int64) -> String {
    let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    return overflow ? String(milliseconds) : TimeText.iso(nanoseconds: nanoseconds, digits: 3)
  }

  private func json(_ entry: HistoryEntry) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "version")
    json.member("version", entry.version)
    json.member("time", Self.time(entry.timestamp))
    json.member("operation", entry.commitInfo?.operation)
    json.member("files_added", entry.addCount)
    json.member("files_removed", entry.removeCount)
    json.member("rows_added", entry.addedRowCount)
    json.member("bytes_added", entry.addedByteCount)
    json.member("engine", entry.commitInfo?.engineInfo)
    json.member("changes_metadata", entry.changesMetadata)
    json.member("applications", entry.applications)
    json.key("commit_info")
    if let info = entry.commitInfo { json.value(info.json) } else { json.null() }
    json.endObject()
    return json.string
  }
}
