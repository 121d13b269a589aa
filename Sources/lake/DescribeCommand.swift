import Catalog
import CommandLineKit
import DeltaLog
import JSON
import Market

/// Shows a table's schema, properties and figures.
struct DescribeCommand: Command {
  static let spec = CommandSpec(
    name: "describe",
    summary: "Show a table: columns and their meaning, order, key, rows, ranges.",
    operands: [
      OperandSpec("TABLE", help: "A table of the lake, or the path of any Delta table folder.")
    ],
    flags: VersionChoice.flags,
    notes: [
      "Ranges come from the log: columns without statistics there have none. For times with nanoseconds they are those "
        + "of the microseconds."
    ],
    examples: [
      Example("lake describe raw.equs_mini_ohlcv_1s", "the table now"),
      Example("lake describe ./some/delta/table --version 3", "any Delta table, at a version"),
    ])

  let table: String
  let choice: VersionChoice

  init(_ arguments: inout Arguments) throws(UsageError) {
    table = try arguments.table()
    choice = try VersionChoice(&arguments)
  }

  func run(in context: Context) throws -> ExitStatus {
    let found = try context.findTable(table)
    let snapshot = try choice.snapshot(of: found.table)
    let schema = try found.table.schema(of: snapshot, in: found.lake)
    let figures = TableFigures(of: try snapshot.files, fields: snapshot.fields)
    if context.isJSON {
      printJSON(found, snapshot, schema, figures, in: context)
    } else {
      print(found, snapshot, schema, figures, in: context)
    }
    return .done
  }

  // MARK: - Text

  private func print(
    _ found: FoundTable, _ snapshot: Snapshot, _ schema: TableSchema?, _ figures: TableFigures,
    in context: Context
  ) {
    let properties = snapshot.configuration
    var heads: [(String, String)] = [("table", found.table.displayName)]
    if found.table.name != nil { heads.append(("path", found.table.path)) }
    if let text = description(found, snapshot) { heads.append(("about", text)) }
    if let kind = properties[TableProperty.schema] { heads.append(("kind", kind)) }
    if let dataset = properties[TableProperty.dataset] { heads.append(("dataset", dataset)) }
    heads.append(("version", String(snapshot.version)))
    heads.append(("rows", figures.rowCount.map { Quantity.count(Int($0)) } ?? "not in the log"))
    heads.append(
      (
        "files",
        "\(Quantity.count(figures.fileCount)), \(figures.byteText)"
      ))
    if let first = figures.firstDate, let last = figures.lastDate {
      let zone = properties[TableProperty.partitionTimezone].map { " (\($0))" } ?? ""
      heads.append(("dates", first == last ? first + zone : "\(first) … \(last)\(zone)"))
    }
    if let schema {
      heads.append(("index", schema.indexColumn))
      heads.append(("sort", schema.sortColumns.joined(separator: ", ")))
      heads.append(
        (
          "key",
          schema.keyColumns.isEmpty
            ? "none: identical rows are genuine" : schema.keyColumns.joined(separator: ", ")
        ))
    }
    for (label, text) in heads {
      let padding = String(repeating: " ", count: 9 - label.count)
      context.print(context.style.bold(label) + padding + Escaping.controls(text))
    }
    context.print("")
    context.print(columns(snapshot, schema, figures))
  }

  private func description(_ found: FoundTable, _ snapshot: Snapshot) -> String? {
    if let name = found.table.name, let own = found.lake?.config.tableDescription(name) {
      return own
    }
    return snapshot.metadata.description
  }

  private func columns(_ snapshot: Snapshot, _ schema: TableSchema?, _ figures: TableFigures)
    -> TextTable
  {
    var table = TextTable([
      ("COLUMN", .left), ("TYPE", .left), ("UNIT", .left), ("NULLS", .right), ("MIN", .left),
      ("MAX", .left), ("DESCRIPTION", .left),
    ])
    for declared in snapshot.schema.fields {
      if snapshot.partitionColumns.contains(declared.name) {
        table.add(partition(declared, snapshot, figures))
        continue
      }
      let known = schema?.column(named: declared.name)
      let type = declared.type.columnType
      let bounds = figures.bounds[declared.name]
      table.add([
        declared.name, declared.type.name, known?.unit ?? "",
        bounds?.nullCount.map { Quantity.count(Int($0)) } ?? "",
        type.flatMap { type in bounds?.minimum.map { TableFigures.text($0, type) } } ?? "",
        type.flatMap { type in bounds?.maximum.map { TableFigures.text($0, type) } } ?? "",
        meaning(declared, schema) ?? "",
      ])
    }
    return table
  }

  private func partition(_ column: DeltaField, _ snapshot: Snapshot, _ figures: TableFigures)
    -> [String]
  {
    let isDate = PartitionPeriod.allCases.contains { $0.column == column.name }
    let index = snapshot.configuration[TableProperty.index]
    let zone = snapshot.configuration[TableProperty.partitionTimezone]
    return [
      column.name, column.type.name, zone ?? "", "", isDate ? figures.firstDate ?? "" : "",
      isDate ? figures.lastDate ?? "" : "",
      index.map { "Partition: \(Self.words(column.name)) of \($0)." } ?? "Partition.",
    ]
  }

  private static func words(_ column: String) -> String {
    column == PartitionPeriod.date.column ? "the date" : "the first date of the \(column)"
  }

  private func meaning(_ column: DeltaField, _ schema: TableSchema?) -> String? {
    if let known = schema?.column(named: column.name) { return known.description }
    if column.name.hasSuffix("_plus_ns"),
      let time = schema?.columns.first(where: { $0.nanosecondsName == column.name })
    {
      return "Nanoseconds 0…999 beyond \(time.name)."
    }
    return column.metadata["comment"]?.string
  }

  // MARK: - JSON

  private func printJSON(
    _ found: FoundTable, _ snapshot: Snapshot, _ schema: TableSchema?, _ figures: TableFigures,
    in context: Context
  ) {
    for declared in snapshot.schema.fields {
      let known = schema?.column(named: declared.name)
      var json = JSONWriter()
      json.beginObject()
      json.member("type", "column")
      json.member("name", declared.name)
      json.member("column_type", declared.type.name)
      json.member("is_partition", snapshot.partitionColumns.contains(declared.name))
      json.member("unit", known?.unit)
      json.member("required", known?.isRequired ?? false)
      json.members(of: figures.bounds[declared.name], declared.type.columnType ?? .string)
      json.member("description", meaning(declared, schema))
      json.endObject()
      context.print(json.string)
    }
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "summary")
    json.member("table", found.table.name?.description)
    json.member("path", found.table.path)
    json.member("description", description(found, snapshot))
    json.member("version", snapshot.version)
    json.member("kind", schema?.kind)
    json.member("index", schema?.indexColumn)
    json.member("sort", schema?.sortColumns ?? [])
    json.member("row_key", schema?.keyColumns ?? [])
    json.members(of: figures)
    json.key("properties")
    json.beginObject()
    for (key, value) in snapshot.configuration.sorted(by: { $0.key < $1.key }) {
      json.member(key, value)
    }
    json.endObject()
    json.endObject()
    context.print(json.string)
  }
}
