import Catalog
import Columnar
import CommandLineKit
import Downloads
import HTTP
import Ledger
import Market
import Massive
import Platform
import RowSources

/// `lake download massive options`: day by day, the contracts around the day's opening price.
struct OptionsJob {
  private let order: DownloadOrder
  private let lake: Lake
  private let context: Context
  private let interval: Range<Int64>
  private let job: DownloadRun

  init(
    _ order: DownloadOrder, lake: Lake, context: Context, interval: Range<Int64>,
    _ recorder: JobRecorder
  ) {
    self.order = order
    self.lake = lake
    self.context = context
    self.interval = interval
    job = DownloadRun(order, lake: lake, context: context, recorder)
  }

  /// The parameters that are the same for all days.
  private struct Setting {
    var underlying: String
    /// The ticker as used by contract listings.
    var ticker: String { OptionRoots.ticker(of: underlying) }
    var rule: StrikeRule
    var expiry: ExpiryRule
    var isListed: Bool
    var kind: MassiveKind
    var table: TableName
    var calendar: ExchangeCalendar
    var zone: TimeZoneRules
  }

  func run() throws -> ExitStatus {
    let setting = try setting()
    let sessions = try sessions(setting)
    context.say(
      "\(setting.table): \(job.count(sessions.count, "session")) in \(job.text(interval)), "
        + job.count(setting.rule.callCount, "call") + " and "
        + job.count(setting.rule.putCount, "put") + " each, "
        + "expiry \(setting.expiry.name)")
    let access = try job.access(.massive)
    let client = MassiveClient(http: access.http, baseURL: access.baseURL, key: access.key)
    try lake.requireUsable(setting.table)
    let (ledger, recovered) = try job.ledger()
    let progress = ProgressReporter(context, verb: "download", fileTotal: sessions.count)
    let pass = try job.pass(
      MassiveDownload(client, isAdjusted: order.isAdjusted), progress,
      unitCount: setting.rule.callCount + setting.rule.putCount)
    let began = Clock.monotonicSeconds()
    var rest = sessions[...]
    var known = KnownCoverage()
    var failures: [any Error] = []
    var symbols: Set<String> = []
    var plannedCount = 0
    let report = try pass.run(job: order.title, ledger: ledger, recovered: recovered) {
      while let session = rest.popFirst() {
        do {
          let contracts = try self.contracts(setting, session, client)
          symbols.formUnion(contracts)
          let plan = try self.plan(setting, session, contracts, ledger)
          known.merge(plan.known)
          if order.flags.isDryRun {
            plannedCount += plan.units.count
            job.list(plan.units)
          } else {
            return plan.units
          }
        } catch let error as DownloadRefusal where error.kind == .unauthorized {
          throw error
        } catch let error as HTTPError where error.code == .cancelled {
          return nil
        } catch {
          // A day without a price does not stop the other days.
          failures.append(error)
          progress.addErrors()
          context.report(Located(error, path: "\(setting.underlying) \(session.date.iso)"))
        }
      }
      return nil
    }
    progress.finish()
    if order.flags.isDryRun, report.stop == nil {
      job.printEstimate(requests: plannedCount)
      return failures.isEmpty ? .done : .findings
    }
    job.show(
      report, known.left(after: report), Array(symbols), elapsed: Clock.monotonicSeconds() - began)
    let status = job.status(report)
    return failures.isEmpty ? status : status.worse(.findings)
  }

  private func setting() throws -> Setting {
    let underlying = try order.required(order.underlying, "underlying SYMBOL")
    let defaults = order.options ?? lake.config.optionDefaults
    let rule = try StrikeRule(
      callCount: order.flags.calls ?? defaults.callCount,
      putCount: order.flags.puts ?? defaults.putCount,
      increment: order.flags.increment ?? defaults.increment)
    var name = order.flags.expiry ?? (order.expiryDate == nil ? defaults.expiry : "fixed")
    if name == "fixed" {
      guard let date = order.expiryDate else {
        throw UsageError(
          .missingValue, "'--expiry fixed' needs --expiry-date", remedy: "--expiry-date 2025-03-21",
          command: DownloadCommand.spec.name)
      }
      name = "fixed:" + date.iso
    }
    let kind = MassiveKind.bars(.options, try MassiveJob.span(order.interval))
    return Setting(
      underlying: underlying, rule: rule, expiry: try ExpiryRule(parsing: name),
      isListed: (order.flags.mode ?? defaults.mode) == "list", kind: kind,
      table: try job.table(
        or: MassiveTable.name(kind, isAdjusted: order.isAdjusted)),
      calendar: try ExchangeCalendar.of(dataset: MassiveMarket.options.dataset, in: lake)
        ?? ExchangeCalendar.named("XNYS", in: lake),
      zone: try TimeZoneRules.named(MassiveKind.timeZone))
  }

