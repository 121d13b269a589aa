import Catalog
import CommandLineKit
import DeltaLog
import JSON

/// Lists the record kinds, or shows one.
struct SchemaCommand: Command {
  private enum Action {
    case list
    case show(String)
    case text(String)
  }

  static let spec = CommandSpec(
    name: "schema",
    summary: "List the record kinds, or show the columns of one.",
    operands: [
      OperandSpec("list|show", help: "What to do."),
      OperandSpec("KIND", help: "With show: a record kind, like trades.", isOptional: true),
    ],
    flags: [
      .switch("yaml", help: "With show: print the schema file itself.")
    ],
    notes: [
      "Schemas are built in. A file of the same form in the lake's folder schemas/ stands in place of the built-in "
        + "one for tables that are made from then on."
    ],
    examples: [
      Example("lake schema list", "all record kinds"),
      Example("lake schema show mbp-1", "its columns: type, unit, vendor field, other names"),
      Example(
        "lake schema show trades --yaml > schemas/trades.yaml", "begin a schema of your own"),
    ])

  private let action: Action

  init(_ arguments: inout Arguments) throws(UsageError) {
    let isYAML = arguments.flag("yaml")
    if try arguments.operandChoice("list|show") == "list" {
      action = .list
    } else {
      let kind = try arguments.operand("KIND")
      action = isYAML ? .text(kind) : .show(kind)
    }
  }

  func run(in context: Context) throws -> ExitStatus {
    let lake = try context.findLakeIfAny()
    switch action {
    case .list: list(try TableSchema.all(in: lake), in: context)
    case .text(let kind):
      context.output.write(try TableSchema.fileText(kind, in: lake))
    case .show(let kind):
      let schema = try TableSchema.named(kind, in: lake)
      if context.isJSON { showJSON(schema, in: context) } else { show(schema, in: context) }
    }
    return .done
  }

  // MARK: - List

  private func list(_ schemas: [TableSchema], in context: Context) {
    if context.isJSON {
      for schema in schemas { context.print(header(schema)) }
      var summary = Summary()
      summary.add("kinds", .count(schemas.count))
      context.print(summary)
      return
    }
    var table = TextTable([
      ("KIND", .left), ("COLUMNS", .right), ("INDEX", .left), ("FROM", .left),
      ("DESCRIPTION", .left),
    ])
    for schema in schemas {
      table.add([
        schema.kind, String(schema.fileFields.count), schema.indexColumn,
        schema.path == nil ? "built in" : "this lake", schema.description,
      ])
    }
    context.print(table)
  }

  /// The JSON line of a kind, without its columns.
  private func header(_ schema: TableSchema) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.key("type")
    json.string("schema")
    json.key("kind")
    json.string(schema.kind)
    json.key("description")
    json.string(schema.description)
    json.key("index")
    json.string(schema.indexColumn)
    names(schema.sortColumns, "sort", &json)
    names(schema.keyColumns, "key", &json)
    json.key("column_count")
    json.integer(schema.fileFields.count)
    json.key("path")
    if let path = schema.path { json.string(path) } else { json.null() }
    json.endObject()
    return json.string
  }

  private func names(_ names: [String], _ key: String, _ json: inout JSONWriter) {
    json.key(key)
    json.beginArray()
    for name in names { json.string(name) }
    json.endArray()
  }

  // MARK: - Show

  private func show(_ schema: TableSchema, in context: Context) {
    context.print(
      context.style.bold(Escaping.controls(schema.kind)) + "  "
        + Escaping.controls(schema.description))
    context.printText("index  \(schema.indexColumn), partitioned by its \(schema.period)")
    context.printText("sort   \(schema.sortColumns.joined(separator: ", "))")
    let key = schema.keyColumns.joined(separator: ", ")
    context.printText("key    \(key.isEmpty ? "none: identical rows are genuine" : key)")
    context.printText("from   \(schema.path ?? "built in")")
    context.print("")
    var table = TextTable([
      ("COLUMN", .left), ("TYPE", .left), ("NULL", .left), ("UNIT", .left), ("FIELD", .left),
      ("ALSO", .left), ("DESCRIPTION", .left),
    ])
    for column in schema.columns {
      table.add([
        column.name, column.type.name, column.isRequired ? "never" : column.nullWhen ?? "allowed",
        column.unit ?? "", column.source ?? "", column.aliases.joined(separator: ", "),
        column.description,
      ])
      if column.hasNanoseconds {
        table.add([
          column.nanosecondsName, "short", "", "ns", "", "",
          "Nanoseconds 0…999 beyond \(column.name).",
        ])
      }
    }
    if schema.period != .date {
      table.add([TableSchema.dateColumn, "date", "never", "", "", "", "The date of the index."])
    }
    table.add([
      schema.partitionColumn, "date", "never", "", "", "",
      schema.period == .date
        ? "Partition: the date of the index."
        : "Partition: the first date of the \(schema.period) of the index.",
    ])
    context.print(table)
    if schema.rules.isEmpty { return }
    context.print("")
    var rules = TextTable([("RULE", .left), ("CHECK", .left), ("ELSE", .left), ("WHY", .left)])
    for rule in schema.rules {
      rules.add([rule.name, rule.check, rule.action.rawValue, rule.reason])
    }
    context.print(rules)
  }

  private func showJSON(_ schema: TableSchema, in context: Context) {
    context.print(header(schema))
    for column in schema.columns { context.print(json(column)) }
    for rule in schema.rules {
      var json = JSONWriter()
      json.beginObject()
      for (key, value) in [
        ("type", "rule"), ("name", rule.name), ("check", rule.check),
        ("action", rule.action.rawValue), ("reason", rule.reason),
      ] {
        json.key(key)
        json.string(value)
      }
      json.endObject()
      context.print(json.string)
    }
    var summary = Summary()
    summary.add("columns", .count(schema.columns.count))
    summary.add("rules", .count(schema.rules.count))
    context.print(summary)
  }

  private func json(_ column: SchemaColumn) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.key("type")
    json.string("column")
    json.key("name")
    json.string(column.name)
    json.key("column_type")
    json.string(column.type.name)
    json.key("plus_ns")
    json.boolean(column.hasNanoseconds)
    json.key("required")
    json.boolean(column.isRequired)
    for (key, value) in [
      ("unit", column.unit), ("source", column.source), ("null_when", column.nullWhen),
    ] {
      json.key(key)
      if let value { json.string(value) } else { json.null() }
    }
    names(column.aliases, "aliases", &json)
    json.key("description")
    json.string(column.description)
    json.endObject()
    return json.string
  }
}
