// Simulates one day second by second, so that memory use does not depend on its length.

import Bytes
import Columnar
import Databento
import Market

/// Simulates one day and writes its files.
struct SimulatedDay {
  /// Most events of one instrument in a second.
  private static let eventCountMax = 200_000
  private static let nanosecondsPerSecond: UInt64 = 1_000_000_000

  private let simulation: SimulatedMarket
  private let date: CivilDate
  private let dayStart: UInt64
  private let activity: SimulatedActivity
  private let sinks: [RecordKind: RecordSink]
  private let quoteSink: RecordSink?
  private let quotedTradeSink: RecordSink?
  private let tradeSink: RecordSink?
  /// Whether individual events are written, not only bars.
  private let hasTicks: Bool
  private var bars: SimulatedBars
  private let books: UnsafeMutableBufferPointer<SimulatedBook>
  private let pace: UnsafeMutableBufferPointer<Pace>
  private var keys: [UInt64] = []
  private var traded: [Int] = []
  private var sequence: UInt32 = 0
  private let scratch: UnsafeMutableRawPointer

  /// Current activity of an instrument.
  private struct Pace {
    var random: SimulatorRandom
    /// Relative activity, 1024 being normal; a random walk by minute.
    var level: Int64 = 1024
    var isQuiet = false
    /// Seconds of the day in which trading is halted; empty for none.
    var halt: Range<Int> = 0..<0
    /// Prices at the start and end of the day, in ticks, between which the target moves on a line.
    var firstTarget: Int64
    var lastTarget: Int64
    /// Deviation of the target from that line, in 1/1024 ticks.
    var wander: Int64 = 0
  }

  init(_ simulation: SimulatedMarket, date: CivilDate, sinks: [RecordKind: RecordSink]) {
    self.simulation = simulation
    self.date = date
    self.sinks = sinks
    dayStart = UInt64(date.daysSinceEpoch) * 86_400 * Self.nanosecondsPerSecond
    activity = SimulatedActivity(simulation, date: date)
    bars = SimulatedBars(
      sinks: simulation.options.schemas.compactMap { sinks[$0] }, simulation: simulation,
      dayStart: dayStart)
    books = .allocate(capacity: simulation.instruments.count)
    scratch = .allocate(byteCount: 128, alignment: 16)
    quoteSink = sinks[.mbp1]
    quotedTradeSink = sinks[.tbbo]
    tradeSink = sinks[.trades]
    hasTicks = quoteSink != nil || quotedTradeSink != nil || tradeSink != nil
    pace = .allocate(capacity: simulation.instruments.count)
    let next = CivilDate(daysSinceEpoch: date.daysSinceEpoch + 1)
    for (index, instrument) in simulation.instruments.enumerated() {
      let seed = simulation.options.seed
      let first = instrument.anchor(on: date, seed: seed) / instrument.tick
      let last = instrument.anchor(on: next, seed: seed) / instrument.tick
      let key = SimulatorRandom.hash(instrument.symbol)
      let day = UInt64(bitPattern: Int64(date.daysSinceEpoch))
      let expected = Self.eventCount(activity, index)
      books.initializeElement(
        at: index,
        to: SimulatedBook(
          random: SimulatorRandom(seed: seed, key, day, 1), price: first, lot: instrument.lot,
          tradeShare: SimulatedActivity.tradeShare,
          moveShare: min(160, max(4, 24_000 * 1024 / max(1, expected)))))
      var random = SimulatorRandom(seed: seed, key, day, 2)
      let halt = Self.halt(&random, activity.phases, isFuture: instrument.isFuture)
      pace.initializeElement(
        at: index, to: Pace(random: random, halt: halt, firstTarget: first, lastTarget: last))
    }
  }

  private static func eventCount(_ activity: SimulatedActivity, _ index: Int) -> UInt64 {
    // A normal day has a total weight of about 30 million.
    (activity.rates[index] * 30_000_000) >> 32
  }

  /// One stock in 64 is halted for five minutes of regular hours.
  private static func halt(
    _ random: inout SimulatorRandom, _ phases: [TradingPhase], isFuture: Bool
  ) -> Range<Int> {
    let dice = random.next()
    guard !isFuture, dice % 64 == 0, let regular = phases.first(where: { $0.kind == .regular })
    else { return 0..<0 }
    let start = regular.seconds.lowerBound + Int((dice >> 8) % UInt64(regular.seconds.count - 600))
    return start..<start + 300
  }

