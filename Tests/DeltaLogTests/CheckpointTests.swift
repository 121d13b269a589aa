import JSON
import Platform
import Storage
import TestSupport
import Testing

@testable import DeltaLog

@Suite struct CheckpointTests {
  /// A table with everything that a checkpoint stores.
  private func richTable() throws -> TableBuilder {
    var metadata = TableBuilder.metadata
    metadata.name = "näme"
    metadata.description = "a \"quoted\" one"
    metadata.configuration = ["delta.appendOnly": "false", "lake.schema": "trades"]
    metadata.createdTime = 17
    let builder = TableBuilder(birth: [.protocol(.lake), .metadata(metadata)])
    var odd = makeFile("odd%20name")
    odd.stats = nil
    odd.tags = [:]
    odd.partitionValues = ["date": nil]
    var long = makeFile("long")
    long.tags = ["a": "", "b": "\u{1F600}", "lake.rows": "1"]
    builder.commit(
      1,
      [
        .txn(TxnAction(appId: "a", version: 7)),
        .txn(TxnAction(appId: "b", version: -3, lastUpdated: 12)),
        .domainMetadata(DomainMetadata(domain: "d", configuration: "{}")),
        builder.add("x"), .add(odd), .add(long), builder.add("gone"),
      ])
    builder.commit(
      2,
      [
        builder.remove("gone"),
        .remove(RemoveFile(path: "never-there", deletionTimestamp: Clock.milliseconds())),
      ])
    return builder
  }

  @Test func keepsEverything() throws {
    let builder = try richTable()
    let before = try builder.load()
    builder.storage.set("date=2024-01-02/gone.parquet", [1])
    try CheckpointWriter.write(before, builder.storage)
    for version in 0...2 { builder.storage.remove(LogFile.commitPath(version)) }
    let after = try builder.load()
    #expect(after.checkpointVersion == 2)
    #expect(after.version == before.version)
    #expect(after.protocol == before.protocol)
    #expect(after.metadata == before.metadata)
    #expect(after.txns == before.txns)
    #expect(after.domainMetadata == before.domainMetadata)
    #expect(try after.files.map(\.path) == inOrder(before).map(\.path))
    for (left, right) in zip(try after.files, try inOrder(before)) {
      #expect(left.partitionValues == right.partitionValues)
      #expect(left.stats == right.stats)
      #expect(left.tags == right.tags)
    }
    #expect(try after.tombstones.map(\.path) == before.tombstones.map(\.path))
    let hint = try JSONValue(parsing: builder.storage.read("_delta_log/_last_checkpoint"))
    #expect(hint["version"]?.int64 == 2)
    #expect(hint["size"]?.int64 == 10)
    #expect(hint["numOfAddFiles"]?.int64 == 3)
  }

