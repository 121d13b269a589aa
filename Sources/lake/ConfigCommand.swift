import Catalog
import CommandLineKit
import DeltaLog
import HTTP
import JSON

/// Checks, shows or trusts the lake's configuration.
struct ConfigCommand: Command {
  private enum Action {
    case check, show
    case trust(TrustAction)
  }

  static let spec = CommandSpec(
    name: "config",
    summary: "Check lake.yaml, show every value in effect and where it comes from, or trust it.",
    operands: [
      OperandSpec("check|show|trust", help: "What to do."),
      OperandSpec(
        "DIR", help: "With trust: the folder; that of the lake when not given.", isOptional: true),
    ],
    flags: [
      .switch("remove", help: "With trust: trust the folder no longer."),
      .switch("list", help: "With trust: show what is trusted."),
    ],
    notes: [
      "check names the line of every mistake and ends with status 1 if there is one: also of a pass or a scheduled command "
        + "that would fail.",
      "LAKE_MEMORY and LAKE_JOBS override ingest.memory and ingest.jobs.",
      "A lake.yaml or a '.env' that somebody else owns or can change may not say where keys come from and go to (key_env, "
        + "key_file, url) until you trust it as it stands. What you trust is kept in "
        + "$XDG_CONFIG_HOME/lake/trusted, else ~/.config/lake/trusted.",
    ],
    examples: [
      Example("lake config check", "find mistakes before a long run does"),
      Example("lake config show", "values with their origin: default, a line, the environment"),
      Example("lake config trust /srv/lake", "believe what a lake of somebody else says of keys"),
    ])

  private let action: Action

  init(_ arguments: inout Arguments) throws(UsageError) {
    switch try arguments.operandChoice("check|show|trust") {
    case "trust": action = .trust(try TrustAction(&arguments))
    case "check": action = .check
    default: action = .show
    }
    if case .trust = action { return }
    for name in ["remove", "list"] where arguments.flag(name) {
      throw UsageError(
        .badValue, "--\(name) goes with trust only", remedy: "lake config trust --\(name)",
        command: Self.spec.name)
    }
  }

  func run(in context: Context) throws -> ExitStatus {
    if case .trust(let trust) = action { return try trust.run(in: context) }
    let root = try Lake.findRoot(
      flag: context.lakeFlag, environment: context.environment,
      workingDirectory: context.workingDirectory)
    let path = root + "/" + Lake.configurationName
    var (config, errors) = try LakeConfig.check(path: path, environment: context.environment)
    if errors.isEmpty { errors = try ConfiguredWork(config, in: context).mistakes() }
    if case .check = action { return check(config, errors, in: context) }
    return show(config, errors, in: context)
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

  /// A file with mistakes is shown as far as it can be read.
  private func show(_ config: LakeConfig, _ errors: [CatalogError], in context: Context)
    -> ExitStatus
  {
    if context.isJSON {
      for setting in config.settings { context.print(json(setting)) }
    } else {
      var table = TextTable([("KEY", .left), ("VALUE", .left), ("FROM", .left)])
      for setting in config.settings {
        table.add([
          setting.key, AddressText.redacted(setting.text), setting.origin.description,
        ])
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
      for value in setting.values { json.string(AddressText.redacted(value)) }
      json.endArray()
    } else {
      json.string(AddressText.redacted(setting.text))
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
