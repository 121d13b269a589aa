import Columnar
import CommandLineKit
import JSON
import Passes
import Platform

/// Prints what a validation found: a line each on standard output, then the summary.
struct ValidationPrinter {
  private let report: ValidationReport
  /// Where the report is; nil if it could not be written.
  private let path: String?
  private let elapsed: Double

  init(_ report: ValidationReport, path: String?, elapsed: Double) {
    self.report = report
    self.path = path
    self.elapsed = elapsed
  }

  func print(in context: Context) {
    if context.isJSON { printObjects(in: context) } else { printLines(in: context) }
    var summary = Summary()
    summary.add("errors", .count(report.count(isError: true)))
    summary.add("warnings", .count(report.count(isError: false)))
    summary.add("passed", label: "files or partitions passed", .count(report.passedCount))
    summary.add("failed", label: "files or partitions failed", .count(report.failedCount))
    summary.addIfAny("unread", label: "files or partitions not read", report.unreadCount)
    summary.add("rows", .count(report.rowCount))
    if let path { summary.add("report", .text(path)) }
    summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
    summary.add("elapsed", .seconds(elapsed))
    context.print(summary)
  }

  private func printLines(in context: Context) {
    for part in report.parts where !part.findings.isEmpty {
      context.printText(part.name + (part.interval.map { " (\($0))" } ?? ""))
      for (word, isError) in [("error", true), ("warning", false)] {
        for line in part.findings.lines(isError: isError, interval: part.interval) {
          context.printText("  \(word)  \(line)")
        }
      }
    }
  }

  private func printObjects(in context: Context) {
    for part in report.parts {
      for rule in BarRule.allCases {
        guard let count = part.findings.counts[rule] else { continue }
        let examples = (part.findings.examples[rule] ?? []).map { example in
          var members: [(String, JSONValue)] = [("source", .string(example.source))]
          if let row = example.row { members.append(("row", .integer(Int64(row)))) }
          if let time = example.time {
            members.append(("ts_event", .string(TimeText.iso(nanoseconds: time, digits: 9))))
          }
          if !example.symbol.isEmpty { members.append(("symbol", .string(example.symbol))) }
          members.append(("values", .string(example.values)))
          return JSONValue.object(JSONObject(members))
        }
        let members: [(String, JSONValue)] = [
          ("type", .string("finding")), ("source", .string(part.name)),
          ("severity", .string(rule.isError ? "error" : "warning")),
          ("rule", .string(rule.rawValue)), ("count", .integer(Int64(count))),
          ("examples", .array(examples)),
        ]
        context.print(JSONValue.object(JSONObject(members)).description)
      }
    }
  }
}
