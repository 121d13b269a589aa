import Bytes
import Columnar

/// Which slots of time have rows, by day and series: one bit per slot.
///
/// A slot is a minute, or a bar's length if that is longer.
struct PresenceMap {
  /// Length of a slot in ns; divides a day.
  let slotNanoseconds: Int64
  let slotsPerDay: Int
  private let wordsPerDay: Int
  /// `words` of each series of a day, end to end; `offsets` has the index of the first, by series.
  private struct Day {
    var offsets: [Int32: Int] = [:]
    var words: [UInt64] = []
  }
  /// By day since 1970 UTC.
  private var days: [Int: Day] = [:]

  init(slotNanoseconds: Int64) {
    self.slotNanoseconds = slotNanoseconds
    slotsPerDay = Int(CivilDate.nanosecondsPerDay / slotNanoseconds)
    wordsPerDay = (slotsPerDay + 63) / 64
  }

  /// Marks the slots of rows.
  ///
  /// - Parameters:
  ///   - series: One number per row; rows with negative ones are skipped.
  ///   - times: Microseconds since 1970 UTC.
  mutating func add(series: [Int32], times: [Int64]) {
    let slotLength = slotNanoseconds / 1000
    var (slotStart, slotEnd) = (Int64.max, Int64.min)
    var last: Int32 = -1
    for row in 0..<min(series.count, times.count) {
      let time = times[row]
      if series[row] < 0 { continue }
      // Rows are sorted by series and time: most are in the slot of the previous one.
      if series[row] == last, slotStart <= time, time < slotEnd { continue }
      last = series[row]
      let slot = floorDivide(time, slotLength)
      slotStart = slot * slotLength
      slotEnd = slotStart + slotLength
      mark(series: last, slot: slot)
    }
  }

  /// Marks one slot, given as its index since 1970.
  mutating func mark(series: Int32, slot: Int64) {
    let day = floorDivide(slot, Int64(slotsPerDay))
    let bit = Int(slot - day * Int64(slotsPerDay))
    let width = wordsPerDay
    withDay(Int(day)) { held in
      let offset =
        held.offsets[series]
        ?? {
          let offset = held.words.count
          held.words.append(contentsOf: repeatElement(0, count: width))
          held.offsets[series] = offset
          return offset
        }()
      held.words[offset + bit / 64] |= 1 << UInt64(bit % 64)
    }
  }

  private mutating func withDay(_ day: Int, _ body: (inout Day) -> Void) {
    body(&days[day, default: Day()])
  }

  /// Drops the days before `day`.
  mutating func drop(before day: Int) {
    for known in days.keys where known < day { days[known] = nil }
  }

  /// The series that have rows on any of some days.
  func series(days wanted: ClosedRange<Int>) -> Set<Int32> {
    var found: Set<Int32> = []
    for day in wanted { if let held = days[day] { found.formUnion(held.offsets.keys) } }
    return found
  }

  /// Whether any series has rows in a stretch of time, in ns since 1970 UTC.
  ///
  /// A session may span two UTC days, which other sessions share.
  func hasRows(in stretch: Range<Int64>) -> Bool {
    if stretch.isEmpty { return false }
    let first = floorDivide(stretch.lowerBound, slotNanoseconds)
    let last = floorDivide(stretch.upperBound - 1, slotNanoseconds)
    let perDay = Int64(slotsPerDay)
    for day in floorDivide(first, perDay)...floorDivide(last, perDay) {
      guard let held = days[Int(day)], !held.words.isEmpty else { continue }
      let (start, end) = (max(first - day * perDay, 0), min(last - day * perDay, perDay - 1))
      let mask = (0..<wordsPerDay).map { Self.mask(Int(start)...Int(end), ofWord: $0) }
      for offset in stride(from: 0, to: held.words.count, by: wordsPerDay)
      where mask.indices.contains(where: { held.words[offset + $0] & mask[$0] != 0 }) {
        return true
      }
    }
    return false
  }

  /// The bits of a word that lie in a range of a day's bits.
  private static func mask(_ bits: ClosedRange<Int>, ofWord word: Int) -> UInt64 {
    let (low, high) = (max(bits.lowerBound - word * 64, 0), min(bits.upperBound - word * 64, 63))
    if low > high { return 0 }
    return (.max << UInt64(low)) & (.max >> UInt64(63 - high))
  }

  /// For each slot, given as its index since 1970: whether a series has rows in it.
  func presence(series: Int32, slots: [Int64]) -> [Bool] {
    var result = [Bool](repeating: false, count: slots.count)
    var known: (day: Int, first: Int64, words: [UInt64], offset: Int)?
    for (at, slot) in slots.enumerated() {
      if known.map({ slot - $0.first < 0 || slot - $0.first >= Int64(slotsPerDay) }) ?? true {
        let day = Int(floorDivide(slot, Int64(slotsPerDay)))
        let held = days[day]
        known = (
          day, Int64(day) * Int64(slotsPerDay), held?.words ?? [], held?.offsets[series] ?? -1
        )
      }
      guard let known, known.offset >= 0 else { continue }
      let bit = Int(slot - known.first)
      result[at] = known.words[known.offset + bit / 64] >> UInt64(bit % 64) & 1 == 1
    }
    return result
  }
}
