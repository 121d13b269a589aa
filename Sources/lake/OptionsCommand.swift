import Catalog
import Columnar
import CommandLineKit
import Downloads
import HTTP
import Ingest
import JSON
import Ledger
import Market
import Massive
import Platform
import RowSources

/// Stores which option contracts were listed around a day's opening price.
struct OptionsCommand: Command {
  static let spec = CommandSpec(
    name: "options",
    summary: "Store which option contracts were listed around a stock's opening price.",
    operands: [OperandSpec("discover", help: "What to do.")],
    flags: [
      .option(
        "underlying", "SYMBOL", help: "The stock or index they are of, like SPY, BRK.B or SPX."),
      .option("date", "DATE", help: "The session, like 2025-03-03."),
      .option(
        "range-pct", "PCT",
        help: "Strikes this many percent around the open (default: lake.yaml, else 1)."),
      .option(
        "expiry-days", "N", help: "Expirations within N days (default 7; 0 is the day itself)."),
      .option("rate-limit", "N/min", help: "Requests at most, like 5/min (default: lake.yaml)."),
      .switch(
        "expired",
        help: "Ask for contracts that have expired by now alone, as the vendor's 'expired' does."),
      .plan(help: "Show what would be asked for, and stop."),
    ],
    notes: [
      "Contracts go to raw.massive_option_contracts, as listed on that date. The opening price comes from the"
        + " lake's own bars where they are, else from the vendor. What was stored once is not asked for again."
        + " The exit status is 1 where nothing is listed."
    ],
    examples: [
      Example(
        "lake options discover --underlying SPY --date 2025-03-03",
        "strikes within 1 % of the open, expirations within a week"),
      Example(
        "lake options discover --underlying SPY --date 2025-03-03 --range-pct 5 --expiry-days 45",
        "more of them"),
    ])

  static let expiryDaysDefault = 7

  let underlying: String
  let date: CivilDate
  let percent: Int64?
  let expiryDays: Int
  let rateLimit: RateLimit?
  let isDryRun: Bool
  let asksForExpired: Bool

  init(_ arguments: inout Arguments) throws(UsageError) {
    _ = try arguments.operandChoice("discover")
    underlying = try Self.required("underlying", "SYMBOL", arguments)
    let text = try Self.required("date", "DATE", arguments)
    guard let date = CivilDate(iso: text) else {
      throw arguments.bad("date", text, "a date like 2025-03-03", nil)
    }
    self.date = date
    percent = try arguments.value("range-pct").map { text throws(UsageError) in
      guard let percent = StrikeRule.price(parsing: text),
        (0...DiscoveryRange.percentMax).contains(percent)
      else { throw arguments.bad("range-pct", text, "a number from 0 to 100", "--range-pct 1") }
      return percent
    }
    expiryDays =
      try arguments.integer("expiry-days", in: 0...DiscoveryRange.expiryDaysMax)
      ?? Self.expiryDaysDefault
    rateLimit = try arguments.rateLimit()
    isDryRun = arguments.flag("plan")
    asksForExpired = arguments.flag("expired")
  }

  private static func required(_ flag: String, _ value: String, _ arguments: Arguments)
    throws(UsageError) -> String
  {
    if let text = arguments.value(flag), !text.isEmpty { return text }
    throw UsageError(
      .missingValue, "options discover needs --\(flag) \(value)",
      remedy: "lake options discover --underlying SPY --date 2025-03-03", command: spec.name)
  }

  func run(in context: Context) throws -> ExitStatus {
    let lake = try context.findLake()
    let session = try session(lake)
    let access = try context.openVendor(.massive, lake: lake, rateLimit: rateLimit)
    let client = MassiveClient(http: access.http, baseURL: access.baseURL, key: access.key)
    let open = try MassiveDownload.refusing {
      try OpeningPrice(lake: lake, client: client).price(
        OptionRoots.pricedTicker(of: underlying), session)
    }
    let range = try DiscoveryRange(
      open: open, percent: percent ?? lake.config.optionDefaults.rangePercent, date: date,
      expiryDays: expiryDays)
    context.say(
      "\(underlying) opened at \(Self.text(open)) on \(date.iso): strikes \(Self.text(range)), "
        + "expirations to \(range.expirations.upperBound.iso)")
    let (ledger, recovered) = try CoverageLedger.recovered(lake) { _, _ in
      // Listings are free: only their own table matters, which the plan's units name.
    }
    let plan = try plan(range, ledger)
    for table in Set(plan.units.map(\.table)) { try lake.requireUsable(table) }
    if isDryRun || plan.units.isEmpty {
      print(range, open, nil, state: plan.units.isEmpty ? "already there" : "planned", in: context)
      return .done
    }
    let progress = ProgressReporter(context, verb: "options", fileTotal: plan.units.count)
    let pass = try DownloadPass(
      lake: lake, source: try MassiveDownload(client, contractFilter: filter(range)),
      options: IngestOptions(lake.config), workerCount: 1,
      observer: ProgressObserver(progress: progress, context: context))
    let report = try pass.run(
      plan.units, job: "options discover", ledger: ledger, recovered: recovered)
    progress.finish()
    return finish(range, open, report, in: context)
  }

