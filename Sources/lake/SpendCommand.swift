import Catalog
import CommandLineKit
import JSON
import Ledger
import Query

/// Sums the costs of downloads.
struct SpendCommand: Command {
  static let spec = CommandSpec(
    name: "spend",
    summary: "Sum what downloads cost, by month, dataset, schema or symbol, to the last digit.",
    flags: [
      .option(
        "by", "PARTS",
        help: "What to sum by: month, dataset, schema, symbol, or several, like month,symbol"
          + " (default month,dataset).")
    ],
    notes: [
      "A month is that of the purchase, UTC. A purchase of several symbols is shared equally among them.",
      "Where a download was killed before an answer was stored, the vendor may have billed it: that is told apart.",
      "Downloads from vendors at a flat rate have no price: they are counted, not summed. Files of your own are no purchases.",
    ],
    examples: [
      Example("lake spend", "by month and dataset"),
      Example("lake spend --by symbol", "what each symbol has cost so far"),
      Example("lake spend --by month --json", "for a budget, as JSON"),
    ])

  let parts: [SpendReport.Part]

  init(_ arguments: inout Arguments) throws(UsageError) {
    var parts: [SpendReport.Part] = []
    for word in try arguments.list("by") {
      let known = SpendReport.Part.allCases.map(\.rawValue)
      guard let part = SpendReport.Part(rawValue: word), !parts.contains(part) else {
        throw arguments.bad(
          "by", word, "each once: " + known.joined(separator: ", "),
          parts.map(\.rawValue).contains(word) ? nil : "--by month,dataset")
      }
      parts.append(part)
    }
    self.parts = parts.isEmpty ? [.month, .dataset] : parts
  }

  func run(in context: Context) throws -> ExitStatus {
    var status = ExitStatus.done
    let (ledger, _) = try CoverageLedger.recovered(try context.findLake()) { _, error in
      // Its purchases may be recorded only in its commits: the sums may be too low.
      context.report(error)
      status = .failed
    }
    let report = SpendReport(ledger, by: parts)
    if context.isJSON {
      for line in report.lines { context.print(json(line)) }
    } else if !report.lines.isEmpty {
      context.print(table(report))
    }
    var summary = Summary()
    summary.add("purchases", .count(report.total.purchaseCount))
    summary.add("unpriced", label: "without a price", .count(report.unpricedCount))
    if let rows = report.total.rowCount { summary.add("rows", .count(Int(rows))) }
    if let bytes = report.total.byteCount { summary.add("bytes", .bytes(Int(bytes))) }
    summary.add("usd", label: "USD", .text(SpendReport.text(report.total.nanoUSD)))
    if report.unconfirmed.purchaseCount > 0 {
      summary.add(
        "usd_unconfirmed", label: "USD perhaps billed",
        .text(SpendReport.text(report.unconfirmed.nanoUSD)))
    }
    context.print(summary)
    return status
  }

  private func table(_ report: SpendReport) -> TextTable {
    var list = TextTable(
      parts.map { ($0.rawValue.uppercased(), .left) } + [
        ("PURCHASES", .right), ("ROWS", .right), ("BYTES", .right), ("USD", .right),
      ])
    for line in report.lines {
      list.add(
        line.key + [
          Quantity.count(line.purchaseCount),
          line.rowCount.map { Quantity.count(Int($0)) } ?? "-",
          line.byteCount.map { Quantity.bytes(Int($0)) } ?? "-", SpendReport.text(line.nanoUSD),
        ])
    }
    return list
  }

  private func json(_ line: SpendReport.Line) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "spend")
    for (part, value) in zip(parts, line.key) { json.member(part.rawValue, value) }
    json.member("purchases", line.purchaseCount)
    json.member("rows", line.rowCount)
    json.member("bytes", line.byteCount)
    json.member("usd", SpendReport.text(line.nanoUSD))
    json.endObject()
    return json.string
  }
}
