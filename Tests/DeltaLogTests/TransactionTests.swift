import Columnar
import Glibc
import JSON
import Platform
import Storage
import Synchronization
import TestSupport
import Testing

@testable import DeltaLog

/// A table partitioned by `date`.
func makeTable(
  _ storage: any TableStorage, properties: [String: String] = [:]
) throws -> Snapshot {
  var transaction = Transaction(snapshot: nil, storage: storage)
  transaction.create(
    schema: try DeltaSchema([
      Field("symbol", .string), Field("ts_event", .timestamp),
      Field("close", .decimal(precision: 18, scale: 9)), Field("date", .date),
    ]),
    partitionColumns: ["date"], configuration: properties)
  #expect(try transaction.commit() == .committed(version: 0))
  return try Snapshot.load(storage)
}

@Suite struct TransactionTests {
  @Test func createsAppendsAndReads() throws {
    let storage = MemoryStorage()
    let empty = try makeTable(storage, properties: ["lake.schema": "ohlcv-1s"])
    #expect(empty.version == 0)
    #expect(try empty.files.isEmpty)
    #expect(empty.configuration["lake.schema"] == "ohlcv-1s")
    #expect(empty.fields.map(\.type.name) == ["string", "timestamp", "decimal(18,9)", "date"])
    var transaction = Transaction(snapshot: empty, storage: storage)
    transaction.setApplication("lake/ingest/abc/raw.x", version: 1)
    transaction.append([makeFile("a"), makeFile("b", date: "2024-01-03")])
    #expect(try transaction.commit() == .committed(version: 1))
    let snapshot = try Snapshot.load(storage)
    #expect(
      try snapshot.files.map(\.filePath) == [
        "date=2024-01-02/a.parquet", "date=2024-01-03/b.parquet",
      ])
    #expect(snapshot.txns["lake/ingest/abc/raw.x"]?.version == 1)
    #expect(try snapshot.files[0].taggedRowCount == 10)
    #expect(try snapshot.files[0].taggedRowHash == "00112233445566778899aabbccddeeff")
    #expect(snapshot.commitInfo?.engineInfo?.hasPrefix("lake/") == true)
    #expect(snapshot.commitInfo?.isBlindAppend == true)
    #expect(snapshot.commitInfo?.readVersion == 0)
    #expect(try snapshot.files.map(\.rowCount) == [10, 10])
    #expect(try empty.refreshed(storage).files == snapshot.files)
    var again = Transaction(snapshot: nil, storage: storage)
    again.create(schema: snapshot.schema, partitionColumns: ["date"], configuration: [:])
    #expect(try again.commit() == .conflict(version: 0, reason: .tableExists))
  }

  /// The conflict table of the lake's commit protocol: the other commit, ours, the result.
  @Test func followsTheConflictTable() throws {
    for (name, first, second, expected) in ConflictCases.all {
      let storage = MemoryStorage()
      var seed = Transaction(snapshot: try makeTable(storage), storage: storage)
      seed.append([makeFile("a"), makeFile("b"), makeFile("c", date: "2024-01-03")])
      _ = try seed.commit()
      let snapshot = try Snapshot.load(storage)
      var other = Transaction(snapshot: snapshot, storage: storage)
      try first(&other, snapshot)
      var ours = Transaction(snapshot: snapshot, storage: storage)
      try second(&ours, snapshot)
      #expect(try other.commit() == .committed(version: 2), "\(name)")
      let before = storage.contents
      #expect(try ours.commit() == expected, "\(name)")
      if case .committed = expected { continue }
      #expect(storage.contents == before, "\(name): nothing may be written")
    }
    print("\(ConflictCases.all.count) conflict cases")
  }

  @Test func removalsInOnePartitionStopACompactionThere() throws {
    let storage = MemoryStorage()
    var seed = Transaction(snapshot: try makeTable(storage), storage: storage)
    seed.append([makeFile("a"), makeFile("b"), makeFile("c"), makeFile("d")])
    _ = try seed.commit()
    let snapshot = try Snapshot.load(storage)
    var compaction = Transaction(snapshot: snapshot, storage: storage)
    compaction.compact(removing: Array(try snapshot.files[..<2]), adding: [makeFile("ab")])
    // Another writer's commit without the file's partition values.
    storage.set(
      LogFile.commitPath(2),
      Array(#"{"remove":{"path":"date=2024-01-02/d.parquet","dataChange":true}}"#.utf8))
    #expect(
      try compaction.commit()
        == .conflict(version: 2, reason: .filesRemoved(PartitionKey(date: "2024-01-02"))))
  }

  @Test func doesTheSameApplicationOnce() throws {
    let storage = MemoryStorage()
    var first = Transaction(snapshot: try makeTable(storage), storage: storage)
    first.setApplication("app-a", version: 1)
    first.append([makeFile("a")])
    _ = try first.commit()
    var again = Transaction(snapshot: try Snapshot.load(storage), storage: storage)
    again.setApplication("app-a", version: 1)
    again.append([makeFile("a2")])
    #expect(try again.commit() == .alreadyDone(version: 1))
    var both = Transaction(snapshot: try Snapshot.load(storage), storage: storage)
    both.setApplication("app-a", version: 1)
    both.setApplication("app-b", version: 1)
    both.append([makeFile("a3")])
    #expect(
      try both.commit()
        == .conflict(version: 1, reason: .transactionsDone(appIds: ["app-a"])))
    #expect(try Snapshot.load(storage).files.count == 1)
  }

  @Test func honoursAppendOnlyTables() throws {
    let storage = MemoryStorage()
    var seed = Transaction(
      snapshot: try makeTable(storage, properties: ["delta.appendOnly": "true"]), storage: storage)
    seed.append([makeFile("a"), makeFile("b")])
    _ = try seed.commit()
    let snapshot = try Snapshot.load(storage)
    var removal = Transaction(snapshot: snapshot, storage: storage)
    removal.remove([try snapshot.files[0]])
    let error = #expect(throws: DeltaError.self) { try removal.commit() }
    #expect(error?.code == .refused)
    var compaction = Transaction(snapshot: snapshot, storage: storage)
    compaction.compact(removing: try snapshot.files, adding: [makeFile("ab")])
    #expect(try compaction.commit() == .committed(version: 2))
  }

  @Test func refusesCommitsThatBreakTheProtocol() throws {
    let storage = MemoryStorage()
    let snapshot = try makeTable(storage)
    let cases: [(String, [Action])] = [
      ("adds 'date=2024-01-02/a.parquet' twice", [.add(makeFile("a")), .add(makeFile("a"))]),
      (
        "adds and removes",
        [.add(makeFile("a")), .remove(RemoveFile(removing: makeFile("a"), at: 1))]
      ),
      (
        "without the table's partition columns",
        [.add(AddFile(path: "a", size: 1, modificationTime: 1))]
      ),
      (
        "two versions of the application",
        [.txn(TxnAction(appId: "x", version: 1)), .txn(TxnAction(appId: "x", version: 2))]
      ),
      (
        "changes the metadata twice",
        [.metadata(TableBuilder.metadata), .metadata(TableBuilder.metadata)]
      ),
    ]
    for (words, actions) in cases {
      var transaction = Transaction(snapshot: snapshot, storage: storage)
      transaction.actions = actions
      let error = #expect(throws: DeltaError.self) { try transaction.commit() }
      #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }
    #expect(try Snapshot.latestVersion(storage) == 0)
  }

  @Test func addsNullableColumnsBeforeThePartitionColumn() throws {
    let storage = MemoryStorage()
    var change = Transaction(snapshot: try makeTable(storage), storage: storage)
    try change.addColumns([Field("vwap", .double, isNullable: false)])
    change.setProperties(["lake.note": "a", "lake.other": "b"])
    #expect(throws: DeltaError.self) { try change.addColumns([Field("VWAP", .double)]) }
    #expect(try change.commit() == .committed(version: 1))
    let snapshot = try Snapshot.load(storage)
    #expect(snapshot.fields.map(\.name) == ["symbol", "ts_event", "close", "vwap", "date"])
    #expect(snapshot.schema["vwap"]?.isNullable == true)
    #expect(snapshot.configuration == ["lake.note": "a", "lake.other": "b"])
    var back = Transaction(snapshot: snapshot, storage: storage)
    back.setProperties(["lake.note": nil])
    _ = try back.commit()
    #expect(try Snapshot.load(storage).configuration == ["lake.other": "b"])
  }

  @Test(arguments: [
    (#"{"protocol":{"minReaderVersion":1,"minWriterVersion":4}}"#, "changeDataFeed"),
    (#"{"protocol":{"minReaderVersion":1,"minWriterVersion":3}}"#, "checkConstraints"),
    (
      #"{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["rowTracking","appendOnly"]}}"#,
      "rowTracking"
    ),
    (
      #"{"metaData":{"id":"x","format":{"provider":"parquet"},"partitionColumns":[],"configuration":{},"schemaString":"{\"type\":\"struct\",\"fields\":[{\"name\":\"x\",\"type\":\"integer\",\"nullable\":true,\"metadata\":{\"delta.invariants\":\"{}\"}}]}"}}"#,
      "invariants (column 'x')"
    ),
    (
      #"{"metaData":{"id":"x","format":{"provider":"parquet"},"partitionColumns":[],"configuration":{"delta.constraints.c":"x > 1"},"schemaString":"{\"type\":\"struct\",\"fields\":[]}"}}"#,
      "checkConstraints ('c')"
    ),
  ])
  func refusesToWriteByTheFeaturesName(line: String, name: String) throws {
    let builder = TableBuilder()
    builder.commit(1, text: line)
    let snapshot = try builder.load()
    var transaction = Transaction(snapshot: snapshot, storage: builder.storage)
    transaction.append([makeFile("a")])
    let error = #expect(throws: DeltaError.self) { try transaction.commit() }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
  }

  @Test func racingWritersLoseNoCommit() throws {
    let writerCount = 4
    let commitCount = 12
    let folder = TemporaryFolder("lake-race")
    let storage = DirectoryStorage(root: folder.path)
    let birth = try makeTable(storage)
    let outcomes = Mutex<[Int]>([])
    let threads = (0..<writerCount).compactMap { writer in
      Parallel.startThread {
        for index in 0..<commitCount {
          // Most plans are outdated when they are committed.
          guard let snapshot = index % 3 == 0 ? birth : try? Snapshot.load(storage) else {
            continue
          }
          var transaction = Transaction(snapshot: snapshot, storage: storage)
          transaction.setApplication("w\(writer)-\(index)", version: 1)
          transaction.append([makeFile("f-\(writer)-\(index)")])
          if case .committed(let version)? = try? transaction.commit() {
            outcomes.withLock { $0.append(version) }
          }
        }
      }
    }
    for thread in threads { pthread_join(thread, nil) }
    let versions = outcomes.withLock { $0 }.sorted()
    #expect(versions == Array(1...(writerCount * commitCount)))
    let snapshot = try Snapshot.load(storage)
    #expect(snapshot.version == writerCount * commitCount)
    #expect(try Set(names(snapshot)).count == writerCount * commitCount)
    #expect(snapshot.txns.count == writerCount * commitCount)
    let leftovers = try storage.list("_delta_log").filter { $0.name.hasPrefix(".") }
    #expect(leftovers.isEmpty)
  }
}

/// The other commit, ours, the result.
private enum ConflictCases {
  typealias Change = @Sendable (inout Transaction, Snapshot) throws -> Void
  static let append: Change = { transaction, _ in
    transaction.append([makeFile("n\(transaction.actions.count)x")])
  }
  static let appendElsewhere: Change = { transaction, _ in
    transaction.append([makeFile("elsewhere", date: "2024-02-02")])
  }
  static let replace: Change = { transaction, _ in
    try transaction.replacePartition(PartitionKey(date: "2024-01-02"), with: [makeFile("replaced")])
  }
  static let replaceElsewhere: Change = { transaction, _ in
    try transaction.replacePartition(
      PartitionKey(date: "2024-01-03"), with: [makeFile("r3", date: "2024-01-03")])
  }
  static let compact: Change = { transaction, snapshot in
    transaction.compact(
      removing: try snapshot.files(in: PartitionKey(date: "2024-01-02")),
      adding: [makeFile("compacted")])
  }
  static let removeOne: Change = { transaction, snapshot in
    transaction.remove([try snapshot.files[1]])
  }
  static let readAndAppend: Change = { transaction, _ in
    transaction.readPartitions.insert(PartitionKey(date: "2024-01-02"))
    transaction.append([makeFile("derived", date: "2024-03-01")])
  }
  static let property: Change = { transaction, _ in transaction.setProperties(["lake.note": "x"]) }
  static func application(_ version: Int64) -> Change {
    { transaction, _ in
      transaction.setApplication("lake/ingest/f/raw.x", version: version)
      transaction.append([makeFile("once\(version)", date: "2024-04-01")])
    }
  }
  static let partition = PartitionKey(date: "2024-01-02")
  static let all: [(String, Change, Change, CommitOutcome)] = [
    ("append, append", append, { t, _ in t.append([makeFile("q")]) }, .committed(version: 3)),
    (
      "append in P, replaces P", append, replace,
      .conflict(version: 2, reason: .partitionChanged(partition))
    ),
    ("append elsewhere, replaces P", appendElsewhere, replace, .committed(version: 3)),
    (
      "replaces P, replaces P", replace, replace,
      .conflict(version: 2, reason: .partitionChanged(partition))
    ),
    ("replaces P', replaces P", replaceElsewhere, replace, .committed(version: 3)),
    (
      "compacts P, replaces P", compact, replace,
      .conflict(version: 2, reason: .partitionChanged(partition))
    ),
    ("append to P, compacts P", append, compact, .committed(version: 3)),
    (
      "removed in P, compacts P", removeOne, compact,
      .conflict(version: 2, reason: .fileChanged(path: "date=2024-01-02/b.parquet"))
    ),
    (
      "compacts P, compacts P", compact, compact,
      .conflict(version: 2, reason: .fileChanged(path: "date=2024-01-02/a.parquet"))
    ),
    ("replaces P, append", replace, append, .committed(version: 3)),
    (
      "append in P, read P", append, readAndAppend,
      .conflict(version: 2, reason: .partitionChanged(partition))
    ),
    ("append elsewhere, read P", appendElsewhere, readAndAppend, .committed(version: 3)),
    ("metadata, append", property, append, .conflict(version: 2, reason: .metadataChanged)),
    ("append, metadata", append, property, .committed(version: 3)),
    ("same application", application(1), application(1), .alreadyDone(version: 2)),
    ("application went further", application(2), application(1), .alreadyDone(version: 2)),
    (
      "application not so far", application(1), application(2),
      .conflict(version: 2, reason: .transactionAdvanced(appId: "lake/ingest/f/raw.x"))
    ),
  ]
}
