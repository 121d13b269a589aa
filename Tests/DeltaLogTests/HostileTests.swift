import Foundation
import FuzzTargets
import JSON
import Storage
import TestSupport
import Testing

@testable import DeltaLog

/// Invalid commits.
@Suite struct HostileTests {
  @Test(arguments: [
    ("", "the commit has no bytes"), ("\n\n", "the commit holds no action"),
    ("{\"add\":", "the JSON text ends inside a value (byte 7 of the line)"),
    ("{\"add\":{}}", "'add' has no 'path'"), ("{\"add\":[]}", "an array where an object should be"),
    ("{\"add\":{\"path\":\"a\"}}", "'add' has no 'size'"),
    ("{\"add\":{\"path\":\"a\",\"size\":1e30}}", "'1e30' is not a 64-bit integer"),
    ("{\"add\":{\"path\":\"a\",\"size\":-1}}", "'add' has a size of -1"),
    ("{\"add\":{\"path\":\"a\",\"size\":99999999999999999999}}", "is not a 64-bit integer"),
    ("{\"add\":{\"path\":7,\"size\":1}}", "a number where a string should be"),
    (
      "{\"add\":{\"path\":\"a\",\"size\":1,\"partitionValues\":{\"date\":1}}}",
      "a number where a string"
    ),
    ("{\"remove\":{}}", "'remove' has no 'path'"), ("[]", "an array where an object should be"),
    ("{\"txn\":{\"appId\":\"x\"}}", "'version' of 'txn' is missing"),
    ("{\"txn\":{\"appId\":\"x\",\"version\":1.5}}", "'version' of 'txn' is 1.5"),
    ("{\"metaData\":{\"id\":\"x\"}}", "'partitionColumns' of 'metaData' is missing"),
    ("{\"protocol\":{\"minReaderVersion\":\"1\"}}", "'minReaderVersion' of 'protocol' is \"1\""),
    ("{\"protocol\":{\"minReaderVersion\":-1,\"minWriterVersion\":2}}", "'minReaderVersion'"),
    (
      "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":99999999999}}",
      "'minWriterVersion'"
    ),
    ("{\"add\":{\"path\":\"a\",\"size\":1}}\n{\"add\"", "ends inside a value"),
    ("{\"commitInfo\":\"\u{1}\"}", "a control character"),
  ])
  func aDamagedCommitIsAnErrorWithItsPlace(text: String, message: String) {
    let builder = TableBuilder()
    builder.commit(1, text: text)
    let error = #expect(throws: DeltaError.self) { try builder.load() }
    #expect(error?.code == .corrupt)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    #expect(error?.path == "memory/_delta_log/00000000000000000001.json")
  }

  @Test func aLongCommitIsReadPieceByPieceAsIfAtOnce() throws {
    let text =
      (0..<20).map { "{\"add\":{\"path\":\"a\($0)\",\"size\":\($0)}}" }.joined(separator: "\n")
      + "\n\n{\"commitInfo\":{\"x\":1}}"
    for bytes in [Array(text.utf8), Array((text + "\n").utf8)] {
      let whole = try CommitParser.parse(bytes, path: "p")
      for pieces in [1, 7, 31, 64, 10_000] {
        let parsed = try CommitParser.parse(byteCount: bytes.count, pieces: pieces, path: "p") {
          Array(bytes[$0])
        }
        #expect(parsed == whole)
      }
    }
    let bad = Array((text + "\n{\"add\":{}}").utf8)
    let error = #expect(throws: DeltaError.self) {
      try CommitParser.parse(byteCount: bad.count, pieces: 50, path: "p") { Array(bad[$0]) }
    }
    #expect(error?.placeText == "p, line 23")
  }

  /// Written by some tools and people against the specification, but accepted by other readers.
  @Test(arguments: [
    ("{\n  \"add\": {\n    \"path\": \"a\",\n    \"size\": 1\n  }\n}", "\n"),
    ("{\r\n  \"add\": {\r\n \"path\": \"}{\\\"\", \"size\": 2 } }", "\r\n"),
    ("{\"add\":{\"path\":\"a\",\"size\":3}}", ""), ("{\"add\":{\"path\":\"a\",\"size\":4}}", " \t"),
    ("{\"add\":{\"path\":\"a\",\"size\":5}}", "\r"),
    ("{\n\"add\":{\"path\":\"a\",\"size\":6}}", ""),
    ("\n  {\"add\":{\"path\":\"{\",\"size\":6}\n}\n", "\n"),
  ])
  func actionsOfSeveralLinesAndSeveralInOneAreRead(object: String, between: String) throws {
    let plain = Array("{\"commitInfo\":{\"x\":1}}".utf8)
    let action = try CommitParser.parse(Array(object.replacing("\n", with: " ").utf8), path: "p")
    let info = try CommitParser.parse(plain, path: "p")
    let texts = [object, object, String(decoding: plain, as: UTF8.self), object]
    for end in ["", "\n", "\n\n"] {
      let bytes = Array((texts.joined(separator: between) + end).utf8)
      let wanted = action + action + info + action
      #expect(try CommitParser.parse(bytes, path: "p") == wanted)
      for pieces in [1, 7, 31, 64] {
        #expect(
          try CommitParser.parse(byteCount: bytes.count, pieces: pieces, path: "p") {
            Array(bytes[$0])
          } == wanted)
      }
    }
  }

  @Test(arguments: [
    ("{\n \"add\": {\n  \"path\": 7\n }\n}", 3, "(byte 10 of the line)"),
    ("{\n \"add\": {\n  \"path\": \"cut", 1, "ends inside a value (byte 1 of the line)"),
    ("{\"commitInfo\":{}}, {\"commitInfo\":{}}", 1, "',' where a value should be (byte 17"),
    ("{\"commitInfo\":{}}{\"commitInfo\":{}},\n", 1, "',' where a value should be (byte 34"),
    ("[{\"commitInfo\":{}}]", 1, "an array where an object should be"),
    ("{\"commitInfo\":{\"a\":\"cut\n{\"commitInfo\":{}}", 1, "ends inside a value"),
  ])
  func whatIsWrongInThemHasItsLine(text: String, line: Int, message: String) {
    let before = "{\n\"commitInfo\":{}}\n"
    let bytes = Array((before + text).utf8)
    for pieces in [1, 9, 1_000] {
      let error = #expect(throws: DeltaError.self) {
        try CommitParser.parse(byteCount: bytes.count, pieces: pieces, path: "p") {
          Array(bytes[$0])
        }
      }
      #expect(error?.placeText == "p, line \(2 + line)")
      #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
  }

  @Test func aCommitThatIsTooLongIsRefusedUnread() {
    let error = #expect(throws: DeltaError.self) {
      try CommitParser.parse(byteCount: CommitParser.byteCountMax + 1, path: "p") { _ in
        Issue.record("it was read")
        return []
      }
    }
    #expect(error?.code == .unsupported)
  }

  @Test func namesTheLine() {
    let builder = TableBuilder()
    builder.commit(1, text: "{\"commitInfo\":{}}\r\n\n{\"add\":{}}\n")
    let error = #expect(throws: DeltaError.self) { try builder.load() }
    #expect(error?.placeText == "memory/_delta_log/00000000000000000001.json, line 3")
  }

  @Test func takesWhatTheProtocolAllows() throws {
    let builder = TableBuilder()
    builder.commit(
      1,
      text: """
        {"commitInfo":{"timestamp":1},"add":null}\r
          {"add":{"path":"a","size":1,"partitionValues":{"date":null},"modificationTime":2,"dataChange":true,"stats":null,"tags":null,"deletionVector":null,"newThing":{"x":[1]}}}

        {"futureAction":{"anything":[{}]}}
        {"cdc":{"path":"_change_data/x","partitionValues":{},"size":1,"dataChange":false}}
        {"add":{"path":"b","size":1,"tags":{"x":null,"y":"z"}}}
        """)
    let snapshot = try builder.load()
    #expect(try snapshot.files.map(\.path) == ["a", "b"])
    #expect(try snapshot.files[1].tags == ["y": "z"])
  }

  @Test func aLogWithoutProtocolOrMetadataIsAnError() {
    for (birth, message) in [
      ([Action.protocol(.lake)], "the log has no 'metaData' action"),
      ([Action.metadata(TableBuilder.metadata)], "the log has no 'protocol' action"),
    ] {
      let builder = TableBuilder(birth: birth)
      let error = #expect(throws: DeltaError.self) { try builder.load() }
      #expect(error?.message == message)
    }
    let nothing = #expect(throws: DeltaError.self) { try Snapshot.load(MemoryStorage()) }
    #expect(nothing?.code == .noTable)
  }

  @Test(arguments: [
    (
      "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"deletionVectors\",\"variantType\",\"variantShredding\",\"another\"],\"writerFeatures\":[]}",
      "'another, variantShredding'"
    ),
    ("{\"minReaderVersion\":4,\"minWriterVersion\":7}", "reader version 4"),
    (
      "{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"aFeatureOfTomorrow\"]}",
      "'aFeatureOfTomorrow'"
    ),
  ])
  func refusesTablesByTheFeaturesName(table: String, words: String) {
    let builder = TableBuilder()
    builder.commit(1, text: "{\"protocol\":\(table)}")
    // A commit that cannot be parsed does not hide the reason for it.
    builder.commit(2, text: "{\"add\":{\"path\":{\"new\":1}}}")
    let error = #expect(throws: DeltaError.self) { try builder.load() }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
  }

  @Test func readsTablesWhoseWriterFeaturesAreUnknown() throws {
    let builder = TableBuilder()
    builder.commit(
      1,
      text:
        "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":[\"rowTracking\",\"unknownToUs\"]}}"
    )
    builder.commit(2, [builder.add("a")])
    let snapshot = try builder.load()
    #expect(try snapshot.files.count == 1)
    let error = #expect(throws: DeltaError.self) { try snapshot.requireWritable() }
    #expect(error?.message.contains("rowTracking, unknownToUs") == true)
  }

  @Test func refusesAFileWithADeletionVectorEvenWhereTheProtocolIsSilent() {
    let builder = TableBuilder()
    builder.commit(
      1,
      text:
        "{\"add\":{\"path\":\"a\",\"size\":1,\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"x\",\"offset\":4,\"sizeInBytes\":1,\"cardinality\":1}}}"
    )
    let error = #expect(throws: DeltaError.self) { try builder.load() }
    #expect(error?.message.contains("'deletionVectors'") == true)
  }

  @Test func survivesRandomDamage() {
    let actions: [Action] =
      TableBuilder.birth + [
        .add(makeFile("a")), .remove(RemoveFile(removing: makeFile("b"), at: 5)),
        .txn(TxnAction(appId: "x", version: 1, lastUpdated: 2)),
        .domainMetadata(DomainMetadata(domain: "d", configuration: "{}")),
        .commitInfo(CommitInfo(.object(JSONObject([("timestamp", .integer(1))])))),
      ]
    let whole = CommitWriter.bytes(of: actions)
    DeltaFuzz.run(whole)
    var random = SeededGenerator(seed: 5)
    for _ in 0..<5000 {
      var damaged = whole
      for _ in 0...Int.random(in: 0..<4, using: &random) where !damaged.isEmpty {
        let index = Int.random(in: 0..<damaged.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: damaged[index] = .random(in: 0...255, using: &random)
        case 1: damaged.remove(at: index)
        default: damaged.removeLast(damaged.count - Swift.max(index, 1))
        }
      }
      DeltaFuzz.run(damaged)
    }
  }

  @Test func schemasSurviveTheirRoundTrip() throws {
    let nested =
      #"{"type":"struct","fields":[{"name":"a","type":{"type":"array","elementType":{"type":"struct","fields":[{"name":"m","type":{"type":"map","keyType":"string","valueType":"decimal(38,18)","valueContainsNull":false},"nullable":true,"metadata":{}}]},"containsNull":true},"nullable":false,"metadata":{"comment":"x"}},{"name":"v","type":"void","nullable":true,"metadata":{}},{"name":"w","type":"geometry","nullable":true,"metadata":{}}]}"#
    let schema = try DeltaSchema(parsing: nested)
    #expect(schema.schemaString == nested)
    #expect(schema.flatFields.map(\.name) == ["v"])
    #expect(schema["a"]?.isNullable == false)
    #expect(schema["w"]?.type == .unknown("geometry"))
    for bad in [
      "", "[]", "{}", #"{"type":"struct"}"#, #"{"type":"struct","fields":[{"name":"a"}]}"#,
      #"{"type":"struct","fields":[{"name":"a","type":"decimal(39,1)"}]}"#,
      #"{"type":"struct","fields":[{"name":"a","type":"decimal(5,6)"}]}"#,
      #"{"type":"struct","fields":[{"name":"a","type":{"type":"array"}}]}"#,
    ] {
      let error = #expect(throws: DeltaError.self) { try DeltaSchema(parsing: bad) }
      #expect(error?.code == .schema)
    }
  }

  @Test(arguments: [Int.max, Int.max - 1, 1 << 40])
  func aVersionFarFromAllOthersIsAGap(_ version: Int) throws {
    let builder = TableBuilder()
    builder.commit(1, [builder.add("a")])
    builder.commit(version, [builder.add("b")])
    let error = #expect(throws: DeltaError.self) { try builder.load() }
    #expect(error?.code == .gap)
    #expect(error?.message.contains("commit 2 is missing") == true)
    #expect(try builder.load(version: 1).files.count == 1)
    #expect(throws: DeltaError.self) { try history(builder.storage) }
    let refreshed = #expect(throws: DeltaError.self) {
      try builder.load(version: 1).refreshed(builder.storage)
    }
    #expect(refreshed?.code == .gap)
  }

  @Test func behindTheLastVersionThatThereCanBeNothingIsCommitted() throws {
    let builder = TableBuilder()
    let bytes = CommitWriter.bytes(of: TableBuilder.birth)
    var last = LogReplay()
    last.apply(TableBuilder.birth)
    let table = try Snapshot(last, version: .max, checkpoint: nil, builder.storage.name)
    try CheckpointWriter.write(table, builder.storage)
    try CheckpointWriter.write(try builder.load(version: 0), builder.storage)
    builder.storage.set(LogFile.commitPath(.max), bytes)
    let snapshot = try builder.load()
    #expect(snapshot.version == .max)
    var transaction = Transaction(snapshot: snapshot, storage: builder.storage)
    transaction.append([makeFile("c")])
    let error = #expect(throws: DeltaError.self) { try transaction.commit() }
    #expect(error?.message.contains("is the last that there can be") == true)
    var late = Transaction(snapshot: try builder.load(version: 0), storage: builder.storage)
    late.append([makeFile("c")])
    #expect(try late.commit() == .committed(version: 1))
  }

  @Test func aTimeBehindTheLastThatThereCanBeIsAnError() throws {
    let properties = ["delta.enableInCommitTimestamps": "true"]
    var metadata = TableBuilder.metadata
    metadata.configuration = properties
    func info(_ time: Int64) -> Action {
      .commitInfo(CommitInfo(.object(JSONObject([("inCommitTimestamp", .integer(time))]))))
    }
    let builder = TableBuilder(birth: [info(.max), .protocol(.lake), .metadata(metadata)])
    builder.commit(1, [info(5)])
    let error = #expect(throws: DeltaError.self) { try builder.load(asOf: 7) }
    #expect(error?.code == .corrupt || error?.code == .unsupported)
  }
}

