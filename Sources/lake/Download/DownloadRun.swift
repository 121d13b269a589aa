import Catalog
import Columnar
import CommandLineKit
import Downloads
import Ingest
import JSON
import Ledger
import Market
import Platform
import Query

/// What all downloads have in common: range, requests, run and report.
struct DownloadRun {
  private let order: DownloadOrder
  private let lake: Lake
  private let context: Context

  let recorder: JobRecorder

  init(
    _ order: DownloadOrder, lake: Lake, context: Context, _ recorder: JobRecorder
  ) {
    self.recorder = recorder
    self.order = order
    self.lake = lake
    self.context = context
  }

  func access(_ vendor: Vendor) throws -> VendorAccess {
    try context.openVendor(vendor, lake: lake, rateLimit: order.flags.rateLimit)
  }

  /// The table given by a flag, or else the default.
  func table(or usual: @autoclosure () throws -> TableName) throws -> TableName {
    try order.flags.table ?? usual()
  }

  /// The ledger of the existing coverage, before anything is requested or bought.
  ///
  /// Unreadable tables are ignored unless they are written to, or their costs must be known.
  ///
  /// - Parameter needsAll: Whether a budget requires the purchases of all tables.
  func ledger(
    needsAll: Bool = false
  ) throws -> (CoverageLedger, recovered: [CoverageEvent]) {
    let (ledger, missing) = try CoverageLedger.recovered(lake) { _, error in
      if needsAll { throw error }
    }
    return (ledger, missing)
  }

  /// The requested range; without an end, up to now.
  func interval(
    start: String, end: String?, zone: TimeZoneRules, now: Int64 = Clock.nanoseconds()
  ) throws -> Range<Int64> {
    func instant(_ text: String, _ flag: String, isEnd: Bool) throws -> Int64 {
      if let instant = zone.instant(text, isEnd: isEnd) { return instant }
      throw UsageError(
        .badValue, "flag '--\(flag)' is '\(text)', expected a date or a time",
        remedy: "--\(flag) 2024-01-02, or --\(flag) 2024-01-02T14:30:00Z",
        command: DownloadCommand.spec.name)
    }
    let first = try instant(start, "start", isEnd: false)
    let last = try end.map { try instant($0, "end", isEnd: true) } ?? now
    guard first < last else {
      let (name, remedy) =
        end == nil
        ? ("now", "choose a start in the past")
        : ("--end '\(end ?? "")'", "a bare date as end means that whole day")
      throw UsageError(
        .badValue,
        "--start '\(start)' (\(text(first))) is not before \(name) (\(text(last)))",
        remedy: remedy, command: DownloadCommand.spec.name)
    }
    return first..<last
  }

  // MARK: - Running

  /// Downloads the units of a plan and reports the result.
  ///
  /// - Parameters:
  ///   - symbols: All requested symbols, including those without units.
  ///   - announced: Record count according to the vendor; 0 if unknown.
  func fetch(
    _ plan: DownloadPlan, source: any DownloadSource, ledger: CoverageLedger,
    recovered: [CoverageEvent],
    symbols: [String], unresolved: [String: any Error] = [:], announced: Int = 0
  ) throws -> ExitStatus {
    let count = plan.units.count { $0.agreedCount == nil }
    let progress = ProgressReporter(
      context, verb: "download", fileTotal: count, rowTotal: announced)
    let pass = try pass(source, progress, unitCount: count)
    let began = Clock.monotonicSeconds()
    let report = try pass.run(
      plan.units, job: order.title, ledger: ledger, recovered: recovered)
    progress.finish()
    show(
      report, plan.known.left(after: report), symbols, unresolved: unresolved,
      elapsed: Clock.monotonicSeconds() - began)
    return unresolved.isEmpty ? status(report) : status(report).worse(.findings)
  }

  func pass(
    _ source: any DownloadSource, _ progress: ProgressReporter, unitCount: Int
  ) throws -> DownloadPass {
    try DownloadPass(
      lake: lake, source: source, options: IngestOptions(lake.config),
      workerCount: min(order.flags.jobs, max(1, unitCount)),
      observer: ProgressObserver(progress: progress, context: context))
  }

