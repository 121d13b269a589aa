import Catalog
import CommandLineKit
import HTTP
import JSON

/// What `lake config trust` does.
struct TrustAction {
  enum Kind { case add, remove, list }

  let kind: Kind
  /// nil for the lake that a command would use, or else the working directory.
  let directory: String?

  init(_ arguments: inout Arguments) throws(UsageError) {
    let (removes, lists) = (arguments.flag("remove"), arguments.flag("list"))
    directory = try arguments.optionalOperand("DIR")
    if removes && lists {
      throw UsageError(
        .badValue, "--remove and --list say different things", remedy: "give one of them",
        command: ConfigCommand.spec.name)
    }
    if lists, let directory {
      throw UsageError(
        .unexpectedOperand, "unexpected argument '\(directory)'",
        remedy: "--list shows all folders", command: ConfigCommand.spec.name)
    }
    kind = removes ? .remove : lists ? .list : .add
  }

  func run(in context: Context) throws -> ExitStatus {
    var list = try TrustedFolders(environment: context.environment)
    switch kind {
    case .list: show(list, in: context)
    case .add:
      let trust = try ConfigTrust(folder: try folder(context))
      if trust.saysNothing {
        context.say("nothing in \(Escaping.controls(trust.folder)) needs trust")
        return summarize("nothing", trust.folder, context)
      }
      try list.add(trust.entry)
      for setting in trust.settings.sorted(by: { $0.key.rawValue < $1.key.rawValue })
        .flatMap(\.value)
      {
        context.say(Escaping.controls("\(setting.key): \(AddressText.redacted(setting.text))"))
      }
      if trust.hasEnvironmentFile { context.say("keys in '.env'") }
      context.say("trusted as it is now: \(Escaping.controls(trust.folder))")
      return summarize("trusted", trust.folder, context)
    case .remove:
      let folder = try folder(context)
      let wasTrusted = try list.remove(folder)
      context.say(
        (wasTrusted ? "no longer trusted: " : "was not trusted: ") + Escaping.controls(folder))
      return summarize(wasTrusted ? "removed" : "nothing", folder, context)
    }
    return .done
  }

  private func folder(_ context: Context) throws -> String {
    if let directory { return try ConfigTrust.folder(directory, in: context.workingDirectory) }
    do {
      return try Lake.findRoot(
        flag: context.lakeFlag, environment: context.environment,
        workingDirectory: context.workingDirectory)
    } catch {
      guard error.code == .noLake, context.lakeFlag == nil else { throw error }
      return try ConfigTrust.folder(".", in: context.workingDirectory)
    }
  }

  private func summarize(_ state: String, _ folder: String, _ context: Context) -> ExitStatus {
    guard context.isJSON else { return .done }
    var summary = Summary()
    summary.add("path", .text(folder))
    summary.add("state", .text(state))
    context.print(summary)
    return .done
  }

  private func show(_ list: TrustedFolders, in context: Context) {
    var table = TextTable([("FOLDER", .left), ("STATE", .left)])
    for entry in list.entries {
      let state = ConfigTrust.state(of: entry)
      if context.isJSON {
        var json = JSONWriter()
        json.beginObject()
        json.member("type", "trusted")
        json.member("path", entry.path)
        json.member("state", state)
        json.endObject()
        context.print(json.string)
      } else {
        table.add([entry.path, state])
      }
    }
    if !context.isJSON { return context.print(table) }
    var summary = Summary()
    summary.add("path", .text(list.path))
    summary.add("folders", .count(list.entries.count))
    context.print(summary)
  }
}
