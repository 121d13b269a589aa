import CommandLineKit
import JSON
import Query

/// Figures of a query: what it read and skipped.
struct QueryFigures {
  let query: Query

  /// - Parameter reasons: Why there are no rows.
  func summary(
    _ outcome: QueryOutcome, format: QueryOutput.Format, path: String, reasons: [String],
    elapsed: Double
  ) -> Summary {
    let report = outcome.report
    var summary = Summary()
    summary.add("table", .text(query.tableName))
    if let version = query.version { summary.add("version", .count(version)) }
    summary.add("output", .text(path))
    summary.add("format", .text(format.rawValue))
    summary.add("rows", .count(outcome.rowCount))
    summary.add("bytes", label: "bytes before compression", .bytes(outcome.byteCount))
    summary.add("files", .count(report.partitions.count))
    summary.add("files_skipped", .count(report.partitions.skippedCount + report.files.skippedCount))
    summary.add("row_groups", .count(report.rowGroups.count))
    summary.add("row_groups_skipped", .count(report.rowGroups.skippedCount))
    summary.add("pages", label: "pages looked at one by one", .count(report.pages.count))
    summary.add("pages_skipped", .count(report.pages.skippedCount))
    if !reasons.isEmpty { summary.add("empty_because", .texts(reasons)) }
    summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
    summary.add("elapsed", .seconds(elapsed))
    return summary
  }

  /// Prints a plan: as text, or as one JSON object per level and a summary.
  func print(_ explanation: Explanation, in context: Context) {
    guard context.isJSON else {
      for line in explanation.lines { context.printText(line) }
      return
    }
    for level in explanation.report.levels where level.count > 0 {
      context.print(json(level))
    }
    var summary = Summary()
    summary.add("table", .text(query.tableName))
    if let version = query.version { summary.add("version", .count(version)) }
    summary.add("columns", .texts(explanation.columns))
    summary.add("filter", .text(explanation.filterText))
    if let range = query.rangeText { summary.add("range", .text(range)) }
    summary.add("rows_max", .count(explanation.rowCountMax))
    summary.add("units", .count(explanation.unitCount))
    summary.add("merges", .count(explanation.mergeCount))
    context.print(summary)
  }

  private func json(_ level: SkipLevel) -> String {
    var json = JSONWriter()
    json.beginObject()
    json.member("type", "level")
    json.member("level", level.name)
    json.member("count", level.count)
    json.member("skipped", level.skippedCount)
    json.member("bytes", level.byteCount)
    json.member("bytes_skipped", level.skippedByteCount)
    json.key("reasons")
    json.beginObject()
    for (reason, count) in level.reasons.sorted(by: { $0.key < $1.key }) {
      json.member(reason, count)
    }
    json.endObject()
    json.endObject()
    return json.string
  }
}
