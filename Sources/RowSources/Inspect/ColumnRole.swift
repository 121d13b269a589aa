/// What a column of anybody's file holds, by its name.
enum ColumnRole: String, Hashable, Sendable {
  case time, date, clock, symbol
  case open, high, low, close, volume
  case price, size, side, sequence
  case bid, ask
  case bidSize = "bid_size"
  case askSize = "ask_size"
  case bidOpen, bidHigh, bidLow, bidClose
  case value
  case strike, expiry, right, underlying
  case openInterest = "open_interest"
  case iv, delta, gamma, theta, vega, rho
  case underlyingPrice = "underlying_price"
  case last

  /// The roles by what columns are called, in the languages in which vendors name theirs; punctuation, blanks and
  /// case left out.
  static let names: [String: ColumnRole] = {
    var names: [String: ColumnRole] = [:]
    for (role, text) in table {
      for name in text.split(separator: " ") { names[String(name)] = role }
    }
    return names
  }()

  private static let table: [(ColumnRole, String)] = [
    (
      .time,
      """
      time datetime timestamp ts unix unixtime unixtimestamp epoch opentime t gmttime localtime timestamputc \
      datetimeutc timeutc timegmt timeeet dt begin barstart tsevent timestampms unixms timens opentimestamp periodstart \
      日期时间 czas zeit fecha hora timems eventtime tradetime tradetimestamp windowstart datetimegmt timestampgmt
      """
    ),
    (
      .date,
      """
      date data datum day tradedate tradingdate sessiondate fechadate 日期 交易日期 日付 日付け 날짜 observationdate dtyyyymmdd \
      dateyyyymmdd asofdate quotedate effectivedate дата tarih date1
      """
    ),
    (.clock, "clock timeofday 时间 uhrzeit godzina heure"),
    (
      .symbol,
      """
      symbol ticker sym instrument tscode code 股票代码 代码 symbolname instrumentname tickersymbol contract \
      contractname pair secid security isinsymbol stock market optionsymbol
      """
    ),
    (
      .open,
      """
      open o openprice otwarcie eröffnung eroffnung erster openingprice ouverture apertura aperturaprezzo 开盘价 始値 \
      opening priceopen openmid öffnung eröffn 시가 ouv abertura откр открытие açılış acilis 开盘 開盤 今开 öppen openingsprijs
      """
    ),
    (
      .high,
      """
      high h highprice najwyzszy najwyższy hoch höchst maximo máximo máxima max haut plushaut 最高价 最高 高 高値 massimo \
      pricehigh 고가 макс максимум yüksek yuksek högsta hoog
      """
    ),
    (
      .low,
      """
      low l lowprice najnizszy najniższy tief tiefst minimo mínimo mínima min bas plusbas 最低价 最低 低 安値 pricelow 저가 мин \
      минимум düşük dusuk lägsta laag
      """
    ),
    (
      .close,
      """
      close c closeprice zamkniecie zamknięcie schluss schlusskurs closelast closingprice cierre ultimo último clôture \
      chiusura 收盘价 終値 priceclose settle settlement 종가 zuletzt letzter dernier ostatnio цена закрытие şimdi simdi 收盘 收盤 \
      senaste laatste fechamento slut closeusd
      """
    ),
    (
      .volume,
      """
      volume vol v wolumen volumen stücke stuck tottrdqty volume24h volumetraded 成交量 出来高 tickvolume tickvol \
      totalvolume sharestraded tradedvolume totalvolumetraded volumeshares basevolume 거래량 wol объём объем hac hacim 交易量 \
      ttltrdqnty volumebase volym
      """
    ),
    (.price, "price px tradeprice lastprice executionprice dealprice rate kurs cena preis"),
    (.size, "size qty quantity amount lastsize tradesize lastqty filled"),
    (.side, "side direction takerside buysell aggressor tradeside"),
    (.sequence, "sequence seq seqnum sequencenumber"),
    (.bid, "bid bidprice bidpx bestbid bestbidprice b bidp"),
    (.ask, "ask askprice askpx bestask bestaskprice offer a askp"),
    (.bidSize, "bidsize bidqty bidvolume bidamount bidsz bestbidqty bestbidsize"),
    (.askSize, "asksize askqty askvolume askamount asksz bestaskqty bestasksize"),
    (.bidOpen, "bidopen openbid"), (.bidHigh, "bidhigh highbid"), (.bidLow, "bidlow lowbid"),
    (.bidClose, "bidclose closebid"),
    (.value, "value wert valor wartosc observationvalue"),
    (.strike, "strike strikeprice exerciseprice"),
    (
      .expiry,
      "expiry expiration expirationdate expirydate expiredate expdate maturity lasttradedateorcontractmonth"
    ),
    (.right, "right type optiontype callput putcall cp callputflag"),
    (.underlying, "underlying underlyingsymbol root underlyingindex underlyer"),
    (.underlyingPrice, "underlyingprice spot spotprice underlyinglast"),
    (.openInterest, "openinterest oi openint"),
    (.iv, "iv impliedvolatility impliedvol markiv impvol ivol"),
    (.delta, "delta"), (.gamma, "gamma"), (.theta, "theta"), (.vega, "vega"), (.rho, "rho"),
    (.last, "last lastsale lastclose"),
  ]

  /// A column's name for comparing: letters and digits alone, in lower case, without a number in front (`1. open`).
  static func key(_ name: String) -> String {
    var key = ""
    for scalar in name.lowercased().unicodeScalars
    where scalar.properties.isAlphabetic || (scalar.value >= 0x30 && scalar.value <= 0x39) {
      key.unicodeScalars.append(scalar)
    }
    let rest = key.drop { $0.isNumber }
    return rest.isEmpty ? key : String(rest)
  }

  /// What a column is by its name alone.
  static func of(_ name: String) -> ColumnRole? {
    let key = key(name)
    if let role = names[key] { return role }
    // `VIX Open`, `AAPL.Close`, but not `Adj Close` or `Prev. Close`.
    let words = name.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    if words.count == 2, let last = words.last, let first = words.first,
      !["adj", "adjusted", "prev", "previous", "bid", "ask", "quote", "pre", "post"].contains(
        first),
      let role = names[last], [.open, .high, .low, .close].contains(role), last.count > 2
    {
      return role
    }
    // `Volume BTC`, `Volume (USD)`, `Time (EET)`, `Date (UTC)`.
    if key.hasPrefix("volume") && key.count <= 12 { return .volume }
    if key.hasPrefix("time"), TimePattern.zones[String(key.dropFirst(4))] != nil { return .time }
    if key.hasPrefix("date"), TimePattern.zones[String(key.dropFirst(4))] != nil { return .date }
    return nil
  }
}
