import Glibc
import Storage
import TestSupport
import Testing

@testable import DeltaLog

/// The parts of a checkpoint that are decoded on demand equal what was written, or are rejected.
@Suite struct DeferredCheckpointTests {
  /// Live files with every kind of detail, tombstones and applications; its checkpoint is version 2.
  private func table() throws -> TableBuilder {
    let builder = TableBuilder()
    var actions: [Action] = []
    for index in 0..<12 {
      var file = makeFile("f\(index)", date: "2024-01-\(10 + index % 3)", rows: Int64(index))
      if index % 4 == 1 { file.stats = nil }
      if index % 4 == 2 { file.tags = [:] }
      if index % 4 == 3 { file.partitionValues = ["date": nil] }
      if index == 5 { file.tags["lake.columns"] = "ä€\u{1F600}" }
      actions.append(.add(file))
      actions.append(.txn(TxnAction(appId: "lake/ingest/\(index * 7 % 12)/raw.x", version: 1)))
    }
    builder.commit(1, actions)
    builder.commit(2, [builder.remove("f0", date: "2024-01-10"), builder.remove("never")])
    for name in ["f0", "never"] { builder.storage.set("date=2024-01-10/\(name).parquet", [1]) }
    builder.storage.set("date=2024-01-02/never.parquet", [1])
    return builder
  }

  private func content(_ snapshot: Snapshot) throws -> [String] {
    let files = try snapshot.files.map { file in
      let values = file.partitionValues.map { "\($0.key)=\($0.value ?? "null")" }
      let tags = file.tags.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      return "\(file.path) \(file.size) \(values) \(tags) \(file.stats ?? "-")"
    }
    let txns = snapshot.txns.all.values.map { "\($0.appId) \($0.version)" }.sorted()
    return files.sorted() + txns + (try snapshot.tombstones.map { "-\($0.path) \($0.size ?? -1)" })
  }

  @Test func nothingIsDecodedBeforeItIsAskedFor() throws {
    let builder = try table()
    try CheckpointWriter.write(builder.load(), builder.storage)
    let snapshot = try builder.load()
    #expect(snapshot.checkpointVersion == 2)
    let stored = try #require(snapshot.live.stored.first)
    let details = stored.details
    #expect(snapshot.live.stored.count == 1 && stored.count == 11 && !stored.isRead)
    #expect(try snapshot.files(where: "date", is: "2023-12-31").isEmpty && !stored.isRead)
    #expect(snapshot.txns["lake/ingest/3/raw.x"] != nil && !stored.isRead)
    #expect(try snapshot.files.count == 11 && details.decodedCount == 0)
    let file = try #require(try snapshot.files.first { $0.path.hasSuffix("/f1.parquet") })
    #expect(file.partitionValue("date") == "2024-01-11" && details.decodedCount == 1)
    #expect(file.tag(AddFile.Tag.rows) == "1" && file.tag("none") == nil)
    #expect(details.decodedCount == 2)
    #expect(try snapshot.files.last?.stats != nil && details.decodedCount == 3)
    #expect(details.failure == nil)
  }

  @Test func itIsWhatTheCommitsSay() throws {
    let builder = try table()
    let byCommits = try builder.load()
    try CheckpointWriter.write(byCommits, builder.storage)
    let byCheckpoint = try builder.load()
    #expect(byCheckpoint.checkpointVersion == 2 && byCommits.checkpointVersion == nil)
    #expect(try content(byCheckpoint) == content(byCommits))
    for (file, expected) in zip(try byCheckpoint.files, try inOrder(byCommits)) {
      for column in ["date", "other"] {
        #expect(file.partitionValue(column) == expected.partitionValue(column))
      }
      for tag in ["lake.columns", AddFile.Tag.rows, AddFile.Tag.rowHash2, ""] {
        #expect(file.tag(tag) == expected.tag(tag))
      }
    }
    // And a checkpoint made from that checkpoint.
    try CheckpointWriter.write(byCheckpoint, builder.storage)
    #expect(try content(builder.load()) == content(byCommits))
  }

