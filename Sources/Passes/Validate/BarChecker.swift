import Columnar
import Market
import Tables

/// Checks the bars of one source in one reading.
///
/// Bars come in runs of one symbol and publisher. A run is looked at column by column first, without branches; only one in which
/// something may be wrong is looked at row by row.
final class BarChecker {
  /// A symbol and its publisher.
  private struct Series: Hashable {
    var symbol: Int32
    var publisher: Int64
  }

  /// What is remembered of a series.
  private struct State {
    var last: Int64 = .min
    /// The row before the last, and the last: what a price is compared with is known one row later.
    var before: Price?
    var candidate: Price?
    var isDisordered = false
    /// Rows whose time is that of the row before.
    var adjacentCount = 0
    var sessions = SessionTally()
    /// The sessions of its symbol; nil where none are known.
    var watch: SessionWatch?
    var volume: Int128 = 0
  }

  /// Prices of one row, as they are compared with those of its neighbours.
  private struct Price {
    var low: Int128
    var high: Int128
    var close: Int128
    var row: Int
    var time: Int64
  }

  private let source: any BarSource
  private let expectation: BarExpectation
  private let alignment: Alignment?
  /// By name of their calendar.
  private var watches: [String: SessionWatch] = [:]
  /// Whether volumes are added up.
  private let addsVolumes: Bool
  private(set) var findings = BarFindings()
  private(set) var rowCount = 0
  private var states: [State] = []
  private var indexes: [Series: Int] = [:]
  private var lastSeries: (series: Series, index: Int)?
  private var isWide = false

  init(_ source: any BarSource, _ expectation: BarExpectation, addsVolumes: Bool = false) {
    self.source = source
    self.expectation = expectation
    self.addsVolumes = addsVolumes
    alignment = expectation.interval.map { Alignment($0, zones: expectation.zones) }
  }

  /// Reads the source to its end.
  func run(isInterrupted: () -> Bool = { false }) throws {
    let batch = BarBatch()
    while try source.next(into: batch) {
      if isInterrupted() { throw PassError(.interrupted, "interrupted") }
      isWide = batch.isWide
      rowCount += batch.count
      try check(batch)
    }
    for (series, index) in indexes.sorted(by: { $0.value < $1.value })
    where !Self.isOption(source.symbolName(series.symbol)) {
      for gap in states[index].watch?.finish(states[index].sessions) ?? [] {
        add(gap, symbol: series.symbol)
      }
    }
  }

  /// Whether a symbol ends as those of options do: their trades come in bursts, and gaps between these say nothing.
  private static func isOption(_ symbol: String) -> Bool {
    let end = Array(symbol.utf8.suffix(9))
    return end.count == 9 && (end[0] == UInt8(ascii: "C") || end[0] == UInt8(ascii: "P"))
      && end.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
  }

  /// Series whose times are in no order: what is there twice is not known.
  var disordered: Set<String> {
    Set(indexes.filter { states[$0.value].isDisordered }.map { source.symbolName($0.key.symbol) })
  }

  /// Duplicates of those series that were counted already: rows with the time of the row before.
  var adjacentCount: Int {
    states.reduce(0) { $0 + ($1.isDisordered ? $1.adjacentCount : 0) }
  }

  /// Volumes by symbol.
  var volumes: [String: Int128] {
    indexes.reduce(into: [:]) { sums, series in
      sums[source.symbolName(series.key.symbol), default: 0] &+= states[series.value].volume
    }
  }

  // MARK: - Runs

  private func check(_ batch: BarBatch) throws {
    var start = 0
    while start < batch.count {
      let series = Series(symbol: batch.symbol[start], publisher: batch.publisher[start])
      var end = start + 1
      while end < batch.count, batch.symbol[end] == series.symbol,
        batch.publisher[end] == series.publisher
      {
        end += 1
      }
      let index = try index(of: series)
      if batch.isWide {
        checkRun(batch, batch.wide, start..<end, &states[index])
      } else {
        checkRun(batch, batch.narrow, start..<end, &states[index])
      }
      if let watch = states[index].watch {
        let gaps = try watch.add(batch.time, start..<end, &states[index].sessions) { rows in
          self.findings.add(
            .outsideSession, count: rows.count, detail: watch.name
          ) {
            self.example(batch, rows.lowerBound)
          }
        }
        if !gaps.isEmpty, !Self.isOption(source.symbolName(series.symbol)) {
          for gap in gaps { add(gap, symbol: series.symbol) }
        }
      }
      start = end
    }
  }