  /// Simulates the day. Call it once.
  ///
  /// - Returns: False if it was stopped.
  mutating func run(shouldStop: () -> Bool) throws -> Bool {
    defer {
      books.deallocate()
      pace.deallocate()
      scratch.deallocate()
    }
    try putDefinitions()
    let isQuiet = sinks.keys.allSatisfy { $0 == .definition }
    for phase in activity.phases where !isQuiet {
      for second in phase.seconds {
        if second % 60 == 0 || second == phase.seconds.lowerBound {
          if shouldStop() { return false }
          turnMinute(second)
        }
        try putStatus(second, phase)
        try simulate(phase, second)
      }
      try putClose(phase)
    }
    try bars.finish()
    return true
  }

  /// Per-minute changes: the instruments' activity and target prices.
  private mutating func turnMinute(_ second: Int) {
    for index in pace.indices {
      let dice = pace[index].random.next()
      let step = Int64(dice & 511) - 256 + (1024 - pace[index].level) / 8
      pace[index].level = min(max(pace[index].level + step, 256), 3072)
      pace[index].isQuiet = (dice >> 16) % 400 == 0
      let distance = pace[index].lastTarget - pace[index].firstTarget
      // About 0.03 % of the price per minute, typical of stocks.
      let stride = max(1500, pace[index].firstTarget * 3 / 10)
      pace[index].wander += (Int64((dice >> 32) % 41) - 20) * stride / 20
      pace[index].wander -= pace[index].wander / 256
      let line = pace[index].firstTarget + distance * Int64(second) / 86_400
      books[index].target = max(4, line + pace[index].wander / 1024)
    }
  }

  // MARK: - Events

  private mutating func simulate(_ phase: TradingPhase, _ second: Int) throws {
    let weight = SimulatedActivity.weight(phase, second, simulation.hours == .futures)
    keys.removeAll(keepingCapacity: true)
    for index in pace.indices {
      let count = drawCount(index, weight, second)
      if count > 0 { addTimes(index, count) }
    }
    if keys.isEmpty { return }
    if pace.count > 1 { keys.sort() }
    let start = dayStart + UInt64(second) * Self.nanosecondsPerSecond
    traded.removeAll(keepingCapacity: true)
    for key in keys {
      try happen(Int(key & 0xFFFF), offset: key >> 16, start: start)
    }
    if !traded.isEmpty {
      traded.sort()
      try bars.close(second: second, traded: traded, books)
    }
  }

  /// Number of events of an instrument in a second.
  @inline(__always)
  private mutating func drawCount(_ index: Int, _ weight: UInt64, _ second: Int) -> Int {
    let dice = pace[index].random.next()
    if pace[index].isQuiet || pace[index].halt.contains(second) { return 0 }
    // In units of 2⁻³²: the average of this second, times a random factor from 0.5 to 1.5.
    let mean = (activity.rates[index] * weight * UInt64(pace[index].level)) >> 10
    let drawn = (mean >> 10) * (512 + (dice & 1023))
    // The fraction is the probability of one more event.
    let isOneMore = drawn & 0xFFFF_FFFF > (dice >> 20) & 0xFFFF_FFFF
    return min(Int(drawn >> 32) + (isOneMore ? 1 : 0), Self.eventCountMax)
  }

  /// Appends the times of an instrument's events in ascending order: one in each of `count` equal intervals.
  @inline(__always)
  private mutating func addTimes(_ index: Int, _ count: Int) {
    let part = Self.nanosecondsPerSecond / UInt64(count)
    for event in 0..<UInt64(count) {
      let offset = event * part + pace[index].random.next(below: part)
      keys.append(offset << 16 | UInt64(index))
    }
  }

