import Columnar
import JSON
import Testing

@testable import DeltaLog

@Suite struct ColumnMappingTests {
  private func field(
    _ name: String, _ type: String = "\"long\"", physical: String?, id: Int? = nil
  ) -> String {
    var members: [String] = []
    if let physical { members.append("\"delta.columnMapping.physicalName\":\"\(physical)\"") }
    if let id { members.append("\"delta.columnMapping.id\":\(id)") }
    return
      "{\"name\":\"\(name)\",\"type\":\(type),\"nullable\":true,\"metadata\":{\(members.joined(separator: ","))}}"
  }

  private func structure(_ fields: [String]) -> String {
    "{\"type\":\"struct\",\"fields\":[\(fields.joined(separator: ","))]}"
  }

  private func table(
    _ fields: [String], mode: String = "name", reader: Int = 2, features: [String]? = nil,
    partitions: [String] = []
  ) -> TableBuilder {
    var metadata = TableBuilder.metadata
    metadata.schemaString = structure(fields)
    metadata.configuration = ["delta.columnMapping.mode": mode]
    metadata.partitionColumns = partitions
    return TableBuilder(birth: [
      .protocol(
        TableProtocol(
          minReaderVersion: reader, minWriterVersion: reader == 3 ? 7 : 5, readerFeatures: features,
          writerFeatures: features)), .metadata(metadata),
    ])
  }

  private func load(_ builder: TableBuilder) throws -> Snapshot {
    try Snapshot.load(builder.storage, applies: .allFeatures)
  }

  @Test func namesInTheLogAreThoseOfTheFiles() throws {
    // Renamed in a circle: each is stored under another's name.
    let builder = table(
      [
        field("a", physical: "b", id: 1), field("b", physical: "c", id: 2),
        field("c", physical: "a", id: 3), field("day", "\"date\"", physical: "col-7", id: 4),
      ], partitions: ["day"])
    builder.commit(
      1,
      text:
        #"{"add":{"path":"x","size":1,"modificationTime":1,"dataChange":true,"partitionValues":{"col-7":"2024-01-02"},"stats":"{\"numRecords\":4,\"minValues\":{\"a\":30,\"b\":10,\"c\":20},\"maxValues\":{\"a\":39,\"b\":19,\"c\":29},\"nullCount\":{\"b\":1}}"}}"#
    )
    let snapshot = try load(builder)
    let file = try #require(try snapshot.files.first)
    #expect(file.partitionValues == ["day": "2024-01-02"])
    #expect(file.partitionValue("day") == "2024-01-02")
    let statistics = try #require(file.statistics)
    for (name, low) in [("a", 10), ("b", 20), ("c", 30)] as [(String, Int64)] {
      let bounds = statistics.bounds(of: name, type: .long)
      #expect(bounds.minimum == .integer(low) && bounds.maximum == .integer(low + 9))
      #expect(bounds.nullCount == (name == "a" ? 1 : nil))
    }
    #expect(try snapshot.files(where: "day", is: "2024-01-02").count == 1)
    #expect(try snapshot.files(where: "day", is: "2024-01-03").isEmpty)
    #expect(try snapshot.filesByPartition().keys.map(\.description) == ["day=2024-01-02"])
  }

  @Test func onlyCallersThatMapColumnsGetTheTable() throws {
    let builder = table([field("a", physical: "b")])
    let error = #expect(throws: DeltaError.self) { try builder.load() }
    #expect(error?.message.contains("'columnMapping' (its mode is 'name')") == true)
    let writing = #expect(throws: DeltaError.self) { try load(builder).requireWritable() }
    #expect(writing?.message.contains("columnMapping") == true)
  }

  @Test func theModeCountsOnlyWithTheFeature() throws {
    let plain = table([field("a", physical: "b")], reader: 1)
    #expect(try load(plain).columnMapping == nil)
    let unlisted = table([field("a", physical: "b")], reader: 3, features: ["deletionVectors"])
    #expect(try load(unlisted).columnMapping == nil)
    let listed = table([field("a", physical: "b")], reader: 3, features: ["columnMapping"])
    #expect(try load(listed).columnMapping == .name)
    let none = table([field("a", physical: nil)], mode: "none")
    #expect(try load(none).columnMapping == nil)
    let strange = #expect(throws: DeltaError.self) {
      try load(table([field("a", physical: "b")], mode: "colour"))
    }
    #expect(strange?.code == .unsupported && strange?.message.contains("'colour'") == true)
  }

  @Test func aColumnThatCannotBeFoundForCertainIsAnError() {
    func told(_ fields: [String], _ mode: String) -> String {
      let error = #expect(throws: DeltaError.self) { try load(table(fields, mode: mode)) }
      #expect(error?.code == .schema)
      return error?.message ?? ""
    }
    #expect(told([field("a", physical: nil)], "name").contains("'a' has no physical name"))
    #expect(told([field("a", physical: "")], "name").contains("'a' has no physical name"))
    #expect(
      told([field("a", physical: "x"), field("b", physical: "x")], "name")
        .contains("columns 'a' and 'b' have one physical name, 'x'"))
    #expect(told([field("a", physical: "x")], "id").contains("'a' has no id"))
    #expect(
      told([field("a", physical: "x", id: 1), field("b", physical: "y", id: 1)], "id")
        .contains("columns 'a' and 'b' have one id, 1"))
    let inner = structure([field("x", physical: nil, id: 2)])
    #expect(
      told([field("s", inner, physical: "p", id: 1)], "name").contains("'s.x' has no physical name")
    )
    let list = "{\"type\":\"array\",\"elementType\":\(structure([field("x", physical: "q")]))}"
    #expect(
      told([field("s", list, physical: "p", id: 1)], "id").contains("'s.element.x' has no id"))
  }

  /// `1.1` as a float is more than `1.1` as a double.
  @Test func boundsOfFormerFloatsHoldTheFloats() throws {
    var metadata = TableBuilder.metadata
    metadata.partitionColumns = []
    metadata.schemaString =
      #"{"type":"struct","fields":[{"name":"x","type":"double","nullable":true,"metadata":{"delta.typeChanges":[{"fromType":"float","toType":"double"}]}},{"name":"y","type":"double","nullable":true,"metadata":{}}]}"#
    let builder = TableBuilder(birth: [.protocol(.lake), .metadata(metadata)])
    builder.commit(
      1,
      text:
        #"{"add":{"path":"x","size":1,"modificationTime":1,"dataChange":true,"partitionValues":{},"stats":"{\"numRecords\":4,\"minValues\":{\"x\":-1.1,\"y\":-1.1},\"maxValues\":{\"x\":1.1,\"y\":1.1}}"}}"#
    )
    let statistics = try #require(try load(builder).files.first?.statistics)
    let float = statistics.bounds(of: "x", type: .double)
    #expect(
      float.maximum == .double(Double(Float(1.1))) && float.minimum == .double(-Double(Float(1.1))))
    #expect(statistics.bounds(of: "y", type: .double).maximum == .double(1.1))
  }
}
