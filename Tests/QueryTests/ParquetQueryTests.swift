import Columnar
import Foundation
import Parquet
import Testing

@testable import Query

/// Runs `body` with a temporary folder.
private func inFolder(_ body: (String) throws -> Void) throws {
  let folder = NSTemporaryDirectory() + "lake-query-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

private func write(
  _ path: String, _ columns: [(Field, Column)], rowGroupRowCount: Int = 1_000,
  sorting: [SortingColumn] = []
) throws {
  try FileManager.default.createDirectory(
    atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
  var options = WriterOptions()
  options.pageRowCountMax = 100
  options.sortingColumns = sorting
  let writers = columns.map { WriterColumn($0.0) }
  let writer = try ParquetFileWriter(path: path, columns: writers, options: options)
  let rowCount = columns[0].1.count
  for start in stride(from: 0, to: rowCount, by: rowGroupRowCount) {
    let rows = start..<min(start + rowGroupRowCount, rowCount)
    let chunks = try zip(writers, columns).map { writer, column in
      try ColumnChunkEncoder(column: writer, options: options).encode(column.1, rows: rows)
    }
    try writer.append(rowGroup: chunks, rowCount: rows.count)
  }
  _ = try writer.finish()
}

/// Bars of three symbols, sorted by symbol and time; the volume of every tenth is null.
private func bars(_ path: String, day: Int64, count: Int = 900) throws {
  let base = day * 86_400_000_000
  let third = count / 3
  let symbols = ByteColumn((0..<count).map { ["A", "B", "C"][$0 / third] })
  let columns: [(Field, Column)] = [
    (Field("symbol", .string), Column(type: .string, storage: .bytes(symbols))),
    (
      Field("ts_event", .timestamp),
      Column(
        type: .timestamp,
        storage: .integers((0..<count).map { base + Int64($0 % third) * 1_000_000 }))
    ),
    (
      Field("close", .decimal(precision: 18, scale: 9)),
      Column(
        type: .decimal(precision: 18, scale: 9),
        storage: .integers((0..<count).map { Int64($0) * 250_000_000 - 1 }))
    ),
    (
      Field("volume", .long),
      Column(
        type: .long, storage: .integers((0..<count).map { Int64($0) }),
        validity: (0..<count).map { $0 % 10 == 0 ? 0 : 1 })
    ),
  ]
  try write(
    path, columns, rowGroupRowCount: 250,
    sorting: [0, 1].map { SortingColumn(columnIndex: $0, isDescending: false, nullsFirst: false) })
}

private func run(
  _ folder: String, _ path: String, to name: String = "out.csv",
  _ change: (inout QueryRequest) -> Void = { _ in }
) throws -> String {
  var request = QueryRequest(table: path)
  change(&request)
  let output = folder + "/" + name
  let query = try Query(request, lake: { throw QueryError(.badTable, "no lake is asked for") })
  _ = try query.run(
    to: QueryOutput(
      path: output, format: QueryOutput.format(of: output) ?? .csv, force: true))
  return output
}

private func text(_ path: String) throws -> String {
  try String(contentsOfFile: path, encoding: .utf8)
}

@Suite struct ParquetQueryTests {
  @Test func aFolderOfHivePartitionsIsATable() throws {
    try inFolder { folder in
      for day in [19_725, 19_724] {
        let date = CivilDate(daysSinceEpoch: day).iso
        try bars(folder + "/t/date=\(date)/part.parquet", day: Int64(day))
      }
      let lines = try text(
        run(folder, folder + "/t") {
          $0.symbols = ["B"]
          $0.start = "2024-01-03T00:00:01"
          $0.end = "2024-01-03T00:00:03"
        }
      ).split(separator: "\n").map(String.init)
      #expect(
        lines == [
          "symbol,ts_event,close,volume,date",
          "B,2024-01-03T00:00:01.000000Z,75.249999999,301,2024-01-03",
          "B,2024-01-03T00:00:02.000000Z,75.499999999,302,2024-01-03",
        ])
      let all = try text(run(folder, folder + "/t")).split(separator: "\n")
      #expect(all.count == 1_801)
      let first = try text(run(folder, folder + "/t") { $0.filter = "date = 2024-01-02" })
      #expect(first.split(separator: "\n").dropFirst().allSatisfy { $0.hasSuffix("2024-01-02") })
    }
  }

  @Test func pagesAndRowGroupsAreSkippedByTheirStatistics() throws {
    try inFolder { folder in
      try bars(folder + "/bars.parquet", day: 19_724)
      var request = QueryRequest(table: folder + "/bars.parquet")
      request.filter = "volume between 310 and 320"
      let query = try Query(request, lake: { throw QueryError(.badTable, "none") })
      let report = try Explanation(query.plan).report
      #expect(report.rowGroups.count == 4 && report.rowGroups.skippedCount == 3)
      #expect(report.pages.count == 3 && report.pages.skippedCount == 2)
      #expect(report.pages.skippedByteCount > 0)
    }
  }

  @Test(arguments: ["out.csv.gz", "out.csv.zst"]) func suffixesCompress(name: String) throws {
    try inFolder { folder in
      try bars(folder + "/bars.parquet", day: 19_724)
      let plain = try text(run(folder, folder + "/bars.parquet"))
      let path = try run(folder, folder + "/bars.parquet", to: name)
      let stream = try InputStreamText.read(path)
      #expect(stream == plain)
    }
  }

  @Test func aParquetAnswerHoldsTheSameRows() throws {
    try inFolder { folder in
      try bars(folder + "/bars.parquet", day: 19_724)
      let first = try run(folder, folder + "/bars.parquet", to: "one.parquet") {
        $0.filter = "symbol != 'B'"
      }
      let again = try run(folder, first)
      let direct = try run(folder, folder + "/bars.parquet", to: "direct.csv") {
        $0.filter = "symbol != 'B'"
      }
      #expect(try text(again) == text(direct))
      let reader = try ParquetReader(path: first)
      #expect(reader.leaves.map(\.type.name) == ["string", "timestamp", "decimal(18,9)", "long"])
    }
  }

  @Test func filesOfAFolderMayHaveDifferentColumns() throws {
    try inFolder { folder in
      try write(
        folder + "/a.parquet",
        [(Field("n", .long), Column(type: .long, storage: .integers([1, 2])))])
      try write(
        folder + "/b.parquet",
        [
          (Field("n", .long), Column(type: .long, storage: .integers([3]))),
          (Field("m", .long), Column(type: .long, storage: .integers([4]))),
        ])
      #expect(try text(run(folder, folder, to: "out.csv")) == "n,m\n1,\n2,\n3,4\n")
    }
  }

  @Test func aFolderOfDeltaTablesIsNoTable() throws {
    try inFolder { folder in
      try bars(folder + "/lake/t/date=2024-01-02/part.parquet", day: 19_724)
      try FileManager.default.createDirectory(
        atPath: folder + "/lake/t/_delta_log", withIntermediateDirectories: true)
      let error = #expect(throws: QueryError.self) { try run(folder, folder + "/lake") }
      #expect(error?.message == "'\(folder)/lake' holds a Delta table in '\(folder)/lake/t'")
    }
  }

  @Test func aMissingFileOrColumnIsReportedPlainly() throws {
    try inFolder { folder in
      let missing = #expect(throws: QueryError.self) { try run(folder, folder + "/none") }
      #expect(missing?.message == "'\(folder)/none' does not exist")
      try FileManager.default.createDirectory(
        atPath: folder + "/empty", withIntermediateDirectories: true)
      let empty = #expect(throws: QueryError.self) { try run(folder, folder + "/empty") }
      #expect(empty?.message == "'\(folder)/empty' holds no Parquet file and no Delta table")
      try bars(folder + "/bars.parquet", day: 0)
      let column = #expect(throws: QueryError.self) {
        try run(folder, folder + "/bars.parquet") { $0.columns = ["ts_event", "clsoe"] }
      }
      #expect(column?.message == "no column is called 'clsoe'")
      #expect(column?.remedy == "did you mean 'close'?")
      let version = #expect(throws: QueryError.self) {
        try run(folder, folder + "/bars.parquet") { $0.version = 3 }
      }
      #expect(version?.code == .badTable)
    }
  }
}
