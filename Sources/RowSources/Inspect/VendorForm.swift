/// A vendor's file, told by its header.
struct VendorForm: Sendable {
  let name: String
  /// Keys of columns that it has (`ColumnRole.key`).
  let keys: Set<String>
  /// What some of its columns are, where their names alone do not say it, by key.
  let uses: [String: ColumnInference]
  /// The zone of its times, where they do not say it: what the vendor's documentation says.
  let zone: String?
  /// The kind of its rows, where its columns could be another's.
  let kind: String?
  /// The key of a column whose value belongs to the symbol: one name stands for several instruments there.
  let suffix: String?

  init(
    _ name: String, _ keys: String, uses: [String: ColumnInference] = [:], zone: String? = nil,
    kind: String? = nil, suffix: String? = nil
  ) {
    self.name = name
    self.keys = Set(keys.split(separator: " ").map(String.init))
    self.uses = uses
    self.zone = zone
    self.kind = kind
    self.suffix = suffix
  }

  /// The one whose columns a file has, the most telling first.
  static func of(_ names: [String]) -> VendorForm? {
    let keys = Set(names.map(ColumnRole.key))
    return all.first { keys.isSuperset(of: $0.keys) }
  }

  static let all: [VendorForm] = [
    VendorForm(
      "Binance klines", "opentime open high low close volume closetime count",
      uses: ["opentime": .time, "closetime": .extra, "count": .extra]),
    VendorForm(
      "Binance trades", "id price qty quoteqty time isbuyermaker",
      uses: ["time": .time, "qty": .field("size"), "id": .extra], kind: "trades"),
    VendorForm(
      "Binance aggregate trades", "aggtradeid price quantity transacttime isbuyermaker",
      uses: ["transacttime": .time], kind: "trades"),
    VendorForm(
      "CryptoDataDownload", "unix date symbol open high low close",
      uses: ["unix": .time, "date": .extra, "unixtimestamp": .time]),
    VendorForm(
      "OptionsDX", "quoteunixtime quotedate expiredate strike cbid cask pbid pask",
      uses: ["quoteunixtime": .time], kind: "option-chain"),
    VendorForm(
      "OptionsDX", "quotereadtime quotedate expiredate strike cbid cask pbid pask",
      uses: ["quotereadtime": .time], zone: "America/New_York", kind: "option-chain"),
    VendorForm(
      "Tardis option chains", "exchange symbol timestamp localtimestamp strikeprice expiration",
      uses: [
        "timestamp": .time, "localtimestamp": .extra, "type": .field("right"),
        "lastprice": .field("last"), "markiv": .field("iv"), "bidiv": .extra, "askiv": .extra,
      ], kind: "option-chain"),
    VendorForm(
      "Tardis trades", "exchange symbol timestamp localtimestamp side price amount",
      uses: [
        "timestamp": .field("ts_event"), "localtimestamp": .field("ts_recv"),
        "amount": .field("size"), "id": .extra,
      ], kind: "trades"),
    VendorForm("Coinbase trades", "time tradeid price size side", kind: "trades"),
    VendorForm(
      "NSE bhavcopy", "symbol series open high low close totrdqty",
      uses: ["timestamp": .time], suffix: "series"),
    VendorForm(
      "NSE bhavcopy", "symbol series open high low close tottrdqty timestamp",
      uses: [
        "timestamp": .time, "tottrdqty": .field("volume"), "last": .extra, "prevclose": .extra,
      ], suffix: "series"),
    VendorForm(
      "tushare", "tscode tradedate open high low close vol amount",
      uses: ["amount": .extra, "num": .ignored("a number of the row")]),
    VendorForm("Quandl WIKI", "date open high low close volume exdividend adjclose"),
    VendorForm("Yahoo Finance", "date open high low close adjclose volume"),
    VendorForm("Yahoo Finance", "date open high low close volume dividends stocksplits"),
    VendorForm("Stooq", "ticker per date time open high low close vol openint"),
    VendorForm("Stooq", "data otwarcie najwyzszy najnizszy zamkniecie"),
    VendorForm("Investing.com", "date price open high low vol change"),
    VendorForm("Investing.com", "date price open high low change"),
    VendorForm("NASDAQ", "date closelast volume open high low"),
    VendorForm("NetEase 163", "日期 股票代码 名称 收盘价 最高价 最低价 开盘价"),
    VendorForm("MetaTrader", "date time open high low close tickvol vol spread"),
    VendorForm("MetaTrader", "date open high low close tickvol vol spread"),
    VendorForm("MetaTrader", "time open high low close tickvolume spread"),
    VendorForm(
      "FXCM bars", "bidopen bidhigh bidlow bidclose askopen askhigh asklow askclose", zone: "UTC"),
    VendorForm("Dukascopy", "timeeet open high low close volume", zone: "EET"),
    VendorForm("Dukascopy", "gmttime open high low close volume", zone: "UTC"),
    VendorForm("Nasdaq Nordic", "date bid ask openingprice highprice lowprice closingprice"),
    VendorForm(
      "LEAN option universe",
      "expiry strike right open high low close volume openinterest impliedvolatility delta",
      kind: "option-chain"),
    VendorForm("Alpha Vantage", "timestamp open high low close volume"),
    VendorForm("TradingView", "time open high low close volume plot"),
    VendorForm(
      "Refinitiv ticks", "date value volume",
      uses: ["value": .field("price"), "volume": .field("size")],
      kind: "trades"),
  ]
}
