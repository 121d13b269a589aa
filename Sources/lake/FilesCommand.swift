import Catalog
import Columnar
import CommandLineKit
import DeltaLog
import JSON
import Query

/// Lists a table's live files.
struct FilesCommand: Command {
  static let spec = CommandSpec(
    name: "files",
    summary: "List a table's live files: date, rows, size, ranges; or their paths alone.",
    operands: [
      OperandSpec("TABLE", help: "A table of the lake, or the path of any Delta table folder.")
    ],
    flags: [
      .switch("paths", help: "Print absolute paths only, one a line: for other programs.")
    ] + VersionChoice.flags,
    notes: [
      "These files, and no others in the folder, are the table at that version. With --paths a path that holds a line "
        + "break cannot be told apart: --json escapes it."
    ],
    examples: [
      Example("lake files raw.equs_mini_ohlcv_1s", "what the table consists of"),
      Example(
        "lake files raw.equs_mini_ohlcv_1s --paths | xargs ls -l", "hand the files to a program"),
    ])

  let table: String
  let printsPaths: Bool
  let choice: VersionChoice

  init(_ arguments: inout Arguments) throws(UsageError) {
    table = try arguments.table()
    printsPaths = arguments.flag("paths")
    choice = try VersionChoice(&arguments)
  }

  func run(in context: Context) throws -> ExitStatus {
    let found = try context.findTable(table)
    let snapshot = try choice.snapshot(of: found.table)
    if printsPaths, !context.isJSON {
      for file in try snapshot.files { context.output.write(path(of: file, found.table) + "\n") }
      return .done
    }
    let index = snapshot.configuration[TableProperty.index]
    let fields = snapshot.fields.filter { $0.name == index || $0.name == "symbol" }
    if context.isJSON {
      for file in try snapshot.files { context.print(json(file, found.table, snapshot, index)) }
      var summary = Summary()
      let figures = TableFigures(of: try snapshot.files, fields: [])
      summary.add("path", .text(found.table.path))
      summary.add("version", .count(snapshot.version))
      summary.add("files", .count(figures.fileCount))
      if let rows = figures.rowCount { summary.add("rows", .count(Int(rows))) }
      if let bytes = figures.byteCount { summary.add("bytes", .bytes(Int(bytes))) }
      context.print(summary)
    } else {
      try print(snapshot, fields, index, found.table, in: context)
    }
    return .done
  }

  /// The absolute path of a file; shallow clones already have absolute paths.
  private func path(of file: AddFile, _ table: LakeTable) -> String {
    let path = file.filePath
    if path.hasPrefix("/") { return path }
    if path.hasPrefix("file:///") { return String(path.dropFirst(7)) }
    return path.contains("://") ? path : table.path + "/" + path
  }

  private func print(
    _ snapshot: Snapshot, _ fields: [Field], _ index: String?, _ table: LakeTable,
    in context: Context
  ) throws {
    var headings: [(title: String, alignment: TextTable.Alignment)] = [
      ("FILE", .left), ("ROWS", .right), ("SIZE", .right),
    ]
    for field in fields {
      headings.append((field.name == "symbol" ? "SYMBOLS" : field.name.uppercased(), .left))
    }
    var list = TextTable(headings)
    for file in try snapshot.files {
      let statistics = file.statistics
      let rows = file.rowCount(by: statistics)
      var cells = [
        file.filePath, rows.map { Quantity.count(Int($0)) } ?? "?", Quantity.bytes(Int(file.size)),
      ]
      for field in fields {
        let bounds = statistics?.bounds(of: field.name, type: field.type)
        let first = bounds?.minimum.map { TableFigures.text($0, field.type) }
        let last = bounds?.maximum.map { TableFigures.text($0, field.type) }
        cells.append(Self.range(first, last))
      }
      list.add(cells)
    }
    if list.rows.isEmpty {
      context.say("no live files: version \(snapshot.version) of the table is empty")
      return
    }
    context.print(list)
  }

  private static func range(_ first: String?, _ last: String?) -> String {
    guard let first, let last else {
      return first.map { $0 + " …" } ?? last.map { "… " + $0 } ?? ""
    }
    return first == last ? first : first + " … " + last
  }

  private func json(_ file: AddFile, _ table: LakeTable, _ snapshot: Snapshot, _ index: String?)
    -> String
  {
    let statistics = file.statistics
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "file")
    json.member("path", path(of: file, table))
    json.member("rows", file.rowCount(by: statistics))
    json.member("bytes", file.size)
    json.member("modified_ms", file.modificationTime)
    json.key("partition")
    json.beginObject()
    for column in snapshot.partitionColumns { json.member(column, file.partitionValue(column)) }
    json.endObject()
    for (name, prefix) in [(index, "index_"), ("symbol", "symbol_")] {
      let field = snapshot.fields.first { $0.name == name }
      let bounds = field.flatMap { statistics?.bounds(of: $0.name, type: $0.type) }
      json.members(of: bounds, field?.type ?? .string, prefix: prefix)
    }
    json.key("tags")
    json.beginObject()
    for (key, value) in file.tags.sorted(by: { $0.key < $1.key }) { json.member(key, value) }
    json.endObject()
    json.endObject()
    return json.string
  }
}
