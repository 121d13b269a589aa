import Columnar

/// A bar that is still open: more source bars may belong to it.
struct OpenBar {
  var start: Int64
  var end: Int64
  var publisher: Int64
  var hasPublisher: Bool
  var instrument: Int64
  var hasInstrument: Bool
  var open: Int64
  var high: Int64
  var low: Int64
  var close: Int64
  var volume: Int64
  /// Some source bar had prices; some had a volume.
  var hasPrice: Bool
  var hasVolume: Bool
}

/// Makes longer bars of the bars of one partition, for one interval.
///
/// Left-closed, left-labelled: a bar at `t` holds the source bars of [t, t + interval). Periods without
/// a source bar have none. Each publisher of a symbol has bars of its own.
struct BarAggregator {
  /// Microseconds.
  private let interval: Int64
  private var sink: BarSink
  private var symbol: [UInt8] = []
  private var hasSymbol = false
  /// One per publisher of the current symbol; nearly always one.
  private var open: [OpenBar] = []
  private var lastTime = Int64.min
  /// Rows of the bar before.
  private var lastCount = 1

  init(interval: Int64, sink: BarSink) {
    self.interval = interval
    self.sink = sink
  }

  /// - Throws: `PassError` where bars are out of order, or a volume outgrows 64 bits.
  mutating func append(_ batch: borrowing BarBatch, rows: Range<Int>) throws {
    var row = rows.lowerBound
    let count = rows.upperBound
    while row < count {
      let code = batch.symbol[row]
      var end = row + 1
      batch.symbol.withUnsafeBufferPointer { codes in
        while end < count && codes[end] == code { end &+= 1 }
      }
      try begin(symbol: Array(batch.symbols.bytes[batch.symbols.byteRange(Int(code))]))
      if batch.isPlain && batch.time[row] >= lastTime && isOnePublisher(batch, row..<end) {
        appendQuickly(batch, row..<end)
        lastTime = batch.time[end - 1]
      } else {
        try appendSlowly(batch, row..<end)
      }
      row = end
    }
  }

  /// Ends the partition.
  mutating func finish() throws -> BarSink {
    try endSymbol()
    try sink.finish()
    return sink
  }

  private mutating func begin(symbol next: [UInt8]) throws {
    if hasSymbol && next == symbol { return }
    if hasSymbol && !symbol.lexicographicallyPrecedes(next) {
      throw PassError(.input, "symbols are out of order within a data file")
    }
    try endSymbol()
    symbol = next
    hasSymbol = true
    lastTime = .min
    sink.begin(symbol: next)
  }

  private mutating func endSymbol() throws {
    for bar in open { sink.append(bar) }
    open.removeAll(keepingCapacity: true)
    if hasSymbol { try sink.endSymbol() }
  }

  private func isOnePublisher(_ batch: borrowing BarBatch, _ rows: Range<Int>) -> Bool {
    let first = batch.publisher[rows.lowerBound]
    if open.count > 1 || open.first.map({ $0.publisher != first }) ?? false { return false }
    return batch.publisher.withUnsafeBufferPointer { values in
      var isSame = true
      for row in rows { isSame = isSame && values[row] == first }
      return isSame
    }
  }

  @inline(__always)
  private func start(of time: Int64) -> Int64 {
    let rest = time % interval
    return time &- (rest < 0 ? rest &+ interval : rest)
  }
}

// MARK: - One publisher, no nulls

extension BarAggregator {
  private mutating func appendQuickly(_ batch: borrowing BarBatch, _ rows: Range<Int>) {
    let publisher = batch.publisher[rows.lowerBound]
    batch.time.withUnsafeBufferPointer { times in
      batch.high.withUnsafeBufferPointer { highs in
        batch.low.withUnsafeBufferPointer { lows in
          batch.volume.withUnsafeBufferPointer { volumes in
            var row = rows.lowerBound
            while row < rows.upperBound {
              if open.isEmpty || times[row] >= open[0].end {
                if let bar = open.first { sink.append(bar) }
                let start = start(of: times[row])
                let fresh = OpenBar(
                  start: start, end: start &+ interval, publisher: publisher, hasPublisher: true,
                  instrument: batch.instrument[row], hasInstrument: true, open: batch.open[row],
                  high: highs[row], low: lows[row], close: batch.close[row], volume: 0,
                  hasPrice: true, hasVolume: true)
                if open.isEmpty { open.append(fresh) } else { open[0] = fresh }
              }
              let end = Self.end(
                of: open[0].end, times, from: row, limit: rows.upperBound, guess: lastCount)
              lastCount = end - row
              Self.extend(&open[0], row..<end, highs, lows, volumes)
              open[0].close = batch.close[end - 1]
              row = end
            }
          }
        }
      }
    }
  }

