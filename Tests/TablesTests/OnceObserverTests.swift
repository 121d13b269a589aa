import Synchronization
import Testing

@testable import Tables

/// Notifications to observers of a job.
@Suite struct OnceObserverTests {
  private final class Counts: PassObserver {
    private let state = Mutex((rows: 0, bytes: 0, names: [String]()))
    var rows: Int { state.withLock { $0.rows } }
    var bytes: Int { state.withLock { $0.bytes } }
    var names: [String] { state.withLock { $0.names } }

    func begin(_ name: String) { state.withLock { $0.names.append(name) } }
    func didRead(byteCount: Int) { state.withLock { $0.bytes += byteCount } }
    func didProcess(rowCount: Int) { state.withLock { $0.rows += rowCount } }
    func didFail(_ error: any Error) {}
    var isInterrupted: Bool { false }
  }

  @Test func rowsReadAgainAreReportedOnce() {
    let counts = Counts()
    let observer = OnceObserver(counts)
    observer.begin("a")
    observer.didProcess(rowCount: 70)
    observer.didRead(byteCount: 700)
    observer.readsFromBeginning()
    observer.didProcess(rowCount: 40)
    observer.didRead(byteCount: 400)
    #expect((counts.rows, counts.bytes) == (70, 700))
    observer.didProcess(rowCount: 60)
    observer.didRead(byteCount: 600)
    #expect((counts.rows, counts.bytes) == (100, 1000))
    observer.begin("b")
    observer.didProcess(rowCount: 5)
    #expect(counts.rows == 105)
    #expect(observer.rowsReadCount == 175)
    #expect(counts.names == ["a", "b"])
  }
}
