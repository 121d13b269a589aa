import Columnar

/// An entry of `downloads` in `lake.yaml`: a job that has a name, or not.
public struct DownloadConfig: Sendable {
  /// What Massive sells.
  public static let kinds = ["bars", "options", "indices", "news"]
  public static let timespans = [
    "second", "minute", "hour", "day", "week", "month", "quarter", "year",
  ]

  /// For `lake download NAME`.
  public var name: String?
  public var vendor: Vendor
  /// Of Massive: one of `kinds`.
  public var kind: String?
  /// Of Databento.
  public var dataset: String?
  /// Of Databento; empty means the vendor's default.
  public var schemas: [String]
  public var symbols: [String]
  public var symbolType: String?
  /// Of options.
  public var underlying: String?
  /// As written: a date or an instant.
  public var start: String
  /// As written; nil is now.
  public var end: String?
  /// Nano-dollars.
  public var costMax: Int64?
  public var timespan: String?
  public var multiplier: Int?
  public var isAdjusted: Bool?
  /// What the entry says of options, over the lake's defaults.
  public var options: OptionDefaults
  /// For the expiry rule `fixed`.
  public var expiryDate: CivilDate?
}

/// How option contracts are chosen.
public struct OptionDefaults: Hashable, Sendable {
  public static let expiryRules = ["next_calendar_day", "next_trading_day", "next_friday", "fixed"]
  public static let modes = ["build", "list"]

  public var callCount = 2
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
