import Columnar
import Market

// What the times of the first rows tell of the bars' length.

extension FileInspection {
  /// The distances between the times of neighbouring rows of one symbol, in nanoseconds, none of them zero.
  private var distances: [Int64] {
    if case .midnight(let column, let form) = shape {
      return distances(in: column) { form.read($0) }
    }
    guard let timeColumn else { return [] }
    return distances(in: timeColumn) { columns[timeColumn].reading($0) }
  }

  private func distances(
    in timeColumn: Int, _ reading: ([UInt8]) -> Int64?
  ) -> [Int64] {
    let uses = self.reading.uses
    let symbolColumn = uses.firstIndex(of: .field("symbol"))
    var clockColumn: Int?
    if case .dated(let clock) = uses[timeColumn] { clockColumn = clock }
    var last: [[UInt8]: Int64] = [:]
    var found: [Int64] = []
    for row in table.rows where row.fields.count > max(timeColumn, clockColumn ?? 0) {
      guard var time = reading(row.fields[timeColumn]) else { continue }
      if let clockColumn { time &+= CompactTime.clock(row.fields[clockColumn]) ?? 0 }
      let symbol = symbolColumn.map { $0 < row.fields.count ? row.fields[$0] : [] } ?? []
      if let before = last[symbol], before != time {
        let (distance, overflow) = time.subtractingReportingOverflow(before)
        if !overflow { found.append(abs(distance)) }
      }
      last[symbol] = time
    }
    return found
  }

  mutating func findInterval() {
    guard kind == "ohlcv" else { return }
    let distances = distances
    var counts: [Int64: Int] = [:]
    for distance in distances { counts[distance, default: 0] += 1 }
    guard let (most, count) = counts.max(by: { ($0.value, -$0.key) < ($1.value, -$1.key) }) else {
      // One time for all rows: dates of one day's bars, most likely.
      if let timeColumn, columns[timeColumn].areDates { likelyInterval = .day }
      return
    }
    // Clocks that are set back or forward make a day an hour or two shorter or longer.
    let hour = Interval.hour.nanoseconds
    likelyInterval = (22 * hour...26 * hour).contains(most) ? .day : Interval(nanoseconds: most)
    let isShortest = distances.allSatisfy { $0 >= most - most / 10 }
    if count >= 2, count * 2 >= distances.count, isShortest {
      interval = likelyInterval
    } else if most > 26 * hour {
      // A few days apart, once: days between which a weekend or a holiday was.
      likelyInterval = .day
    }
  }

  /// Whether rows have a date and no time of day, in whatever column.
  private var areDatesAlone: Bool {
    guard case .rows = shape, let timeColumn, columns[timeColumn].areDates else { return false }
    if case .dated = reading.uses[timeColumn] { return false }
    return true
  }

  /// Why rows cannot be bars of an interval: most follow one another sooner.
  func contradiction(_ stated: Interval) -> String? {
    guard kind == "ohlcv" else { return nil }
    let distances = distances
    if stated < .day, distances.count >= 2, areDatesAlone {
      return
        "the times are dates without a time of day, and are said to be of bars of \(stated.name)"
    }
    let sooner = distances.count { $0 < stated.nanoseconds - stated.nanoseconds / 10 }
    guard distances.count >= 2, sooner * 2 > distances.count, let likely = likelyInterval else {
      return nil
    }
    return "the rows are \(likely.name) apart, and are said to be bars of \(stated.name)"
  }
}
