/// Counts gaps by state.
struct GapTally {
  private struct Entry {
    var tally: GapReport.Tally
    var series: Set<Int32> = []
  }

  private var entries: [GapState: Entry] = [:]

  mutating func count(_ gap: Gap, series: [Int32]) {
    var entry = entries[gap.state] ?? Entry(tally: GapReport.Tally(interval: gap.interval))
    entry.series.formUnion(series)
    entry.tally.gapCount += 1
    entry.tally.sessionCount += gap.sessionCount * max(1, series.count)
    entry.tally.missingSeconds += gap.missingSeconds
    let known = entry.tally.interval
    entry.tally.interval =
      min(
        known.lowerBound, gap.interval.lowerBound)..<max(
        known.upperBound, gap.interval.upperBound)
    entries[gap.state] = entry
  }

  /// Adds the gaps of one calendar's symbols to a report.
  func add(to report: inout GapReport) {
    for (state, entry) in entries {
      guard var known = report.tallies[state] else {
        report.tallies[state] = entry.tally
        report.tallies[state]?.symbolCount = entry.series.count
        continue
      }
      known.symbolCount += entry.series.count
      known.gapCount += entry.tally.gapCount
      known.sessionCount += entry.tally.sessionCount
      known.missingSeconds += entry.tally.missingSeconds
      known.interval =
        min(
          known.interval.lowerBound, entry.tally.interval.lowerBound)..<max(
          known.interval.upperBound, entry.tally.interval.upperBound)
      report.tallies[state] = known
    }
  }
}
