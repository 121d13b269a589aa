import Bytes
import Catalog
import Columnar
import DeltaLog
import JSON
import Platform
import Tables

/// Finds coverage events in the tables' commits: each commit records what it covers.
///
/// If a run dies between a data commit and its journal, only the commit has its events; the ledger can be
/// rebuilt from the tables.
public enum CoverageRecovery {
  /// Name of the commit parameter with the events.
  static let parameter = "coverage"
  /// After so many known commits in a row, older ones are taken as known. More than one, since a run that died
  /// may have committed before others that did not.
  private static let knownCommitMax = 100

  /// The events as a parameter of `commitInfo`, for a commit to carry; none for no events.
  package static func parameters(_ events: [CoverageEvent]) -> [(name: String, value: String)] {
    if events.isEmpty { return [] }
    return [(parameter, JSONValue.array(events.map(\.json)).description)]
  }

  /// The events in a table's commits, newest first, that are not in `known`.
  ///
  /// - Parameter isWhole: Reads every commit, however many in a row are known.
  package static func missing(
    _ table: LakeTable, known: Set<CoverageEvent.Identity>, isWhole: Bool = false
  ) throws -> [CoverageEvent] {
    guard try Snapshot.exists(table.storage) else { return [] }
    var missing: [CoverageEvent] = []
    var knownInARow = 0
    for entry in try history(table.storage, limit: isWhole ? nil : 10 * knownCommitMax) {
      let fresh: [CoverageEvent]
      do {
        fresh = try events(of: entry.commitInfo).filter { !known.contains($0.identity) }
      } catch {
        throw Located(error, path: "\(table.displayName), version \(entry.version)")
      }
      missing += fresh
      knownInARow = fresh.isEmpty ? knownInARow + 1 : 0
      if knownInARow >= knownCommitMax && !isWhole { break }
    }
    return missing
  }

  /// - Throws: If one of our commits has events that this version cannot read: it may record a purchase.
  package static func events(of info: CommitInfo?) throws -> [CoverageEvent] {
    guard let info,
      let text = info.operationParameters.first(where: { $0.name == parameter })?.value
    else { return [] }
    // Another writer's parameter of the same name means something else.
    let isOurs = info.engineInfo?.hasPrefix("lake/") ?? false
    let list = (try? JSONValue(parsing: Array(text.utf8)).array) ?? (isOurs ? nil : [])
    let events = list?.compactMap { CoverageEvent(json: $0) }
    guard let events, events.count == list?.count || !isOurs else {
      throw PassError(
        .input, "a commit says of its coverage what this version cannot read",
        remedy: "use the version of lake that wrote it: \(info.engineInfo ?? "")")
    }
    return events
  }

  /// Events in commits of all tables that the ledger lacks.
  ///
  /// - Parameter didFail: Called for tables that cannot be read; others are still searched. Without it the
  ///   first error is thrown.
  public static func missing(
    _ lake: Lake, ledger: CoverageLedger, isWhole: Bool = false, didFail: DidFail? = nil
  ) throws -> [CoverageEvent] {
    let known = Set(ledger.events.map(\.identity))
    var events: [CoverageEvent] = []
    for name in try lake.tableNames(layer: "raw") {
      do {
        events += try missing(lake.table(name), known: known, isWhole: isWhole)
      } catch {
        guard let didFail else { throw error }
        try didFail(name, error)
      }
    }
    return events
  }

  /// Called with a table that cannot be read, and the error.
  public typealias DidFail = (TableName, any Error) throws -> Void
}

extension CoverageLedger {
  /// The ledger with requests of running downloads, as if they had failed: a budget counts them as spent.
  public func withRequestsUnderWay(_ lake: Lake) throws -> CoverageLedger {
    CoverageLedger(events: events + (try CoverageJournal.requestsUnderWay(lake)))
  }

  /// The ledger, with events that dead runs left only in their commits.
  ///
  /// - Parameter didFail: Called for tables whose commits cannot be read; without it the first error is thrown.
  /// - Returns: The ledger, and the events that are not written to it yet.
  public static func recovered(
    _ lake: Lake, didFail: CoverageRecovery.DidFail? = nil
  ) throws -> (CoverageLedger, missing: [CoverageEvent]) {
    let ledger = try read(lake)
    let missing = try CoverageRecovery.missing(lake, ledger: ledger, didFail: didFail)
    if missing.isEmpty { return (ledger, []) }
    var whole = CoverageLedger(events: ledger.events + missing)
    whole.unanswered = ledger.unanswered
    return (whole, missing)
  }

  /// Events with a price, each purchase once.
  ///
  /// Files that a vendor prepared are paid for when ordered, and can be fetched again for free: the same file
  /// of the same order is the same purchase, whichever run fetched it.
  public var purchases: [CoverageEvent] {
    var known: Set<Purchase> = []
    return events.filter { event in
      if event.costNanoUSD == nil || event.isUnconfirmed { return false }
      guard let order = event.requestID, let file = event.etag else { return true }
      return known.insert(
        Purchase(
          order: order, file: file, schema: event.schema, symbols: event.symbols,
          interval: event.interval)
      ).inserted
    }
  }

  /// Requests of runs that died before the answer was stored: the vendor may have billed them.
  public var unconfirmedPurchases: [CoverageEvent] {
    // A run that died after its commit recorded the same request there.
    let answered = Set(events.filter { !$0.isUnconfirmed }.compactMap(\.request))
    return events.filter { event in
      event.isUnconfirmed && !(event.request.map(answered.contains) ?? false)
    }
  }

  private struct Purchase: Hashable {
    var order: String
    var file: String
    var schema: String
    var symbols: [String]
    var interval: Range<Int64>
  }

  /// Spending in the calendar month (UTC) of an instant, in 10⁻⁹ USD.
  ///
  /// Later months count too: the clock was ahead then. Requests that may have been billed also count.
  public func spent(inMonthOf time: Int64 = Clock.nanoseconds()) -> Int64 {
    let date = CivilDate(daysSinceEpoch: Int(floorDivide(time, CivilDate.nanosecondsPerDay)))
    let first = CivilDate(year: date.year, month: date.month, day: 1)?.daysSinceEpoch ?? 0
    return (purchases + unconfirmedPurchases).reduce(0) { sum, event in
      guard floorDivide(event.recordedAt, CivilDate.nanosecondsPerDay) >= Int64(first) else {
        return sum
      }
      return sum.adding(clamped: event.costNanoUSD ?? 0)
    }
  }
}