/// Features matter only if a table uses them.
@Suite struct FeatureTests {
  private func builder(_ features: [String]) -> TableBuilder {
    let builder = TableBuilder(birth: [
      .protocol(
        TableProtocol(
          minReaderVersion: 3, minWriterVersion: 7, readerFeatures: features,
          writerFeatures: features)),
      .metadata(TableBuilder.metadata),
    ])
    builder.commit(1, [builder.add("one.parquet")])
    return builder
  }

  @Test func featuresThatAreOnlyListedDoNotMatter() throws {
    let listed = [
      "deletionVectors", "columnMapping", "v2Checkpoint", "vacuumProtocolCheck", "typeWidening",
      "timestampNtz", "variantType", "clustering",
    ]
    #expect(try builder(listed).load().files.count == 1)
    let mapped = TableBuilder(birth: [
      .protocol(TableProtocol(minReaderVersion: 2, minWriterVersion: 5)),
      .metadata(TableBuilder.metadata),
    ])
    #expect(try mapped.load().version == 0)
  }

  @Test func aDeletionVectorOfARemovedFileDoesNotMatter() throws {
    let builder = builder(["deletionVectors"])
    let vector =
      "\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"x\",\"sizeInBytes\":1,\"cardinality\":1}"
    let members = "\"path\":\"two.parquet\",\"partitionValues\":{\"date\":\"2024-01-02\"},\(vector)"
    builder.commit(
      2,
      text: "{\"add\":{\(members),\"size\":1,\"modificationTime\":1,\"dataChange\":true}}")
    let error = #expect(throws: DeltaError.self) { try builder.load() }
    #expect(error?.message.contains("'deletionVectors' (file 'two.parquet' has one)") == true)
    builder.commit(3, text: "{\"remove\":{\(members),\"deletionTimestamp\":1,\"dataChange\":true}}")
    #expect(try builder.load().files.map(\.deletionVectorID) == [nil])
  }

  @Test(arguments: [
    ("catalogManaged", "read it through the catalog"),
    ("aFeatureOfTomorrow", "engine that wrote it"),
  ])
  func anUnreadableTableHasARemedy(feature: String, words: String) {
    let error = #expect(throws: DeltaError.self) { try builder([feature]).load() }
    #expect(error?.code == .unsupported && error?.message.contains(feature) == true)
    #expect(error?.remedy?.contains(words) == true)
  }

  @Test func onlyTheNewestMetadataNeedsASchema() throws {
    let builder = TableBuilder(birth: [.protocol(.lake)])
    builder.commit(1, text: "{\"metaData\":{\"id\":\"x\",\"format\":{},\"partitionColumns\":[]}}")
    let error = #expect(throws: DeltaError.self) { try builder.load() }
    #expect(error?.message.contains("no 'schemaString'") == true)
    builder.commit(2, [.metadata(TableBuilder.metadata)])
    #expect(try builder.load().fields.count == 3)
  }
}
