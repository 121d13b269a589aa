import Columnar
import Foundation
import Parquet
import Testing

@testable import Query

/// Three rows of every flat type of a file; the last row is null in all columns.
private func writeEveryType(_ path: String) throws {
  let validity: [UInt8] = [1, 1, 0]
  func integers(_ name: String, _ type: ColumnType, _ values: [Int64]) -> (Field, Column) {
    (
      Field(name, type), Column(type: type, storage: .integers(values + [0]), validity: validity)
    )
  }
  func bytes(_ name: String, _ type: ColumnType, _ values: [[UInt8]]) -> (Field, Column) {
    var column = ByteColumn()
    for value in values { value.withUnsafeBytes { column.append($0) } }
    column.appendEmpty()
    return (Field(name, type), Column(type: type, storage: .bytes(column), validity: validity))
  }
  let deep = ColumnType.decimal(precision: 38, scale: 18)
  let columns: [(Field, Column)] = [
    integers("flag", .boolean, [1, 0]),
    integers("tiny", .byte, [-128, 127]),
    integers("u32", .integer(bitWidth: 32, isSigned: false), [0, 4_294_967_295]),
    integers("u64", .integer(bitWidth: 64, isSigned: false), [1, -1]),
    integers("cents", .decimal(precision: 9, scale: 2), [-5, 12_345]),
    integers("fine", .decimal(precision: 18, scale: 12), [1, -1_500_000_000_000]),
    (
      Field("deep", deep),
      Column(
        type: deep, storage: .wide([1, -2_500_000_000_000_000_000, 0]), validity: validity)
    ),
    (
      Field("single", .float),
      Column(type: .float, storage: .doubles([0.5, Double(Float(0.1)), 0]), validity: validity)
    ),
    (
      Field("double", .double),
      Column(type: .double, storage: .doubles([1e300, -0.25, 0]), validity: validity)
    ),
    integers("day", .date, [-1, 19_724]),
    integers("clock", .time(.milliseconds, isUTC: true), [0, 86_399_999]),
    integers("fine_clock", .time(.nanoseconds, isUTC: true), [1, 86_399_999_999_999]),
    integers("ms", .timestamp(.milliseconds, isUTC: true), [-1, 1]),
    integers("ns", .timestamp(.nanoseconds, isUTC: true), [-1, 1]),
    integers("local", .timestamp(.microseconds, isUTC: false), [0, 1]),
    bytes("name", .string, [Array("a,b".utf8), Array("".utf8)]),
    bytes("json", .json, [Array("{\"k\":1}".utf8), Array("[]".utf8)]),
    bytes("raw", .binary, [[0xFF], []]),
    bytes("id", .uuid, [Array(0...15), Array(repeating: 0xAB, count: 16)]),
  ]
  let writers = columns.map { WriterColumn($0.0) }
  let options = WriterOptions()
  let writer = try ParquetFileWriter(path: path, columns: writers, options: options)
  let chunks = try zip(writers, columns).map { writer, column in
    try ColumnChunkEncoder(column: writer, options: options).encode(column.1, rows: 0..<3)
  }
  try writer.append(rowGroup: chunks, rowCount: 3)
  _ = try writer.finish()
}

private func answers(
  _ format: QueryOutput.Format, _ change: (inout QueryRequest) -> Void = { _ in }
) throws -> [String] {
  let folder = NSTemporaryDirectory() + "lake-query-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try writeEveryType(folder + "/in.parquet")
  var request = QueryRequest(table: folder + "/in.parquet")
  change(&request)
  let query = try Query(request, lake: { throw QueryError(.badTable, "no lake is asked for") })
  let target = folder + "/out"
  _ = try query.run(to: QueryOutput(path: target, format: format))
  if format == .parquet {
    var again = QueryRequest(table: target)
    again.columns = request.columns
    let second = try Query(again, lake: { throw QueryError(.badTable, "no lake is asked for") })
    _ = try second.run(to: QueryOutput(path: target + ".csv", format: .csv))
    return try String(contentsOfFile: target + ".csv", encoding: .utf8).components(
      separatedBy: "\n")
  }
  return try String(contentsOfFile: target, encoding: .utf8).components(separatedBy: "\n")
}