  @Test func dropsATombstoneOnceItsFileIsDeletedAndItHasExpired() throws {
    let builder = TableBuilder()
    builder.commit(1, [builder.add("old"), builder.add("kept"), builder.add("fresh")])
    func remove(_ name: String, at time: Int64) -> Action {
      .remove(RemoveFile(removing: makeFile(name), at: time))
    }
    builder.commit(
      2, [remove("old", at: 1), remove("kept", at: 1), remove("fresh", at: Clock.milliseconds())])
    builder.storage.set("date=2024-01-02/kept.parquet", [1])
    try CheckpointWriter.write(builder.load(), builder.storage)
    #expect(
      try builder.load().tombstones.map(\.path)
        == ["date=2024-01-02/kept.parquet", "date=2024-01-02/fresh.parquet"])
  }

  @Test func isWrittenEveryElevenCommitsAndNotBefore() throws {
    let storage = MemoryStorage()
    var snapshot = try makeTable(storage)
    for index in 1...25 {
      var transaction = Transaction(snapshot: snapshot, storage: storage)
      transaction.append([makeFile("f\(index)")])
      #expect(try transaction.commit() == .committed(version: index))
      #expect(transaction.checkpointFailure == nil)
      snapshot = try snapshot.refreshed(storage)
    }
    let checkpoints = storage.contents.keys.filter { $0.hasSuffix(".parquet") }.sorted()
    #expect(checkpoints == [LogFile.checkpointPath(10), LogFile.checkpointPath(21)])
    #expect(try Snapshot.load(storage).checkpointVersion == 21)
    #expect(try names(Snapshot.load(storage)) == (1...25).map { "f\($0)" })
    #expect(storage.contents.keys.allSatisfy { !$0.contains("/.") }, "no temporary file is left")
  }

  @Test func removesTheRemainsOfDeadWriters() throws {
    let storage = MemoryStorage(clock: Clock.milliseconds())
    let old = "_delta_log/.00000000000000000003.json.17.0.1.tmp"
    let fresh = "_delta_log/.00000000000000000004.json.18.0.1.tmp"
    storage.set(old, [1], modificationTime: Clock.milliseconds() - 2 * LogLeftovers.ageMin)
    storage.set(fresh, [1], modificationTime: Clock.milliseconds())
    var transaction = Transaction(snapshot: try makeTable(storage), storage: storage)
    transaction.append((0..<1001).map { makeFile("f\($0)") })
    _ = try transaction.commit()
    #expect(try !storage.exists(old))
    #expect(try storage.exists(fresh))
  }

  @Test func isWrittenAfterALargeCommit() throws {
    let storage = MemoryStorage()
    var transaction = Transaction(snapshot: try makeTable(storage), storage: storage)
    transaction.append((0..<1001).map { makeFile("f\($0)") })
    _ = try transaction.commit()
    #expect(try Snapshot.load(storage).checkpointVersion == 1)
    var small = Transaction(snapshot: try Snapshot.load(storage), storage: storage)
    small.append([makeFile("one")])
    _ = try small.commit()
    #expect(try Snapshot.load(storage).checkpointVersion == 1)
  }

  /// Damaged remains of checkpoints, and how a reader handles them.
  @Test func fallsBackFromDamagedCheckpoints() throws {
    func table() throws -> TableBuilder {
      let builder = TableBuilder()
      for version in 1...6 {
        builder.commit(version, [builder.add("f\(version)")])
        if version == 2 || version == 4 {
          try CheckpointWriter.write(builder.load(), builder.storage)
        }
      }
      return builder
    }
    let expected = (1...6).map { "f\($0)" }
    let newest = LogFile.checkpointPath(4)
    let whole = try table().storage.read(newest)
    var caseCount = 0
    for length in [0, 1, 3, 4, 11, 12, whole.count / 2, whole.count - 1] {
      let builder = try table()
      builder.storage.set(newest, Array(whole[..<length]))
      let snapshot = try builder.load()
      #expect(try names(snapshot) == expected)
      #expect(snapshot.checkpointVersion == 2)
      caseCount += 1
    }
    var random = SeededGenerator(seed: 3)
    for _ in 0..<60 {
      let builder = try table()
      var damaged = whole
      damaged[Int.random(in: 0..<whole.count, using: &random)] ^= UInt8.random(
        in: 1...255, using: &random)
      builder.storage.set(newest, damaged)
      // The page's CRC, the footer's structure or the format's rules detect it, or it did not matter.
      #expect(try names(builder.load()) == expected)
      caseCount += 1
    }
    for hint in [
      "", "{", "{\"version\":99,\"size\":1}", "{\"version\":2,\"size\":5}", "null", "[1]",
    ] {
      let builder = try table()
      builder.storage.set("_delta_log/_last_checkpoint", Array(hint.utf8))
      let snapshot = try builder.load()
      #expect(try names(snapshot) == expected)
      #expect(snapshot.checkpointVersion == 4)
      caseCount += 1
    }
    let both = try table()
    both.storage.set(newest, [])
    both.storage.set(LogFile.checkpointPath(2), [])
    #expect(try names(both.load()) == expected)
    #expect(try both.load().checkpointVersion == nil)
    both.storage.remove(LogFile.commitPath(0))
    let error = #expect(throws: DeltaError.self) { try both.load() }
    #expect(error?.code == .corrupt)
    #expect(error?.message.hasPrefix("the checkpoint cannot be read") == true)
    print("\(caseCount) damaged checkpoints")
  }

  @Test func ignoresMultiPartCheckpointsWithMissingParts() throws {
    let builder = TableBuilder()
    for version in 1...3 { builder.commit(version, [builder.add("f\(version)")]) }
    try CheckpointWriter.write(builder.load(version: 2), builder.storage)
    let bytes = try builder.storage.read(LogFile.checkpointPath(2))
    builder.storage.remove(LogFile.checkpointPath(2))
    func part(_ index: Int, _ count: Int) -> String {
      "_delta_log/\(LogFile.padded(2)).checkpoint.\(LogFile.padded(index, 10))."
        + "\(LogFile.padded(count, 10)).parquet"
    }
    builder.storage.set(part(1, 2), bytes)
    #expect(try builder.load().checkpointVersion == nil)
    // A checkpoint has every action once.
    builder.storage.set(part(2, 2), bytes)
    let snapshot = try builder.load()
    #expect(snapshot.checkpointVersion == nil && snapshot.workedAround != nil)
    #expect(try names(snapshot) == ["f1", "f2", "f3"])
  }

  @Test(arguments: [
    ("interval 30 days", 30 * 86_400_000), ("interval 1 week", 604_800_000), ("2 hours", 7_200_000),
    ("interval 1 day 12 hours", 129_600_000), ("INTERVAL 5 SECONDS", 5000),
  ])
  func readsDurations(text: String, milliseconds: Int64) {
    #expect(Retention.milliseconds(text) == milliseconds)
  }

  @Test(arguments: [
    "", "interval", "days 3", "interval -1 days", "1 fortnight", "9223372036854775807 weeks",
  ])
  func refusesWhatIsNoDuration(text: String) {
    #expect(Retention.milliseconds(text) == nil)
  }
}
