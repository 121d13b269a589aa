import Bytes
import Columnar
import Databento

/// Aggregates one-second bars into longer ones and writes all of them.
struct SimulatedBars {
  private struct Level {
    let sink: RecordSink
    /// Length of a bar in seconds.
    let length: Int
    /// Per instrument; empty for bars of one second, where the book's own bar is used.
    var bars: [SimulatedBar]
    var start = -1
  }

  private var levels: [Level] = []
  private let dayStart: UInt64
  private let instruments: [SimulatedInstrument]
  private let publisherID: UInt16

  var isEmpty: Bool { levels.isEmpty }

  init(sinks: [RecordSink], simulation: SimulatedMarket, dayStart: UInt64) {
    self.dayStart = dayStart
    instruments = simulation.instruments
    publisherID = simulation.publisherID
    for sink in sinks {
      guard let length = Self.length(sink.kind) else { continue }
      let bars = [SimulatedBar](
        repeating: SimulatedBar(), count: length == 1 ? 0 : instruments.count)
      levels.append(Level(sink: sink, length: length, bars: bars))
    }
  }

  private static func length(_ kind: RecordKind) -> Int? {
    switch kind {
    case .ohlcv1s: 1
    case .ohlcv1m: 60
    case .ohlcv1h: 3600
    case .ohlcv1d: 86_400
    default: nil
    }
  }

  /// Takes the bars of a second from the books.
  ///
  /// - Parameter traded: Instruments with trades in that second, in order.
  mutating func close(
    second: Int, traded: [Int], _ books: UnsafeMutableBufferPointer<SimulatedBook>
  ) throws {
    for index in levels.indices {
      let start = second / levels[index].length * levels[index].length
      if start != levels[index].start {
        try flush(index)
        levels[index].start = start
      }
      for instrument in traded {
        if levels[index].length == 1 {
          try put(books[instrument].bar, instrument, start, levels[index].sink)
        } else {
          levels[index].bars[instrument].merge(books[instrument].bar)
        }
      }
    }
    for instrument in traded { books[instrument].bar = SimulatedBar() }
  }

  /// Writes the unfinished bars.
  mutating func finish() throws {
    for index in levels.indices { try flush(index) }
  }

  private mutating func flush(_ index: Int) throws {
    for instrument in levels[index].bars.indices where levels[index].bars[instrument].volume > 0 {
      try put(
        levels[index].bars[instrument], instrument, levels[index].start, levels[index].sink)
      levels[index].bars[instrument] = SimulatedBar()
    }
  }

  private func put(
    _ bar: SimulatedBar, _ instrument: Int, _ second: Int, _ sink: RecordSink
  ) throws {
    let tick = instruments[instrument].tick
    let record = try sink.append()
    record.storeLE(publisherID, 2)
    record.storeLE(instruments[instrument].id, 4)
    record.storeLE(dayStart + UInt64(second) * 1_000_000_000, 8)
    record.storeLE(bar.open * tick, 16)
    record.storeLE(bar.high * tick, 24)
    record.storeLE(bar.low * tick, 32)
    record.storeLE(bar.close * tick, 40)
    record.storeLE(bar.volume, 48)
  }
}