/// The rows in file order: with several time columns, none determines the order.
private let csv = [
  "flag,tiny,u32,u64,cents,fine,deep,single,double,day,clock,fine_clock,ms,ns,local,name,json,raw,id",
  "true,-128,0,1,-0.05,0.000000000001,0.000000000000000001,0.5,1e+300,1969-12-31,00:00:00.000,"
    + "00:00:00.000000001,1969-12-31T23:59:59.999Z,1969-12-31T23:59:59.999999999Z,"
    + "1970-01-01T00:00:00.000000,\"a,b\",\"{\"\"k\"\":1}\",/w==,00010203-0405-0607-0809-0a0b0c0d0e0f",
  "false,127,4294967295,18446744073709551615,123.45,-1.5,-2.5,0.1,-0.25,2024-01-02,23:59:59.999,"
    + "23:59:59.999999999,1970-01-01T00:00:00.001Z,1970-01-01T00:00:00.000000001Z,"
    + "1970-01-01T00:00:00.000001,\"\",[],\"\",abababab-abab-abab-abab-abababababab",
  ",,,,,,,,,,,,,,,,,,", "",
]

@Suite struct EveryTypeTests {
  @Test func everyTypePrintsAsCSV() throws {
    #expect(try answers(.csv) == csv)
  }

  @Test func everyTypeSurvivesParquet() throws {
    #expect(try answers(.parquet) == csv)
  }

  @Test func everyTypePrintsAsJSON() throws {
    let lines = try answers(.jsonl)
    #expect(
      lines[1].hasPrefix(
        "{\"flag\":false,\"tiny\":127,\"u32\":4294967295,\"u64\":18446744073709551615,"))
    #expect(
      lines[0].hasSuffix(
        "\"local\":\"1970-01-01T00:00:00.000000\",\"name\":\"a,b\",\"json\":\"{\\\"k\\\":1}\","
          + "\"raw\":\"/w==\",\"id\":\"00010203-0405-0607-0809-0a0b0c0d0e0f\"}"))
    #expect(lines[2].hasPrefix("{\"flag\":null,\"tiny\":null,"))
    #expect(lines[0].contains("\"day\":\"1969-12-31\",\"clock\":\"00:00:00.000\""))
    for line in lines.dropLast() {
      #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any])
    }
  }

  @Test(arguments: [
    ("u64 > 9223372036854775807", [2]), ("u64 = 1", [1]), ("u64 != 1", [2]),
    ("u32 >= 4294967295", [2]), ("flag", [1]), ("not flag", [2]), ("deep < 0", [2]),
    ("deep = 1e-18", [1]), ("fine in (-1.5, 7)", [2]), ("single = 0.1", [2]),
    ("double between -1 and 0", [2]), ("double > 1e299", [1]), ("day < 1970-01-01", [1]),
    ("clock = '23:59:59.999'", [2]), ("fine_clock > '00:00:00.000000001'", [2]),
    ("ms < 1970-01-01", [1]), ("ns > '1970-01-01T00:00:00Z'", [2]),
    ("local = '1970-01-01T00:00:00.000001'", [2]), ("name = ''", [2]), ("name like '%,%'", [1]),
    ("raw is null", [3]), ("tiny < cents", [1]), ("cents > fine", [2]), ("cents <= fine", [1]),
    ("double < single", [2]), ("u64 >= u32", [1, 2]), ("ms > ns", [2]), ("name < json", [1, 2]),
    ("deep = deep", [1, 2]), ("deep != deep", []),
    ("tiny is not null and raw is not null", [1, 2]),
    ("day in (2024-01-02, 1969-12-31)", [1, 2]), ("u64 < 0", []), ("cents < 1e30", [1, 2]),
  ]) func clausesWorkOnEveryType(clause: String, rows: [Int]) throws {
    let lines = try answers(.csv) { $0.filter = clause }
    #expect(lines == [csv[0]] + rows.map { csv[$0] } + [""])
  }

  @Test(arguments: ["raw = 'x'", "id = 'x'", "flag = 1", "name > 5", "clock = 5", "day = '2024'"])
  func literalsOfAnotherKindAreRefused(clause: String) {
    let error = #expect(throws: QueryError.self) { try answers(.csv) { $0.filter = clause } }
    #expect(error?.code == .typeMismatch)
  }
}
