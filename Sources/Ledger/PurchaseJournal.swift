import CSystem
import Catalog
import Glibc
import Platform
import Storage
import Tables

/// Purchases, written down before the vendor is asked.
///
/// A run that dies between a request and the commit of its rows may have bought them all the same, and only
/// this file shows it. What such a run left here is added to the ledger as an event without an interval:
/// nothing is known of the rows, and `lake spend` reports what the vendor may have billed. A run that ends
/// normally deletes the file, since every request has a result.
package final class PurchaseJournal: Sendable {
  static let suffix = ".begun"

  private let path: String
  private let lake: Lake
  private let runID: String
  private let clock: EventClock
  private let file = Monitor(File())

  private struct File {
    var descriptor: Int32 = -1
    var byteCount = 0
  }

  /// Opens no file: the journal is created by the first purchase.
  package init(lake: Lake, runID: String, clock: EventClock) {
    self.lake = lake
    self.runID = runID
    self.clock = clock
    path = lake.journalPath + "/" + runID + Self.suffix
  }

  deinit { file.withLock { if $0.descriptor >= 0 { close($0.descriptor) } } }

  /// Notes durably that something is about to be bought.
  package func note(_ request: VendorRequest, costNanoUSD: Int64?) throws {
    // Free requests need not be recorded.
    guard let cost = costNanoUSD, cost > 0 else { return }
    var event = CoverageEvent(
      dataset: request.dataset, schema: request.schema, symbols: request.symbols,
      symbolType: request.symbolType,
      interval: request.interval.lowerBound..<request.interval.lowerBound, state: .failed,
      table: request.table.description)
    event.costNanoUSD = cost
    event.path = request.name
    event.runID = runID
    event.reason = "the download ended while it was fetched: the vendor may have billed it"
    let line = Array((clock.stamped([event])[0].json.description + "\n").utf8)
    try file.withLock { file in
      if file.descriptor < 0 {
        try DirectoryStorage(root: lake.root).createDirectory("ledger/journal")
        file.descriptor = lake_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file.descriptor >= 0 else { throw PassError.system("open", path: path) }
        try DirectoryStorage(root: lake.journalPath).syncDirectory("")
      }
      try line.withUnsafeBytes { try writeAll(file.descriptor, $0, at: file.byteCount, path: path) }
      file.byteCount += line.count
      while lake_fsync(file.descriptor) != 0 {
        if lake_errno() != EINTR { throw PassError.system("sync", path: path) }
      }
    }
  }

  /// Deletes the file: the result of each purchase is recorded elsewhere.
  package func finish() throws {
    if file.withLock({ $0.descriptor < 0 }) { return }
    try DirectoryStorage(root: lake.journalPath).delete(runID + Self.suffix)
  }
}

extension CoverageEvent {
  /// Whether the event is a request that may have been billed without an answer. A refused answer has bytes, so
  /// it was bought.
  var isUnconfirmed: Bool { state == .failed && costNanoUSD != nil && (byteCount ?? 0) == 0 }

  /// Whether the event is a download without a price. What files claim was not bought; what a restore repeats
  /// about an interval, and further parts of a request, have no figures; and if files were found complete,
  /// nothing was downloaded.
  var isUnpricedPurchase: Bool {
    guard costNanoUSD == nil, state == .complete || state == .open || state == .degraded else {
      return false
    }
    return byteCount.map { $0 > 0 } ?? ((rowCount ?? 0) > 0)
  }

  /// Identifies the request of an event: the run, and what was requested.
  struct Request: Hashable {
    var runID: String
    var name: String
  }

  /// nil for events of files, and of requests about which nothing is known.
  var request: Request? {
    guard let runID, let path else { return nil }
    return Request(runID: runID, name: path)
  }
}
