import Catalog
import Columnar
import Market

/// How closely a record kind can be checked for gaps.
enum GapDepth: Hashable, Sendable {
  /// Bars shorter than a day, and ticks: slots of a session, of this length in ns.
  case slots(Int64)
  /// Bars of a day: one row per session.
  case sessions
  /// Rows exist only if something happened: only the requests can be checked.
  case coverage
  /// Lists of the days that somebody asked for: no other day is missing.
  case nothing

  private static let minute: Int64 = 60_000_000_000
  private static let tickKinds = ["trades", "tbbo", "tcbbo", "mbo", "mbp", "bbo", "cmbp", "cbbo"]
  private static let listKinds = ["massive-option-contracts", "massive-open-close"]
  private static let tickWords = ["trades", "quotes"]

  init(_ schema: TableSchema?) {
    guard let schema else {
      self = .coverage
      return
    }
    if let interval = schema.interval {
      let length = interval.nanoseconds
      if length >= Interval.day.nanoseconds {
        self = length == Interval.day.nanoseconds ? .sessions : .coverage
      } else {
        self = interval.dividesDay ? .slots(max(length, Self.minute)) : .coverage
      }
      return
    }
    let words = schema.kind.split(separator: "-").map(String.init)
    if Self.listKinds.contains(schema.kind) {
      self = .nothing
      return
    }
    let isTick =
      words.first.map(Self.tickKinds.contains) == true
      || words.last.map(Self.tickWords.contains) == true
    self = isTick ? .slots(Self.minute) : .coverage
  }

  var slotNanoseconds: Int64 {
    if case .slots(let length) = self { return length }
    return CivilDate.nanosecondsPerDay
  }
}
