import Storage
import TestSupport
import Testing

@testable import DeltaLog

/// Every operation at which a process may die or its disk may fail.
@Suite struct FaultTests {
  static let faults: [MemoryStorage.Fault] = [.failBefore, .failAfter, .stopBefore, .stopAfter]

  /// A table at version `commitCount` without a checkpoint: with ten, the next commit writes one.
  private func scene(commitCount: Int) throws -> MemoryStorage {
    let storage = MemoryStorage()
    _ = try makeTable(storage)
    for index in 1...commitCount {
      var transaction = Transaction(snapshot: try Snapshot.load(storage), storage: storage)
      transaction.writesCheckpoints = false
      transaction.append([makeFile("old\(index)")])
      _ = try transaction.commit()
    }
    return storage
  }

  @Test(arguments: [3, 10], [false, true])
  func aCommitHappensWholeOrNotAtAll(commitCount: Int, losingUnsynced: Bool) throws {
    var caseCount = 0
    for fault in Self.faults {
      var offset = 0
      while true {
        let storage = try scene(commitCount: commitCount)
        let before = try Snapshot.load(storage)
        var transaction = Transaction(snapshot: before, storage: storage)
        transaction.setApplication("app", version: 1)
        try transaction.replacePartition(
          PartitionKey(date: "2024-01-02"), with: [makeFile("new1"), makeFile("new2")])
        let start = storage.operationCount
        storage.inject(fault, after: offset)
        let outcome = Result { try transaction.commit() }
        let wasReached = storage.operationCount - start > offset
        storage.restart(losingUnsynced: losingUnsynced)
        let after = try Snapshot.load(storage)
        let isNew = after.version == commitCount + 1
        #expect(isNew || after.version == commitCount)
        #expect(try names(after) == (isNew ? ["new1", "new2"] : names(before)))
        if case .success(.committed(let version)) = outcome {
          #expect(version == commitCount + 1 && isNew, "what was reported as done is done")
        }
        // Running it again gives the same result, once.
        var again = Transaction(snapshot: after, storage: storage)
        again.setApplication("app", version: 1)
        try again.replacePartition(
          PartitionKey(date: "2024-01-02"), with: [makeFile("new1"), makeFile("new2")])
        let second = try again.commit()
        #expect(
          second
            == (isNew
              ? .alreadyDone(version: commitCount + 1) : .committed(version: commitCount + 1)))
        #expect(try names(Snapshot.load(storage)) == ["new1", "new2"])
        caseCount += 1
        if !wasReached { break }
        offset += 1
      }
    }
    print("\(caseCount) faults in a commit on top of \(commitCount)")
    #expect(caseCount >= (commitCount == 10 ? 40 : 8))
  }

  @Test func aTableIsCreatedWholeOrNotAtAll() throws {
    for fault in Self.faults {
      for offset in 0..<8 {
        let storage = MemoryStorage()
        storage.inject(fault, after: offset)
        _ = try? makeQuietly(storage)
        storage.restart(losingUnsynced: true)
        if try Snapshot.exists(storage) {
          #expect(try Snapshot.load(storage).version == 0)
        } else {
          #expect(try makeQuietly(storage) == .committed(version: 0))
        }
      }
    }
  }

  private func makeQuietly(_ storage: MemoryStorage) throws -> CommitOutcome {
    var transaction = Transaction(snapshot: nil, storage: storage)
    transaction.actions = TableBuilder.birth
    return try transaction.commit()
  }

  /// An error after the link: the commit exists, and is recognised by its own identity.
  @Test func findsItsOwnCommitAfterAnUnknownOutcome() throws {
    let storage = try scene(commitCount: 2)
    let snapshot = try Snapshot.load(storage)
    var transaction = Transaction(snapshot: snapshot, storage: storage)
    transaction.append([makeFile("x")])
    storage.inject(.failAfter, after: 0)
    #expect(try transaction.commit() == .committed(version: 3))
    var other = Transaction(snapshot: snapshot, storage: storage)
    other.append([makeFile("y")])
    storage.inject(.failBefore, after: 0)
    // Another writer's commit has that version: the conflict is lost, not the commit.
    #expect(try other.commit() == .committed(version: 4))
    var third = Transaction(snapshot: try Snapshot.load(storage), storage: storage)
    third.append([makeFile("z")])
    storage.inject(.failBefore, after: 0)
    let error = #expect(throws: DeltaError.self) { try third.commit() }
    #expect(error?.code == .storage)
    storage.inject(.stopAfter, after: 0)
    storage.inject(.failAfter, after: 0)
    storage.inject(.stopBefore, after: 1)
    let unknown = #expect(throws: DeltaError.self) { try third.commit() }
    #expect(unknown?.code == .unknownOutcome)
    storage.restart()
    #expect(try names(Snapshot.load(storage)).last == "z")
  }

  /// A folder that cannot be synced, neither after the link nor on retry.
  @Test func aCommitThatCannotBeSyncedIsInDoubt() throws {
    let storage = try scene(commitCount: 2)
    var transaction = Transaction(
      snapshot: try Snapshot.load(storage), storage: UnsyncedStorage(base: storage))
    transaction.append([makeFile("x")])
    let error = #expect(throws: DeltaError.self) { try transaction.commit() }
    #expect(error?.code == .unknownOutcome)
    #expect(try names(Snapshot.load(storage)).last == "x")
  }

  @Test func aFailedCheckpointKeepsTheCommitAndIsReported() throws {
    let storage = try scene(commitCount: 10)
    var transaction = Transaction(snapshot: try Snapshot.load(storage), storage: storage)
    transaction.append([makeFile("x")])
    storage.inject(.failBefore, after: 3)
    #expect(try transaction.commit() == .committed(version: 11))
    #expect(transaction.checkpointFailure?.code == .storage)
    #expect(try Snapshot.load(storage).files.count == 11)
  }
}

/// A folder whose entries can't be made durable.
private struct UnsyncedStorage: TableStorage {
  let base: MemoryStorage
  private static let failure = StorageError(code: .io, message: "cannot sync", path: "_delta_log")

  var name: String { base.name }
  func list(_ directory: String) throws(StorageError) -> [StorageEntry] { try base.list(directory) }
  func read(_ path: String) throws(StorageError) -> [UInt8] { try base.read(path) }
  func read(_ path: String, range: Range<Int>) throws(StorageError) -> [UInt8] {
    try base.read(path, range: range)
  }
  func attributes(_ path: String) throws(StorageError) -> StorageAttributes? {
    try base.attributes(path)
  }
  func putIfAbsent(_ path: String, _ bytes: [UInt8]) throws(StorageError) -> Bool {
    if try base.putIfAbsent(path, bytes) { throw Self.failure }
    return false
  }
  func writeDurably(_ path: String, _ bytes: [UInt8]) throws(StorageError) { throw Self.failure }
  func rename(_ source: String, to target: String) throws(StorageError) { throw Self.failure }
  func delete(_ path: String) throws(StorageError) -> Bool { try base.delete(path) }
  func createDirectory(_ path: String) throws(StorageError) { try base.createDirectory(path) }
  func syncDirectory(_ path: String) throws(StorageError) { throw Self.failure }
}