  private func index(of series: Series) throws -> Int {
    if let lastSeries, lastSeries.series == series { return lastSeries.index }
    let index = indexes[series] ?? states.count
    if index == states.count {
      var state = State()
      state.watch = try watch(symbol: source.symbolName(series.symbol))
      states.append(state)
      indexes[series] = index
    }
    lastSeries = (series, index)
    return index
  }

  private func watch(symbol: String) throws -> SessionWatch? {
    // Values of indices are published on some holidays of their exchange too.
    let isDaily =
      expectation.interval.map { $0.nanoseconds >= CivilDate.nanosecondsPerDay } ?? false
    if isDaily, symbol.hasPrefix("I:") { return nil }
    guard let calendar = try expectation.calendars.calendar(ofSymbol: symbol) else { return nil }
    if let known = watches[calendar.name] { return known }
    let fresh = SessionWatch(
      calendar, interval: expectation.interval, zones: expectation.zones)
    watches[calendar.name] = fresh
    return fresh
  }

  private func checkRun<Value: FixedWidthInteger>(
    _ batch: BarBatch, _ values: BarBatch.Values<Value>, _ rows: Range<Int>, _ state: inout State
  ) {
    if addsVolumes {
      for row in rows where batch.flag(row) & BarBatch.Flag.volume != 0 {
        state.volume &+= Int128(truncatingIfNeeded: values.volume[row])
      }
    }
    let isClean = !batch.hasMissing && mayBeClean(batch, values, rows, state)
    guard isClean else {
      for row in rows { checkRow(batch, values, row, &state) }
      return
    }
    // The first row tells of the candidate that was waiting for it.
    for row in rows.prefix(2) { comparePrices(batch, values, row, &state) }
    if rows.count > 2 {
      state.before = price(batch, values, rows.upperBound - 2)
      state.candidate = price(batch, values, rows.upperBound - 1)
    }
    state.last = batch.time[rows.upperBound - 1]
  }

  /// Whether nothing in a run can be wrong. Without branches: of a run in which something is, nothing more is known.
  private func mayBeClean<Value: FixedWidthInteger>(
    _ batch: BarBatch, _ values: BarBatch.Values<Value>, _ rows: Range<Int>, _ state: State
  ) -> Bool {
    let (first, count) = (rows.lowerBound, rows.count)
    let time = batch.time + first
    let (open, high, low, close) = (
      values.open + first, values.high + first, values.low + first, values.close + first
    )
    let volume = values.volume + first
    var wrong = time[0] <= state.last ? 1 : 0
    for row in 0..<count {
      wrong |=
        high[row] < open[row] || high[row] < close[row] || low[row] > open[row]
          || low[row] > close[row] ? 1 : 0
      wrong |= high[row] < low[row] || volume[row] < 0 ? 1 : 0
    }
    if wrong != 0 { return false }
    var row = 1
    while row < count {
      // More than four times the close before, or less than a quarter of it.
      wrong |= time[row] <= time[row &- 1] ? 1 : 0
      wrong |= high[row] &>> 2 > close[row &- 1] || low[row] < close[row &- 1] &>> 2 ? 1 : 0
      row = row &+ 1
    }
    if let alignment {
      for row in 0..<count { wrong |= alignment.isPlain(time[row]) ? 0 : 1 }
    }
    if !expectation.allowsNegative {
      for row in 0..<count { wrong |= low[row] < 0 ? 1 : 0 }
    }
    return wrong == 0
  }

  // MARK: - Rows

  private func checkRow<Value: FixedWidthInteger>(
    _ batch: BarBatch, _ values: BarBatch.Values<Value>, _ row: Int, _ state: inout State
  ) {
    func add(_ rule: BarRule) { findings.add(rule) { example(batch, row) } }
    let time = batch.time[row]
    if time == state.last {
      state.adjacentCount += 1
      add(.duplicate)
    } else if time < state.last {
      state.isDisordered = true
      add(.backwards)
    }
    state.last = time
    if let alignment, !alignment.isPlain(time), !alignment.holds(time) { add(.unaligned) }
    let flags = batch.flag(row)
    if flags & BarBatch.Flag.volume != 0, values.volume[row] < 0 { add(.negativeVolume) }
    guard flags & BarBatch.Flag.price != 0 else { return add(.noPrice) }
    let (open, high, low, close) = (
      values.open[row], values.high[row], values.low[row], values.close[row]
    )
    if high < low {
      add(.highBelowLow)
    }
    if high < open || high < close { add(.highNotHighest) }
    if low > open || low > close { add(.lowNotLowest) }
    if !expectation.allowsNegative, min(open, high, low, close) < 0 { add(.negativePrice) }
    comparePrices(batch, values, row, &state)
  }

