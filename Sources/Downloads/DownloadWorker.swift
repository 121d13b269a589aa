import Catalog
import Ingest
import Ledger
import Tables

/// Fetches one unit after the other.
final class DownloadWorker: Sendable {
  private let number: Int
  private let queue: DownloadQueue
  private let source: any DownloadSource
  private let board: WorkerBoard
  private let lake: Lake
  private let watch: CommitWatch
  private let purchases: PurchaseJournal

  init(
    number: Int, queue: DownloadQueue, source: any DownloadSource, board: WorkerBoard, lake: Lake,
    watch: CommitWatch, purchases: PurchaseJournal
  ) {
    self.purchases = purchases
    self.watch = watch
    self.number = number
    self.lake = lake
    self.queue = queue
    self.source = source
    self.board = board
  }

  func run() {
    defer { queue.didEnd() }
    while !board.shouldStop(number) {
      let next: DownloadQueue.Fetching?
      do {
        next = try queue.next(
          isStopped: { [board, number] in board.shouldStop(number) },
          didGrow: { [board, number] in board.progress(number, byteCount: $0) })
      } catch {
        queue.fail(error)
        return
      }
      guard let fetching = next else { return }
      board.begin(number, fetching.unit)
      do {
        queue.didFetch(fetching, .success(try fetch(fetching)))
      } catch {
        // No other request will work with this key.
        if (error as? DownloadRefusal)?.kind == .unauthorized { queue.stop() }
        // Further purchases could not be stored.
        if LocalFault.isOne(error) { queue.abandon() }
        queue.didFetch(fetching, .failure(error))
      }
      board.end(number)
    }
  }

  private func fetch(_ fetching: DownloadQueue.Fetching) throws -> FetchedUnit {
    let unit = fetching.unit
    let lock = try UnitLock(unit, root: lake.root) { [queue] in queue.isEnded }
    guard let lock else { throw PassError(.interrupted, "stopped") }
    fetching.spool.hold(lock)
    if !unit.isReplacing || unit.isClaimed, try watch.holds(unit) { throw FetchedByAnother() }
    fetching.spool.onPurchase { [purchases] cost in
      try purchases.note(unit.request, costNanoUSD: cost)
    }
    var fetched = try source.fetch(unit, into: fetching.spool)
    fetched.byteCount = max(fetched.byteCount, fetching.spool.byteCount)
    return fetched
  }
}

/// Another process has fetched and stored the unit.
struct FetchedByAnother: Error {}
