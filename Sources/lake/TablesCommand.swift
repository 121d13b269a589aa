import Bytes
import Catalog
import CommandLineKit
import DeltaLog
import JSON
import Query

/// Lists the tables of the lake.
struct TablesCommand: Command {
  static let spec = CommandSpec(
    name: "tables",
    summary: "List the lake's tables: rows, files, size, first and last date.",
    flags: [.switch("names", help: "Print names only, one a line: for scripts.")],
    examples: [
      Example("lake tables", "all tables of the lake around this folder"),
      Example("lake --lake ~/mylake tables --json", "one JSON object a table, then a summary"),
    ])

  let printsNames: Bool

  init(_ arguments: inout Arguments) throws(UsageError) {
    printsNames = arguments.flag("names")
  }

  func run(in context: Context) throws -> ExitStatus {
    let lake = try context.findLake()
    var status = ExitStatus.done
    let names = lake.tableNames { error in
      context.report(error)
      status = .failed
    }
    if printsNames, !context.isJSON {
      for name in names { context.output.write(name.description + "\n") }
      return status
    }
    var list = TextTable([
      ("TABLE", .left), ("KIND", .left), ("ROWS", .right), ("FILES", .right), ("SIZE", .right),
      ("FROM", .left), ("TO", .left), ("VERSION", .right),
    ])
    var summary = Total()
    for name in names {
      try context.checkInterruption()
      do {
        let snapshot = try lake.table(name).snapshot(applies: .allFeatures)
        let figures = TableFigures(of: try snapshot.files, fields: [])
        summary.add(figures)
        if context.isJSON {
          context.print(json(name, snapshot, figures, lake))
        } else {
          list.add(row(name, snapshot, figures))
        }
      } catch {
        context.report(error)
        status = .failed
      }
    }
    if context.isJSON {
      context.print(summary.figures(lake))
    } else if !list.rows.isEmpty {
      context.print(list)
    }
    if names.isEmpty, status == .done, !context.isJSON {
      context.say("no tables yet in \(Escaping.controls(lake.root))")
      context.say("next: lake ingest FILE…")
    }
    return status
  }

  private func row(_ name: TableName, _ snapshot: Snapshot, _ figures: TableFigures) -> [String] {
    [
      name.description, snapshot.configuration[TableProperty.schema] ?? "-",
      figures.rowCount.map { Quantity.count(Int($0)) } ?? "?",
      Quantity.count(figures.fileCount), figures.byteText,
      figures.firstDate ?? "-", figures.lastDate ?? "-", String(snapshot.version),
    ]
  }

  private func json(
    _ name: TableName, _ snapshot: Snapshot, _ figures: TableFigures, _ lake: Lake
  ) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "table")
    json.member("table", name.description)
    json.member("layer", name.layer)
    json.member("path", lake.path(of: name))
    json.member("kind", snapshot.configuration[TableProperty.schema])
    json.member("dataset", snapshot.configuration[TableProperty.dataset])
    json.member("version", snapshot.version)
    json.members(of: figures)
    json.endObject()
    return json.string
  }

  private struct Total {
    var tableCount = 0
    var rowCount: Int64? = 0
    var fileCount = 0
    var byteCount: Int64? = 0

    mutating func add(_ figures: TableFigures) {
      tableCount += 1
      fileCount += figures.fileCount
      byteCount = byteCount.adding(known: figures.byteCount)
      rowCount = rowCount.adding(known: figures.rowCount)
    }

    func figures(_ lake: Lake) -> Summary {
      var summary = Summary()
      summary.add("root", .text(lake.root))
      summary.add("tables", .count(tableCount))
      if let rowCount { summary.add("rows", .count(Int(rowCount))) }
      summary.add("files", .count(fileCount))
      if let byteCount { summary.add("bytes", .bytes(Int(byteCount))) }
      return summary
    }
  }
}
