import Columnar
import Foundation
import Parquet
import Testing

@testable import Query

/// Folders of Parquet files as other programs leave them.
@Suite struct FolderTests {
  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "lake-folder-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // Only temporary files.
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func write(_ path: String, _ columns: [(String, [Int64])]) throws {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    let options = WriterOptions()
    let writers = columns.map { WriterColumn(Field($0.0, .long)) }
    let writer = try ParquetFileWriter(path: path, columns: writers, options: options)
    let chunks = try zip(writers, columns).map { writer, column in
      try ColumnChunkEncoder(column: writer, options: options).encode(
        Column(type: .long, storage: .integers(column.1)), rows: 0..<column.1.count)
    }
    try writer.append(rowGroup: chunks, rowCount: columns[0].1.count)
    _ = try writer.finish()
  }

  private func write(_ path: String, _ name: String, _ type: ColumnType, _ value: Value) throws {
    let fields = [NestedField("id", .primitive(.long)), NestedField(name, .primitive(type))]
    let writer = try NestedParquetWriter(path: path, schema: fields)
    try writer.append([.integer(1), value])
    try writer.finish()
  }

  private func csv(_ folder: String, columns: [String] = []) throws -> String {
    var request = QueryRequest(table: folder)
    request.columns = columns
    let path = NSTemporaryDirectory() + "lake-folder-\(UUID().uuidString).csv"
    // It may not exist.
    defer { try? FileManager.default.removeItem(atPath: path) }
    let query = try Query(request, lake: { throw QueryError(.badTable, "no lake") })
    _ = try query.run(to: QueryOutput(path: path, format: .csv), width: 1)
    return try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test func foldersThatContradictTheirFilesAreTold() throws {
    try inFolder { folder in
      for (part, symbol) in [("symbol=ZZZ", "AAA"), ("symbol=BBB", "BBB"), ("symbol=", "CCC")] {
        try FileManager.default.createDirectory(
          atPath: folder + "/" + part, withIntermediateDirectories: true)
        try write(folder + "/\(part)/a.parquet", "symbol", .string, .string(symbol))
      }
      let query = try Query(
        QueryRequest(table: folder), lake: { throw QueryError(.badTable, "no lake") })
      #expect(
        query.contradictions == [
          "'symbol=' of \(folder)/symbol=/a.parquet, which says 'CCC'",
          "'symbol=ZZZ' of \(folder)/symbol=ZZZ/a.parquet, which says 'AAA'",
        ])
    }
  }

  /// The value of the first file, that of the second, the output for both.
  @Test(arguments: [
    (ColumnType.int, Value.integer(5), ColumnType.long, Value.integer(1 << 40), "5 1099511627776"),
    (.long, .integer(1 << 40), .int, .integer(5), "1099511627776 5"),
    (
      .integer(bitWidth: 32, isSigned: false), .unsigned(4_294_967_295), .int, .integer(-4),
      "4294967295 -4"
    ),
    (.integer(bitWidth: 64, isSigned: false), .unsigned(.max), .long, .integer(-1), "refused"),
    (.long, .integer(-1), .integer(bitWidth: 64, isSigned: false), .unsigned(.max), "refused"),
    (
      .timestamp(.milliseconds, isUTC: true), .timestamp(1, .milliseconds, isUTC: true),
      .timestamp(.nanoseconds, isUTC: true), .timestamp(2_000_007, .nanoseconds, isUTC: true),
      "1970-01-01T00:00:00.001000000Z 1970-01-01T00:00:00.002000007Z"
    ),
    (.float, .float(1.5), .double, .double(1.123456789012345), "1.5 1.123456789012345"),
    (.double, .double(1.123456789012345), .float, .float(1.5), "1.123456789012345 1.5"),
    (
      .time(.microseconds, isUTC: false), .time(1, .microseconds, isUTC: false),
      .time(.nanoseconds, isUTC: false), .time(1, .nanoseconds, isUTC: false), "refused"
    ),
    (.date, .date(1), .int, .integer(1), "refused"),
    (.int, .integer(1), .boolean, .boolean(true), "refused"),
    (.long, .integer(1), .double, .double(1), "refused"),
    (
      .date, .date(1), .timestamp(.microseconds, isUTC: true),
      .timestamp(1, .microseconds, isUTC: true), "refused"
    ),
  ])
  func aColumnOfTwoTypesIsReadExactlyOrRefused(
    _ first: ColumnType, _ value: Value, _ second: ColumnType, _ other: Value, _ printed: String
  ) throws {
    try inFolder { folder in
      try write(folder + "/0.parquet", "v", first, value)
      try write(folder + "/1.parquet", "v", second, other)
      if printed != "refused" {
        let lines = try csv(folder, columns: ["v"]).split(separator: "\n").dropFirst()
        #expect(lines.joined(separator: " ") == printed)
        return
      }
      let error = #expect(throws: QueryError.self) { try csv(folder, columns: ["v"]) }
      #expect(error?.message.contains("in this file and") == true, "\(error?.message ?? "")")
      #expect(error?.remedy != nil)
      #expect(try csv(folder, columns: ["id"]) == "id\n1\n1\n")
    }
  }

