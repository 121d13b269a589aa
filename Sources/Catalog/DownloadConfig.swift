import Columnar

/// An entry of `downloads` in `lake.yaml`: a download job, with or without a name.
public struct DownloadConfig: Sendable {
  /// The kinds of data that Massive sells.
  public static let kinds = ["bars", "options", "indices", "news"]
  /// Units of the interval of Massive's bars, as the vendor writes them.
  public static let timespans = [
    "second", "minute", "hour", "day", "week", "month", "quarter", "year",
  ]

  /// The name for `lake download NAME`.
  public var name: String?
  /// The vendor that the download asks.
  public var vendor: Vendor
  /// For Massive: one of `kinds`.
  public var kind: String?
  /// For Databento.
  public var dataset: String?
  /// For Databento; empty for the vendor's default.
  public var schemas: [String]
  /// As the vendor knows them, or as `symbolType` says.
  public var symbols: [String]
  /// For Databento: the type of `symbols`, like `raw_symbol` or `continuous`; nil is `raw_symbol`.
  public var symbolType: String?
  /// For options.
  public var underlying: String?
  /// As written: a date or an instant.
  public var start: String
  /// As written; nil is now.
  public var end: String?
  /// Limit of the costs, in nano-dollars.
  public var costMax: Int64?
  /// For Massive's bars: one of `timespans`.
  public var timespan: String?
  /// For Massive's bars: how many timespans make one bar; nil is 1.
  public var multiplier: Int?
  /// For Massive: whether prices are adjusted for splits; nil means false.
  public var isAdjusted: Bool?
  /// Option settings of the entry, with the lake's defaults.
  public var options: OptionDefaults
  /// For the expiry rule `fixed`.
  public var expiryDate: CivilDate?
}

/// How option contracts are chosen.
public struct OptionDefaults: Hashable, Sendable {
  /// Ways to choose the expiry of option contracts, as `lake.yaml` writes them.
  public static let expiryRules = ["next_calendar_day", "next_trading_day", "next_friday", "fixed"]
  /// `build` computes the names of contracts around the open; `list` asks the vendor which there are.
  public static let modes = ["build", "list"]

  /// Calls that are chosen a day: the nearest strikes above the opening price.
  public var callCount = 2
  /// Puts that are chosen a day: the nearest strikes at or below it.
  public var putCount = 2
  /// Distance between strikes, scale 9.
  public var increment: Int64 = 500_000_000
  /// One of `expiryRules`.
  public var expiry = "next_trading_day"
  /// One of `modes`.
  public var mode = "build"
  /// Range around the opening price in which contracts are discovered, in percent, scale 9.
  public var rangePercent: Int64 = 1_000_000_000
}
