import Catalog
import Columnar
import CommandLineKit
import Downloads
import HTTP
import Ledger

/// The flags of `lake download`.
struct DownloadFlags {
  static let all: [FlagSpec] = [
    .option("dataset", "DATASET", help: "Databento's dataset, like GLBX.MDP3."),
    .option(
      "schema", "KINDS",
      help: "Databento's schemas, like ohlcv-1s,trades (default: lake.yaml's, else ohlcv-1d)."),
    .option("symbols", "SYMBOLS", help: "What to fetch, like SPY,QQQ; ALL_SYMBOLS for all."),
    .option(
      "stype-in", "raw_symbol|parent|continuous|instrument_id",
      help: "What kind of symbols they are (default raw_symbol)."),
    .option("start", "TIME", help: "First date or time, like 2024-01-02."),
    .option(
      "end", "TIME", help: "Last date, wholly, or a time that is not included (default: now)."),
    .option(
      "interval", "INTERVAL", help: "Massive: interval of bars, like 1m (the default) or 5m."),
    .switch("adjusted", help: "Massive: bars adjusted for splits, in a table of their own."),
    .option("underlying", "SYMBOL", help: "Options: the stock they are of."),
    .option("calls", "N", help: "Options: strikes above the open."),
    .option("puts", "N", help: "Options: strikes at or below the open."),
    .option("increment", "USD", help: "Options: distance of the strikes."),
    .option(
      "expiry", "next_calendar_day|next_trading_day|next_friday|fixed",
      help: "Options: which expiry."),
    .option("expiry-date", "DATE", help: "Options: the expiry, with --expiry fixed."),
    .option(
      "mode", "build|list", help: "Options: contracts by arithmetic, or from the vendor's list."),
    .outputTable(help: "Table to store into (default: by dataset and kind)."),
    .label,
    .plan(help: "Show what would be fetched and what it costs, and stop."),
    .option("max-usd", "USD", help: "Refuse a download that costs more."),
    .option("batch", "auto|always|never", help: "Databento: have files prepared (auto: if large)."),
    .switch("force", help: "Fetch again what is there, and replace it."),
    .switch("refresh", help: "Fetch again what the vendor has changed since, and replace it."),
    .option("recheck", "STATES", help: "Ask again for: empty, not_entitled."),
    .switch("retry-failed", help: "Fetch only what failed before."),
    .switch("restore-purged", help: "Fetch again what was purged."),
    .option("jobs", "N", help: "Units that are fetched at a time (default 4)."),
    .option(
      "rate-limit", "N/min", help: "Requests at most, like 5/min or 10/s (default: lake.yaml)."),
    .switch("all", help: "Run every download of lake.yaml."),
  ]

  /// Default number of units that are downloaded in parallel.
  static let jobsDefault = 4

  let dataset: String?
  let schemas: [String]
  let symbols: [String]
  let symbolType: String?
  let start: String?
  let end: String?
  let interval: String?
  let isAdjusted: Bool
  let underlying: String?
  let calls: Int?
  let puts: Int?
  let increment: Int64?
  let expiry: String?
  let expiryDate: CivilDate?
  let mode: String?
  let table: TableName?
  let isDryRun: Bool
  /// In 10⁻⁹ USD.
  let costMax: Int64?
  let batch: String
  let isRefreshing: Bool
  var selection = DownloadSelection()
  let jobs: Int
  let rateLimit: RateLimit?
  let isAll: Bool

