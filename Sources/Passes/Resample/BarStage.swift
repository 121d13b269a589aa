import Columnar
import Tables

/// The symbols of a partition, by code, and its prices if rows hold only their ranks.
final class SymbolNames {
  var texts = ByteColumn()
  var prices: WidePrices?

  func text(_ code: Int32) -> ArraySlice<UInt8> { texts.bytes[texts.byteRange(Int(code))] }
}

/// Makes longer bars from the bars of one partition, for one interval.
///
/// Left-closed, left-labelled: a bar at `t` holds the source bars of [t, t + interval). Periods without source
/// bars have none. Each publisher of a symbol has its own bars.
///
/// A stage passes its finished bars to the stages whose intervals are multiples of its own. The result is the
/// same as from the source: each field of a bar is the first, last, greatest, least or sum over its parts,
/// which can be computed over parts of parts too.
final class BarStage {
  /// Volumes below this cannot overflow when all rows taken at once are summed.
  static let plainVolumeMax: UInt64 = 1 << 40
  static let plainRowMax = 1 << 21
  /// Times within ± this can be added and subtracted without overflow.
  private static let plainTimeMax: Int64 = 1 << 61

  /// Microseconds.
  let interval: Int64
  /// Where some bar begins, in microseconds since 1970 UTC.
  let origin: Int64
  private let rows: BarColumns
  private let sink: BarSink
  private let names: SymbolNames
  private(set) var consumers: [BarStage] = []
  /// Rows that were passed to other stages.
  private var consumed = 0
  /// First row of the bars that may still grow: all with one start, one per publisher.
  private var groupStart = 0
  /// Time of the previous source bar of the same symbol.
  private var lastTime = Int64.min
  /// Why there are no bars. A fault of the source, so it applies to further stages too.
  private(set) var failure: (any Error)?

  init(
    interval: Int64, origin: Int64 = 0, rows: BarColumns, sink: BarSink, names: SymbolNames
  ) {
    self.interval = interval
    self.origin = origin
    self.rows = rows
    self.sink = sink
    self.names = names
    rows.removeAll()
  }

  func add(_ consumer: BarStage) { consumers.append(consumer) }

  /// Takes bars that follow those of earlier calls.
  func append(_ source: BarColumns, _ range: Range<Int>) {
    if failure != nil || range.isEmpty { return }
    rows.hasWideVolumes = source.hasWideVolumes
    do {
      var index = source.run(ofRow: range.lowerBound)
      var first = range.lowerBound
      while first < range.upperBound {
        let end = min(source.rows(ofRun: index).upperBound, range.upperBound)
        begin(source.runs[index].code)
        try append(source, run: first..<end)
        (first, index) = (end, index + 1)
      }
    } catch {
      return fail(error)
    }
    feed(to: groupStart)
  }

  /// Ends the partition.
  func finish() {
    if failure != nil { return }
    endSymbol()
    feed(to: rows.count)
    if rows.count > 0 { sink.write(rows, count: rows.count, names) }
    sink.finish()
    for consumer in consumers { consumer.finish() }
  }

  private func fail(_ error: any Error) {
    if failure == nil { failure = error }
    for consumer in consumers { consumer.fail(error) }
  }

  private func feed(to end: Int) {
    for consumer in consumers { consumer.append(rows, consumed..<end) }
    consumed = end
  }

  private func begin(_ code: Int32) {
    if rows.runs.last?.code == code { return }
    endSymbol()
    rows.beginRun(code)
  }

  /// Cuts row groups as `RowGroupCuts` does: as many whole symbols as fit.
  private func endSymbol() {
    groupStart = rows.count
    lastTime = .min
    let max = RowGroupCuts.groupRowMax
    let symbolStart = rows.runs.last?.start ?? 0
    if rows.count - symbolStart >= max {
      if symbolStart > 0 { flush(symbolStart) }
      while rows.count >= max { flush(max) }
    } else if rows.count > max {
      flush(symbolStart)
    }
  }

  private func flush(_ count: Int) {
    feed(to: rows.count)
    sink.write(rows, count: count, names)
    rows.removeFirst(count)
    consumed -= count
    groupStart -= count
  }

