import Columnar
import Foundation
import Parquet
import Testing

@testable import Query

/// Nested columns.
@Suite struct NestedTests {
  private static let fields = [
    NestedField("id", .long),
    NestedField("tags", .list(.primitive(.string))),
    NestedField(
      "spot",
      .structure([
        NestedField("x", .double), NestedField("at", .timestamp),
        NestedField("by", .map(key: .string, value: .list(.primitive(.long)))),
      ])),
  ]

  private static func row(_ number: Int) -> [Value] {
    let tags: [Value] = (0..<(number % 3)).map { .string("a\"\($0),") }
    let entry = Value.MapEntry(key: .string("k"), value: .list([.integer(1), .null]))
    let spot = Value.structure([
      .init("x", number % 2 == 0 ? .double(0.5) : .null),
      .init("at", .timestamp(1_704_205_800_000_001, .microseconds, isUTC: true)),
      .init("by", .map(number % 4 == 0 ? [entry] : [])),
    ])
    return [
      .integer(Int64(number)), number % 5 == 4 ? .null : .list(tags),
      number % 7 == 6 ? .null : spot,
    ]
  }

  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = NSTemporaryDirectory() + "lake-nested-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // Only temporary files.
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  private func write(_ path: String, rows: Range<Int>) throws {
    var options = WriterOptions()
    options.rowGroupRowCountMax = 30
    options.pageRowCountMax = 7
    let writer = try NestedParquetWriter(path: path, schema: Self.fields, options: options)
    for number in rows { try writer.append(Self.row(number)) }
    try writer.finish()
  }

  private func answer(
    _ table: String, _ folder: String, _ format: QueryOutput.Format, columns: [String] = [],
    where clause: String? = nil
  ) throws -> String {
    var request = QueryRequest(table: table)
    request.columns = columns
    request.filter = clause
    let path = folder + "/answer." + format.rawValue
    let query = try Query(request, lake: { throw QueryError(.badTable, "no lake") })
    _ = try query.run(to: QueryOutput(path: path, format: format, force: true), width: 2)
    return path
  }

  @Test func valuesThatNoTypeHoldsTogetherAreRefusedByName() throws {
    try inFolder { folder in
      let table = folder + "/table"
      try FileManager.default.createDirectory(
        atPath: table, withIntermediateDirectories: true)
      let types: [(ColumnType, Value)] = [(.long, .integer(1)), (.string, .string("t"))]
      for (number, (type, value)) in types.enumerated() {
        let writer = try NestedParquetWriter(
          path: table + "/\(number).parquet",
          schema: [NestedField("s", .structure([NestedField("x", .primitive(type))]))],
          options: WriterOptions())
        try writer.append([.structure([.init("x", value)])])
        try writer.finish()
      }
      let csv = try answer(table, folder, .csv)
      #expect(try String(contentsOfFile: csv, encoding: .utf8).contains("\"\"t\"\""))
      let error = #expect(throws: QueryError.self) { try answer(table, folder, .parquet) }
      #expect(error?.place?.contains("s.x") == true && error?.remedy?.contains("jsonl") == true)
    }
  }

  @Test func textHasThemAsJSON() throws {
    try inFolder { folder in
      try write(folder + "/one.parquet", rows: 0..<3)
      let csv = try answer(folder + "/one.parquet", folder, .csv, columns: ["tags", "id"])
      #expect(
        try String(contentsOfFile: csv, encoding: .utf8)
          == "tags,id\n[],0\n\"[\"\"a\\\"\"0,\"\"]\",1\n\"[\"\"a\\\"\"0,\"\",\"\"a\\\"\"1,\"\"]\",2\n"
      )
      let lines = try answer(folder + "/one.parquet", folder, .jsonl, where: "id = 0")
      #expect(
        try String(contentsOfFile: lines, encoding: .utf8)
          == "{\"id\":0,\"tags\":[],\"spot\":{\"x\":0.5,\"at\":\"2024-01-02T14:30:00.000001Z\","
          + "\"by\":{\"k\":[1,null]}}}\n")
    }
  }

  @Test func rowsAtAllIndexesAreRead() throws {
    try inFolder { folder in
      try write(folder + "/one.parquet", rows: 0..<100)
      let clause = "id >= 41 and tags is not null and id <> 50"
      let lines = try answer(
        folder + "/one.parquet", folder, .jsonl, columns: ["id", "tags"], where: clause)
      let expected = (41..<100).filter { $0 != 50 && $0 % 5 != 4 }.map { number in
        let tags = (0..<(number % 3)).map { "\"a\\\"\($0),\"" }.joined(separator: ",")
        return "{\"id\":\(number),\"tags\":[\(tags)]}\n"
      }
      #expect(try String(contentsOfFile: lines, encoding: .utf8) == expected.joined())
    }
  }

  @Test func parquetKeepsThem() throws {
    try inFolder { folder in
      try write(folder + "/one.parquet", rows: 0..<100)
      let path = try answer(folder + "/one.parquet", folder, .parquet)
      let reader = try ParquetReader(path: path)
      var rows: [[Value]] = []
      for rowGroup in 0..<reader.rowGroupCount {
        let cursor = try reader.rows(rowGroup: rowGroup)
        while let row = try cursor.next() { rows.append(row) }
      }
      #expect(rows == (0..<100).map(Self.row))
    }
  }

  @Test func membersThatAFileLacksAreNull() throws {
    try inFolder { folder in
      try FileManager.default.createDirectory(
        atPath: folder + "/t", withIntermediateDirectories: false)
      for (name, members) in [("1", ["x"]), ("2", ["y", "x"])] {
        let type = NestedType.structure(members.map { NestedField($0, .long) })
        let writer = try NestedParquetWriter(
          path: folder + "/t/\(name).parquet", schema: [NestedField("s", type)])
        try writer.append([.structure(members.map { .init($0, .integer(Int64($0.count))) })])
        try writer.finish()
      }
      let lines = try answer(folder + "/t", folder, .jsonl)
      #expect(
        try String(contentsOfFile: lines, encoding: .utf8)
          == "{\"s\":{\"x\":1,\"y\":null}}\n{\"s\":{\"x\":1,\"y\":1}}\n")
    }
  }

  @Test func theyCannotBeCompared() throws {
    try inFolder { folder in
      try write(folder + "/one.parquet", rows: 0..<3)
      for clause in ["tags = 'x'", "tags like 'x%'", "tags = spot", "tags in ('a', 'b')"] {
        let error = #expect(throws: QueryError.self) {
          _ = try answer(folder + "/one.parquet", folder, .csv, where: clause)
        }
        #expect(error?.message.contains("is nested") == true, "\(clause)")
      }
    }
  }

  @Test func valuesOfAllKindsSurviveTheWayToAFile() {
    let all: [Value] = [
      .null, .boolean(true), .boolean(false), .integer(-1), .unsigned(.max), .float(1.5),
      .double(-0.0), .decimal(unscaled: -(Int128(1) << 100), scale: 7),
      .oversize(unscaled: [1, 2], scale: 3), .string("ä"), .binary([0, 255]),
      .uuid(Array(0..<16)), .date(-5), .time(7, .milliseconds, isUTC: true),
      .timestamp(-7, .nanoseconds, isUTC: false),
      .interval(months: 1, days: 2, milliseconds: .max), .list([]),
      .map([.init(key: .integer(1), value: .null)]),
    ]
    let value = Value.structure([.init("all", .list(all)), .init("", .structure([]))])
    var bytes: [UInt8] = []
    NestedBytes.append(value, to: &bytes)
    #expect(bytes.withUnsafeBytes { NestedBytes.value($0) } == value)
  }
}