  /// Sessions in the range that have begun.
  private func sessions(_ setting: Setting) throws -> [TradingSession] {
    let first = setting.zone.localDay(nanoseconds: interval.lowerBound)
    let last = setting.zone.localDay(nanoseconds: interval.upperBound - 1)
    let now = Clock.nanoseconds()
    return try setting.calendar.sessions(
      from: CivilDate(daysSinceEpoch: first), to: CivilDate(daysSinceEpoch: last + 1)
    ).filter { $0.open < now }
  }

  /// The contracts of a day, as vendor tickers.
  private func contracts(
    _ setting: Setting, _ session: TradingSession, _ client: MassiveClient
  ) throws -> [String] {
    try MassiveDownload.refusing {
      let open = try OpeningPrice(lake: lake, client: client).price(
        OptionRoots.pricedTicker(of: setting.underlying), session)
      let expiration = try setting.expiry.expiration(on: session.date, by: setting.calendar)
      if !setting.isListed {
        let choice = ContractChoice(
          roots: OptionRoots.of(setting.underlying), expiration: expiration, rule: setting.rule)
        return try choice.built(open: open).map(\.prefixed)
      }
      let listed = try client.contracts(
        ContractQuery(underlying: setting.ticker, asOf: session.date, expiration: expiration))
      let symbols = listed.filter { ($0.underlying ?? setting.ticker) == setting.ticker }
        // Adjusted contracts and those with non-standard names cannot be chosen by strike and date.
        .compactMap { try? OptionSymbol(parsing: $0.ticker) }.filter { !$0.isAdjusted }
      // The listing is more reliable for the roots than any rule.
      let choice = ContractChoice(
        roots: Set(symbols.map(\.root)).sorted(), expiration: expiration, rule: setting.rule)
      let chosen = try choice.listed(open: open, among: symbols).map(\.prefixed)
      if chosen.isEmpty { throw nothingListed(setting, session, expiration, listed.count) }
      return chosen
    }
  }

  private func nothingListed(
    _ setting: Setting, _ session: TradingSession, _ expiration: CivilDate, _ count: Int
  ) -> DownloadRefusal {
    let found =
      count == 0
      ? "no contract" : "none of \(job.count(count, "contract")) that fits"
    return DownloadRefusal(
      .rejected,
      "\(found) of '\(setting.underlying)' that expires on \(expiration.iso) was listed on "
        + session.date.iso,
      remedy:
        "lake options discover --underlying \(setting.underlying) --date \(session.date.iso) shows what "
        + "was; --expiry next_friday, or a date, names another expiry")
  }

  private func plan(
    _ setting: Setting, _ session: TradingSession, _ contracts: [String], _ ledger: CoverageLedger
  ) throws -> DownloadPlan {
    let day = session.date.daysSinceEpoch
    let start = setting.zone.startOfDay(day) * 1_000_000_000
    let end = setting.zone.startOfDay(day + 1) * 1_000_000_000
    let request = DownloadRequest(
      dataset: setting.kind.dataset, schema: setting.kind.schemaKind, symbols: contracts,
      symbolType: "raw_symbol", interval: start..<end, table: setting.table,
      cut: DownloadCut(.day, zone: setting.zone), availableEnd: Clock.nanoseconds(),
      refetchesOpen: true)
    var selection = order.flags.selection
    if order.flags.isRefreshing { selection.changed = [start..<end] }
    return DownloadPlan(request, ledger: ledger, selection: selection)
  }
}
