import CommandLineKit
import DeltaLog
import JSON
import Parquet
import Query

/// Shows, prints, verifies or rewrites a Parquet file.
struct ParquetCommand: Command {
  private enum Action {
    case describe, rows, verify
    case rewrite(String)
  }
  private enum Format: String, CaseIterable { case jsonl, csv }

  /// Most damaged column chunks that are listed individually.
  static let findingCountMax = 20

  static let spec = CommandSpec(
    name: "parquet",
    summary: "Show a Parquet file's schema, row groups, encodings, sizes and statistics.",
    operands: [OperandSpec("FILE", help: "The file.")],
    flags: [
      .switch("rows", help: "Print the rows instead."),
      .option(
        "format", "jsonl|csv", help: "With --rows: one JSON object a line (default), or CSV."),
      .option("limit", "N", help: "With --rows: print at most N rows."),
      .switch("verify", help: "Decode every page instead, and check every CRC-32 there is."),
      .switch(
        "no-checksum", help: "With --rows or --rewrite: read pages of a wrong CRC-32 too."),
      .option("rewrite", "OUT", help: "Write the rows anew to OUT, the way lake writes, instead."),
    ],
    notes: [
      "Rows show decimals and integers with every digit, times as ISO, binary as base64, NaN and "
        + "infinities as strings, and nested values as JSON.",
      "--rewrite keeps the schema: field ids, what is required, logical types, nesting in whatever form.",
      "--verify ends with status 1 if a column chunk is unsound.",
    ],
    examples: [
      Example("lake parquet part-0.parquet", "what is inside, and how it is stored"),
      Example("lake parquet part-0.parquet --rows --limit 5", "the first five rows"),
      Example("lake parquet part-0.parquet --verify", "whether every byte is sound"),
      Example("lake parquet theirs.parquet --rewrite ours.parquet", "smaller, with a page index"),
    ], usesLake: false)

  private let path: String
  private let action: Action
  private let format: Format
  private let limit: Int
  private let verifiesChecksums: Bool

  init(_ arguments: inout Arguments) throws(UsageError) {
    path = try arguments.operand("FILE")
    try arguments.requireAtMostOne(of: ["rows", "verify", "rewrite"])
    try arguments.requireAtMostOne(of: ["verify", "no-checksum"])
    verifiesChecksums = !arguments.flag("no-checksum")
    try arguments.requireOutputName("rewrite", OutputForms(["parquet", "parq", "pq"]))
    if let target = arguments.value("rewrite") {
      action = .rewrite(target)
    } else {
      action = arguments.flag("rows") ? .rows : arguments.flag("verify") ? .verify : .describe
    }
    let name = try arguments.choice("format", of: Format.allCases.map(\.rawValue))
    format = name.flatMap { Format(rawValue: $0) } ?? .jsonl
    limit = try arguments.integer("limit", in: 0...Int.max) ?? .max
  }

  var printsRows: Bool { if case .rows = action { true } else { false } }

  func run(in context: Context) throws -> ExitStatus {
    try ChecksumRemedy.offered { try act(in: context) }
  }

  private func act(in context: Context) throws -> ExitStatus {
    let reader = try ParquetReader(path: path, verifiesChecksums: verifiesChecksums)
    switch action {
    case .rows: return try printRows(reader, context)
    case .verify: return verify(reader, context)
    case .rewrite(let target): return try rewrite(reader, to: target, context)
    case .describe:
      let description = ParquetDescription(reader: reader, context: context)
      if context.isJSON { description.printJSON() } else { description.printText() }
      return .done
    }
  }

  // MARK: - Rows

  private func printRows(_ reader: ParquetReader, _ context: Context) throws -> ExitStatus {
    var text = ValueText()
    let names = reader.schema.children.map(\.name)
    if format == .csv { text.appendCSVHeader(names) }
    var left = limit
    var lostTimeCount = 0
    for rowGroup in 0..<reader.rowGroupCount where left > 0 {
      let cursor = try reader.rows(rowGroup: rowGroup)
      while left > 0 {
        let row: [Value]?
        do {
          row = try cursor.next()
        } catch {
          // Rows before the error are printed: they may help to find it.
          text.bytes.withUnsafeBytes { context.output.write(bytes: $0) }
          throw error
        }
        guard let row else { break }
        switch format {
        case .jsonl: text.appendJSONLine(names, row)
        case .csv: text.appendCSVLine(row)
        }
        left -= 1
        if text.bytes.count > 1 << 16 {
          text.bytes.withUnsafeBytes { context.output.write(bytes: $0) }
          text.removeAll()
          try context.checkInterruption()
        }
      }
      lostTimeCount += cursor.lostTimeCount
    }
    text.bytes.withUnsafeBytes { context.output.write(bytes: $0) }
    if lostTimeCount > 0 {
      context.warn(
        "\(lostTimeCount) INT96 values are shown as null: their day lies beyond all times")
    }
    if context.isJSON {
      var summary = Summary()
      summary.add("rows", .count(limit - left))
      context.print(summary)
    }
    return .done
  }

  // MARK: - Rewriting

  private func rewrite(
    _ reader: ParquetReader, to target: String, _ context: Context
  ) throws -> ExitStatus {
    let rewriter = ParquetRewriter(reader: reader)
    let written = try rewriter.write(toPath: target)
    if !rewriter.columnsWithoutMeaning.isEmpty {
      let names = rewriter.columnsWithoutMeaning.map { "'\($0)'" }.joined(separator: ", ")
      context.warn(
        "logical types that are newer than this program are not kept, only their values: \(names)")
    }
    var summary = Summary()
    summary.add("rows", .count(written.rowCount))
    summary.add("read", .bytes(reader.byteCount))
    summary.add("written", .bytes(written.byteCount))
    context.print(summary)
    return .done
  }

  // MARK: - Verification

  private func verify(_ reader: ParquetReader, _ context: Context) -> ExitStatus {
    var reported = 0
    let counts = reader.verify { error in
      reported += 1
      if reported <= Self.findingCountMax { context.report(error) }
      return !context.isInterrupted
    }
    if reported > Self.findingCountMax {
      context.warn("\(reported - Self.findingCountMax) more column chunks are unsound")
    }
    var summary = Summary()
    summary.add("rows", .count(Int(reader.metadata.rowCount)))
    summary.add("column_chunks", .count(counts.chunks))
    summary.add("pages", .count(counts.pages))
    summary.add("pages_with_crc", label: "pages with CRC", .count(counts.checkedPages))
    summary.add("values", .count(counts.values))
    summary.add("unsound_chunks", .count(counts.findings))
    context.print(summary)
    if context.isInterrupted { return .interrupted }
    return counts.findings == 0 ? .done : .findings
  }
}
