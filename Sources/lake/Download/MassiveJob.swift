import Catalog
import CommandLineKit
import Downloads
import Ledger
import Market
import Massive
import Platform
import RowSources

/// `lake download massive`: bars, indices, news, and the options of each day.
struct MassiveJob {
  private let order: DownloadOrder
  private let lake: Lake
  private let context: Context
  private let job: DownloadRun

  init(
    _ order: DownloadOrder, lake: Lake, context: Context, _ recorder: JobRecorder
  ) throws {
    self.order = order
    self.lake = lake
    self.context = context
    job = DownloadRun(order, lake: lake, context: context, recorder)
  }

  func run() throws -> ExitStatus {
    let zone = try TimeZoneRules.named(MassiveKind.timeZone)
    let start = try order.required(order.start, "start TIME")
    let interval = try job.interval(start: start, end: order.end, zone: zone)
    let now = Clock.nanoseconds()
    if interval.lowerBound >= now {
      throw UsageError(
        .badValue, "the range \(job.text(interval)) lies in the future",
        remedy: "choose a start in the past", command: DownloadCommand.spec.name)
    }
    switch order.kind {
    case "options":
      return try OptionsJob(
        order, lake: lake, context: context, interval: interval, job.recorder
      ).run()
    case "news": return try fetch(.news, order.symbols, interval, zone)
    default:
      let symbols = try order.requiredSymbols()
      let span = try Self.span(order.interval)
      let wanted: [MassiveMarket] = order.kind == "indices" ? [.indices] : [.stocks, .options]
      for symbol in symbols {
        guard let market = MassiveMarket(ticker: symbol), wanted.contains(market) else {
          throw UsageError(
            .badValue, "'\(symbol)' is no symbol of \(order.kind ?? "bars")",
            remedy: order.kind == "indices"
              ? "indices begin with 'I:', like I:VIX" : "lake download massive indices --symbols …",
            command: DownloadCommand.spec.name)
        }
      }
      var status = ExitStatus.done
      for market in wanted {
        let own = symbols.filter { MassiveMarket(ticker: $0) == market }
        if own.isEmpty { continue }
        status = status.worse(try fetch(.bars(market, span), own, interval, zone))
        if status == .interrupted || status == .failed { break }
      }
      return status
    }
  }

  static func span(_ text: String?) throws -> BarSpan {
    let text = text ?? "1m"
    // lake.yaml may have two words: 5 minute.
    let words = text.split(separator: " ")
    if words.count == 2, let count = Int(words[0]),
      let timespan = BarSpan.Timespan(rawValue: String(words[1]))
    {
      return BarSpan(count, timespan)
    }
    guard let span = BarSpan(parsing: text) else {
      throw UsageError(
        .badValue, "flag '--interval' is '\(text)', expected an interval", remedy: "--interval 1m",
        command: DownloadCommand.spec.name)
    }
    return span
  }

  /// Downloads one kind of data, in units of a month, or of a day if a month would be many pages.
  private func fetch(
    _ kind: MassiveKind, _ symbols: [String], _ interval: Range<Int64>, _ zone: TimeZoneRules
  ) throws -> ExitStatus {
    var end = Clock.nanoseconds()
    var length = DownloadCut.Length.month
    if case .bars(_, let span) = kind {
      if span.timespan == .second { length = .day }
      if let bar = Interval.parse(span.name)?.nanoseconds {
        // An incomplete bar is not available yet.
        end -= end % bar
      }
    }
    let asked = symbols.isEmpty ? [CoverageLedger.allSymbols] : symbols
    if symbols.isEmpty { length = .day }
    let request = DownloadRequest(
      dataset: kind.dataset, schema: kind.schemaKind, symbols: asked, symbolType: "raw_symbol",
      interval: interval,
      table: try job.table(
        or: MassiveTable.name(kind, isAdjusted: order.isAdjusted)),
      cut: DownloadCut(length, zone: zone),
      availableEnd: end, refetchesOpen: true)
    try lake.requireUsable(request.table)
    let (ledger, recovered) = try job.ledger()
    var selection = order.flags.selection
    if order.flags.isRefreshing { selection.changed = [interval] }
    let plan = DownloadPlan(request, ledger: ledger, selection: selection)
    show(plan, request)
    // The key is required even if there is nothing to do, so that a mistake shows at once.
    let access = try job.access(.massive)
    if order.flags.isDryRun {
      job.printEstimate(requests: plan.units.count)
      return .done
    }
    let client = MassiveClient(http: access.http, baseURL: access.baseURL, key: access.key)
    return try job.fetch(
      plan, source: MassiveDownload(client, isAdjusted: order.isAdjusted), ledger: ledger,
      recovered: recovered,
      symbols: asked)
  }

  private func show(_ plan: DownloadPlan, _ request: DownloadRequest) {
    if context.isJSON {
      context.print(
        job.json([
          ("type", .string("estimate")), ("schema", .string(request.schema)),
          ("start", .string(job.text(request.interval.lowerBound))),
          ("end", .string(job.text(request.interval.upperBound))),
          ("requests", .integer(plan.units.count)),
        ]))
      job.list(plan.units)
      return
    }
    let line =
      "\(request.table): \(job.text(request.interval)), "
      + (plan.units.isEmpty
        ? "nothing is missing"
        : job.count(plan.units.count, "unit") + " to fetch, of a page or more")
    if order.flags.isDryRun {
      context.printText(line)
    } else {
      context.say(line)
    }
    job.list(plan.units)
  }
}
