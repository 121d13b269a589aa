import CommandLineKit
import Databento
import Platform

/// Prints a DBN file.
struct DBNCommand: Command {
  static let spec = CommandSpec(
    name: "dbn",
    summary: "Print a Databento file (.dbn, .dbn.zst) as text.",
    operands: [OperandSpec("FILE", help: "The file; - is standard input.")],
    flags: [
      .switch("metadata", help: "Print the header instead, as JSON."),
      .switch("raw", help: "Print integers as they are: no decimal prices, no ISO times."),
      .option("format", "csv|jsonl", help: "One line a record, as CSV (default) or JSON."),
      .option("schema", "SCHEMA", help: "Print records of this schema only."),
      .option("limit", "N", help: "Print at most N records."),
      .switch("omit-header", help: "Leave out the CSV's first line."),
      .option("dbn-version", "1|2|3", help: "Version of records without a header (.frag)."),
      .option("output", "FILE", short: "o", help: "Write to FILE; .gz and .zst compress it."),
      .switch("force", help: "Overwrite the output file."),
    ],
    notes: [
      "Fields have the vendor's names and order; the symbol comes last: what the header's mappings "
        + "say for the day of the record, or nothing. --json prints JSON lines, and a summary on "
        + "standard error."
    ],
    examples: [
      Example("lake dbn es.trades.dbn.zst --limit 10", "the first ten trades"),
      Example("lake dbn es.trades.dbn.zst --metadata", "what was asked for, and the symbols"),
      Example("zstdcat x.dbn.zst | lake dbn - --format jsonl", "from a pipe, as JSON lines"),
    ], usesLake: false)

  let path: String
  let printsMetadata: Bool
  let options: DBNTextOptions
  let fragmentVersion: Int?
  let outputPath: String?
  let overwrites: Bool

  init(_ arguments: inout Arguments) throws(UsageError) {
    path = try arguments.operand("FILE")
    printsMetadata = arguments.flag("metadata")
    var options = DBNTextOptions()
    options.isRaw = arguments.flag("raw")
    let path = arguments.value("output")
    if let format = arguments.value("format") {
      options.format = DBNTextOptions.Format(rawValue: format) ?? .csv
    } else if let path, Self.isJSON(path) {
      options.format = .jsonl
    }
    try arguments.requireOutputName(
      "output",
      OutputForms(
        printsMetadata ? ["json"] : ["csv", "jsonl", "ndjson", "json"], compressions: ["gz", "zst"]),
      formFlag: "format")
    options.hasHeader = !arguments.flag("omit-header")
    options.limit = try arguments.integer("limit", in: 1...Int.max)
    if let name = arguments.value("schema") {
      let names = RecordKind.allCases.map(\.rawValue)
      _ = try arguments.choice("schema", of: names)
      options.schema = RecordKind(rawValue: name)
    }
    self.options = options
    fragmentVersion = try arguments.integer("dbn-version", in: 1...DBNFields.versionMax)
    outputPath = arguments.value("output").flatMap { $0 == "-" ? nil : $0 }
    overwrites = arguments.flag("force")
  }

  /// Whether a file's name has a suffix of JSON.
  private static func isJSON(_ path: String) -> Bool {
    var name = Substring(path.lowercased())
    for suffix in [".gz", ".zst"] where name.hasSuffix(suffix) { name.removeLast(suffix.count) }
    return [".jsonl", ".ndjson", ".json"].contains { name.hasSuffix($0) }
  }

  var printsRows: Bool { outputPath == nil }

  func run(in context: Context) throws -> ExitStatus {
    let reader = try DBNReader(path: path, fragmentVersion: fragmentVersion)
    if printsMetadata {
      guard let metadata = reader.metadata else {
        throw DBNError(.unsupported, "records without a header have no metadata").inFile(path)
      }
      let text = metadata.json(isRaw: options.isRaw || context.isJSON)
      guard let outputPath else {
        context.output.write(text)
        return .done
      }
      let file = try PendingFile(path: outputPath, overwrites: overwrites)
      try Array(text.utf8).withUnsafeBytes { try file.write($0) }
      try file.finish()
      return .done
    }
    guard let outputPath else {
      let output = context.output
      return try print(reader, context) { output.write(bytes: $0) }
    }
    let file = try PendingFile(path: outputPath, overwrites: overwrites)
    let status = try print(reader, context) { try file.write($0) }
    try file.finish()
    return status
  }

  private func print(
    _ reader: DBNReader, _ context: Context, _ output: @escaping DBNText.Output
  ) throws -> ExitStatus {
    let target = context.output
    var options = options
    if context.isJSON { options.format = .jsonl }
    let text = DBNText(
      reader: reader, options: options,
      shouldStop: { Interruption.isRequested || target.isClosed }, output: output)
    let count = try text.run()
    try context.checkInterruption()
    if context.isJSON {
      var summary = Summary()
      summary.add("records", .count(count))
      context.print(summary)
    } else {
      context.detail("\(Quantity.count(count)) records")
    }
    return .done
  }
}
