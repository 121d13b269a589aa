import LakeTestSupport
import Synchronization
import Testing

@testable import Ingest
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

  @Test func rowsThatAreNotInOrderCountOnce() throws {
    let toy = try ToyLake()
    // Days in descending order: the first reading detects it, the second one stores the rows.
    let bars = [0, 1, 0, 1].flatMap { day in
      (0..<3000).map { ToyLake.Bar(day: day, second: $0, instrument: UInt32(day + 1)) }
    }
    let counts = Counts()
    let pass = try IngestPass(lake: toy.lake, options: IngestOptions(), observer: counts)
    let report = try pass.ingest([try toy.bars("a.dbn", bars)])
    #expect(report.total(\.rowsProcessed) == bars.count)
    #expect(counts.rows == bars.count)
    #expect(pass.observer.rowsReadCount > bars.count)
  }
}
