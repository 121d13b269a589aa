import Bytes
import Columnar
import Tables

/// Makes the bars of one interval of trades in any order.
///
/// Left-closed, left-labelled. The first and the last trade of a bar are those by (time, sequence, time of receipt,
/// ordinal), so that neither the order of files nor that of rows matters; equal ones keep the order in which they come.
final class TradeBars {
  /// How time is cut.
  enum Cut: Hashable, Sendable {
    /// Every so many nanoseconds, from the beginning of the date on.
    case interval(Int64)
    /// A trading date.
    case day
  }

  let cut: Cut
  private let sessions: TradeSessions
  /// Only trades in it count.
  private let window: Range<Int64>
  /// Returns the label of a day's bar.
  private let label: (_ day: Int) -> Int64
  /// Where the intervals begin.
  var origin: Int64 = 0

  private(set) var bars = UnsafeMutablePointer<TradeBar>.allocate(capacity: 1024)
  private var capacity = 1024
  private(set) var count = 0
  private var index = TradeBarIndex()
  /// By series: the bar that took a trade last; -1 if none did.
  private var hints: [Int32] = []
  private(set) var totals = TradeTotals()

  init(
    _ cut: Cut, window: Range<Int64>, sessions: TradeSessions, label: @escaping (Int) -> Int64
  ) {
    self.cut = cut
    self.window = window
    self.sessions = sessions
    self.label = label
  }

  deinit { bars.deallocate() }

  /// Forgets all bars, but not the totals.
  func removeAll() {
    count = 0
    index.removeAll()
    for series in hints.indices { hints[series] = -1 }
  }

  /// Forgets some bars.
  func remove(_ gone: Set<Int>) {
    var kept = 0
    for bar in 0..<count where !gone.contains(bar) {
      bars[kept] = bars[bar]
      kept += 1
    }
    let left = kept
    removeAll()
    count = left
    for bar in 0..<count { index.insert(bar, bars) }
  }

  /// Takes some trades of a batch.
  ///
  /// - Parameter seriesCount: Series that the batch may name.
  func add(_ batch: TradeBatch, _ range: Range<Int>, seriesCount: Int) throws {
    if hints.count < seriesCount {
      hints += Array(repeating: -1, count: seriesCount - hints.count)
    }
    try totals.add(batch, range, window)
    var row = range.lowerBound
    while row < range.upperBound {
      guard let bar = try bar(batch.series[row], batch.time[row]) else {
        row += 1
        continue
      }
      let isPlain = !batch.hasTies && !batch.hasRoles
      let next =
        isPlain
        ? addPlain(bars + bar, batch, row..<range.upperBound)
        : addWithRoles(bars + bar, batch, row..<range.upperBound)
      guard let next else { throw Self.overflow }
      row = next
    }
  }

  private static let overflow = PassError(
    .input, "the volume of a bar outgrows its column",
    remedy: "check the sizes of the trades: lake query shows them")

  /// Index of the bar that a trade belongs to; nil if it is of another unit.
  private func bar(_ series: Int32, _ time: Int64) throws -> Int? {
    let hint = Int(hints[Int(series)])
    if hint >= 0, bars[hint].from <= time, time < bars[hint].to { return hint }
    guard window.contains(time) else { return nil }
    let stretch = try sessions.stretch(at: time)
    guard let day = stretch.day else { return nil }
    var (from, to) = (stretch.times.lowerBound, stretch.times.upperBound)
    let start: Int64
    switch cut {
    case .day: start = label(day)
    case .interval(let length):
      start = origin &+ floorDivide(time &- origin, length) &* length
      // A session that begins inside an interval of its own does not cut its bars.
      (from, to) = (max(start, from), min(start &+ length, to))
    }
    let found: Int
    if let known = index.find(series, start, bars) {
      found = known
      // A bar may have several stretches, with a break between them.
      (bars[known].from, bars[known].to) = (from, to)
    } else {
      found = append(
        TradeBar(from: from, to: to, start: start, series: series, day: Int32(clamping: day)))
    }
    hints[Int(series)] = Int32(found)
    return found
  }

  private func append(_ bar: TradeBar) -> Int {
    if count == capacity {
      let grown = UnsafeMutablePointer<TradeBar>.allocate(capacity: capacity * 2)
      grown.moveInitialize(from: bars, count: count)
      bars.deallocate()
      bars = grown
      capacity *= 2
    }
    (bars + count).initialize(to: bar)
    index.insert(count, bars)
    count += 1
    return count - 1
  }
}

