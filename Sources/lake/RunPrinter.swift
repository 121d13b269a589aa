import Catalog
import CommandLineKit
import JSON
import Passes
import Tables

/// Prints what passes did, or would do in a dry run.
struct RunPrinter {
  private let context: Context
  private var list = TextTable([
    ("TABLE", .left), ("PASS", .left), ("MADE", .right), ("FRESH", .right), ("FROZEN", .right),
    ("FAILED", .right), ("FINDINGS", .right), ("ROWS", .right), ("SIZE", .right),
  ])
  private var (dueCount, madeCount, freshCount) = (0, 0, 0)
  private var (rowCount, byteCount) = (0, 0)
  private(set) var failureCount = 0
  /// What somebody should look at.
  private(set) var findingCount = 0
  /// What each pass found that reports.
  private var found: [String] = []

  init(context: Context) { self.context = context }

  // MARK: - Dry run

  mutating func plan(_ pass: ConfiguredPass, _ outcome: PassRunner.Outcome) {
    switch outcome {
    case .planned(.derive(let plan)):
      for output in plan.outputs {
        for unit in output.units where unit.state.isDue {
          line(pass, output.table, unit.date, unit.state.rawValue, unit.reason?.text ?? "")
        }
        freshCount += output.units.count - output.dueCount
      }
    case .planned(.rewrite(let plan)):
      for unit in plan.units {
        line(
          pass, pass.request.table, unit.name, "rewrite",
          "\(Quantity.count(unit.fileCount)) files: \(unit.reason)")
      }
    case .planned(.report): line(pass, pass.request.table, "all", "report", "every run looks")
    case .waits(let dates):
      for table in pass.outputs {
        for date in dates.sorted() {
          line(
            pass, table, date, PassUnit.State.missing.rawValue,
            PassUnit.Reason.inputDue(pass.request.table).text)
        }
      }
    case .failed(let error): fail(error)
    case .upToDate, .ran: break
    }
  }

  private mutating func line(
    _ pass: ConfiguredPass, _ table: TableName, _ unit: String, _ state: String, _ reason: String
  ) {
    dueCount += 1
    if context.isJSON {
      context.print(
        JSONValue.object(
          JSONObject([
            ("type", .string("unit")), ("table", .string(table.description)),
            ("pass", .string(pass.kind.name)), ("unit", .string(unit)),
            ("state", .string(state)), ("reason", .string(reason)),
          ])
        ).description)
    } else {
      context.printText("\(table)  \(unit)  \(state): \(reason)")
    }
  }

  private mutating func fail(_ error: any Error) {
    failureCount += 1
    context.report(error)
  }

  mutating func finishPlan() {
    var summary = Summary()
    summary.add("due", .count(dueCount))
    summary.add("fresh", .count(freshCount))
    summary.add("failed", .count(failureCount))
    context.print(summary)
    if dueCount == 0, failureCount == 0 { context.say("everything is up to date") }
  }

  // MARK: - Results

  mutating func add(_ pass: ConfiguredPass, _ outcome: PassRunner.Outcome) {
    switch outcome {
    case .upToDate(.derive(let plan)):
      for output in plan.outputs {
        let frozen = output.units.count { $0.state == .frozen }
        row(pass, output.table, fresh: output.units.count - frozen, frozen: frozen)
      }
    case .upToDate(.report): row(pass, pass.request.table)
    case .upToDate(.rewrite(let plan)): row(pass, pass.request.table, fresh: plan.keptCount)
    case .ran(_, .derive(let report)):
      for output in report.outputs {
        row(
          pass, output.table, made: output.computedCount, fresh: output.freshCount,
          frozen: output.frozenCount, failed: output.failures.count, rows: output.rowCount,
          bytes: output.byteCount)
      }
    case .ran(let plan, .rewrite(let report)):
      var kept = 0
      if case .rewrite(let plan) = plan { kept = plan.keptCount }
      row(
        pass, pass.request.table, made: report.filesAfter, fresh: kept,
        failed: report.failures.count, findings: report.conflictCount, rows: report.rowCount,
        bytes: Int(clamping: report.bytesAfter))
    case .ran(_, .report(let report)):
      row(pass, pass.request.table, findings: report.findingCount)
      let counts = report.counts.map { "\(Quantity.count($0.count)) \($0.name)" }
      if report.findingCount > 0 {
        found.append(
          "\(pass.kind.name) of \(pass.request.table): " + counts.joined(separator: ", ")
            + ": lake \(pass.kind.name) \(pass.request.table)")
      }
    // It was told when it happened.
    case .failed:
      for table in pass.outputs.isEmpty ? [pass.request.table] : pass.outputs {
        row(pass, table, failed: 1)
      }
    case .planned, .waits: break
    }
  }

  private mutating func row(
    _ pass: ConfiguredPass, _ table: TableName, made: Int = 0, fresh: Int = 0, frozen: Int = 0,
    failed: Int = 0, findings: Int = 0, rows: Int = 0, bytes: Int = 0
  ) {
    madeCount += made
    freshCount += fresh
    failureCount += failed
    findingCount += findings
    rowCount += rows
    byteCount += bytes
    if context.isJSON {
      context.print(
        JSONValue.object(
          JSONObject([
            ("type", .string("table")), ("table", .string(table.description)),
            ("pass", .string(pass.kind.name)), ("made", .integer(Int64(made))),
            ("fresh", .integer(Int64(fresh))), ("frozen", .integer(Int64(frozen))),
            ("failed", .integer(Int64(failed))), ("findings", .integer(Int64(findings))),
            ("rows", .integer(Int64(rows))),
            ("bytes", .integer(Int64(bytes))),
          ])
        ).description)
    } else {
      list.add([
        table.description, pass.kind.name, Quantity.count(made), Quantity.count(fresh),
        Quantity.count(frozen), Quantity.count(failed), Quantity.count(findings),
        Quantity.count(rows),
        Quantity.bytes(bytes),
      ])
    }
  }

  func finish(elapsed: Double) {
    if !context.isJSON, !list.rows.isEmpty { context.print(list) }
    var summary = Summary()
    summary.add("made", .count(madeCount))
    summary.add("fresh", .count(freshCount))
    summary.add("rows_written", .count(rowCount))
    summary.add("bytes_out", .bytes(byteCount))
    summary.add("failed", .count(failureCount))
    summary.add("findings", .count(findingCount))
    summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
    summary.add("elapsed", .seconds(elapsed))
    context.print(summary)
    for line in found { context.say(line) }
    if madeCount == 0, failureCount == 0 { context.say("everything was up to date") }
  }
}