  private func append(_ source: BarColumns, run: Range<Int>) throws {
    if source.time[run.lowerBound] < lastTime { throw badRows() }
    if canContinueQuickly(source, run.lowerBound) && Self.isPlain(source, run) {
      try appendQuickly(source, run)
    } else {
      try appendSlowly(source, run)
    }
    lastTime = source.time[run.upperBound - 1]
  }

  private func badRows() -> PassError {
    let symbol = rows.runs.last.map { String(decoding: names.text($0.code), as: UTF8.self) } ?? ""
    return PassError(
      .input, "bars of '\(symbol)' are out of order, or their volume outgrows its column")
  }

  private func start(of time: Int64) -> Int64 {
    let rest = (time &- origin) % interval
    return time &- (rest < 0 ? rest &+ interval : rest)
  }
}

// MARK: - One publisher, no nulls

extension BarStage {
  /// Whether rows have no nulls, one publisher, ascending times, and volumes whose sum fits into 64 bits:
  /// nearly all data do.
  private static func isPlain(_ source: BarColumns, _ run: Range<Int>) -> Bool {
    if source.hasMissing || source.hasWideVolumes || run.count > plainRowMax { return false }
    let times = source.time + run.lowerBound
    let volumes = source.volume + run.lowerBound
    let publishers = source.publisher + run.lowerBound
    let count = run.count
    let publisher = publishers[0]
    var (volumeBits, publisherBits) = (Int64(0), Int64(0))
    var timeBits = times[0] &+ plainTimeMax
    var stepBits: Int64 = 0
    for row in 0..<count {
      volumeBits |= volumes[row]
      publisherBits |= publishers[row] ^ publisher
    }
    for row in 1..<count {
      timeBits |= times[row] &+ plainTimeMax
      stepBits |= times[row] &- times[row &- 1]
    }
    return UInt64(bitPattern: volumeBits) <= plainVolumeMax && publisherBits == 0
      && UInt64(bitPattern: timeBits) < UInt64(plainTimeMax) &* 2 && stepBits >= 0
  }

  /// Whether the bar that may still grow, if any, can be continued by a plain source bar.
  private func canContinueQuickly(_ source: BarColumns, _ row: Int) -> Bool {
    if groupStart == rows.count { return true }
    if rows.time[groupStart] != start(of: source.time[row]) { return true }
    return groupStart == rows.count - 1 && rows.flag(groupStart) == BarColumns.Flag.all
      && rows.publisher[groupStart] == source.publisher[row]
  }

  private func appendQuickly(_ source: BarColumns, _ run: Range<Int>) throws {
    // At most one bar per row.
    rows.reserve(rows.count + run.count)
    var row = run.lowerBound
    let start = start(of: source.time[row])
    if groupStart < rows.count && rows.time[groupStart] == start {
      row = try continueBar(source, run)
    }
    let known = rows.count
    let added = Self.reduce(source, row..<run.upperBound, into: rows, interval, origin)
    rows.extend(added)
    if added > 0 { groupStart = known + added - 1 }
  }

  /// Adds the source bars that belong to the bar that may still grow.
  ///
  /// - Returns: Index of the first that does not belong to it.
  private func continueBar(_ source: BarColumns, _ run: Range<Int>) throws -> Int {
    let bar = groupStart
    let stop = rows.time[bar] &+ interval
    var row = run.lowerBound
    var sum: Int64 = 0
    while row < run.upperBound && source.time[row] < stop {
      rows.high[bar] = max(rows.high[bar], source.high[row])
      rows.low[bar] = min(rows.low[bar], source.low[row])
      sum = sum &+ source.volume[row]
      row += 1
    }
    rows.close[bar] = source.close[row - 1]
    let (total, overflow) = rows.volume[bar].addingReportingOverflow(sum)
    if overflow { throw badRows() }
    rows.volume[bar] = total
    return row
  }

