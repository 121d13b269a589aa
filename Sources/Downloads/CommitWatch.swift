import Catalog
import DeltaLog
import Ledger
import Platform

/// What other processes stored since a download was planned, from their commits.
final class CommitWatch: Sendable {
  /// Commits before the newest that are read first: another process may have made them while the download was
  /// planned.
  private static let lookBack = 50

  private let lake: Lake
  /// The events that the plan knew.
  private let known: Set<CoverageEvent.Identity>
  private let seen = Monitor<[TableName: Seen]>([:])

  private struct Seen {
    var version: Int
    var events: [CoverageEvent] = []
  }

  /// - Parameter ledger: The ledger that the download was planned with. New events are recognised by identity
  ///   rather than by time, since other machines have other clocks.
  init(_ lake: Lake, since ledger: CoverageLedger) {
    self.lake = lake
    known = Set(ledger.events.map(\.identity))
  }

  /// Whether commits cover all of a unit.
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
      var new = seen[name] ?? Seen(version: max(-1, latest - Self.lookBack))
      if latest > new.version {
        for entry in try history(storage, limit: latest - new.version) {
          new.events += try CoverageRecovery.events(of: entry.commitInfo).filter {
            !known.contains($0.identity)
          }
        }
        new.version = latest
        seen[name] = new
      }
      return new.events
    }
  }
}
