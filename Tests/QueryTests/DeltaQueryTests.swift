import Catalog
import Columnar
import DeltaLog
import Foundation
import Parquet
import Storage
import Testing

@testable import Query

/// Midnight of a winter's day in New York, in microseconds.
private func midnight(_ day: Int64) -> Int64 { (day * 24 + 5) * 3_600_000_000 }

/// Ticks of one date in a table like `lake`'s: symbol, time pair, sequence, price, size.
private func ticks(_ path: String, day: Int64, symbols: [String], count: Int) throws {
  try FileManager.default.createDirectory(
    atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
  var symbol = ByteColumn()
  var times: [Int64] = []
  var nanoseconds: [Int64] = []
  for name in symbols {
    for index in 0..<count {
      symbol.append(name)
      times.append(midnight(day) + Int64(index) / 3)
      nanoseconds.append(Int64(index) % 3 * 250)
    }
  }
  let total = times.count
  let price = ColumnType.decimal(precision: 18, scale: 9)
  let columns: [(Field, Column)] = [
    (Field("symbol", .string), Column(type: .string, storage: .bytes(symbol))),
    (Field("ts_recv", .timestamp), Column(type: .timestamp, storage: .integers(times))),
    (Field("ts_recv_plus_ns", .short), Column(type: .short, storage: .integers(nanoseconds))),
    (
      Field("price", price),
      Column(type: price, storage: .integers((0..<total).map { Int64($0) * 1_000_000_000 }))
    ),
    (Field("size", .long), Column(type: .long, storage: .integers((0..<total).map { Int64($0) }))),
    (
      Field("extra", .string),
      Column(
        type: .string, storage: .bytes(ByteColumn((0..<total).map { _ in "" })),
        validity: (0..<total).map { _ in 0 })
    ),
  ]
  var options = WriterOptions()
  options.pageRowCountMax = 64
  options.sortingColumns = [0, 1].map {
    SortingColumn(columnIndex: $0, isDescending: false, nullsFirst: false)
  }
  let writers = columns.map { WriterColumn($0.0) }
  let writer = try ParquetFileWriter(path: path, columns: writers, options: options)
  let chunks = try zip(writers, columns).map { writer, column in
    try ColumnChunkEncoder(column: writer, options: options).encode(column.1, rows: 0..<total)
  }
  try writer.append(rowGroup: chunks, rowCount: total)
  _ = try writer.finish()
}

/// A table with one file per date and a second version that adds another date.
private func withTable(_ body: (String) throws -> Void) throws {
  let folder = NSTemporaryDirectory() + "lake-query-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let storage = DirectoryStorage(root: folder)
  let fields = [
    Field("symbol", .string), Field("ts_recv", .timestamp), Field("ts_recv_plus_ns", .short),
    Field("price", .decimal(precision: 18, scale: 9)), Field("size", .long),
    Field("extra", .string), Field("date", .date),
  ]
  func add(_ day: Int, _ symbols: [String]) throws -> AddFile {
    let date = CivilDate(daysSinceEpoch: day).iso
    let path = "date=\(date)/part.parquet"
    try ticks(folder + "/" + path, day: Int64(day), symbols: symbols, count: 300)
    var statistics = FileStatistics(rowCount: Int64(300 * symbols.count))
    statistics.set(
      "symbol", type: .string,
      ColumnBounds(
        minimum: .string(symbols[0]), maximum: .string(symbols[symbols.count - 1]), nullCount: 0))
    let start = midnight(Int64(day))
    statistics.set(
      "ts_recv", type: .timestamp,
      ColumnBounds(minimum: .integer(start), maximum: .integer(start + 99), nullCount: 0))
    return AddFile(
      path: path, partitionValues: ["date": date], size: 1_000, modificationTime: 0,
      stats: statistics.json)
  }
  var transaction = Transaction(snapshot: nil, storage: storage)
  transaction.create(
    schema: try DeltaSchema(fields), partitionColumns: ["date"],
    configuration: [
      TableProperty.schema: "trades", TableProperty.index: "ts_recv",
      TableProperty.partitionTimezone: "America/New_York",
    ], name: "raw.test", description: "")
  transaction.append([try add(19_724, ["A", "B"]), try add(19_725, ["B", "C"])])
  _ = try transaction.commit()
  var second = Transaction(snapshot: try Snapshot.load(storage), storage: storage)
  second.append([try add(19_726, ["D"])])
  _ = try second.commit()
  try body(folder)
}

private func query(
  _ path: String, _ change: (inout QueryRequest) -> Void = { _ in }
) throws -> Query {
  var request = QueryRequest(table: path)
  change(&request)
  return try Query(request, lake: { throw QueryError(.badTable, "no lake is asked for") })
}

private func lines(
  _ path: String, _ change: (inout QueryRequest) -> Void = { _ in }
) throws -> [String] {
  let target = NSTemporaryDirectory() + "lake-query-\(UUID().uuidString).csv"
  defer { try? FileManager.default.removeItem(atPath: target) }
  _ = try query(path, change).run(to: QueryOutput(path: target, format: .csv))
  return try String(contentsOfFile: target, encoding: .utf8).split(separator: "\n").map(String.init)
}

@Suite struct DeltaQueryTests {
  @Test func aTimePairPrintsAndFiltersAsOneValue() throws {
    try withTable { path in
      let all = try lines(path) { $0.limit = 4 }
      #expect(
        all == [
          "ts_recv,symbol,price,size", "2024-01-02T05:00:00.000000000Z,A,0,0",
          "2024-01-02T05:00:00.000000250Z,A,1,1", "2024-01-02T05:00:00.000000500Z,A,2,2",
          "2024-01-02T05:00:00.000001000Z,A,3,3",
        ])
      let some = try lines(path) {
        $0.start = "2024-01-02T05:00:00.00000025Z"
        $0.end = "2024-01-02T05:00:00.0000005Z"
        $0.columns = ["ts_recv_plus_ns", "size", "date", "extra"]
      }
      #expect(
        some == [
          "ts_recv_plus_ns,size,date,extra", "250,1,2024-01-02,", "250,301,2024-01-02,",
        ])
    }
  }

  @Test func partitionsAndTheLogsStatisticsPrune() throws {
    try withTable { path in
      let byDate = try Explanation(
        query(path) {
          $0.start = "2024-01-03"
          $0.end = "2024-01-03"
        }.plan
      ).report
      #expect(byDate.partitions.count == 3 && byDate.partitions.skippedCount == 2)
      let bySymbol = try Explanation(query(path) { $0.symbols = ["C"] }.plan).report
      #expect(bySymbol.partitions.skippedCount == 0)
      #expect(bySymbol.files.count == 3 && bySymbol.files.skippedCount == 2)
      #expect(bySymbol.pages.skippedCount > 0)
      #expect(try lines(path) { $0.symbols = ["C"] }.count == 301)
    }
  }

  @Test func bareDatesAreThoseOfThePartitionsZone() throws {
    try withTable { path in
      let plan = try query(path) { $0.start = "2024-01-02" }
      #expect(plan.rangeText?.hasPrefix("[2024-01-02T05:00:00Z, the end)") == true)
      #expect(plan.rangeText?.hasSuffix("America/New_York") == true)
      let utc = try query(path) {
        $0.start = "2024-01-02"
        $0.timezone = "UTC"
      }
      #expect(utc.rangeText?.hasPrefix("[2024-01-02T00:00:00Z") == true)
    }
  }

  @Test func anEarlierVersionCanBeAsked() throws {
    try withTable { path in
      let now = try lines(path)
      let before = try lines(path) { $0.version = 0 }
      #expect(now.count == 1_501 && before.count == 1_201)
      let error = #expect(throws: DeltaError.self) { try lines(path) { $0.version = 9 } }
      #expect(error != nil)
    }
  }

  @Test func anEmptyAnswerKnowsTheTablesRange() throws {
    try withTable { path in
      let reasons = try query(path) { $0.start = "2031-01-01" }.emptyReasons()
      #expect(reasons.count == 1)
      #expect(
        reasons[0].hasSuffix(
          "in the table: 2024-01-02T05:00:00Z to 2024-01-04T05:00:00.000099999Z"))
      let symbol = try query(path) { $0.symbols = ["BB"] }.emptyReasons()
      #expect(symbol == ["symbol 'BB' is not in the table; nearest: B"])
    }
  }

  @Test func partitionValuesOfEveryTypeAreRead() {
    #expect(PartitionText.value("2024-01-02", .date) == .number(19_724))
    #expect(PartitionText.value("-5", .int) == .number(-5))
    #expect(PartitionText.value("1.5", .decimal(precision: 10, scale: 2)) == .number(150))
    #expect(PartitionText.value("true", .boolean) == .number(1))
    #expect(PartitionText.value("x", .string) == .bytes([0x78]))
    #expect(PartitionText.value("1970-01-01 00:00:01", .timestamp) == .number(1_000_000))
    #expect(PartitionText.value("0.5", .double) == .number(ValueDomain.key(0.5)))
    #expect(PartitionText.value("x", .long) == nil)
    #expect(PartitionText.type(of: ["2024-01-02", "2024-01-03"]) == .date)
    #expect(PartitionText.type(of: ["1", "22"]) == .long)
    #expect(PartitionText.type(of: ["01", "22"]) == .string)
    #expect(PartitionText.hive("k=a%2Fb").map { $0.value } == "a/b")
    #expect(PartitionText.hive("k=__HIVE_DEFAULT_PARTITION__").map { $0.value == nil } == true)
    #expect(PartitionText.hive("plain") == nil)
  }
}