  /// Makes bars from plain source bars, behind the existing rows.
  ///
  /// - Returns: How many.
  private static func reduce(
    _ source: BarColumns, _ run: Range<Int>, into target: BarColumns, _ interval: Int64,
    _ origin: Int64
  ) -> Int {
    if run.isEmpty { return 0 }
    let (times, opens, highs) = (source.time, source.open, source.high)
    let (lows, closes, volumes) = (source.low, source.close, source.volume)
    let (publisher, instruments) = (source.publisher[run.lowerBound], source.instrument)
    let first = target.count
    let (outTimes, outPublishers) = (target.time + first, target.publisher + first)
    let (outInstruments, outOpens) = (target.instrument + first, target.open + first)
    let (outHighs, outLows) = (target.high + first, target.low + first)
    let (outCloses, outVolumes) = (target.close + first, target.volume + first)
    let end = run.upperBound
    var row = run.lowerBound
    var bar = 0
    var stop = Int64.min
    while row < end {
      let time = times[row]
      // Usually the next bar begins where the previous one ends, which saves a division.
      var start = stop
      if bar == 0 || time &- stop >= interval {
        let rest = (time &- origin) % interval
        start = time &- (rest < 0 ? rest &+ interval : rest)
      }
      stop = start &+ interval
      var (high, low, volume) = (highs[row], lows[row], volumes[row])
      outTimes[bar] = start
      outPublishers[bar] = publisher
      outInstruments[bar] = instruments[row]
      outOpens[bar] = opens[row]
      row = row &+ 1
      // The end is found in the same loop: bars are too short for a loop of its own to pay off.
      while row < end && times[row] < stop {
        high = highs[row] > high ? highs[row] : high
        low = lows[row] < low ? lows[row] : low
        volume = volume &+ volumes[row]
        row = row &+ 1
      }
      outHighs[bar] = high
      outLows[bar] = low
      outCloses[bar] = closes[row &- 1]
      outVolumes[bar] = volume
      bar = bar &+ 1
    }
    return bar
  }
}

// MARK: - Several publishers, or nulls

extension BarStage {
  private func appendSlowly(_ source: BarColumns, _ run: Range<Int>) throws {
    for row in run {
      let time = source.time[row]
      if time < lastTime { throw badRows() }
      lastTime = time
      let flag = source.flag(row)
      if flag != BarColumns.Flag.all { rows.beginMissing() }
      let bar = bar(of: source, row, flag)
      var known = rows.flag(bar)
      if flag & ~known & BarColumns.Flag.instrument != 0 {
        rows.instrument[bar] = source.instrument[row]
      }
      if flag & BarColumns.Flag.price != 0 {
        if known & BarColumns.Flag.price == 0 {
          rows.open[bar] = source.open[row]
          rows.high[bar] = source.high[row]
          rows.low[bar] = source.low[row]
        }
        rows.high[bar] = max(rows.high[bar], source.high[row])
        rows.low[bar] = min(rows.low[bar], source.low[row])
        rows.close[bar] = source.close[row]
      }
      if flag & BarColumns.Flag.volume != 0 {
        guard rows.addVolume(bar, of: source, row) else { throw badRows() }
      }
      known |= flag
      if rows.hasMissing { rows.flags[bar] = known }
    }
  }

  /// Index of the bar that a source bar belongs to; inserts it if missing.
  private func bar(of source: BarColumns, _ row: Int, _ flag: UInt8) -> Int {
    let start = start(of: source.time[row])
    let hasPublisher = flag & BarColumns.Flag.publisher
    let publisher = hasPublisher == 0 ? 0 : source.publisher[row]
    if groupStart < rows.count && rows.time[groupStart] != start { groupStart = rows.count }
    var bar = groupStart
    // Sorted by publisher, as the rows of a table are.
    while bar < rows.count && rows.publisher[bar] <= publisher {
      if rows.publisher[bar] == publisher
        && rows.flag(bar) & BarColumns.Flag.publisher == hasPublisher
      {
        return bar
      }
      bar += 1
    }
    rows.insertRow(at: bar)
    rows.time[bar] = start
    rows.publisher[bar] = publisher
    for column in rows.columns.dropFirst(2) { column[bar] = 0 }
    // Which values it lacks is known once its source bars are added. Without flags nothing is missing, but the
    // first source bar must open the bar.
    if rows.hasMissing {
      rows.flags[bar] = hasPublisher
    } else {
      rows.instrument[bar] = source.instrument[row]
      rows.open[bar] = source.open[row]
      rows.high[bar] = source.high[row]
      rows.low[bar] = source.low[row]
    }
    return bar
  }
}
