/// Fetches one unit after the other.
final class DownloadWorker: Sendable {
  private let number: Int
  private let queue: DownloadQueue
  private let source: any DownloadSource
  private let board: WorkerBoard

  init(number: Int, queue: DownloadQueue, source: any DownloadSource, board: WorkerBoard) {
    self.number = number
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
        var fetched = try source.fetch(fetching.unit, into: fetching.spool)
        fetched.byteCount = max(fetched.byteCount, fetching.spool.byteCount)
        queue.didFetch(fetching, .success(fetched))
      } catch {
        queue.didFetch(fetching, .failure(error))
      }
      board.end(number)
    }
  }
}