  init(_ arguments: Arguments) throws(UsageError) {
    dataset = arguments.value("dataset")
    schemas = try arguments.list("schema")
    symbols = try arguments.list("symbols")
    symbolType = arguments.value("stype-in")
    start = arguments.value("start")
    end = arguments.value("end")
    interval = arguments.value("interval")
    isAdjusted = arguments.flag("adjusted")
    underlying = arguments.value("underlying")
    calls = try arguments.integer("calls", in: 0...1000)
    puts = try arguments.integer("puts", in: 0...1000)
    increment = try Self.amount("increment", arguments)
    expiry = arguments.value("expiry")
    if let text = arguments.value("expiry-date") {
      guard let date = CivilDate(iso: text) else {
        throw arguments.bad("expiry-date", text, "a date like 2024-01-02", nil)
      }
      expiryDate = date
    } else {
      expiryDate = nil
    }
    mode = arguments.value("mode")
    table = try arguments.tableName("as")
    isDryRun = arguments.flag("plan")
    costMax = try Self.amount("max-usd", arguments)
    batch = arguments.value("batch") ?? "auto"
    isRefreshing = arguments.flag("refresh")
    jobs = try arguments.integer("jobs", in: 1...64) ?? Self.jobsDefault
    isAll = arguments.flag("all")
    rateLimit = try arguments.rateLimit()
    try arguments.requireAtMostOne(of: ["force", "refresh", "retry-failed"])
    selection.isForced = arguments.flag("force")
    selection.isFailedOnly = arguments.flag("retry-failed")
    selection.restoresPurged = arguments.flag("restore-purged")
    for word in try arguments.list("recheck") {
      guard let state = CoverageState(rawValue: word), state == .empty || state == .notEntitled
      else {
        throw arguments.bad(
          "recheck", word, "'empty' or 'not_entitled'", "--recheck empty,not_entitled")
      }
      selection.rechecked.insert(state)
    }
  }

  private static func amount(_ name: String, _ arguments: Arguments) throws(UsageError) -> Int64? {
    guard let text = arguments.value(name) else { return nil }
    let digits = Array(text.utf8)
    let value = digits.withUnsafeBytes { DecimalText.parse($0, scale: 9) }
    guard let value, value >= 0, let amount = Int64(exactly: value) else {
      throw arguments.bad(name, text, "an amount of dollars", "--\(name) 20, or --\(name) 0.5")
    }
    return amount
  }
}

/// One download, from the flags or from an entry of lake.yaml overridden by flags.
struct DownloadOrder {
  var vendor: Vendor
  /// For massive: bars, options, indices or news.
  var kind: String?
  var name: String?
  var dataset: String?
  var schemas: [String]
  var symbols: [String]
  var symbolType: String?
  var start: String?
  var end: String?
  var costMax: Int64?
  var interval: String?
  var isAdjusted: Bool
  var underlying: String?
  var options: OptionDefaults?
  var expiryDate: CivilDate?
  var flags: DownloadFlags

  init(_ vendor: Vendor, kind: String?, _ flags: DownloadFlags) {
    self.vendor = vendor
    self.kind = kind
    dataset = flags.dataset
    schemas = flags.schemas
    symbols = flags.symbols
    symbolType = flags.symbolType
    start = flags.start
    end = flags.end
    costMax = flags.costMax
    interval = flags.interval
    isAdjusted = flags.isAdjusted
    underlying = flags.underlying
    expiryDate = flags.expiryDate
    self.flags = flags
  }

  init(_ entry: DownloadConfig, _ flags: DownloadFlags) {
    self.init(entry.vendor, kind: entry.kind, flags)
    name = entry.name
    dataset = dataset ?? entry.dataset
    if schemas.isEmpty { schemas = entry.schemas }
    if symbols.isEmpty { symbols = entry.symbols }
    symbolType = symbolType ?? entry.symbolType
    start = start ?? entry.start
    end = end ?? entry.end
    costMax = costMax ?? entry.costMax
    if interval == nil, let timespan = entry.timespan {
      interval = "\(entry.multiplier ?? 1) \(timespan)"
    }
    isAdjusted = isAdjusted || entry.isAdjusted == true
    underlying = underlying ?? entry.underlying
    options = entry.options
    expiryDate = expiryDate ?? entry.expiryDate
  }

  /// The job's name in reports.
  var title: String { name ?? vendor.rawValue + (kind.map { " " + $0 } ?? "") }

  func required(_ value: String?, _ flag: String) throws -> String {
    if let value, !value.isEmpty { return value }
    throw UsageError(
      .missingValue, "download \(title) needs --\(flag)",
      remedy: "lake download --help shows examples", command: DownloadCommand.spec.name)
  }

  func requiredSymbols() throws -> [String] {
    if symbols.isEmpty { _ = try required(nil, "symbols SYMBOLS") }
    return symbols
  }
}
