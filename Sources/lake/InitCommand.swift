import Catalog
import CommandLineKit
import JSON
import Platform

/// Creates a lake in a folder.
struct InitCommand: Command {
  static let spec = CommandSpec(
    name: "init",
    summary: "Make a lake: a folder with an annotated lake.yaml.",
    operands: [
      OperandSpec("DIR", help: "The folder; this one when not given.", isOptional: true)
    ],
    notes: [
      "The folder may be new or hold other files; what is there is never overwritten. A file system on which two "
        + "writers could overwrite each other's commits is refused."
    ],
    examples: [
      Example("lake init mylake && cd mylake", "make a lake and work in it"),
      Example("lake init", "make this folder a lake"),
    ], usesLake: false)

  let directory: String

  init(_ arguments: inout Arguments) throws(UsageError) {
    directory = try arguments.optionalOperand("DIR") ?? arguments.value("lake") ?? "."
  }

  func run(in context: Context) throws -> ExitStatus {
    let plan = try LakeInit(directory: directory, workingDirectory: context.workingDirectory)
    if let surrounding = plan.surroundingLake {
      context.warn(
        "this lake will lie inside another one", place: surrounding,
        remedy: "give every lake a folder of its own")
    }
    try plan.apply()
    let names = plan.files.map(\.name)
    if context.isJSON {
      var json = JSONWriter()
      json.beginObject()
      json.key("type")
      json.string("summary")
      json.key("root")
      json.string(plan.root)
      json.key("written")
      json.beginArray()
      for name in names { json.string(name) }
      json.endArray()
      json.endObject()
      context.print(json.string)
      return .done
    }
    context.say("made a lake in \(Escaping.controls(plan.root)): \(names.joined(separator: ", "))")
    let change = directory == "." ? "" : "cd \(ShellText.path(directory)) && "
    context.say("next: \(change)lake ingest FILE…")
    return .done
  }
}