  /// Reports the error that stopped a job, and returns its exit status.
  func status(_ report: DownloadReport) -> ExitStatus {
    if let stop = report.stop {
      context.report(stop)
      return .failed
    }
    if report.isInterrupted { return .interrupted }
    let isPartial = report.outcomes.contains {
      switch $0.result {
      case .failed, .notEntitled, .interrupted: true
      default: false
      }
    }
    let quarantinedCount = report.total(\.quarantineCount) + report.total(\.removedCount)
    return isPartial || quarantinedCount > 0 ? .findings : .done
  }

  /// Reports the result per symbol and in total.
  ///
  /// - Parameter known: Existing coverage by symbol and state, in ns.
  func show(
    _ report: DownloadReport, _ known: [String: [CoverageState: Int64]], _ symbols: [String],
    unresolved: [String: any Error] = [:], elapsed: Double
  ) {
    var lines = report.symbolLines
    let fetched = Set(lines.map(\.symbol))
    for symbol in symbols.sorted() where !fetched.contains(symbol) {
      lines.append(DownloadReport.SymbolLine(symbol: symbol))
    }
    for (symbol, error) in unresolved {
      var line = DownloadReport.SymbolLine(symbol: symbol)
      line.failed = 1
      line.error = error
      lines.append(line)
    }
    lines.sort { $0.symbol < $1.symbol }
    var table = TextTable([
      ("SYMBOL", .left), ("DOWNLOADED", .right), ("ALREADY THERE", .left), ("EMPTY", .right),
      ("NOT ENTITLED", .right), ("FAILED", .right), ("WHY", .left),
    ])
    for line in lines {
      let there = known[line.symbol].map(knownText) ?? "-"
      let why =
        line.error.map { ($0 as? any LakeError)?.message ?? "\($0)" }
        ?? (isUnknown(line, known[line.symbol])
          ? "the vendor has nothing: check the symbol"
          : line.agreed > 0 ? "files brought what the vendor has" : "")
      table.add([
        line.symbol, "\(line.downloaded)", there, "\(line.empty)", "\(line.notEntitled)",
        "\(line.failed)", String(why.prefix(80)),
      ])
      if context.isJSON {
        context.print(
          json([
            ("type", .string("symbol")), ("symbol", .string(line.symbol)),
            ("downloaded", .integer(line.downloaded)), ("agreed", .integer(line.agreed)),
            ("empty", .integer(line.empty)),
            ("not_entitled", .integer(line.notEntitled)), ("failed", .integer(line.failed)),
            ("already_there", .boolean(known[line.symbol] != nil)),
            ("interrupted", .integer(line.interrupted)), ("error", .string(why)),
          ]))
      }
    }
    if !context.isJSON, !lines.isEmpty { context.say(table) }
    for commit in report.commits {
      context.detail("committed \(commit.table) version \(commit.version)")
    }
    record(report)
    context.print(summary(report, elapsed))
  }

  /// Whether a symbol never had any data: it may be misspelt.
  private func isUnknown(
    _ line: DownloadReport.SymbolLine, _ known: [CoverageState: Int64]?
  ) -> Bool {
    line.downloaded == 0 && line.agreed == 0 && line.empty > 0 && line.notEntitled == 0
      && line.failed == 0
      && (known ?? [:]).keys.allSatisfy { $0 == .empty }
  }

  /// Days by state, as text: `31 days, 2 days empty`.
  private func knownText(_ states: [CoverageState: Int64]) -> String {
    // Failed and undone ranges are not covered.
    let states = states.filter { $0.key != .failed && $0.key != .undone }
    if states.isEmpty { return "-" }
    return states.sorted { $0.key.rawValue < $1.key.rawValue }.map { state, nanoseconds in
      let days = Quantity.fixed(Double(nanoseconds) / 86_400e9, digits: 1)
      let text = days.hasSuffix(".0") ? String(days.dropLast(2)) : days
      return "\(text) d" + (state == .complete ? "" : " \(state.rawValue)")
    }.joined(separator: ", ")
  }

  private func record(_ report: DownloadReport) {
    let failure = report.outcomes.lazy.compactMap { outcome -> (any Error)? in
      if case .failed(let error) = outcome.result { error } else { nil }
    }.first
    recorder.add(error: report.stop ?? failure) { record in
      record.outcome = report.failureCount > 0 || report.stop != nil ? .failed : .done
      record.tablesOut = report.commits.map(\.table)
      record.rowsIn = report.total(\.rowsProcessed)
      record.rowsOut = report.total(\.rowsStored)
      record.bytesIn = report.total(\.byteCount)
      record.bytesOut = report.total(\.bytesOut)
    }
  }