  @Test func pathsSayThePartitionAndFilesOnlyWherePathsAreSilent() throws {
    try inFolder { folder in
      try write(folder + "/a=5/one.parquet", [("a", [1]), ("b", [2])])
      try write(folder + "/a=6/one.parquet", [("b", [4])])
      try write(folder + "/loose/one.parquet", [("a", [7]), ("b", [8])])
      #expect(try csv(folder) == "a,b\n5,2\n6,4\n7,8\n")
    }
  }

  @Test func aKeyThatOnlySomeFoldersHaveIsAColumn() throws {
    try inFolder { folder in
      try write(folder + "/one.parquet", [("b", [1])])
      try write(folder + "/_k=x/two.parquet", [("b", [2])])
      #expect(try csv(folder) == "b,_k\n2,x\n1,\n")
    }
  }

  @Test func foldersAreReadOnceHoweverTheyAreReached() throws {
    try inFolder { folder in
      try write(folder + "/p=1/one.parquet", [("b", [1])])
      let files = FileManager.default
      try files.createSymbolicLink(atPath: folder + "/p=1/again", withDestinationPath: folder)
      try files.createSymbolicLink(atPath: folder + "/a", withDestinationPath: folder + "/p=1")
      #expect(try csv(folder) == "b,p\n1,1\n")
    }
  }

  @Test func filesAreFoundByTheirNamesOrHowTheyBegin() throws {
    try inFolder { folder in
      for (number, name) in ["a.parq", "b.PARQUET", "c.pq", "000000_0", "part.1"].enumerated() {
        try write(folder + "/" + name, [("b", [Int64(number)])])
      }
      try "no data".write(toFile: folder + "/README", atomically: true, encoding: .utf8)
      try write(folder + "/notes.bak", [("b", [99])])
      try write(folder + "/_hidden", [("b", [99])])
      let lines = try csv(folder).split(separator: "\n").dropFirst()
      #expect(Set(lines) == ["0", "1", "2", "3", "4"])
    }
  }

  @Test func columnsMayBeNamedWithCommasOrNothing() throws {
    try inFolder { folder in
      try write(folder + "/one.parquet", [("a,b", [1]), ("", [2]), ("a", [3]), ("q\"", [4])])
      #expect(try csv(folder, columns: ["a,b"]) == "\"a,b\"\n1\n")
      #expect(try csv(folder, columns: ["a,\"a,b\",\"\""]) == "a,\"a,b\",\"\"\n3,1,2\n")
      #expect(try csv(folder, columns: ["\"q\"\"\"", "a"]) == "\"q\"\"\",a\n4,3\n")
    }
    #expect(ColumnList.names(in: "a,,b") == nil)
    #expect(ColumnList.names(in: "\"a") == nil)
    #expect(ColumnList.names(in: "\"a\"b") == nil)
  }

  /// A file is read once, even if several links lead to it.
  @Test func aFileThatSeveralNamesLeadToIsReadOnce() throws {
    try inFolder { folder in
      try write(folder + "/b/one.parquet", [("id", [1, 2])])
      try write(folder + "/c/two.parquet", [("id", [3])])
      let files = FileManager.default
      try files.createSymbolicLink(
        atPath: folder + "/a.parquet", withDestinationPath: "b/one.parquet")
      try files.createSymbolicLink(
        atPath: folder + "/z.parquet", withDestinationPath: folder + "/a.parquet")
      try files.linkItem(atPath: folder + "/c/two.parquet", toPath: folder + "/c/three.parquet")
      #expect(try csv(folder) == "id\n1\n2\n3\n")
    }
    // A target outside of the folder is read, once.
    try inFolder { folder in
      try write(folder + "/elsewhere/one.parquet", [("id", [7])])
      try FileManager.default.createDirectory(
        atPath: folder + "/in", withIntermediateDirectories: true)
      for name in ["a", "b"] {
        try FileManager.default.createSymbolicLink(
          atPath: folder + "/in/\(name).parquet", withDestinationPath: "../elsewhere/one.parquet")
      }
      #expect(try csv(folder + "/in") == "id\n7\n")
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/in/c.parquet", withDestinationPath: "nowhere.parquet")
      #expect(throws: (any Error).self) { try csv(folder + "/in") }
    }
  }
}
