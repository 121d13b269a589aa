import Bytes
import Ledger

/// Finds what is missing of one series in one session. Pure, so that every case can be tested.
struct SessionCheck {
  /// Consecutive empty slots that are suspicious if a symbol trades in nearly every slot.
  static let runSlotMin = 10
  /// The same for bars longer than a minute.
  static let longRunSlotMin = 2
  /// Share of slots with rows from which a symbol counts as trading in every slot.
  static let denseShare = 0.9

  /// A stretch without rows, and why.
  struct Hole: Hashable {
    var interval: Range<Int64>
    var state: GapState
    var missingSlotCount: Int
    var reason: String?
    /// Whether it covers the whole session: then adjoining holes of its kind are one gap.
    var isWholeSession = false
  }

  struct Result {
    var holes: [Hole] = []
    /// Indexes in `slots` of fetched slots without rows, except those in `holes`.
    var quiet: [Int] = []
    /// Like `quiet`, in suspicious runs.
    var lost: [Int] = []
    /// Share of fetched slots with rows, without the longest empty run unless that is more than half the
    /// session; nil if no slot was fetched or has rows.
    var share: Double?
    var hasRows = false
  }

  /// Slots of the session's trading time, ascending, as indexes since 1970.
  let slots: [Int64]
  let slotNanoseconds: Int64
  /// The session's trading time; not empty.
  let expected: [Range<Int64>]
  /// Whether one row represents the whole session: then there is one slot, or none that can be checked.
  var isDaily = false

  /// - Parameters:
  ///   - present: For each slot, whether it has rows.
  ///   - pieces: What is known of the trading time.
  func check(
    present: [Bool], pieces: [(interval: Range<Int64>, knowledge: SeriesCoverage.Knowledge)]
  ) -> Result {
    var result = Result()
    result.hasRows = present.contains(true)
    var fetched = [Bool](repeating: false, count: slots.count)
    for piece in pieces where expected.contains(where: piece.interval.overlaps) {
      let own = slotIndexes(in: piece.interval)
      let missing = own.filter { !present[$0] }
      switch piece.knowledge {
      case .stored, .empty, .byHand:
        for index in own { fetched[index] = true }
      case .degraded:
        if missing.isEmpty { continue }
        result.holes.append(
          Hole(
            interval: piece.interval, state: .degraded, missingSlotCount: missing.count,
            reason: CoverageEvent.flagged))
      case .missing(let state, let reason):
        // Rows may have come another way. A piece shorter than a slot is reported all the same.
        if missing.isEmpty, !own.isEmpty, isDaily || isSlots(piece.interval) { continue }
        result.holes.append(
          Hole(
            interval: piece.interval, state: state, missingSlotCount: missing.count,
            reason: reason, isWholeSession: !result.hasRows && isWhole(piece.interval)))
      }
    }
    checkFetched(fetched, present, isEmpty: pieces.allSatisfy { $0.knowledge == .empty }, &result)
    return result
  }

  /// Finds runs of empty slots in what was fetched.
  private func checkFetched(
    _ fetched: [Bool], _ present: [Bool], isEmpty: Bool, _ result: inout Result
  ) {
    let known = slots.indices.filter { fetched[$0] }
    if known.isEmpty { return }
    let quiet = known.filter { !present[$0] }
    if quiet.count == known.count {
      // Only the other sessions tell whether the symbol is quiet or a day was lost.
      result.share = nil
      result.holes.append(
        Hole(
          interval: interval(known), state: .noTrade, missingSlotCount: quiet.count,
          reason: isEmpty ? "the vendor says that there is nothing" : nil,
          isWholeSession: known.count == slots.count))
      return
    }
    let runs = Self.runs(quiet)
    let longest = runs.map(\.count).max() ?? 0
    let others = known.count - longest
    // A few rows at one time of day don't make a symbol that trades all the time.
    let counted = others * 2 >= known.count ? others : known.count
    let share = Double(known.count - quiet.count) / Double(counted)
    result.share = share
    let runMin = slotNanoseconds > 60_000_000_000 ? Self.longRunSlotMin : Self.runSlotMin
    for run in runs {
      if run.count >= runMin, share >= Self.denseShare {
        result.holes.append(
          Hole(
            interval: interval(Array(run)), state: .suspicious, missingSlotCount: run.count,
            reason: "no rows for so long, though there are some at nearly all other times"))
        result.lost += run
      } else {
        result.quiet += run
      }
    }
  }

  // MARK: - Slots

  /// Consecutive numbers as ranges.
  static func runs(_ indexes: [Int]) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    for index in indexes {
      if let last = runs.last, last.upperBound == index {
        runs[runs.count - 1] = last.lowerBound..<index + 1
      } else {
        runs.append(index..<index + 1)
      }
    }
    return runs
  }

  /// The trading time from the first to the last of some slots.
  func interval(_ indexes: [Int]) -> Range<Int64> {
    guard let first = indexes.first, let last = indexes.last, let opening = expected.first,
      let closing = expected.last
    else { return 0..<0 }
    if isDaily { return opening.lowerBound..<closing.upperBound }
    let start = max(slots[first] * slotNanoseconds, opening.lowerBound)
    return start..<max(start, min((slots[last] + 1) * slotNanoseconds, closing.upperBound))
  }

  /// Indexes of the slots that overlap an interval.
  private func slotIndexes(in interval: Range<Int64>) -> [Int] {
    if isDaily { return Array(slots.indices) }
    return slots.indices.filter {
      let slot = slots[$0] * slotNanoseconds..<(slots[$0] + 1) * slotNanoseconds
      return slot.overlaps(interval)
    }
  }

  private func isSlots(_ interval: Range<Int64>) -> Bool {
    interval.upperBound - interval.lowerBound >= slotNanoseconds
  }

  private func isWhole(_ interval: Range<Int64>) -> Bool {
    guard let first = expected.first, let last = expected.last else { return false }
    return interval.lowerBound <= first.lowerBound && last.upperBound <= interval.upperBound
  }

  /// The slots of some stretches of time, ascending, each once.
  static func slots(of stretches: [Range<Int64>], slotNanoseconds: Int64) -> [Int64] {
    var slots: [Int64] = []
    for stretch in stretches where !stretch.isEmpty {
      let first = floorDivide(stretch.lowerBound, slotNanoseconds)
      let last = floorDivide(stretch.upperBound - 1, slotNanoseconds)
      let next = max(first, slots.last.map { $0 + 1 } ?? first)
      if next <= last { slots += next...last }
    }
    return slots
  }
}