  private func summary(_ report: DownloadReport, _ elapsed: Double) -> Summary {
    var summary = Summary()
    func count(_ isCounted: (DownloadOutcome.Result) -> Bool) -> Int {
      report.outcomes.count { isCounted($0.result) }
    }
    let agreed = count { if case .agreed = $0 { true } else { false } }
    summary.add("requests", .count(report.outcomes.count - agreed))
    if agreed > 0 {
      summary.add("claims_agreed", label: "files' intervals that agree", .count(agreed))
    }
    summary.add("failed", .count(report.failureCount))
    summary.add("empty", .count(count { if case .empty = $0 { true } else { false } }))
    summary.add("not_entitled", .count(count { if case .notEntitled = $0 { true } else { false } }))
    let rest = count { if case .interrupted = $0 { true } else { false } }
    if rest > 0 { summary.add("not_begun", label: "left for the next time", .count(rest)) }
    summary.add("rows_processed", .count(report.total(\.rowsProcessed)))
    summary.add("rows_stored", .count(report.total(\.rowsStored)))
    summary.add(
      "rows_already_stored", label: "already stored", .count(report.total(\.alreadyStoredCount)))
    summary.add("repeats_skipped", .count(report.total(\.duplicateCount)))
    summary.add("quarantined", .count(report.total(\.quarantineCount)))
    summary.addIfAny(
      "quarantined_before", label: "quarantined before", report.total(\.quarantinedBeforeCount))
    summary.addIfAny(
      "stored_rows_quarantined", label: "stored rows quarantined", report.total(\.removedCount))
    if let change = report.change {
      summary.add("rows_added", .count(change.added))
      summary.add("rows_same", .count(change.same))
      summary.add("rows_changed", .count(change.changed))
      summary.add("rows_gone", .count(change.removed))
    }
    summary.add("bytes_in", .bytes(report.total(\.byteCount)))
    summary.add("bytes_out", .bytes(report.total(\.bytesOut)))
    if order.vendor == .databento {
      summary.add("usd", label: "USD", .text(usd(report.costNanoUSD)))
    }
    summary.add("peak_memory", .bytes(ProcessMemory.peakByteCount))
    summary.add("elapsed", .seconds(elapsed))
    return summary
  }

  /// Lists the units of a plan, before the download or in a dry run.
  func list(_ units: [DownloadUnit]) {
    for unit in units {
      let cost = unit.costNanoUSD.map { "  USD " + usd($0) } ?? ""
      if !order.flags.isDryRun {
        context.detail(unit.name + cost)
      } else if context.isJSON {
        context.print(
          json([
            ("type", .string("unit")), ("name", .string(unit.name)),
            ("symbols", .array(unit.symbols.map { .string($0) })),
            ("start", .string(text(unit.interval.lowerBound))),
            ("end", .string(text(unit.interval.upperBound))),
          ]))
      } else {
        context.printText("  " + unit.name + cost)
      }
    }
  }

  /// Prints the estimate of a dry run.
  func printEstimate(requests: Int, costNanoUSD: Int64? = nil) {
    var summary = Summary()
    summary.add("requests", .count(requests))
    if let costNanoUSD { summary.add("usd", label: "USD", .text(usd(costNanoUSD))) }
    context.print(summary)
  }

  // MARK: - Text

  /// `1 unit`, `2 units`.
  func count(_ number: Int, _ name: String) -> String {
    Quantity.count(number) + " " + name + (number == 1 ? "" : "s")
  }

  func text(_ time: Int64) -> String {
    TimeText.iso(nanoseconds: time, digits: time % 1_000_000_000 == 0 ? 0 : 9)
  }

  func text(_ interval: Range<Int64>) -> String {
    "[\(text(interval.lowerBound)), \(text(interval.upperBound)))"
  }

  /// An amount with all its digits.
  func usd(_ amount: Int64) -> String {
    DecimalText.format(Int128(amount), scale: 9, trimmed: true)
  }

  func json(_ members: [(String, JSONValue)]) -> String {
    JSONValue.object(JSONObject(members)).description
  }
}
