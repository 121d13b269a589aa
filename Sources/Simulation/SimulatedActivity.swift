// The distribution of activity over a trading day.

import Columnar
import Market

/// Expected activity in every second of a day.
struct SimulatedActivity {
  /// Events of a usual day for an instrument of average liquidity.
  static let eventCountUsual = 200_000
  /// Number of mbp-1 records for ten events: a trade takes two.
  private static let recordsPerTenEvents = 11
  static let tradeShare: UInt64 = 102

  let phases: [TradingPhase]
  /// Per instrument: events per second and unit of weight, in units of 2⁻³².
  let rates: [UInt64]

  init(_ simulation: SimulatedMarket, date: CivilDate) {
    phases = simulation.hours.phases(on: date)
    let isFutures = simulation.hours == .futures
    var weightSum: UInt64 = 0
    for phase in phases {
      for second in phase.seconds { weightSum += Self.weight(phase, second, isFutures) }
    }
    // A partial day (Sunday evening) has a proportional part of the activity.
    let fullWeight = max(weightSum, isFutures ? 32_000_000 : 26_000_000)
    let liquiditySum = simulation.instruments.reduce(0) { $0 + $1.liquidity }
    let count = UInt64(simulation.instruments.count)
    let events: UInt64
    if let rows = simulation.options.rowsPerDay {
      events = UInt64(rows) * 10 / UInt64(Self.recordsPerTenEvents)
    } else {
      events =
        UInt64(Self.eventCountUsual) * count * UInt64(simulation.options.intensity) / 1024
    }
    rates = simulation.instruments.map { instrument in
      let share = events.multipliedFullWidth(by: instrument.liquidity << 32)
      let ofInstrument = Self.divide(share, by: max(1, liquiditySum))
      return ofInstrument / fullWeight
    }
  }

  /// The quotient; the largest number on overflow.
  private static func divide(
    _ dividend: (high: UInt64, low: UInt64), by divisor: UInt64
  ) -> UInt64 {
    dividend.high >= divisor ? .max : divisor.dividingFullWidth(dividend).quotient
  }

  /// Weight of a second; 1024 is the average of regular hours, whose curve is U-shaped.
  static func weight(_ phase: TradingPhase, _ second: Int, _ isFutures: Bool) -> UInt64 {
    let length = Int64(max(1, phase.seconds.count))
    let at = Int64(second - phase.seconds.lowerBound)
    switch phase.kind {
    case .regular:
      // 0.62 + 1.14 (2x − 1)², whose mean is 1.
      let x = (2 * at - length) * 1024 / length
      return UInt64(635 + x * x / 1024 * 1167 / 1024)
    case .early: return UInt64(8 + 130 * at / length)
    case .late: return UInt64(isFutures ? 120 : 16 + 120 * (length - at) / length)
    case .overnight:
      // European hours begin at seven.
      return second >= 7 * 3600 && second < 17 * 3600 ? 220 : 70
    }
  }
}