  /// Tells whether the row before is far from its neighbours, now that the one after it is known.
  private func comparePrices<Value: FixedWidthInteger>(
    _ batch: BarBatch, _ values: BarBatch.Values<Value>, _ row: Int, _ state: inout State
  ) {
    let next = price(batch, values, row)
    if let before = state.before, let middle = state.candidate,
      isFar(middle, before.close, next.close)
    {
      findings.add(.farPrice) {
        BarExample(
          source: source.name, row: middle.row, time: middle.time,
          symbol: source.symbolName(batch.symbol[row]),
          values:
            "close=\(text(before.close)), then low=\(text(middle.low)) high=\(text(middle.high)) close=\(text(middle.close)), then close=\(text(next.close))"
        )
      }
      // It is no neighbour to compare the next one with.
      state.candidate = next
      return
    }
    state.before = state.candidate
    state.candidate = next
  }

  private func price<Value: FixedWidthInteger>(
    _ batch: BarBatch, _ values: BarBatch.Values<Value>, _ row: Int
  ) -> Price {
    let (open, high, low, close) = (
      values.open[row], values.high[row], values.low[row], values.close[row]
    )
    return Price(
      low: Int128(truncatingIfNeeded: min(open, high, low, close)),
      high: Int128(truncatingIfNeeded: max(open, high, low, close)),
      close: Int128(truncatingIfNeeded: close), row: batch.rowNumber(row), time: batch.time[row])
  }

  /// Whether a price is five times its neighbours, or a fifth of them, while these agree with each other: what a market does stays
  /// for a while, while a wrong digit or scale is there for one row. Differences below one unit of the currency don't count.
  private func isFar(_ price: Price, _ before: Int128, _ after: Int128) -> Bool {
    let (least, most) = (min(before, after), max(before, after))
    guard least > 0, most / 3 <= least / 2 else { return false }
    if price.high / 5 > most, price.high - most >= unit { return true }
    return price.low < least / 5 && least - price.low >= unit
  }

  private var unit: Int128 { isWide ? 1_000_000_000_000_000_000 : 1_000_000_000 }

  private func text(_ price: Int128) -> String {
    DecimalText.format(price, scale: isWide ? 18 : 9, trimmed: true)
  }

  // MARK: - Examples

  private func add(_ gap: SessionGap, symbol: Int32) {
    findings.add(.gap, detail: nil) {
      BarExample(
        source: source.name, row: nil, time: gap.times.lowerBound,
        symbol: source.symbolName(symbol),
        values:
          "\(gap.missingCount) bars are missing until \(TimeText.iso(nanoseconds: gap.times.upperBound, digits: 0))"
      )
    }
  }

  private func example(_ batch: BarBatch, _ row: Int) -> BarExample {
    let flags = batch.flag(row)
    var values = "no prices"
    if flags & BarBatch.Flag.price != 0 {
      let (open, high, low, close) =
        batch.isWide
        ? (batch.wide.open[row], batch.wide.high[row], batch.wide.low[row], batch.wide.close[row])
        : (
          Int128(batch.narrow.open[row]), Int128(batch.narrow.high[row]),
          Int128(batch.narrow.low[row]), Int128(batch.narrow.close[row])
        )
      values = "open=\(text(open)) high=\(text(high)) low=\(text(low)) close=\(text(close))"
    }
    if flags & BarBatch.Flag.volume != 0 {
      let volume = batch.isWide ? batch.wide.volume[row] : Int128(batch.narrow.volume[row])
      values += " volume=\(volumeText(volume))"
    }
    return BarExample(
      source: source.name, row: batch.rowNumber(row), time: batch.time[row],
      symbol: source.symbolName(batch.symbol[row]), values: values)
  }

  private func volumeText(_ volume: Int128) -> String {
    DecimalText.format(volume, scale: source.volumeScale, trimmed: true)
  }
}
