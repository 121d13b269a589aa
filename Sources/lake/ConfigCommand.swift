import Catalog
import CommandLineKit
import JSON

/// Checks or shows the lake's configuration.
struct ConfigCommand: Command {
  private enum Action: String { case check, show }

  static let spec = CommandSpec(
    name: "config",
    summary: "Check lake.yaml, or show every value in effect and where it comes from.",
    operands: [OperandSpec("check|show", help: "What to do.")],
    notes: [
      "check names the line of every mistake and ends with status 1 if there is one.",
      "LAKE_MEMORY and LAKE_JOBS override ingest.memory and ingest.jobs.",
    ],
    examples: [
      Example("lake config check", "find mistakes before a long run does"),
      Example("lake config show", "values with their origin: default, a line, the environment"),
    ])

  private let action: Action

  init(_ arguments: inout Arguments) throws(UsageError) {
    action = Action(rawValue: try arguments.operandChoice("check|show")) ?? .show
  }

  func run(in context: Context) throws -> ExitStatus {
    let root = try Lake.findRoot(
      flag: context.lakeFlag, environment: context.environment,
      workingDirectory: context.workingDirectory)
    let path = root + "/" + Lake.configurationName
    let (config, errors) = try LakeConfig.check(path: path, environment: context.environment)
    return action == .check
      ? check(config, errors, in: context) : show(config, errors, in: context)
  }

  private func check(_ config: LakeConfig, _ errors: [CatalogError], in context: Context)
    -> ExitStatus
  {
    for error in errors { context.report(error) }
    var summary = Summary()
    summary.add("path", .text(config.path))
    summary.add("mistakes", .count(errors.count))
    summary.add("settings", label: "values in effect", .count(config.settings.count))
    context.print(summary)
    return errors.isEmpty ? .done : .findings
  }

  /// A file with mistakes is shown as far as it goes.
  private func show(_ config: LakeConfig, _ errors: [CatalogError], in context: Context)
    -> ExitStatus
  {
    if context.isJSON {
      for setting in config.settings { context.print(json(setting)) }
    } else {
      var table = TextTable([("KEY", .left), ("VALUE", .left), ("FROM", .left)])
      for setting in config.settings {
        table.add([setting.key, setting.text, setting.origin.description])
      }
      context.print(table)
    }
    for error in errors { context.report(error) }
    if context.isJSON {
      var summary = Summary()
      summary.add("path", .text(config.path))
      summary.add("mistakes", .count(errors.count))
      summary.add("settings", .count(config.settings.count))
      context.print(summary)
    }
    return errors.isEmpty ? .done : .findings
  }

  private func json(_ setting: LakeConfig.Setting) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.key("type")
    json.string("setting")
    json.key("key")
    json.string(setting.key)
    json.key("value")
    if setting.isList {
      json.beginArray()
      for value in setting.values { json.string(value) }
      json.endArray()
    } else {
      json.string(setting.text)
    }
    json.key("origin")
    switch setting.origin {
    case .standard: json.string("default")
    case .line(let line):
      json.string("file")
      json.key("line")
      json.integer(line)
    case .environment(let name):
      json.string("environment")
      json.key("variable")
      json.string(name)
    }
    json.endObject()
    return json.string
  }
}
