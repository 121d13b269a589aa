import Bytes
import Catalog
import Columnar
import DeltaLog
import JSON
import Platform
import Tables

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

  /// The events as a parameter of `commitInfo`, for a commit to carry; none for no events.
  package static func parameters(_ events: [CoverageEvent]) -> [(name: String, value: String)] {
    if events.isEmpty { return [] }
    return [(parameter, JSONValue.array(events.map(\.json)).description)]
  }

  /// The events of a table's commits, newest first, that are not among `known`.
  ///
  /// - Parameter isWhole: Looks at every commit, however many in a row are known.
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

  /// - Throws: Where a commit of ours says what this version cannot read: it may tell of a purchase.
  package static func events(of info: CommitInfo?) throws -> [CoverageEvent] {
    guard let info,
      let text = info.operationParameters.first(where: { $0.name == parameter })?.value
    else { return [] }
    // What other writers call by the same name is not for us to judge.
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

  /// Events of all tables that downloads and files go to, that the ledger lacks.
  ///
  /// - Parameter didFail: Told of tables that cannot be read; the others go on. Without it the first one
  ///   ends the search.
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

  /// Told which table cannot be read, and why.
  public typealias DidFail = (TableName, any Error) throws -> Void
}

extension CoverageLedger {
  /// The ledger with requests of running downloads, as if they had failed: for a budget, they are spent.
  public func withRequestsUnderWay(_ lake: Lake) throws -> CoverageLedger {
    CoverageLedger(events: events + (try CoverageJournal.requestsUnderWay(lake)))
  }

  /// The ledger, with events that dead runs left in their commits only.
  ///
  /// - Parameter didFail: Told of tables whose commits cannot be read; without it the first one is thrown.
  /// - Returns: The ledger, and the events that are not written down in it yet.
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

  /// Events that say what something cost, each purchase once.
  ///
  /// Files that a vendor prepared are paid for when they are ordered, and may be fetched again for
  /// nothing: the same file of the same order is the same purchase, whichever run fetched it.
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
    // A run that died after its commit has the same request in there.
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

  /// What was spent in the calendar month (UTC) that holds an instant, in 10⁻⁹ USD.
  ///
  /// What was recorded in later months counts too: the clock was ahead then. So do requests that may have
  /// been billed.
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
