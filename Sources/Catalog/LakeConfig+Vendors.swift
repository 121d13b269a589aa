import Columnar
import HTTP
import Platform

/// The settings for one vendor.
public struct VendorConfig: Sendable {
  /// The schema that a Databento download fetches by default: the cheapest.
  public static let schemaDefault = "ohlcv-1d"

  /// The vendor.
  public var vendor: Vendor
  /// Environment variable with the key; nil for the usual ones.
  public var keyVariable: String?
  /// File with the key, as written.
  public var keyFile: String?
  /// Where requests go; the vendor's own address unless configured.
  public var url: String
  /// Cost limit of one download, in nano-dollars; nil for none.
  public var costMax: Int64?
  /// Cost limit of a calendar month's downloads, in nano-dollars; nil for none.
  public var monthCostMax: Int64?
  /// Requests in a span of time; nil is no limit.
  public var rateLimit: RateLimit?
  /// The schema that is fetched by default.
  public var schema: String?
  /// Billable size from which files are ordered as a batch job instead of streamed.
  public var batchByteCountMin: Int
}

extension LakeConfig {
  private func text(_ key: String) -> String? { setting(key)?.values.first }
  private func integer(_ key: String) -> Int? { text(key).flatMap { Int($0) } }
  private func number(_ key: String) -> Double? { text(key).flatMap { Double($0) } }

  /// A decimal at scale 9.
  private func nano(_ key: String) -> Int64? {
    text(key).flatMap { DecimalText.parse($0, scale: 9) }.flatMap { Int64(exactly: $0) }
  }

  /// The settings for a vendor, from file and environment.
  public func vendor(_ vendor: Vendor) -> VendorConfig {
    let prefix = "vendors.\(vendor.rawValue)."
    var limit: RateLimit?
    if let count = integer(prefix + "requests_per_second") {
      limit = RateLimit(count: count, seconds: 1)
    } else if let count = integer(prefix + "requests_per_minute") {
      limit = RateLimit(count: count, seconds: 60)
    }
    return VendorConfig(
      vendor: vendor, keyVariable: text(prefix + "key_env"), keyFile: text(prefix + "key_file"),
      url: text(prefix + "url") ?? vendor.standardURL, costMax: nano(prefix + "usd_max"),
      monthCostMax: nano(prefix + "usd_month_max"), rateLimit: limit,
      schema: text(prefix + "schema"),
      batchByteCountMin: text(prefix + "batch_size_min").flatMap(SizeText.parse) ?? .max)
  }

  /// How failed requests are retried.
  public var retryPolicy: RetryPolicy {
    let standard = RetryPolicy()
    return RetryPolicy(
      initialWait: number("retry.initial_wait") ?? standard.initialWait,
      base: number("retry.base") ?? standard.base,
      maxWait: number("retry.max_wait") ?? standard.maxWait,
      maxAttempts: integer("retry.max_attempts") ?? standard.maxAttempts)
  }

  /// Timeouts for connecting and for silence, and proxy settings.
  public func curlOptions(environment: [String: String]) -> CurlTransport.Options {
    var options = CurlTransport.Options(environment: environment)
    if let seconds = number("timeouts.connect") { options.connectTimeout = seconds }
    if let seconds = number("timeouts.stall") { options.stallTimeout = seconds }
    return options
  }

  /// How option contracts are chosen by default.
  public var optionDefaults: OptionDefaults { options("options.", over: OptionDefaults()) }

  private func options(_ prefix: String, over standard: OptionDefaults) -> OptionDefaults {
    OptionDefaults(
      callCount: integer(prefix + "calls") ?? standard.callCount,
      putCount: integer(prefix + "puts") ?? standard.putCount,
      increment: nano(prefix + "increment") ?? standard.increment,
      expiry: text(prefix + "expiry") ?? standard.expiry,
      mode: text(prefix + "mode") ?? standard.mode,
      rangePercent: nano(prefix + "range_pct") ?? standard.rangePercent)
  }

  /// All entries of `downloads`, in order.
  public var downloads: [DownloadConfig] {
    var entries: [DownloadConfig] = []
    while let entry = download(entries.count) { entries.append(entry) }
    return entries
  }

  /// The entry of a name; the error suggests similar names.
  public func requireDownload(named name: String) throws(CatalogError) -> DownloadConfig {
    let all = downloads
    if let entry = all.first(where: { $0.name == name }) { return entry }
    let known = all.compactMap(\.name)
    throw CatalogError(
      .badConfig, "no download is named '\(name)'", place: .init(path: path),
      remedy: NearestNames.question(name, among: known + Vendor.allCases.map(\.rawValue))
        ?? (known.isEmpty
          ? "give one a name: '- name: \(name)' below 'downloads:'"
          : "there are " + known.map { "'\($0)'" }.joined(separator: ", ")))
  }

  private func download(_ index: Int) -> DownloadConfig? {
    let prefix = "downloads[\(index)]."
    guard let vendor = text(prefix + "vendor").flatMap({ Vendor(rawValue: $0) }),
      let start = text(prefix + "start")
    else { return nil }
    return DownloadConfig(
      name: text(prefix + "name"), vendor: vendor, kind: text(prefix + "kind"),
      dataset: text(prefix + "dataset"), schemas: setting(prefix + "schemas")?.values ?? [],
      symbols: setting(prefix + "symbols")?.values ?? [], symbolType: text(prefix + "symbol_type"),
      underlying: text(prefix + "underlying"), start: start, end: text(prefix + "end"),
      costMax: nano(prefix + "usd_max"), timespan: text(prefix + "timespan"),
      multiplier: integer(prefix + "multiplier"),
      isAdjusted: text(prefix + "adjusted").map { $0 == "true" },
      options: options(prefix, over: optionDefaults),
      expiryDate: text(prefix + "expiry_date").flatMap { CivilDate(iso: $0) })
  }
}
