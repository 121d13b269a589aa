import Columnar
import DeltaLog
import Foundation
import Parquet
import Testing

@testable import Query

/// Tables that other engines wrote with features that `lake` does not write.
@Suite struct DeltaFeatureTests {
  /// Rows 0…99 of two numbers, in two row groups, in columns `a` and `b` of the file.
  private func write(_ path: String) throws {
    let writers = ["a", "b"].map { WriterColumn(Field($0, .long)) }
    let writer = try ParquetFileWriter(path: path, columns: writers, options: WriterOptions())
    for start in [Int64(0), 50] {
      let chunks = try [1, 1000].map { factor in
        try ColumnChunkEncoder(column: writers[factor == 1 ? 0 : 1], options: WriterOptions())
          .encode(
            Column(type: .long, storage: .integers((start..<start + 50).map { $0 * factor })),
            rows: 0..<50)
      }
      try writer.append(rowGroup: chunks, rowCount: 50)
    }
    _ = try writer.finish()
  }

  /// - Parameters:
  ///   - fields: Name and physical name of the table's columns.
  ///   - vector: Members of a deletion vector.
  private func withTable(
    _ fields: [(String, String)], mode: String = "name", vector: String? = nil,
    _ body: (String) throws -> Void
  ) throws {
    let folder = NSTemporaryDirectory() + "lake-features-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: folder + "/_delta_log", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try write(folder + "/f.parquet")
    let columns = fields.enumerated().map { index, field in
      #"{\"name\":\"\#(field.0)\",\"type\":\"long\",\"nullable\":true,\"metadata\":{\"delta.columnMapping.physicalName\":\"\#(field.1)\",\"delta.columnMapping.id\":\#(index)}}"#
    }.joined(separator: ",")
    let features = #"["columnMapping","deletionVectors"]"#
    let lines = [
      #"{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":\#(features),"writerFeatures":\#(features)}}"#,
      #"{"metaData":{"id":"x","format":{"provider":"parquet"},"partitionColumns":[],"configuration":{"delta.columnMapping.mode":"\#(mode)"},"schemaString":"{\"type\":\"struct\",\"fields\":[\#(columns)]}"}}"#,
      #"{"add":{"path":"f.parquet","size":1,"modificationTime":1,"dataChange":true,"partitionValues":{},"stats":"{\"numRecords\":100}"\#(vector.map { ",\"deletionVector\":{\($0)}" } ?? "")}}"#,
    ]
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: folder + "/_delta_log/00000000000000000000.json", atomically: true, encoding: .utf8)
    try body(folder)
  }

  private func lines(
    _ path: String, _ change: (inout QueryRequest) -> Void = { _ in }
  ) throws -> [String] {
    var request = QueryRequest(table: path)
    change(&request)
    let target = NSTemporaryDirectory() + "lake-features-\(UUID().uuidString).csv"
    defer { try? FileManager.default.removeItem(atPath: target) }
    _ = try Query(request, lake: { throw QueryError(.badTable, "no lake is asked for") })
      .run(to: QueryOutput(path: target, format: .csv))
    return try String(contentsOfFile: target, encoding: .utf8).split(separator: "\n")
      .map(String.init)
  }

  @Test func columnsAreFoundByTheirPhysicalNames() throws {
    // Each is stored under the other's name, and a third one not at all.
    try withTable([("a", "b"), ("b", "a"), ("c", "z")]) { path in
      let first = try lines(path) { $0.limit = 2 }
      #expect(first == ["a,b,c", "0,0,", "1000,1,"])
      let last = try lines(path) { $0.filter = "a = 99000" }
      #expect(last == ["a,b,c", "99000,99,"])
      let none = try lines(path) { $0.filter = "c is not null" }
      #expect(none == ["a,b,c"])
    }
  }

  @Test func aFileWithoutFieldIDsIsNotReadByThem() throws {
    try withTable([("a", "a")], mode: "id") { path in
      let error = #expect(throws: QueryError.self) { _ = try lines(path) }
      #expect(error?.message.contains("has no field ids") == true)
    }
  }

  /// Rows 3, 4, 7, 11, 18 and 29.
  private static let vector =
    #""storageType":"i","pathOrInlineDv":"^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L","sizeInBytes":44,"cardinality":6"#

  @Test func deletedRowsAreNeverPrinted() throws {
    try withTable([("a", "a")], vector: Self.vector) { path in
      let deleted: Set<Int> = [3, 4, 7, 11, 18, 29]
      let left = (0..<100).filter { !deleted.contains($0) }.map(String.init)
      let all = try lines(path)
      #expect(all == ["a"] + left)
      let low = try lines(path) { $0.filter = "a < 12" }
      #expect(low == ["a"] + left.prefix(8))
      let some = try lines(path) { $0.filter = "a in (3, 5, 29)" }
      #expect(some == ["a", "5"])
      let first = try lines(path) { $0.limit = 4 }
      #expect(first == ["a", "0", "1", "2", "5"])
      let query = try Query(
        QueryRequest(table: path), lake: { throw QueryError(.badTable, "no lake is asked for") })
      #expect(try query.explanation().rowCountMax == 94)
    }
  }

  @Test func aFileWithDeletedRowsIsCopiedWithoutThem() throws {
    try withTable([("x", "b"), ("y", "a"), ("z", "none")], vector: Self.vector) { path in
      let table = try DeltaFiles(path: path)
      #expect(table.files.map(\.name) == ["f.parquet"])
      let file = try #require(table.files.first)
      #expect(file.path == nil)
      let copy = path + "/copy.parquet"
      let isDone = try table.copy(file, to: copy) { false }
      #expect(isDone)
      let reader = try ParquetReader(path: copy)
      #expect(reader.leaves.map(\.name) == ["x", "y", "z"])
      #expect((0..<reader.rowGroupCount).reduce(0) { $0 + reader.rowCount(rowGroup: $1) } == 94)
      let isStopped = try !table.copy(file, to: path + "/none.parquet") { true }
      #expect(isStopped && !FileManager.default.fileExists(atPath: path + "/none.parquet"))
    }
  }

  @Test func aFileThatSaysAllIsNotCopied() throws {
    try withTable([("a", "a"), ("b", "b")], mode: "none") { path in
      let table = try DeltaFiles(path: path)
      #expect(table.files.map(\.path) == [path + "/f.parquet"])
    }
    // A column of the file that the table does not have.
    try withTable([("a", "a")], mode: "none") { path in
      let table = try DeltaFiles(path: path)
      #expect(table.files.map(\.path) == [nil])
    }
  }

  @Test func aVectorOfOtherRowsIsAnError() throws {
    let wrong = Self.vector.replacingOccurrences(of: "\"cardinality\":6", with: "\"cardinality\":7")
    try withTable([("a", "a")], vector: wrong) { path in
      let error = #expect(throws: DeltaError.self) { _ = try lines(path) }
      #expect(error?.message.contains("it has 6 rows, and the log says 7") == true)
    }
  }
}
