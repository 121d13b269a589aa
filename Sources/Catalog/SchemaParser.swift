import Columnar
import Market
import Platform

/// Reads a schema file.
struct SchemaParser {
  private static let topKeys = [
    "kinds", "any_interval", "calendar_intervals", "description", "index", "sort", "key", "period",
    "layer", "columns", "rules",
  ]
  private static let columnKeys = [
    "name", "type", "plus_ns", "source", "unit", "required", "null_when", "aliases", "layer",
    "description",
  ]
  private static let levelKeys = ["levels", "columns"]
  private static let ruleKeys = ["name", "check", "action", "reason"]
  /// Levels of an order book for which a file may repeat its columns.
  private static let levelCountMax = 100

  private let text: String
  private let path: String?
  private let placePath: String

  /// - Parameters:
  ///   - path: nil for a built-in file.
  ///   - name: The file's name without its suffix.
  init(_ text: String, path: String?, name: String) {
    self.text = text
    self.path = path
    placePath = path ?? "schemas/\(name).yaml (built in)"
  }

  func parse() throws(CatalogError) -> TableSchema {
    let root = try YAMLParser.parse(text, path: placePath)
    guard root.entries != nil else { throw error("a schema is a group of keys", root.line) }
    try checkKeys(root, Self.topKeys)
    let kinds = try words(root, "kinds", isRequired: true)
    guard let kind = kinds.first else { throw error("'kinds' is empty", root.line) }
    var columns: [SchemaColumn] = []
    for node in try list(root, "columns") { columns += try self.columns(node) }
    let period = try period(root)
    let schema = TableSchema(
      kind: kind, kinds: kinds, path: path, description: try text(root, "description"),
      layer: root["layer"]?.text, indexColumn: try text(root, "index"),
      sortColumns: try words(root, "sort", isRequired: true),
      keyColumns: try words(root, "key", isRequired: false), columns: columns,
      rules: try rules(root, columns), isForAnyInterval: try flag(root, "any_interval"),
      hasCalendarIntervals: try flag(root, "calendar_intervals"), period: period,
      longestPeriod: period)
    try check(schema, root)
    return schema
  }

  private func period(_ root: YAMLNode) throws(CatalogError) -> PartitionPeriod {
    guard root["period"] != nil else { return .date }
    let text = try text(root, "period")
    if let period = PartitionPeriod(rawValue: text) { return period }
    let names = PartitionPeriod.allCases.map(\.rawValue)
    throw error(
      "'period' is '\(text)', expected \(names.joined(separator: ", "))", root.line,
      NearestNames.question(text, among: names))
  }

  // MARK: - Columns

  /// The columns of one list item: a single one, or those of an order book's level, once per level.
  private func columns(_ node: YAMLNode) throws(CatalogError) -> [SchemaColumn] {
    guard node["levels"] != nil else { return [try column(node, level: nil)] }
    try checkKeys(node, Self.levelKeys)
    let digits = try text(node, "levels")
    guard let count = Int(digits), (1...Self.levelCountMax).contains(count) else {
      throw error("'levels' is '\(digits)', expected 1 to \(Self.levelCountMax)", node.line)
    }
    var columns: [SchemaColumn] = []
    for level in 0..<count {
      for item in try list(node, "columns") { columns.append(try column(item, level: level)) }
    }
    return columns
  }

  private func column(_ node: YAMLNode, level: Int?) throws(CatalogError) -> SchemaColumn {
    guard node.entries != nil else { throw error("a column is a group of keys", node.line) }
    try checkKeys(node, Self.columnKeys)
    let name = atLevel(try text(node, "name"), level)
    guard TableName.isSnakeCase(name) else {
      throw error("column '\(name)' is not snake_case", node.line)
    }
    let typeName = try text(node, "type")
    guard let type = Self.type(named: typeName) else {
      throw error(
        "column '\(name)' has type '\(typeName)', expected \(Self.typeNames.joined(separator: ", "))",
        node.line, NearestNames.question(typeName, among: Self.typeNames))
    }
    let hasNanoseconds = try flag(node, "plus_ns")
    if hasNanoseconds, type != .timestamp {
      throw error("column '\(name)' has 'plus_ns' but is no timestamp", node.line)
    }
    let source = node["source"]?.text.map { atLevel($0, level) } ?? name
    let aliases = try words(node, "aliases", isRequired: false).map { atLevel($0, level) }
    return SchemaColumn(
      name: name, type: type, hasNanoseconds: hasNanoseconds, source: source == "-" ? nil : source,
      aliases: aliases.map { $0.lowercased() }, unit: node["unit"]?.text,
      isRequired: try flag(node, "required"), nullWhen: node["null_when"]?.text,
      isRawOnly: node["layer"]?.text == "raw", description: try text(node, "description"))
  }

  /// `##` is replaced by the level's number in two digits.
  private func atLevel(_ text: String, _ level: Int?) -> String {
    guard let level, text.hasSuffix("##") else { return text }
    return text.dropLast(2) + (level < 10 ? "0" : "") + String(level)
  }

  private static let typeNames = [
    "boolean", "byte", "short", "integer", "long", "float", "double", "decimal(p,s)", "string",
    "binary", "date", "timestamp",
  ]

