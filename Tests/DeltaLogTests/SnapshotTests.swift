import Columnar
import JSON
import Storage
import TestSupport
import Testing

@testable import DeltaLog

@Suite struct SnapshotTests {
  /// Random histories, read in every way, compared with a naive replay.
  @Test func everyVersionIsTheSameHoweverItIsReached() throws {
    var random = SeededGenerator(seed: 42)
    var caseCount = 0
    for _ in 0..<12 {
      let builder = TableBuilder()
      var live: [String] = []
      var states: [[String]] = [[]]
      let versionCount = Int.random(in: 5...40, using: &random)
      for version in 1...versionCount {
        var actions: [Action] = [.txn(TxnAction(appId: "v", version: Int64(version)))]
        for index in 0..<Int.random(in: 0...3, using: &random) {
          let name = "f\(version)-\(index)"
          actions.append(builder.add(name))
          live.append(name)
        }
        if !live.isEmpty, Bool.random(using: &random) {
          let victim = live.remove(at: Int.random(in: 0..<live.count, using: &random))
          if !victim.hasPrefix("f\(version)-") {
            actions.append(builder.remove(victim))
          } else {
            actions.removeAll { $0 == builder.add(victim) }
          }
        }
        builder.commit(version, actions)
        states.append(live)
        if Int.random(in: 0..<6, using: &random) == 0 {
          try CheckpointWriter.write(builder.load(version: version), builder.storage)
        }
      }
      var walker = try builder.load(version: 0)
      for version in 0...versionCount {
        let snapshot = try builder.load(version: version)
        #expect(try names(snapshot) == states[version])
        #expect(snapshot.version == version)
        #expect(snapshot.txns["v"]?.version == (version == 0 ? nil : Int64(version)))
        let listing = try LogListing(builder.storage)
        if version > 0 { walker = try walker.advanced(to: version, listing, builder.storage) }
        let walked = try walker.files
        #expect(
          try snapshot.files.map { file in
            // A checkpoint does not store `dataChange`.
            walked.first { $0.path == file.path } ?? file
          } == walked)
        #expect(try names(walker) == states[version])
        caseCount += 1
      }
      #expect(throws: DeltaError.self) { try builder.load(version: versionCount + 1) }
      #expect(throws: DeltaError.self) { try builder.load(version: -1) }
    }
    print("\(caseCount) versions")
  }

  @Test func readsCleanedLogsAndRefusesGaps() throws {
    let builder = TableBuilder()
    for version in 1...8 { builder.commit(version, [builder.add("f\(version)")]) }
    try CheckpointWriter.write(builder.load(version: 5), builder.storage)
    for version in 0...4 { builder.storage.remove(LogFile.commitPath(version)) }
    #expect(try builder.load().files.count == 8)
    #expect(try builder.load(version: 5).files.count == 5)
    let gone = #expect(throws: DeltaError.self) { try builder.load(version: 3) }
    #expect(gone?.code == .versionNotFound)
    #expect(gone?.message == "version 3 is gone: the oldest commit that is left is 5")
    builder.storage.remove(LogFile.commitPath(7))
    let gap = #expect(throws: DeltaError.self) { try builder.load() }
    #expect(gap?.code == .gap)
    #expect(gap?.message == "the log has a gap: commit 7 is missing, though version 8 exists")
    #expect(gap?.placeText == "memory/_delta_log/00000000000000000007.json")
  }

  @Test func ignoresWhatIsNoPartOfTheLog() throws {
    let builder = TableBuilder()
    builder.commit(1, [builder.add("a")])
    for name in [
      "00000000000000000000.00000000000000000001.compacted.json", "00000000000000000001.crc",
      "00000000000000000002.json.tmp", ".00000000000000000002.json.1.tmp", "2.json", "_commits/x",
      "000000000000000000002.json", "00000000000000000003.checkpoint.parquet.tmp",
      "99999999999999999999.json",
    ] {
      builder.storage.set("_delta_log/" + name, Array("nonsense".utf8))
    }
    #expect(try builder.load().version == 1)
    #expect(try names(builder.load()) == ["a"])
  }

  @Test func matchesAddAndRemoveHoweverTheirPathsAreWritten() throws {
    let spellings = [
      ("a/b%20c.parquet", "a/b c.parquet"), ("a/b.parquet", "./a/b.parquet"),
      ("a/b.parquet", "a//b.parquet"), ("/x/y", "file:///x/y"), ("/x/y", "file:/x/y"),
      ("p@%23h", "p%40%23h"), ("x=A%2FA/f", "x=A%2fA/f"), ("a/./b", "a/b"),
    ]
    for (added, removed) in spellings {
      let builder = TableBuilder()
      builder.commit(
        1,
        text:
          #"{"add":{"path":"\#(added)","partitionValues":{"date":null},"size":1,"modificationTime":1,"dataChange":true}}"#
      )
      #expect(try builder.load().files.count == 1)
      builder.commit(2, text: #"{"remove":{"path":"\#(removed)","dataChange":true}}"#)
      #expect(try builder.load().files.isEmpty, "\(added) and \(removed)")
    }
    let builder = TableBuilder()
    builder.commit(1, [builder.add("a%20b"), builder.add("a%2520b")])
    builder.commit(2, [builder.remove("a b")])
    #expect(try builder.load().files.map(\.filePath) == ["date=2024-01-02/a%20b.parquet"])
  }

  @Test func decodesAndEncodesPaths() {
    #expect(DataPath.decoded("date=2024-01-02/a%20b%25.parquet") == "date=2024-01-02/a b%.parquet")
    #expect(
      DataPath.encoded("date=2024-01-02/a b%é.parquet") == "date=2024-01-02/a%20b%25%C3%A9.parquet")
    #expect(DataPath.decoded("s3://bucket//a%20b") == "s3://bucket//a b")
    #expect(DataPath.decoded("100%") == "100%")
    for path in ["a b", "ä/ö", "%41", "x?y#z", "100%"] {
      #expect(DataPath.decoded(DataPath.encoded(path)) == path)
    }
  }

  @Test func replacesAFileThatIsAddedAgain() throws {
    let builder = TableBuilder()
    builder.commit(1, [builder.add("a", rows: 1), builder.add("b", rows: 1)])
    builder.commit(2, [builder.add("a", rows: 5)])
    let snapshot = try builder.load()
    #expect(try names(snapshot) == ["a", "b"])
    #expect(try snapshot.files[0].rowCount == 5)
    builder.commit(3, [builder.remove("a")])
    builder.commit(4, [builder.add("a", rows: 9)])
    #expect(try names(builder.load()) == ["b", "a"])
    #expect(try builder.load().tombstones.isEmpty)
  }

  @Test func prunesByDate() throws {
    let builder = TableBuilder()
    var odd = makeFile("odd")
    odd.partitionValues = ["date": nil]
    var empty = makeFile("empty")
    empty.partitionValues = ["date": ""]
    builder.commit(
      1,
      [
        builder.add("a", date: "2024-01-01"), builder.add("b", date: "2024-01-02"),
        builder.add("c", date: "2024-01-03"), .add(odd), .add(empty),
      ])
    let snapshot = try builder.load()
    #expect(
      try snapshot.files(where: "date", is: "2024-01-02").map(\.path) == [
        "date=2024-01-02/b.parquet"
      ])
    #expect(try snapshot.files(where: "date", is: "").isEmpty)
    #expect(try snapshot.filesByPartition()[PartitionKey(["date": nil])]?.count == 2)
    #expect(PartitionKey(["date": nil]).folder(["date"]) == "date=__HIVE_DEFAULT_PARTITION__")
    #expect(PartitionKey(["x": "A/A", "y": "a b"]).folder(["x", "y"]) == "x=A%2FA/y=a b")
  }

  @Test func travelsInTime() throws {
    let builder = TableBuilder(birth: [])
    // File times that decrease or repeat.
    let times: [Int64] = [1000, 2000, 1500, 1500, 9000]
    for (version, time) in times.enumerated() {
      builder.commit(
        version, version == 0 ? TableBuilder.birth : [builder.add("f\(version)")], time: time)
    }
    // Monotonic: 1000, 2000, 2001, 2002, 9000.
    for (time, version) in [
      (1000, 0), (1999, 0), (2000, 1), (2001, 2), (2002, 3), (8999, 3), (9000, 4), (99_999, 4),
    ] {
      #expect(try builder.load(asOf: Int64(time)).version == version, "\(time)")
    }
    let early = #expect(throws: DeltaError.self) { try builder.load(asOf: 999) }
    #expect(early?.code == .versionNotFound)
    #expect(early?.message.contains("1970-01-01T00:00:00.999Z") == true)
    let entries = try history(builder.storage)
    #expect(entries.map(\.version) == [4, 3, 2, 1, 0])
    #expect(entries.map(\.timestamp) == [9000, 2002, 2001, 2000, 1000])
    #expect(entries[0].addCount == 1 && entries[0].addedRowCount == 10)
    #expect(entries[4].changesMetadata)
    #expect(try history(builder.storage, limit: 2).map(\.version) == [4, 3])
  }

  @Test func travelsByInCommitTimesWhereTheTableHasThem() throws {
    let builder = TableBuilder(birth: [])
    var metadata = TableBuilder.metadata
    builder.commit(0, [.protocol(.lake), .metadata(metadata)], time: 100)
    metadata.configuration = [
      "delta.enableInCommitTimestamps": "true",
      "delta.inCommitTimestampEnablementVersion": "1",
    ]
    func info(_ time: Int64) -> Action {
      .commitInfo(CommitInfo(.object(JSONObject([("inCommitTimestamp", .integer(time))]))))
    }
    builder.commit(1, [info(500), .metadata(metadata)], time: 7_000_000)
    builder.commit(2, [info(600), builder.add("a")], time: 1)
    #expect(try builder.load(asOf: 499).version == 0)
    #expect(try builder.load(asOf: 500).version == 1)
    #expect(try builder.load(asOf: 600).version == 2)
  }
}
