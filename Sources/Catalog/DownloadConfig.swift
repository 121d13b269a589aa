import Columnar

/// An entry of `downloads` in `lake.yaml`: a job that has a name, or not.
public struct DownloadConfig: Sendable {
  /// What Massive sells.
  public static let kinds = ["bars", "options", "indices", "news"]
  /// Units of the interval of Massive's bars, as the vendor writes them.
  public static let timespans = [
    "second", "minute", "hour", "day", "week", "month", "quarter", "year",
  ]

  /// For `lake download NAME`.
  public var name: String?
  /// Whom the download asks.
  public var vendor: Vendor
  /// Of Massive: one of `kinds`.
  public var kind: String?
  /// Of Databento.
  public var dataset: String?
  /// Of Databento; empty means the vendor's default.
  public var schemas: [String]
  /// As the vendor knows them, or as `symbolType` says.
  public var symbols: [String]
  /// Of Databento: how `symbols` are to be read, like `raw_symbol` or `continuous`; nil is `raw_symbol`.
  public var symbolType: String?
  /// Of options.
  public var underlying: String?
  /// As written: a date or an instant.
  public var start: String
  /// As written; nil is now.
  public var end: String?
  /// Nano-dollars.
  public var costMax: Int64?
  /// Of Massive's bars: one of `timespans`.
  public var timespan: String?
  /// Of Massive's bars: how many timespans make one bar; nil is 1.
  public var multiplier: Int?
  /// Of Massive: whether prices are adjusted for splits; nil and false are not.
  public var isAdjusted: Bool?
  /// What the entry says of options, over the lake's defaults.
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
  /// Between strikes, scale 9.
  public var increment: Int64 = 500_000_000
  /// One of `expiryRules`.
  public var expiry = "next_trading_day"
  /// One of `modes`.
  public var mode = "build"
  /// Percent around the open in which contracts are discovered, scale 9.
  public var rangePercent: Int64 = 1_000_000_000
}