  // MARK: - Plan

  private func session(_ lake: Lake) throws -> TradingSession {
    let calendar =
      try ExchangeCalendar.of(dataset: MassiveMarket.options.dataset, in: lake)
      ?? ExchangeCalendar.named("XNYS", in: lake)
    guard let session = try calendar.session(on: date) else {
      throw UsageError(
        .badValue, "flag '--date' is '\(date.iso)', when \(calendar.name) has no session",
        remedy: "--date \(try calendar.previousSession(before: date).date.iso)",
        command: Self.spec.name)
    }
    guard session.open < Clock.nanoseconds() else {
      throw UsageError(
        .badValue, "flag '--date' is '\(date.iso)', whose session has not opened yet",
        remedy: "--date \(try calendar.previousSession(before: date).date.iso)",
        command: Self.spec.name)
    }
    return session
  }

  private func filter(_ range: DiscoveryRange) -> ContractQuery {
    ContractQuery(
      underlying: OptionRoots.ticker(of: underlying), asOf: date,
      expirationFrom: range.expirations.lowerBound,
      expirationThrough: range.expirations.upperBound, strikeFrom: range.strikes.lowerBound,
      strikeThrough: range.strikes.upperBound, includesExpired: asksForExpired)
  }

  /// The units of one listing's date; the ledger distinguishes listings by their filter.
  private func plan(_ range: DiscoveryRange, _ ledger: CoverageLedger) throws -> DownloadPlan {
    let zone = try TimeZoneRules.named(MassiveKind.timeZone)
    let start = zone.startOfDay(date.daysSinceEpoch) * 1_000_000_000
    let end = zone.startOfDay(date.daysSinceEpoch + 1) * 1_000_000_000
    let kind = MassiveKind.optionContracts
    let request = DownloadRequest(
      dataset: kind.dataset, schema: kind.schemaKind,
      symbols: [OptionRoots.ticker(of: underlying)],
      symbolType:
        "underlying, strikes \(Self.text(range)), expiry to \(range.expirations.upperBound.iso)"
        + (asksForExpired ? ", expired" : ""),
      interval: start..<end, table: try MassiveTable.name(kind, isAdjusted: false),
      cut: DownloadCut(.day, zone: zone))
    var selection = DownloadSelection()
    // A listing is free, and what was missing before may exist by now.
    selection.rechecked = [.empty, .notEntitled]
    return DownloadPlan(request, ledger: ledger, selection: selection)
  }

  // MARK: - Printing

  private func finish(
    _ range: DiscoveryRange, _ open: Int64, _ report: DownloadReport, in context: Context
  ) -> ExitStatus {
    if let stop = report.stop {
      context.report(stop)
      return .failed
    }
    if report.isInterrupted { return .interrupted }
    var status = ExitStatus.done
    var state = "stored"
    for outcome in report.outcomes {
      switch outcome.result {
      case .failed(let error), .notEntitled(let error):
        context.report(error)
        status = .failed
        state = "failed"
      case .empty:
        state = "empty"
        status = status.worse(.findings)
        context.report(
          DownloadRefusal(
            .empty, "no contract of '\(underlying)' in that range was listed on \(date.iso)",
            remedy:
              "--range-pct and --expiry-days widen the range; the underlying is a ticker, like BRK.B or SPX"
          ))
      default: break
      }
    }
    print(range, open, report, state: state, in: context)
    return status
  }

  private func print(
    _ range: DiscoveryRange, _ open: Int64, _ report: DownloadReport?, state: String,
    in context: Context
  ) {
    var summary = Summary()
    summary.add("underlying", .text(underlying))
    summary.add("date", .text(date.iso))
    summary.add("open", .text(Self.text(open)))
    summary.add("strike_min", .text(Self.text(range.strikes.lowerBound)))
    summary.add("strike_max", .text(Self.text(range.strikes.upperBound)))
    summary.add("expiration_max", .text(range.expirations.upperBound.iso))
    summary.add("state", .text(state))
    summary.add("contracts", label: "contracts listed", .count(report?.total(\.rowsProcessed) ?? 0))
    summary.add("rows_stored", .count(report?.total(\.rowsStored) ?? 0))
    summary.add(
      "rows_already_stored", label: "already stored",
      .count(report?.total(\.alreadyStoredCount) ?? 0))
    summary.add("repeats_skipped", .count(report?.total(\.duplicateCount) ?? 0))
    summary.addIfAny("quarantined", report?.total(\.quarantineCount) ?? 0)
    summary.addIfAny(
      "quarantined_before", label: "quarantined before",
      report?.total(\.quarantinedBeforeCount) ?? 0)
    context.print(summary)
  }

  private static func text(_ price: Int64) -> String {
    DecimalText.format(Int128(price), scale: Price.digits, trimmed: true)
  }

  private static func text(_ range: DiscoveryRange) -> String {
    "\(text(range.strikes.lowerBound)) to \(text(range.strikes.upperBound))"
  }
}
