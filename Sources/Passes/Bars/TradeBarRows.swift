import Bytes
import Columnar
import Market
import Tables

/// Finished bars by column, for tables and files alike.
final class TradeBarRows {
  private let fields: [Field]
  private(set) var count = 0
  private(set) var totals = TradeTotals()
  /// Bars of which no trade may set a price: they are left out.
  private(set) var priceless = TradeTotals()
  private(set) var pricelessCount = 0

  private var symbols: [Int32] = []
  private var times: [Int64] = []
  private var publishers: [Int64] = []
  private var hasPublisher: [UInt8] = []
  private var instruments: [Int64] = []
  private var hasInstrument: [UInt8] = []
  private var opens: [Int64] = []
  private var highs: [Int64] = []
  private var lows: [Int64] = []
  private var closes: [Int64] = []
  private var volumes: [Int64] = []
  private var counts: [Int64] = []
  private var notionals: [Int128] = []
  private var days: [Int64] = []
  private var hasDay: [UInt8] = []

  /// - Parameter fields: The output's columns.
  init(fields: [Field]) { self.fields = fields }

  /// Appends bars, in the order in which they are given.
  ///
  /// - Parameter hasSessions: Whether bars tell their trading date.
  func append(
    _ bars: UnsafeMutablePointer<TradeBar>, _ order: [Int], _ series: TradeSeries,
    hasSessions: Bool
  ) {
    for index in order {
      let bar = bars[index]
      totals.add(bar)
      if bar.roles & (TradeBatch.Role.highLow | TradeBatch.Role.openClose) == 0 {
        priceless.add(bar)
        pricelessCount += 1
        continue
      }
      let member = series.members[Int(bar.series)]
      symbols.append(member.symbol)
      times.append(floorDivide(bar.start, 1000))
      publishers.append(member.publisher ?? 0)
      hasPublisher.append(member.publisher == nil ? 0 : 1)
      instruments.append(member.instrument ?? 0)
      hasInstrument.append(member.instrument == nil ? 0 : 1)
      opens.append(bar.open)
      closes.append(bar.close)
      // A trade that may set the ends and not the extremes is the price of a bar that has no other.
      let hasExtremes = bar.roles & TradeBatch.Role.highLow != 0
      highs.append(hasExtremes ? bar.high : max(bar.open, bar.close))
      lows.append(hasExtremes ? bar.low : min(bar.open, bar.close))
      volumes.append(bar.volume)
      counts.append(bar.count)
      notionals.append(bar.notional)
      days.append(Int64(bar.day))
      hasDay.append(hasSessions ? 1 : 0)
      count += 1
    }
  }

  /// A column of the first rows.
  ///
  /// - Parameters:
  ///   - names: The symbols of the series.
  ///   - date: Days since 1970, where the output has a column of the date.
  func column(_ field: Field, rows: Int, names: ByteColumn, date: Int) -> Column {
    func integers(_ values: [Int64], _ validity: [UInt8]? = nil) -> Column {
      let present = validity.map { Array($0.prefix(rows)) }
      return Column(
        type: field.type, storage: .integers(Array(values.prefix(rows))),
        validity: present?.contains(0) == true ? present : nil)
    }
    switch field.name {
    case "symbol": return symbolColumn(rows, names)
    case "ts_event": return integers(times)
    case "publisher_id": return integers(publishers, hasPublisher)
    case "instrument_id": return integers(instruments, hasInstrument)
    case "open": return integers(opens)
    case "high": return integers(highs)
    case "low": return integers(lows)
    case "close": return integers(closes)
    case "volume": return integers(volumes)
    case "count", "transactions": return integers(counts)
    case "vwap": return averages(field, rows)
    case "session_date": return integers(days, hasDay)
    case "date": return integers([Int64](repeating: Int64(date), count: rows))
    default: return Column(nulls: rows, of: field.type)
    }
  }

  private func symbolColumn(_ rows: Int, _ names: ByteColumn) -> Column {
    var codes = [Int32](repeating: 0, count: rows)
    var local: [Int32: Int32] = [:]
    var dictionary = ByteColumn()
    var last: (symbol: Int32, code: Int32) = (-1, 0)
    for row in 0..<rows {
      if symbols[row] != last.symbol {
        let code = local[symbols[row]] ?? Int32(dictionary.count)
        if code == dictionary.count {
          names.bytes[names.byteRange(Int(symbols[row]))].withUnsafeBytes { dictionary.append($0) }
          local[symbols[row]] = code
        }
        last = (symbols[row], code)
      }
      codes[row] = last.code
    }
    return Column(type: .string, storage: .codes(codes, dictionary: dictionary))
  }

  /// Volume-weighted average prices: doubles, or decimals rounded half to even.
  private func averages(_ field: Field, _ rows: Int) -> Column {
    var present = [UInt8](repeating: 1, count: rows)
    if field.type == .double {
      var values = [Double](repeating: 0, count: rows)
      for row in 0..<rows {
        if volumes[row] == 0 {
          present[row] = 0
          continue
        }
        let (whole, rest) = notionals[row].quotientAndRemainder(dividingBy: Int128(volumes[row]))
        values[row] = (Double(whole) + Double(rest) / Double(volumes[row])) / 1e9
      }
      return Column(
        type: field.type, storage: .doubles(values), validity: present.contains(0) ? present : nil)
    }
    var values = [Int64](repeating: 0, count: rows)
    for row in 0..<rows {
      guard volumes[row] != 0, let average = Self.rounded(notionals[row], volumes[row]) else {
        present[row] = 0
        continue
      }
      values[row] = average
    }
    return Column(
      type: field.type, storage: .integers(values), validity: present.contains(0) ? present : nil)
  }

  private static func rounded(_ sum: Int128, _ volume: Int64) -> Int64? {
    let divisor = Int128(volume)
    let (whole, rest) = sum.quotientAndRemainder(dividingBy: divisor)
    let twice = rest.magnitude &* 2
    let isUp = twice > divisor.magnitude || twice == divisor.magnitude && whole & 1 != 0
    let step: Int128 = isUp ? ((sum < 0) == (divisor < 0) ? 1 : -1) : 0
    return Int64(exactly: whole + step)
  }

  func removeFirst(_ rows: Int) {
    symbols.removeFirst(rows)
    times.removeFirst(rows)
    publishers.removeFirst(rows)
    hasPublisher.removeFirst(rows)
    instruments.removeFirst(rows)
    hasInstrument.removeFirst(rows)
    opens.removeFirst(rows)
    highs.removeFirst(rows)
    lows.removeFirst(rows)
    closes.removeFirst(rows)
    volumes.removeFirst(rows)
    counts.removeFirst(rows)
    notionals.removeFirst(rows)
    days.removeFirst(rows)
    hasDay.removeFirst(rows)
    count -= rows
  }
}

extension TradeTotals {
  /// Adds the figures of other bars.
  mutating func add(_ other: TradeTotals) {
    volume += other.volume
    count += other.count
    high = max(high, other.high)
    low = min(low, other.low)
  }

  /// Adds a bar.
  fileprivate mutating func add(_ bar: TradeBar) {
    volume += Int128(bar.volume)
    count += bar.count
    high = max(high, bar.high)
    low = min(low, bar.low)
  }
}