  static func type(named name: String) -> ColumnType? {
    switch name {
    case "boolean": return .boolean
    case "byte": return .byte
    case "short": return .short
    case "integer": return .int
    case "long": return .long
    case "float": return .float
    case "double": return .double
    case "string": return .string
    case "binary": return .binary
    case "date": return .date
    case "timestamp": return .timestamp
    default:
      guard name.hasPrefix("decimal("), name.hasSuffix(")") else { return nil }
      let parts = name.dropFirst(8).dropLast().split(separator: ",")
      guard parts.count == 2, let precision = Int(parts[0]), let scale = Int(parts[1]),
        (1...38).contains(precision), (0...precision).contains(scale)
      else { return nil }
      return .decimal(precision: precision, scale: scale)
    }
  }

  // MARK: - Rules

  private func rules(_ root: YAMLNode, _ columns: [SchemaColumn]) throws(CatalogError) -> [RowRule]
  {
    guard root["rules"] != nil else { return [] }
    var rules: [RowRule] = []
    for node in try list(root, "rules") {
      try checkKeys(node, Self.ruleKeys)
      let actionText = try text(node, "action")
      guard let action = RowRule.Action(rawValue: actionText) else {
        throw error("action is '\(actionText)', expected 'fail', 'quarantine' or 'flag'", node.line)
      }
      let check = try text(node, "check")
      let words = check.split(separator: " ").map(String.init)
      guard words.count == 3, let comparison = RowRule.Comparison(rawValue: words[1]) else {
        throw error(
          "check is '\(check)', expected '<column> <comparison> <column or number>'", node.line)
      }
      let isNumber = words[2].utf8.first.map { $0 == 0x2D || (0x30...0x39).contains($0) } ?? false
      for name in isNumber ? [words[0]] : [words[0], words[2]]
      where !columns.contains(where: { $0.name == name }) {
        throw error(
          "check '\(check)' names column '\(name)', which is not in 'columns'", node.line,
          NearestNames.question(name, among: columns.map(\.name)))
      }
      rules.append(
        RowRule(
          name: try text(node, "name"), left: words[0], comparison: comparison,
          right: isNumber ? .number(words[2]) : .column(words[2]), action: action,
          reason: try text(node, "reason")))
    }
    return rules
  }

  // MARK: - Checks

  private func check(_ schema: TableSchema, _ root: YAMLNode) throws(CatalogError) {
    var seen: Set<String> = []
    for field in schema.rowFields where !seen.insert(field.name).inserted {
      throw error("column '\(field.name)' stands twice", root.line)
    }
    var words: [String: String] = [:]
    for column in schema.columns {
      for alias in column.aliases {
        if let other = words[alias] ?? (seen.contains(alias) ? alias : nil) {
          throw error("'\(alias)' means both '\(other)' and '\(column.name)'", root.line)
        }
        words[alias] = column.name
      }
    }
    for name in [TableSchema.dateColumn, schema.longestPeriod.column] where seen.contains(name) {
      throw error("column '\(name)' is the partition's: it may not be in a schema", root.line)
    }
    for name in [schema.indexColumn] + schema.sortColumns + schema.keyColumns
    where schema.column(named: name) == nil {
      throw error(
        "'\(name)' is not in 'columns'", root.line,
        NearestNames.question(name, among: schema.columns.map(\.name)))
    }
    let index = schema.column(named: schema.indexColumn)
    guard index?.type == .timestamp, index?.isRequired == true else {
      throw error(
        "index '\(schema.indexColumn)' is not a timestamp with 'required: true'", root.line)
    }
  }

  private func checkKeys(_ node: YAMLNode, _ known: [String]) throws(CatalogError) {
    for entry in node.entries ?? [] where !known.contains(entry.key) {
      throw error(
        "unknown key '\(entry.key)'", entry.keyLine,
        NearestNames.question(entry.key, among: known)
          ?? "one of " + known.map { "'\($0)'" }.joined(separator: ", "))
    }
  }

  // MARK: - Values

  private func text(_ node: YAMLNode, _ key: String) throws(CatalogError) -> String {
    guard let value = node[key] else { throw error("key '\(key)' is missing", node.line) }
    guard let text = value.text else {
      throw error("'\(key)' is \(value.kindName), expected a single value", value.line)
    }
    return text
  }

  private func flag(_ node: YAMLNode, _ key: String) throws(CatalogError) -> Bool {
    guard let value = node[key] else { return false }
    if value.text == "true" { return true }
    if value.text == "false" { return false }
    throw error("'\(key)' is '\(value.text ?? value.kindName)', expected true or false", value.line)
  }

  private func list(_ node: YAMLNode, _ key: String) throws(CatalogError) -> [YAMLNode] {
    guard let value = node[key] else { throw error("key '\(key)' is missing", node.line) }
    guard let items = value.items else {
      throw error("'\(key)' is \(value.kindName), expected a list", value.line)
    }
    return items
  }

  private func words(_ node: YAMLNode, _ key: String, isRequired: Bool) throws(CatalogError)
    -> [String]
  {
    if node[key] == nil, !isRequired { return [] }
    var words: [String] = []
    for item in try list(node, key) {
      guard let text = item.text else {
        throw error("'\(key)' holds \(item.kindName), expected words", item.line)
      }
      words.append(text)
    }
    return words
  }

  private func error(_ message: String, _ line: Int, _ remedy: String? = nil) -> CatalogError {
    CatalogError(
      .badSchema, message, place: .init(path: placePath, line: line), remedy: remedy)
  }
}