/// Adds trades to a bar as long as they are its, all of them setting everything, in an order that needs no ties.
///
/// - Returns: The first row that is of another bar; nil if the volume outgrew its column.
private func addPlain(
  _ target: UnsafeMutablePointer<TradeBar>, _ batch: TradeBatch, _ range: Range<Int>
) -> Int? {
  let (times, sequences) = (batch.time, batch.sequence)
  let (prices, sizes, owners) = (batch.price, batch.size, batch.series)
  var bar = target.pointee
  if bar.isProvisional { (bar.isProvisional, bar.first, bar.last) = (false, .last, .first) }
  var row = range.lowerBound
  let (from, to, series) = (bar.from, bar.to, bar.series)
  var overflows = false
  while row < range.upperBound, owners[row] == series, times[row] >= from, times[row] < to {
    let (time, sequence, price, size) = (times[row], sequences[row], prices[row], sizes[row])
    if time > bar.last.time || time == bar.last.time && sequence >= bar.last.sequence {
      (bar.last.time, bar.last.sequence) = (time, sequence)
      bar.close = price
    }
    if time < bar.first.time || time == bar.first.time && sequence < bar.first.sequence {
      (bar.first.time, bar.first.sequence) = (time, sequence)
      bar.open = price
    }
    bar.high = price > bar.high ? price : bar.high
    bar.low = price < bar.low ? price : bar.low
    let (volume, isTooLarge) = bar.volume.addingReportingOverflow(size)
    let (notional, isTooWide) = bar.notional.addingReportingOverflow(
      Int128(price) &* Int128(size))
    bar.volume = volume
    bar.notional = notional
    overflows = overflows || isTooLarge || isTooWide
    row = row &+ 1
  }
  bar.count = bar.count &+ Int64(row &- range.lowerBound)
  bar.roles = TradeBatch.Role.all
  target.pointee = bar
  return overflows ? nil : row
}

/// The same for trades that set only some of a bar, or whose order needs their time of receipt.
private func addWithRoles(
  _ target: UnsafeMutablePointer<TradeBar>, _ batch: TradeBatch, _ range: Range<Int>
) -> Int? {
  var bar = target.pointee
  var row = range.lowerBound
  while row < range.upperBound, batch.series[row] == bar.series, batch.time[row] >= bar.from,
    batch.time[row] < bar.to
  {
    let roles = batch.hasRoles ? batch.roles[row] : TradeBatch.Role.all
    let (price, size) = (batch.price[row], batch.size[row])
    var key = TradeKey(
      time: batch.time[row], sequence: batch.sequence[row], received: 0, ordinal: 0)
    if batch.hasTies { (key.received, key.ordinal) = (batch.received[row], batch.ordinal[row]) }
    row += 1
    if roles == 0 { continue }
    let setsEnds = roles & TradeBatch.Role.openClose != 0
    if setsEnds, bar.isProvisional {
      (bar.isProvisional, bar.first, bar.last) = (false, .last, .first)
    }
    if setsEnds || bar.isProvisional && roles & TradeBatch.Role.highLow != 0 {
      if !(key < bar.last) { (bar.last, bar.close) = (key, price) }
      if key < bar.first { (bar.first, bar.open) = (key, price) }
    }
    if roles & TradeBatch.Role.highLow != 0 {
      bar.high = max(bar.high, price)
      bar.low = min(bar.low, price)
    }
    if roles & TradeBatch.Role.volume != 0 {
      let (volume, isTooLarge) = bar.volume.addingReportingOverflow(size)
      let (notional, isTooWide) = bar.notional.addingReportingOverflow(
        Int128(price) &* Int128(size))
      if isTooLarge || isTooWide { return nil }
      (bar.volume, bar.notional) = (volume, notional)
    }
    bar.count += 1
    bar.roles |= roles
  }
  target.pointee = bar
  return row
}

/// Figures that bars must have in common with their trades.
struct TradeTotals: Equatable {
  var volume: Int128 = 0
  var count: Int64 = 0
  var high = Int64.min
  var low = Int64.max

  /// Adds the trades of a window.
  mutating func add(_ batch: TradeBatch, _ range: Range<Int>, _ window: Range<Int64>) throws {
    let (times, prices, sizes) = (batch.time, batch.price, batch.size)
    let (from, to) = (window.lowerBound, window.upperBound)
    var sum: Int64 = 0
    var overflows = false
    for row in range where times[row] >= from && times[row] < to {
      let roles = batch.hasRoles ? batch.roles[row] : TradeBatch.Role.all
      if roles == 0 { continue }
      count = count &+ 1
      if roles & TradeBatch.Role.highLow != 0 {
        high = max(high, prices[row])
        low = min(low, prices[row])
      }
      if roles & TradeBatch.Role.volume != 0 {
        let (total, isTooLarge) = sum.addingReportingOverflow(sizes[row])
        sum = total
        overflows = overflows || isTooLarge
      }
    }
    if overflows { throw PassError(.input, "the volume of a page of trades outgrows its column") }
    volume += Int128(sum)
  }

  /// The figures that bars made of these must have too.
  func conserved(in made: TradeTotals) -> [Conserved] {
    func text(_ price: Int64) -> String {
      price == .min || price == .max ? "none" : "\(price)"
    }
    return [
      Conserved("volume", before: volume, after: made.volume),
      Conserved("trades", before: count, after: made.count),
      Conserved("highest price", before: text(high), after: text(made.high)),
      Conserved("lowest price", before: text(low), after: text(made.low)),
    ]
  }
}