  @Test func noDamagedByteChangesASnapshot() throws {
    let whole = try table()
    let expected = try content(whole.load())
    try CheckpointWriter.write(whole.load(), whole.storage)
    let path = LogFile.checkpointPath(2)
    let bytes = try whole.storage.read(path)
    var random = SeededGenerator(seed: 11)
    var fellBack = 0
    for offset in stride(from: 4, to: bytes.count - 8, by: 5) {
      var damaged = bytes
      damaged[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      whole.storage.set(path, damaged)
      let snapshot = try whole.load()
      if snapshot.checkpointVersion == nil { fellBack += 1 }
      #expect(try content(snapshot) == expected, "byte \(offset)")
      #expect(snapshot.failure == nil, "byte \(offset)")
    }
    // Except for the name by which the checksum is found: without it every column is decoded immediately.
    #expect(fellBack > bytes.count / 5 - 8)
  }

  @Test func nothingIsCommittedByWhatCouldNotBeDecoded() throws {
    let memory = try table()
    try CheckpointWriter.write(memory.load(), memory.storage)
    let folder = TemporaryFolder()
    defer { withExtendedLifetime(folder) {} }
    let storage = DirectoryStorage(root: folder.path)
    try storage.createDirectory(LogFile.directory)
    for path in [0, 1, 2].map(LogFile.commitPath) + [LogFile.checkpointPath(2)] {
      try storage.writeDurably(path, memory.storage.read(path))
    }
    let snapshot = try Snapshot.load(storage)
    let file = try #require(try snapshot.files.first)
    // The disk fails after the checkpoint was opened.
    let descriptor = open(folder.path + "/" + LogFile.checkpointPath(2), O_WRONLY)
    let zeros = [UInt8](repeating: 0, count: try storage.read(LogFile.checkpointPath(2)).count - 64)
    #expect(pwrite(descriptor, zeros, zeros.count, 4) == zeros.count)
    close(descriptor)
    #expect(file.tag(AddFile.Tag.rows) == nil)
    var transaction = Transaction(snapshot: snapshot, storage: storage)
    transaction.append([makeFile("new")])
    let error = #expect(throws: DeltaError.self) { try transaction.commit() }
    #expect(error?.code == .corrupt)
    #expect(error?.message.hasPrefix("the checkpoint cannot be read") == true)
    // A new snapshot reads the commits.
    let anew = try Snapshot.load(storage)
    #expect(anew.checkpointVersion == nil && anew.version == 2)
    #expect(try anew.files.first?.tag(AddFile.Tag.rows) == "1")
  }

  @Test func tombstonesOfACheckpointComeBackToLifeAndGoAgain() throws {
    let builder = try table()
    try CheckpointWriter.write(builder.load(), builder.storage)
    builder.commit(3, [builder.add("f0", date: "2024-01-10")])
    #expect(try builder.load().tombstones.map(\.path) == ["date=2024-01-02/never.parquet"])
    builder.commit(4, [builder.remove("f0", date: "2024-01-10"), builder.remove("f9")])
    #expect(
      try builder.load().tombstones.map(\.path)
        == [
          "date=2024-01-02/never.parquet", "date=2024-01-10/f0.parquet",
          "date=2024-01-02/f9.parquet",
        ])
  }

