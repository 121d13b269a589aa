import Storage
import TestSupport
import Testing

@testable import DeltaLog

@Suite struct WithdrawalTests {
  private let id = "lake/ingest/f/raw.x"

  /// Commits the versions of an application in order.
  private func commit(
    _ storage: MemoryStorage, _ id: String, _ version: Int64, follows: Bool = true
  ) throws -> CommitOutcome {
    var transaction = Transaction(snapshot: try Snapshot.load(storage), storage: storage)
    transaction.followsSnapshot = follows
    transaction.setApplication(id, version: version)
    return try transaction.commit()
  }

  @Test func versionZeroTakesAnApplicationOfOursBack() throws {
    let storage = MemoryStorage()
    _ = try makeTable(storage)
    #expect(try commit(storage, id, 1) == .committed(version: 1))
    #expect(try commit(storage, id, 1, follows: false) == .alreadyDone(version: 1))
    #expect(try commit(storage, id, 0) == .committed(version: 2))
    let snapshot = try Snapshot.load(storage)
    #expect(snapshot.txns[id] == nil)
    #expect(try Snapshot.load(storage, version: 1).txns[id]?.version == 1)
    #expect(try commit(storage, id, 1, follows: false) == .committed(version: 3))
    #expect(try Snapshot.load(storage).txns[id]?.version == 1)
  }

  @Test func aCheckpointDoesNotBringItBack() throws {
    let storage = MemoryStorage()
    _ = try makeTable(storage)
    #expect(try commit(storage, id, 1) == .committed(version: 1))
    #expect(try commit(storage, id, 0) == .committed(version: 2))
    for number in 0..<20 { _ = try commit(storage, "lake/ingest/\(number)/raw.x", 1) }
    let snapshot = try Snapshot.load(storage)
    #expect(snapshot.checkpointVersion != nil && snapshot.txns[id] == nil)
    #expect(snapshot.txns.count == 20)
  }

  @Test func otherWritersCountFromZero() throws {
    let storage = MemoryStorage()
    _ = try makeTable(storage)
    #expect(try commit(storage, "spark/stream", 0) == .committed(version: 1))
    #expect(try Snapshot.load(storage).txns["spark/stream"]?.version == 0)
  }

  @Test func whatMustFollowItsSnapshotIsPlannedAgainAfterAnyCommit() throws {
    let storage = MemoryStorage()
    let before = try makeTable(storage)
    var other = Transaction(snapshot: before, storage: storage)
    other.append([makeFile("a")])
    #expect(try other.commit() == .committed(version: 1))
    var ours = Transaction(snapshot: before, storage: storage)
    ours.append([makeFile("b", date: "2024-01-03")])
    ours.followsSnapshot = true
    #expect(try ours.commit() == .conflict(version: 1, reason: .snapshotOutdated))
    ours.followsSnapshot = false
    #expect(try ours.commit() == .committed(version: 2))
  }

  /// A writer that adds an input while it is withdrawn reads the table again.
  @Test func aWithdrawalInBetweenIsNoDoneInput() throws {
    let storage = MemoryStorage()
    _ = try makeTable(storage)
    #expect(try commit(storage, id, 1) == .committed(version: 1))
    #expect(try commit(storage, id, 0) == .committed(version: 2))
    let before = try Snapshot.load(storage)
    #expect(try commit(storage, id, 1) == .committed(version: 3))
    #expect(try commit(storage, id, 0) == .committed(version: 4))
    var ours = Transaction(snapshot: before, storage: storage)
    ours.setApplication(id, version: 1)
    #expect(try ours.commit() == .alreadyDone(version: 3))
  }
}
