import TestSupport
import Testing

@testable import Passes
@testable import Tables

/// Longer bars can be made from shorter ones. They must equal those made from the source directly.
@Suite struct BarStageTests {
  private struct Row: Equatable {
    var symbol: Int32
    /// time, publisher, instrument, open, high, low, close, volume
    var values: [Int64]
    var flag: UInt8
  }

  /// Seconds of a few symbols, of one or more publishers, with or without missing values.
  private func source(_ seed: UInt64, publishers: Int64, lacking: Bool) -> BarColumns {
    var random = SeededGenerator(seed: seed)
    let bars = BarColumns()
    for symbol in Int32(0)..<4 {
      bars.beginRun(symbol)
      // The first begins before 1970.
      for second in Int64(-200)..<2000 where Int.random(in: 0..<4, using: &random) == 0 {
        for publisher in 1...publishers where publisher == 1 || Bool.random(using: &random) {
          bars.reserve(bars.count + 1)
          var flag = BarColumns.Flag.all
          if lacking { flag = UInt8.random(in: 0...15, using: &random) }
          let prices = (0..<4).map { _ in Int64.random(in: -50...50, using: &random) }
          let values =
            [flag & BarColumns.Flag.publisher == 0 ? 0 : publisher, Int64(symbol)] + prices
            + [Int64.random(in: 0...9, using: &random)]
          for (column, value) in zip(bars.columns, [second * 1_000_000] + values) {
            column[bars.count] = value
          }
          if flag & BarColumns.Flag.instrument == 0 { bars.instrument[bars.count] = 0 }
          if flag & BarColumns.Flag.volume == 0 { bars.volume[bars.count] = 0 }
          if lacking {
            bars.beginMissing()
            bars.flags[bars.count] = flag
          }
          bars.extendWithFlags(1)
        }
      }
    }
    return bars
  }

  private func rows(_ bars: BarColumns) -> [Row] {
    bars.runs.indices.flatMap { index in
      bars.rows(ofRun: index).map { row in
        Row(
          symbol: bars.runs[index].code, values: bars.columns.map { $0[row] },
          flag: bars.flag(row))
      }
    }
  }

  private func stage(_ seconds: Int64, _ bars: BarColumns) throws -> BarStage {
    let names = SymbolNames()
    for symbol in "ABCD" { names.texts.append(String(symbol)) }
    let encoder = BarEncoder(schema: try .named("ohlcv-1m"), options: .init())
    let sink = BarSink(encoder: encoder) { throw PassError(.input, "no file in this test") }
    return BarStage(interval: seconds * 1_000_000, rows: bars, sink: sink, names: names)
  }

  /// A naive implementation, row by row.
  private func expected(_ bars: [Row], seconds: Int64) -> [Row] {
    let length = seconds * 1_000_000
    var made: [Row] = []
    for bar in bars {
      let rest = bar.values[0] % length
      let start = bar.values[0] - (rest < 0 ? rest + length : rest)
      let hasPublisher = bar.flag & BarColumns.Flag.publisher
      let index =
        made.indices.suffix(8).last {
          made[$0].symbol == bar.symbol && made[$0].values[0] == start
            && made[$0].values[1] == bar.values[1]
            && made[$0].flag & BarColumns.Flag.publisher == hasPublisher
        } ?? made.count
      if index == made.count {
        let empty = [start, bar.values[1], 0, 0, 0, 0, 0, 0]
        made.append(Row(symbol: bar.symbol, values: empty, flag: hasPublisher))
      }
      let known = made[index]
      if bar.flag & ~known.flag & BarColumns.Flag.instrument != 0 {
        made[index].values[2] = bar.values[2]
      }
      if bar.flag & BarColumns.Flag.price != 0 {
        let isFirst = known.flag & BarColumns.Flag.price == 0
        made[index].values[3] = isFirst ? bar.values[3] : known.values[3]
        made[index].values[4] = isFirst ? bar.values[4] : max(known.values[4], bar.values[4])
        made[index].values[5] = isFirst ? bar.values[5] : min(known.values[5], bar.values[5])
        made[index].values[6] = bar.values[6]
      }
      made[index].values[7] += bar.values[7]
      made[index].flag |= bar.flag
    }
    return made.enumerated().sorted { left, right in
      let (a, b) = (left.element, right.element)
      return (Int(a.symbol), a.values[0], a.values[1], left.offset)
        < (Int(b.symbol), b.values[0], b.values[1], right.offset)
    }.map(\.element)
  }

  @Test(arguments: [(1, false), (3, false), (1, true), (3, true)])
  func chainedBarsAreThoseOfTheSource(publishers: Int64, lacking: Bool) throws {
    for seed in UInt64(1)...6 {
      let source = source(seed, publishers: publishers, lacking: lacking)
      let made = [Int64(5), 15, 60].map { (seconds: $0, bars: BarColumns()) }
      let stages = try made.map { try stage($0.seconds, $0.bars) }
      stages[0].add(stages[1])
      stages[1].add(stages[2])
      var random = SeededGenerator(seed: seed)
      var first = 0
      while first < source.count {
        let end = min(source.count, first + Int.random(in: 1...97, using: &random))
        stages[0].append(source, first..<end)
        first = end
      }
      stages[0].finish()
      for (seconds, bars) in made {
        #expect(
          rows(bars) == expected(rows(source), seconds: seconds), "\(seconds) s, seed \(seed)")
      }
      #expect(stages.allSatisfy { $0.failure == nil })
    }
  }
}
