import Catalog
import DeltaLog

/// What other processes stored since a download was planned, as their commits tell it.
final class CommitWatch: Sendable {
  /// Commits before the newest that are looked at first: another process may have made them while the
  /// download was being planned.
  private static let lookBack = 50

  private let lake: Lake
  private let since: Int64
  private let seen = Monitor<[TableName: Seen]>([:])

  private struct Seen {
    var version: Int
    var events: [CoverageEvent] = []
  }

  /// - Parameter since: When the ledger was read that the download was planned by, in ns: what was told
  ///   before is in the plan.
  init(_ lake: Lake, since: Int64) {
    self.lake = lake
    self.since = since
  }

  /// Whether commits hold all of a unit.
  func holds(_ unit: DownloadUnit) throws -> Bool {
    let ledger = CoverageLedger(events: try events(of: unit.table))
    return unit.symbols.allSatisfy { symbol in
      ledger.missing(
        dataset: unit.dataset, schema: unit.schema, symbolType: unit.symbolType, symbol: symbol,
        in: unit.interval
      ) { $0.state.isStored }.isEmpty
    }
  }

  private func events(of name: TableName) throws -> [CoverageEvent] {
    guard lake.hasTable(name) else { return [] }
    let storage = lake.table(name).storage
    return try seen.withLock { seen in
      let latest = try Snapshot.latestVersion(storage)
      var known = seen[name] ?? Seen(version: max(-1, latest - Self.lookBack))
      if latest > known.version {
        for entry in try history(storage, limit: latest - known.version) {
          known.events += CoverageRecovery.events(of: entry.commitInfo).filter {
            $0.recordedAt >= since
          }
        }
        known.version = latest
        seen[name] = known
      }
      return known.events
    }
  }
}