  /// The first row from `first` on whose time is `time` or later. Bars of a symbol are mostly as long
  /// as the one before, so the search begins there.
  @inline(__always)
  private static func end(
    of time: Int64, _ times: UnsafeBufferPointer<Int64>, from first: Int, limit: Int, guess: Int
  ) -> Int {
    var row = min(first &+ guess, limit)
    while row > first &+ 1 && times[row &- 1] >= time { row = row &- 1 }
    if row == first { row = first &+ 1 }
    while row < limit && times[row] < time { row = row &+ 1 }
    return row
  }

  @inline(__always)
  private static func extend(
    _ bar: inout OpenBar, _ rows: Range<Int>, _ highs: UnsafeBufferPointer<Int64>,
    _ lows: UnsafeBufferPointer<Int64>, _ volumes: UnsafeBufferPointer<Int64>
  ) {
    var (high, low, sum) = (bar.high, bar.low, bar.volume)
    var row = rows.lowerBound
    while row < rows.upperBound {
      high = highs[row] > high ? highs[row] : high
      low = lows[row] < low ? lows[row] : low
      // Volumes that could outgrow 64 bits take the slow way.
      sum = sum &+ volumes[row]
      row = row &+ 1
    }
    bar.high = high
    bar.low = low
    bar.volume = sum
  }

  private func badRows() -> PassError {
    PassError(
      .input,
      "bars of '\(String(decoding: symbol, as: UTF8.self))' are out of order, or their volume outgrows 64 bits"
    )
  }
}

// MARK: - Several publishers, or nulls

extension BarAggregator {
  private mutating func appendSlowly(_ batch: borrowing BarBatch, _ rows: Range<Int>) throws {
    func value(_ column: Int, _ values: [Int64], _ row: Int) -> Int64? {
      if let bytes = batch.validity[column], bytes[row] == 0 { return nil }
      return values[row]
    }
    for row in rows {
      let time = batch.time[row]
      if time < lastTime { throw badRows() }
      lastTime = time
      let publisher = value(0, batch.publisher, row)
      let place = place(of: publisher, at: time)
      if let instrument = value(1, batch.instrument, row), !open[place].hasInstrument {
        open[place].instrument = instrument
        open[place].hasInstrument = true
      }
      if let first = value(2, batch.open, row), let high = value(3, batch.high, row),
        let low = value(4, batch.low, row), let close = value(5, batch.close, row)
      {
        if !open[place].hasPrice {
          open[place].open = first
          open[place].high = high
          open[place].low = low
          open[place].hasPrice = true
        }
        open[place].high = max(open[place].high, high)
        open[place].low = min(open[place].low, low)
        open[place].close = close
      }
      if let volume = value(6, batch.volume, row) {
        let (sum, overflow) = open[place].volume.addingReportingOverflow(volume)
        if overflow { throw badRows() }
        open[place].volume = sum
        open[place].hasVolume = true
      }
    }
  }

  /// The open bar of a publisher at a time, closing those that have ended.
  private mutating func place(of publisher: Int64?, at time: Int64) -> Int {
    if open.contains(where: { time >= $0.end }) {
      // All of one start: in the order of their publishers, as the rows of a table are.
      for bar in open where time >= bar.end { sink.append(bar) }
      open.removeAll { time >= $0.end }
    }
    if let place = open.firstIndex(where: {
      $0.hasPublisher == (publisher != nil) && (publisher == nil || $0.publisher == publisher)
    }) {
      return place
    }
    let start = start(of: time)
    let bar = OpenBar(
      start: start, end: start + interval, publisher: publisher ?? 0,
      hasPublisher: publisher != nil, instrument: 0, hasInstrument: false, open: 0, high: 0,
      low: 0, close: 0, volume: 0, hasPrice: false, hasVolume: false)
    let place = open.firstIndex { $0.publisher > bar.publisher } ?? open.count
    open.insert(bar, at: place)
    return place
  }
}