  /// A table of several row groups, with later commits that remove files, add them again and change them: the
  /// files of each date equal those among all files, and all files equal those of the commits.
  @Test func filesOfADateAreThoseAmongAll() throws {
    var random = SeededGenerator(seed: 21)
    let builder = TableBuilder()
    let dates = (0..<40).map { "2024-\($0 < 20 ? "01" : "03")-\(10 + $0 % 20)" }
    func file(_ number: Int) -> AddFile {
      var file = makeFile("f\(number)", date: dates[number % dates.count], rows: Int64(number))
      if number % 97 == 5 { file.partitionValues = ["date": nil] }
      return file
    }
    /// A checkpoint does not store `dataChange`.
    func unchanging(_ files: [AddFile]) -> Set<AddFile> {
      Set(
        files.map { file in
          var file = file
          file.dataChange = false
          return file
        })
    }
    builder.commit(
      1,
      (0..<5000).shuffled(using: &random).flatMap {
        [.add(file($0)), .txn(TxnAction(appId: "lake/ingest/\($0)", version: 1))]
      })
    var byCommits = try builder.load()
    try CheckpointWriter.write(byCommits, builder.storage)
    for version in 2...20 {
      var actions: [Action] = []
      for number in Set((0..<12).map { _ in Int.random(in: 0..<5100, using: &random) }) {
        var changed = file(number)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: changed.partitionValues = ["date": dates.randomElement(using: &random) ?? nil]
        case 1: changed.tags["lake.note"] = "\(version)"
        case 2: break
        default:
          actions.append(builder.remove("f\(number)", date: dates[number % dates.count]))
          continue
        }
        actions.append(.add(changed))
      }
      builder.commit(version, actions)
      let listing = try LogListing(builder.storage)
      byCommits = try byCommits.advanced(to: version, listing, builder.storage)
      let stored = try builder.load()
      let fileCount = try byCommits.files.count
      #expect(stored.live.stored.count == 3 && stored.live.countBound >= fileCount)
      for date in Set(dates).union(["2024-02-01", "", "2025"]) {
        let found = try stored.files(where: "date", is: date)
        #expect(found.count == Set(found).count)
        #expect(
          try unchanging(found) == unchanging(byCommits.files(where: "date", is: date)), "\(date)")
      }
      #expect(try unchanging(stored.files) == unchanging(byCommits.files))
    }
    let one = try builder.load()
    #expect(try one.files(where: "date", is: "2024-03-29").count > 60)
    #expect(one.live.stored.filter(\.isRead).count == 1)
    #expect(one.txns["lake/ingest/1234"]?.version == 1 && one.txns["lake/ingest/5000"] == nil)
  }

  @Test func applicationsAreThoseOfADictionary() throws {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<20 {
      let builder = TableBuilder()
      var expected: [String: Int64] = [:]
      for version in 1...12 {
        var actions: [Action] = []
        for number in Set((0..<6).map { _ in Int.random(in: 0..<30, using: &random) }) {
          // Other writers' ids count from 0 and may be anything.
          let id = number % 5 == 0 ? "spark-\(number)é" : "lake/ingest/\(number)/raw.x"
          let value = Int64.random(in: 0...2, using: &random)
          expected[id] = value == 0 && id.hasPrefix("lake/") ? nil : value
          actions.append(.txn(TxnAction(appId: id, version: value)))
        }
        builder.commit(version, actions)
        if version % 4 == 0 { try CheckpointWriter.write(builder.load(), builder.storage) }
        let txns = try builder.load().txns
        #expect(txns.all.mapValues(\.version) == expected)
        #expect(txns.count == expected.count && txns.isEmpty == expected.isEmpty)
        for number in 0..<30 {
          let id = "lake/ingest/\(number)/raw.x"
          #expect(txns[id]?.version == expected[id])
          let prefix = "lake/ingest/\(number)"
          #expect(
            txns.contains(prefix: prefix) == expected.keys.contains { $0.hasPrefix(prefix) })
        }
      }
    }
  }

  @Test func keyedFilesAreThoseOfAList() {
    var random = SeededGenerator(seed: 8)
    for _ in 0..<40 {
      var files = KeyedFiles<Int>()
      var expected: [(key: String, value: Int)] = []
      for step in 0..<300 {
        let key = "date=2024-01-02/part-\(Int.random(in: 0..<60, using: &random))"
        let index = expected.firstIndex { $0.key == key }
        if Bool.random(using: &random) {
          files.set(key, step)
          if let index { expected[index].value = step } else { expected.append((key, step)) }
        } else {
          files.remove(key)
          if let index { expected.remove(at: index) }
        }
        #expect(files.count == expected.count)
      }
      #expect(files.values() == expected.map(\.value))
    }
  }

  @Test func checkpointsBecomeRarerAsTheyGrow() throws {
    let limits = [0, 400, 484, 20_000, 1_000_000, 1 << 40].map {
      CheckpointPolicy.tailCommitMax(actionCount: $0)
    }
    #expect(limits == [10, 10, 11, 70, 500, 1000])
    // A writer with many commits continues from the checkpoints that it wrote itself.
    let storage = MemoryStorage()
    var snapshot = try makeTable(storage)
    for index in 1...40 {
      var transaction = Transaction(snapshot: snapshot, storage: storage)
      transaction.append((0..<200).map { makeFile("f\(index)-\($0)") })
      _ = try transaction.commit()
      snapshot = try snapshot.refreshed(storage)
    }
    let checkpoints = storage.contents.keys.filter { $0.hasSuffix(".checkpoint.parquet") }.sorted()
    #expect(checkpoints == [6, 12, 18, 24, 30, 36].map { LogFile.checkpointPath($0) })
  }

  @Test func aSnapshotHasTheWordsOfItsOwnCommit() throws {
    for count in [3, 40] {
      let storage = MemoryStorage()
      var snapshot = try makeTable(storage)
      for index in 1...count {
        var transaction = Transaction(snapshot: snapshot, storage: storage)
        transaction.writesCheckpoints = false
        transaction.operation = "STEP \(index)"
        transaction.append([makeFile("f\(index)")])
        _ = try transaction.commit()
        snapshot = try snapshot.refreshed(storage)
        #expect(snapshot.commitInfo?.operation == "STEP \(index)")
      }
      #expect(try Snapshot.load(storage).commitInfo?.operation == "STEP \(count)")
      #expect(try Snapshot.load(storage, version: 2).commitInfo?.operation == "STEP 2")
    }
  }
}
