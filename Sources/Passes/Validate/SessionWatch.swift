import Bytes
import Columnar
import Glibc
import Market

/// What is known of a series in the session that it is in.
struct SessionTally {
  /// The stretch of trading time; empty before the first.
  fileprivate(set) var stretch: Range<Int64> = 0..<0
  fileprivate var rowCount = 0
  fileprivate var first: Int64 = 0
  fileprivate var last: Int64 = 0
  /// Long stretches without rows, as times of the first missing bar and of the next row.
  fileprivate var holes: [Range<Int64>] = []
}

/// A stretch of a session without rows, though there are some at nearly all other times.
struct SessionGap: Hashable {
  var times: Range<Int64>
  var missingCount: Int
}

/// Finds rows outside the sessions of a calendar, and gaps within them.
///
/// A period without a trade has no bar, so that a missing bar alone is no fault. A gap is a run of missing bars that is far longer
/// than chance explains, in a series that has most of a session's bars: with a share q of bars missing elsewhere, the
/// longest run of n bars is about log n / log(1/q).
///
/// Source: M. F. Schilling, "The longest run of heads", College Mathematics Journal 21 (1990).
final class SessionWatch {
  /// Gaps of fewer bars are never told: trading pauses of five minutes are common.
  private static let slotMin = 6
  /// Share of bars from which a series is said to have most of them.
  private static let denseShare = 0.95
  /// Sessions of fewer bars tell nothing.
  private static let sessionSlotMin = 30
  /// Holes that are remembered of a session.
  private static let holeMax = 256

  /// The calendar's.
  var name: String { calendar.name }
  private let calendar: ExchangeCalendar
  private let interval: Int64?
  /// Whether its bars are of days or longer.
  private let isDaily: Bool
  private let zones: [TimeZoneRules]
  private let dates: TradeSessions
  /// Stretches of trading time by the first instant of the trading date.
  private var stretches: [Int: [Range<Int64>]] = [:]

  /// - Parameters:
  ///   - interval: Of the bars; nil: gaps are not looked for.
  ///   - zones: In which bars of days may begin.
  init(_ calendar: ExchangeCalendar, interval: Interval?, zones: [TimeZoneRules]) {
    self.calendar = calendar
    self.zones = zones
    isDaily = interval.map { $0.nanoseconds >= CivilDate.nanosecondsPerDay } ?? false
    self.interval = interval.flatMap {
      $0.nanoseconds < CivilDate.nanosecondsPerDay ? $0.nanoseconds : nil
    }
    dates = TradeSessions(.dates(calendar))
  }

  /// Looks at the times of a series.
  ///
  /// - Parameter tell: Takes rows outside of all sessions.
  /// - Returns: Gaps in sessions that are over.
  func add(
    _ time: UnsafeMutablePointer<Int64>, _ rows: Range<Int>, _ tally: inout SessionTally,
    outside tell: (Range<Int>) -> Void
  ) throws -> [SessionGap] {
    var gaps: [SessionGap] = []
    var row = rows.lowerBound
    while row < rows.upperBound {
      guard knows(time[row]) else {
        row += 1
        continue
      }
      if isDaily {
        if try !isSession(ofDayAt: time[row]) { tell(row..<row + 1) }
        row += 1
        continue
      }
      let found = try dates.stretch(at: time[row])
      var end = row + 1
      while end < rows.upperBound, found.times.contains(time[end]) { end += 1 }
      if let day = found.day {
        if interval != nil { try add(time, row..<end, day: day, &tally, &gaps) }
      } else if interval != nil || time[row] % CivilDate.nanosecondsPerDay != 0 {
        // Bars of an unknown length at midnight may be of days.
        tell(row..<end)
      }
      row = end
    }
    return gaps
  }

  /// Gaps in the last session of a series.
  func finish(_ tally: SessionTally) -> [SessionGap] { gaps(of: tally) }

  /// Whether a bar of a day is of a date with a session.
  private func isSession(ofDayAt time: Int64) throws -> Bool {
    let day = CivilDate.nanosecondsPerDay
    // Labelled by midnight of UTC, or of a zone.
    if time % day == 0 { return try isSession(Int(time / day)) }
    for zone in zones {
      let date = zone.localDay(nanoseconds: time)
      let start = zone.startOfDay(date).multipliedReportingOverflow(by: 1_000_000_000).partialValue
      if start == time { return try isSession(date) }
    }
    return try dates.stretch(at: time).day != nil
  }

  private func isSession(_ day: Int) throws -> Bool {
    let date = CivilDate(daysSinceEpoch: day)
    guard calendar.firstDate <= date, date <= calendar.lastDate else { return true }
    return try calendar.session(on: date) != nil
  }

  /// Whether the calendar knows a time at all.
  private func knows(_ time: Int64) -> Bool {
    let day = floorDivide(time, CivilDate.nanosecondsPerDay)
    return calendar.firstDate.daysSinceEpoch <= Int(day)
      && Int(day) <= calendar.lastDate.daysSinceEpoch
  }

  private func add(
    _ time: UnsafeMutablePointer<Int64>, _ rows: Range<Int>, day: Int, _ tally: inout SessionTally,
    _ gaps: inout [SessionGap]
  ) throws {
    guard let interval else { return }
    let own = try tradingStretches(day)
    for row in rows {
      let at = time[row]
      if !tally.stretch.contains(at) {
        guard let stretch = own.first(where: { $0.contains(at) }) else { continue }
        gaps += self.gaps(of: tally)
        tally = SessionTally()
        tally.stretch = stretch
        tally.first = at
        // Whether a series should begin with the session is not known: a file may be cut anywhere.
        tally.last = at - interval
      }
      if at <= tally.last { continue }
      if at - tally.last > Int64(Self.slotMin) * interval, tally.holes.count < Self.holeMax {
        tally.holes.append(tally.last + interval..<at)
      }
      tally.rowCount += 1
      tally.last = at
    }
  }

  private func tradingStretches(_ day: Int) throws -> [Range<Int64>] {
    if let known = stretches[day] { return known }
    let own = try calendar.session(on: CivilDate(daysSinceEpoch: day))?.tradingStretches ?? []
    stretches[day] = own
    return own
  }

  private func gaps(of tally: SessionTally) -> [SessionGap] {
    guard let interval, !tally.stretch.isEmpty, tally.rowCount > 0 else { return [] }
    let slotCount = Int((tally.last - tally.first) / interval) + 1
    let holes = tally.holes
    if holes.isEmpty || slotCount < Self.sessionSlotMin { return [] }
    let found = holes.map {
      SessionGap(times: $0, missingCount: Int(($0.upperBound - $0.lowerBound) / interval))
    }
    let elsewhere = slotCount - found.reduce(0) { $0 + $1.missingCount }
    guard elsewhere * 2 >= slotCount,
      Double(tally.rowCount) >= Self.denseShare * Double(elsewhere)
    else { return [] }
    let missing = max(1, elsewhere - tally.rowCount)
    let share = min(0.5, Double(missing) / Double(elsewhere))
    let natural = log(Double(slotCount)) / log(1 / share)
    return found.filter { Double($0.missingCount) > 3 * natural + 3 }
  }
}
