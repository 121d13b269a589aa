import Catalog
import Columnar
import DeltaLog
import JSON

/// Finds coverage events in the commits of the tables: each commit says what it covers.
///
/// A run that dies between a data commit and its journal leaves no event. The commit has it all the
/// same, and so the ledger can be rebuilt from the tables.
public enum CoverageRecovery {
  /// Name of the commit's parameter that holds its events.
  static let parameter = "coverage"
  /// Known commits in a row after which older ones are taken to be known too. More than one, because
  /// a run that died may have committed before others that lived.
  private static let knownCommitMax = 100

  static func parameters(_ events: [CoverageEvent]) -> [(name: String, value: String)] {
    if events.isEmpty { return [] }
    return [(parameter, JSONValue.array(events.map(\.json)).description)]
  }

  /// The events of a table's commits, newest first, that are not among `known`.
  ///
  /// - Parameter isWhole: Looks at every commit, however many in a row are known.
  public static func missing(
    _ table: LakeTable, known: Set<CoverageEvent>, isWhole: Bool = false
  ) throws -> [CoverageEvent] {
    guard try Snapshot.exists(table.storage) else { return [] }
    var missing: [CoverageEvent] = []
    var knownInARow = 0
    for entry in try history(table.storage, limit: isWhole ? nil : 10 * knownCommitMax) {
      let events = events(of: entry.commitInfo)
      let fresh = events.filter { !known.contains($0) }
      missing += fresh
      knownInARow = fresh.isEmpty ? knownInARow + 1 : 0
      if knownInARow >= knownCommitMax && !isWhole { break }
    }
    return missing
  }

  static func events(of info: CommitInfo?) -> [CoverageEvent] {
    guard let text = info?.operationParameters.first(where: { $0.name == parameter })?.value,
      let list = try? JSONValue(parsing: Array(text.utf8)).array
    else { return [] }
    return list.compactMap { CoverageEvent(json: $0) }
  }

  /// Events of all tables that downloads and files go to, that the ledger lacks.
  public static func missing(
    _ lake: Lake, ledger: CoverageLedger, isWhole: Bool = false
  ) throws -> [CoverageEvent] {
    let known = Set(ledger.events)
    var events: [CoverageEvent] = []
    for name in lake.tableNames() where name.layer == "raw" {
      events += try missing(lake.table(name), known: known, isWhole: isWhole)
    }
    return events
  }
}

extension CoverageLedger {
  /// The ledger, with events that dead runs left in their commits only.
  ///
  /// - Returns: The ledger, and the events that are not written down in it yet.
  public static func recovered(_ lake: Lake) throws -> (CoverageLedger, missing: [CoverageEvent]) {
    let ledger = try read(lake)
    let missing = try CoverageRecovery.missing(lake, ledger: ledger)
    if missing.isEmpty { return (ledger, []) }
    return (CoverageLedger(events: ledger.events + missing), missing)
  }

  /// What was spent in the calendar month (UTC) that holds an instant, in 10⁻⁹ USD.
  public func spent(inMonthOf time: Int64 = Clock.nanoseconds()) -> Int64 {
    func month(_ time: Int64) -> [Int] {
      let date = CivilDate(daysSinceEpoch: Int(time / 86_400_000_000_000))
      return [date.year, date.month]
    }
    let wanted = month(time)
    return events.reduce(0) {
      month($1.recordedAt) == wanted ? $0 + ($1.costNanoUSD ?? 0) : $0
    }
  }
}
