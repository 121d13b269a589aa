import Catalog
import CommandLineKit
import JSON
import Market
import Passes
import Platform
import Tables

/// What commands print that write a table's files again.
struct RewriteOutput {
  private let plan: RewritePlan
  private let period: PartitionPeriod?
  private let removesDuplicates: Bool
  private let mergesSmallFiles: Bool

  /// - Parameter period: What the table is to be kept by; nil where that stays.
  init(
    _ plan: RewritePlan, period: PartitionPeriod? = nil, removesDuplicates: Bool,
    mergesSmallFiles: Bool = true
  ) {
    self.mergesSmallFiles = mergesSmallFiles
    self.plan = plan
    self.period = period
    self.removesDuplicates = removesDuplicates
  }

  /// Prints the plan.
  func printPlan(in context: Context) {
    for merge in plan.units {
      let name = merge.name.isEmpty ? "all" : merge.name
      if context.isJSON {
        context.print(
          JSONValue.object(
            JSONObject([
              ("type", .string("merge")), ("partition", .string(merge.name)),
              ("reason", .string(merge.reason)),
              ("files", .integer(Int64(merge.fileCount))), ("bytes", .integer(merge.byteCount)),
            ])
          ).description)
      } else {
        context.printText(
          "\(name)  \(Quantity.count(merge.fileCount)) files  \(Quantity.bytes(Int(clamping: merge.byteCount)))"
            + (merge.reason == "small" ? "" : "  \(merge.reason)")
        )
      }
    }
    var summary = Summary()
    summary.add("table", .text("\(plan.table) version \(plan.version)"))
    if let period { summary.add("period", .text(period.rawValue)) }
    summary.add(
      "to_merge", label: mergesSmallFiles ? "to merge" : "files to look through",
      .count(plan.units.reduce(0) { $0 + $1.fileCount }))
    summary.add(
      period == nil ? "into" : "partitions",
      label: mergesSmallFiles && period == nil ? "into" : "partitions", .count(plan.units.count))
    summary.add("kept", .count(plan.keptCount))
    context.print(summary)
  }

  /// Prints what was done, and where rows are that conflict.
  func print(
    _ report: RewriteReport, of table: TableName, elapsed: Double, in context: Context
  ) {
    var summary = Summary()
    summary.add("files_merged", .count(report.filesBefore))
    summary.add("files_written", .count(report.filesAfter))
    summary.add("files_kept", .count(plan.keptCount))
    summary.add("rows", .count(report.rowCount))
    if removesDuplicates {
      summary.add("duplicates", .count(report.duplicateCount))
      summary.add("conflicts", .count(report.conflictCount))
    }
    summary.add("bytes_in", .bytes(Int(clamping: report.bytesBefore)))
    summary.add("bytes_out", .bytes(Int(clamping: report.bytesAfter)))
    summary.add("overtaken", .count(report.overtakenCount))
    summary.add("failed", .count(report.failures.count))
    summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
    summary.add("elapsed", .seconds(elapsed))
    context.print(summary)
    if report.conflictCount > 0 {
      context.say(
        "\(Quantity.count(report.conflictCount)) rows differ from an older one with their key: "
          + "lake query \(TableName.quarantine(for: table)) shows them")
    }
  }

  /// The exit status of what was done.
  func status(_ report: RewriteReport) -> ExitStatus {
    if report.isInterrupted { return .interrupted }
    if !report.failures.isEmpty { return .failed }
    return report.conflictCount > 0 ? .findings : .done
  }
}
