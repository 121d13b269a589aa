import Columnar
import DeltaLog
import Ledger
import Market

/// What one input adds to one table, waiting for the commit.
struct PendingInput {
  /// The application id by which its rows are stored once.
  let appId: String
  var segments: [PendingSegment] = []
  /// Stored files that are removed in the same commit.
  var removals: [AddFile] = []
  /// Events for the coverage ledger once the rows are stored.
  var events: [CoverageEvent] = []
  /// What replacing stored rows changes; nil if none are replaced.
  var change: RowChange?
  /// Index in the report; nil if it is not reported.
  var index: Int?
  var dates = DateScope()
}

/// The partitions on which an input's changes depend, by the first days of their periods.
struct DateScope {
  /// Days since 1970.
  var days: Set<Int> = []
  /// Days of which some may matter: of periods that begin within them.
  var span: ClosedRange<Int>?

  static let everything = DateScope(span: Int.min...Int.max)

  func overlaps(_ other: DateScope) -> Bool {
    if !days.isDisjoint(with: other.days) { return true }
    if let span, other.days.contains(where: span.contains) { return true }
    guard let otherSpan = other.span else { return false }
    return days.contains(where: otherSpan.contains) || span?.overlaps(otherSpan) ?? false
  }
}

extension SourceWork {
  /// The dates of its rows, and of rows that are left out because of stored ones.
  var dates: DateScope {
    if !removals.isEmpty { return .everything }
    var dates = DateScope(days: days.union(segments.map(\.staged.day)))
    if rejected.isEmpty { return dates }
    guard let interval else { return .everything }
    // A partition zone is at most 14 hours from UTC.
    let nanosecondsPerDay = CivilDate.nanosecondsPerDay
    let first = Int(interval.lowerBound / nanosecondsPerDay) - 2
    let last = Int(interval.upperBound / nanosecondsPerDay) + 2
    dates.span = target.schema.period.start(ofDay: first)...last
    return dates
  }
}

extension TableTarget {
  /// The pending inputs that must be read again since the table changed after they were read.
  ///
  /// - Parameter look: The table when they were read.
  func staleInputs(since look: Look) throws -> Set<String> {
    let all = Set(pendingInputs.map(\.appId))
    if look.zone != timeZone || look.period != schema.period { return all }
    let before = look.snapshot
    if let before, let snapshot, before.metadata != snapshot.metadata { return all }
    var changed = [DateScope(days: try changedDays(since: before))]
    var stale = all.filter { snapshot?.txns[$0] != nil }
    changed += pendingInputs.filter { stale.contains($0.appId) }.map(\.dates)
    // What one input left out may be what another adds: inputs of the same dates stay together.
    while let next = pendingInputs.first(where: { input in
      !stale.contains(input.appId) && changed.contains { $0.overlaps(input.dates) }
    }) {
      stale.insert(next.appId)
      changed.append(next.dates)
    }
    return stale
  }

  /// First days of the periods in which files were added or removed.
  private func changedDays(since before: Snapshot?) throws -> Set<Int> {
    let column = schema.partitionColumn
    func files(_ snapshot: Snapshot?) throws -> Set<String> {
      Set((try snapshot?.files ?? []).map { ($0.partitionValue(column) ?? "") + "/" + $0.filePath })
    }
    let dates = try files(before).symmetricDifference(try files(snapshot)).map { $0.prefix(10) }
    return Set(dates.compactMap { CivilDate(iso: $0)?.daysSinceEpoch })
  }
}