  @inline(__always)
  private mutating func happen(_ index: Int, offset: UInt64, start: UInt64) throws {
    let hadTraded = books[index].bar.volume > 0
    let record = scratch
    if hasTicks {
      let delay = min(offset, 20_000 &+ (offset &* 0x9E37_79B9 & 0x3_FFFF))
      record.storeLE(simulation.publisherID, 2)
      record.storeLE(simulation.instruments[index].id, 4)
      record.storeLE(start + offset - delay, 8)
      record.storeLE(UInt8(0), 31)
      record.storeLE(start + offset, 32)
      record.storeLE(Int32(truncatingIfNeeded: min(delay, 12_000 &+ offset & 0x1FFF)), 40)
    }
    // A trade record shows the book before the trade, and is followed by a record of the trade's effect.
    let event = books[index].next()
    let isTrade = event.action == BookEvent.trade
    if isTrade && !hadTraded { traded.append(index) }
    if hasTicks { try put(event, index, record, isLast: !isTrade) }
    if isTrade {
      let settled = books[index].settle(event)
      if hasTicks { try put(settled, index, record, isLast: true) }
    }
  }

  @inline(__always)
  private mutating func put(
    _ event: BookEvent, _ index: Int, _ record: UnsafeMutableRawPointer, isLast: Bool
  ) throws {
    let tick = simulation.instruments[index].tick
    sequence &+= 1
    record.storeLE(event.price &* tick, 16)
    record.storeLE(event.size, 24)
    record.storeLE(event.action, 28)
    record.storeLE(event.side, 29)
    record.storeLE(UInt8(isLast ? 130 : 0), 30)
    record.storeLE(sequence, 44)
    books[index].putLevels(record, tick: tick)
    if let quoteSink { try quoteSink.append(copying: record) }
    if event.action == BookEvent.trade {
      if let quotedTradeSink { try quotedTradeSink.append(copying: record) }
      if let tradeSink { try tradeSink.append(copying: record) }
    }
  }

  // MARK: - Definitions and status

  /// Writes a definition of every instrument at the start of the day.
  private func putDefinitions() throws {
    guard let sink = sinks[.definition] else { return }
    for (index, instrument) in simulation.instruments.enumerated() {
      let definition = SimulatedDefinition(
        instrument: instrument, date: date, publisherID: simulation.publisherID,
        time: dayStart + UInt64(index) * 1000, simulation: simulation)
      definition.put(try sink.append())
    }
  }

  /// Writes openings, halts and resumptions that fall on the start of a second.
  private func putStatus(_ second: Int, _ phase: TradingPhase) throws {
    guard let sink = sinks[.status] else { return }
    // Regular and extended hours are contiguous: no close in between.
    let isOpening =
      second == phase.seconds.lowerBound
      && !activity.phases.contains { $0.seconds.upperBound == second }
    for index in 0..<pace.count {
      let halt = pace[index].halt
      if isOpening || (second == halt.upperBound && !halt.isEmpty) {
        try putStatus(sink, index, second, action: 7, isTrading: true)
      }
      if second == halt.lowerBound && !halt.isEmpty {
        try putStatus(sink, index, second, action: 8, isTrading: false)
      }
    }
  }

  /// Writes the close at the end of a phase that is not followed immediately by another; midnight is not a
  /// close.
  private func putClose(_ phase: TradingPhase) throws {
    let end = phase.seconds.upperBound
    guard let sink = sinks[.status], end < 86_400,
      !activity.phases.contains(where: { $0.seconds.lowerBound == end })
    else { return }
    for index in 0..<pace.count {
      try putStatus(sink, index, end, action: 12, isTrading: false)
    }
  }

  private func putStatus(
    _ sink: RecordSink, _ index: Int, _ second: Int, action: UInt16, isTrading: Bool
  ) throws {
    let time = dayStart + UInt64(second) * Self.nanosecondsPerSecond
    let record = try sink.append()
    record.storeLE(simulation.publisherID, 2)
    record.storeLE(simulation.instruments[index].id, 4)
    record.storeLE(time, 8)
    record.storeLE(time, 16)
    record.storeLE(action, 24)
    record.storeLE(UInt16(action == 8 ? 3 : 1), 26)  // a market event, or scheduled
    record.storeLE(UInt8(ascii: isTrading ? "Y" : "N"), 30)
    record.storeLE(UInt8(ascii: isTrading ? "Y" : "N"), 31)
    record.storeLE(UInt8(ascii: "~"), 32)
  }
}
