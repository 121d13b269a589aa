import Columnar
import Foundation
import Platform
import TestSupport
import Testing

@testable import Query

/// A table in memory: one partition date per file, or all files in one group.
func memoryTable(
  _ segments: [MemorySegment], dates: [Int?] = [], kind: String? = "trades"
) -> QueryTable {
  var table = QueryTable(name: "test", columns: [], defaultColumns: [], files: [], source: "test")
  var fields: [Field] = []
  for (name, column) in segments[0].columns.sorted(by: { $0.key < $1.key }) {
    fields.append(Field(name, column.type))
  }
  if !dates.isEmpty { fields.append(Field("date", .date)) }
  TableColumns.fill(
    &table, fields: fields, partitions: dates.isEmpty ? [] : ["date"],
    hints: TableColumns.Hints(index: "ts", kind: kind))
  if !dates.isEmpty {
    table.dateColumn = table.column(named: "date")
    table.partitionColumns = [fields.count - 1]
  }
  table.files = segments.enumerated().map { index, segment in
    var partition: [Int: BoundValue?] = [:]
    if !dates.isEmpty { partition[fields.count - 1] = dates[index].map { .number(Int128($0)) } }
    return TableFile(
      path: segment.name, byteCount: 100, partition: partition, open: { segment })
  }
  PartitionOrder.sort(&table.files, by: table.partitionColumns)
  return table
}

/// The result as text.
func answer(
  _ table: QueryTable, format: QueryOutput.Format = .csv, width: Int = 2, memory: Int = 1 << 20,
  _ change: (inout QueryRequest) -> Void = { _ in }
) throws -> String {
  var request = QueryRequest(table: "test")
  change(&request)
  let path = NSTemporaryDirectory() + "lake-query-\(UUID().uuidString)"
  defer { try? FileManager.default.removeItem(atPath: path) }
  var output = QueryOutput(path: path, format: format)
  output.memory = memory
  output.spillFolder = NSTemporaryDirectory()
  let outcome = try Query(plan: QueryPlan(request, table)).run(to: output, width: width)
  let text = try String(contentsOfFile: path, encoding: .utf8)
  if format != .jsonl {
    #expect(text.split(separator: "\n").count == outcome.rowCount + 1)
  }
  #expect(text.utf8.count == outcome.byteCount)
  return text
}

private let day: Int64 = 86_400_000_000

/// Trades of `symbols`, `count` each, a microsecond apart from `start` on; sorted like a lake's.
private func trades(
  _ name: String, symbols: [String], start: Int64, count: Int, pageRowCount: Int = 4,
  rowGroupRowCount: Int = 16
) -> MemorySegment {
  var texts: [String?] = []
  var times: [Int64?] = []
  var sizes: [Int64?] = []
  for symbol in symbols {
    for index in 0..<count {
      texts.append(symbol)
      times.append(start + Int64(index))
      sizes.append(index % 5 == 4 ? nil : Int64(index))
    }
  }
  let total = texts.count
  var groups = Array(repeating: rowGroupRowCount, count: total / rowGroupRowCount)
  if total % rowGroupRowCount > 0 { groups.append(total % rowGroupRowCount) }
  return MemorySegment(
    name, rowGroups: groups, pageRowCount: pageRowCount, sortedBy: ["symbol", "ts"],
    columns: [
      "symbol": (.string, .text(texts)), "ts": (.timestamp, .integers(times)),
      "size": (.long, .integers(sizes)),
    ])
}

@Suite struct ScanTests {
  @Test func printsRowsWithNullsAsEmptyFields() throws {
    let table = memoryTable([trades("a", symbols: ["A", "B"], start: 0, count: 5)])
    let text = try answer(table) { $0.symbols = ["B"] }
    #expect(
      text == """
        ts,symbol,size
        1970-01-01T00:00:00.000000Z,B,0
        1970-01-01T00:00:00.000001Z,B,1
        1970-01-01T00:00:00.000002Z,B,2
        1970-01-01T00:00:00.000003Z,B,3
        1970-01-01T00:00:00.000004Z,B,

        """)
    let json = try answer(table, format: .jsonl) {
      $0.columns = ["size", "symbol", "ts"]
      $0.filter = "size is null and symbol = 'A'"
    }
    #expect(
      json == "{\"size\":null,\"symbol\":\"A\",\"ts\":\"1970-01-01T00:00:00.000004Z\"}\n")
    let tsv = try answer(table, format: .tsv) { $0.limit = 1 }
    #expect(tsv == "ts\tsymbol\tsize\n1970-01-01T00:00:00.000000Z\tA\t0\n")
  }

  @Test func skipsWhatBoundsExclude() throws {
    let segments = (0..<3).map {
      trades("f\($0)", symbols: ["A", "B", "C"], start: Int64($0) * day, count: 32)
    }
    let table = memoryTable(segments, dates: [0, 1, 2])
    let text = try answer(table, width: 1) {
      $0.symbols = ["B"]
      $0.start = "1970-01-02T00:00:00.000004Z"
      $0.end = "1970-01-02T00:00:00.000008Z"
    }
    #expect(text.split(separator: "\n").count == 5)
    // The other dates are not opened; of this one, one page of 4 rows is decoded.
    for column in ["symbol", "ts", "size"] {
      #expect(segments[0].decodedRowCount(column) == 0)
      #expect(segments[1].decodedRowCount(column) == 4)
      #expect(segments[2].decodedRowCount(column) == 0)
    }
  }

  @Test func decodesOnlyColumnsThatAreAskedFor() throws {
    let segment = trades("f", symbols: ["A", "B"], start: 0, count: 32)
    _ = try answer(memoryTable([segment])) { $0.columns = ["size"] }
    #expect(segment.decodedRowCount("size") == 64)
    #expect(segment.decodedRowCount("symbol") == 0)
    #expect(segment.decodedRowCount("ts") == 0)
  }

  @Test func decodesOtherColumnsOnlyWhereRowsAreSelected() throws {
    let segment = trades("f", symbols: ["A"], start: 0, count: 64)
    // Bounds of every page allow it, but no row matches: sizes 4, 9, … are null.
    let text = try answer(memoryTable([segment])) { $0.filter = "size in (4, 9, 14, 19)" }
    #expect(text == "ts,symbol,size\n")
    #expect(segment.decodedRowCount("size") > 0)
    #expect(segment.decodedRowCount("symbol") == 0)
  }

  @Test func aProvedFilterNeedsNoColumn() throws {
    let segment = trades("f", symbols: ["A"], start: 0, count: 64)
    let text = try answer(memoryTable([segment])) {
      $0.columns = ["size"]
      $0.filter = "symbol = 'A' and ts < 1970-01-02"
    }
    #expect(text.split(separator: "\n").count == 65)
    #expect(segment.decodedRowCount("symbol") == 0)
    #expect(segment.decodedRowCount("ts") == 0)
  }

  @Test func theExplanationCountsWhatIsSkipped() throws {
    let segments = (0..<3).map {
      trades("f\($0)", symbols: ["A", "B", "C"], start: Int64($0) * day, count: 32)
    }
    var request = QueryRequest(table: "test")
    request.symbols = ["B"]
    request.start = "1970-01-02"
    request.end = "1970-01-02"
    let plan = try QueryPlan(request, memoryTable(segments, dates: [0, 1, 2]))
    let report = try Explanation(plan).report
    #expect(report.partitions.count == 3 && report.partitions.skippedCount == 2)
    #expect(report.rowGroups.count == 6 && report.rowGroups.skippedCount == 4)
    let lines = try Query(plan: plan).explanation().lines
    #expect(lines.contains { $0 == "  2 skipped: not date = 1970-01-02" })
    #expect(lines.contains { $0 == "  4 skipped: not symbol in ('B')" })
    #expect(segments.allSatisfy { $0.decodedRowCount("ts") == 0 })
  }

  @Test(arguments: [1, 3]) func aLimitCutsExactly(width: Int) throws {
    let table = memoryTable([trades("f", symbols: ["A"], start: 0, count: 100)])
    let all = try answer(table).split(separator: "\n").map(String.init)
    for limit in [0, 1, 4, 5, 16, 17, 99, 100, 101] {
      let some = try answer(table, width: width) { $0.limit = limit }
      #expect(some.split(separator: "\n").map(String.init) == Array(all.prefix(limit + 1)))
    }
  }

  @Test(arguments: [1, 3], [200, 1 << 20])
  func anOrderOfTheUsersHoldsAcrossFilesAndSpills(width: Int, memory: Int) throws {
    // So many rows that each thread spills more than once.
    let segments = (0..<4).map {
      trades(
        "f\($0)", symbols: ["A", "B"], start: Int64($0) * day, count: 9_000, pageRowCount: 1_000,
        rowGroupRowCount: 4_000)
    }
    let table = memoryTable(segments, dates: [0, 1, 2, 3])
    let usual = try answer(table).split(separator: "\n").dropFirst().map(String.init)
    let symbolAt = 1
    func symbol(_ line: String) -> Substring { line.split(separator: ",")[symbolAt] }
    let expected = usual.filter { symbol($0) == "B" } + usual.filter { symbol($0) == "A" }
    for (limit, tail) in [(nil, nil), (17, nil), (20_000, nil), (nil, 17), (nil, 20_000)]
      as [(Int?, Int?)]
    {
      let lines = try answer(table, width: width, memory: memory) {
        $0.order = ["symbol:desc"]
        $0.limit = limit
        $0.tail = tail
      }.split(separator: "\n").dropFirst().map(String.init)
      let wanted = tail.map { Array(expected.suffix($0)) } ?? Array(expected.prefix(limit ?? .max))
      #expect(lines == wanted)
    }
    for tail in [0, 5, 18_001, 80_000] {
      let lines = try answer(table, width: width, memory: memory) { $0.tail = tail }
        .split(separator: "\n").dropFirst().map(String.init)
      #expect(lines == Array(usual.suffix(tail)))
    }
  }

  @Test func theLastRowsNeedOnlyTheLastFiles() throws {
    let segments = (0..<3).map {
      trades("f\($0)", symbols: ["A"], start: Int64($0) * day, count: 32)
    }
    let table = memoryTable(segments, dates: [0, 1, 2])
    _ = try answer(table) { $0.tail = 3 }
    #expect(segments.map { $0.decodedRowCount("ts") } == [0, 0, 32])
  }

  @Test func rowsAreCountedWithoutBeingDecoded() throws {
    let segments = (0..<3).map {
      trades("f\($0)", symbols: ["A"], start: Int64($0) * day, count: 32)
    }
    let table = memoryTable(segments, dates: [0, 1, 2])
    #expect(try Query(plan: QueryPlan(QueryRequest(table: "test"), table)).count() == 96)
    #expect(segments.allSatisfy { $0.decodedRowCount("ts") == 0 })
    var request = QueryRequest(table: "test")
    request.start = "1970-01-02"
    #expect(try Query(plan: QueryPlan(request, table)).count(width: 2) == 64)
    request.filter = "size = 3"
    let counted = try Query(plan: QueryPlan(request, table)).count(width: 2)
    #expect(
      counted
        == (try answer(table) {
          $0.start = request.start
          $0.filter = request.filter
        }).split(separator: "\n").count - 1)
    #expect(try Query(plan: QueryPlan(request, table)).count(isInterrupted: { true }) == nil)
  }

  @Test func filesOfOneDateAreMergedBySymbolAndTime() throws {
    let early = trades("early", symbols: ["A", "B"], start: 0, count: 50)
    let late = trades("late", symbols: ["A", "B", "C"], start: 25, count: 50)
    let apart = trades("apart", symbols: ["D", "E"], start: 0, count: 20)
    let table = memoryTable([late, apart, early], dates: [0, 0, 0])
    let lines = try answer(table).split(separator: "\n").dropFirst().map(String.init)
    #expect(lines.count == 100 + 150 + 40)
    let keys = lines.map { line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      return "\(fields[1])\(fields[0])"
    }
    #expect(keys == keys.sorted())
    let limited = try answer(table) { $0.limit = 77 }
    #expect(limited.split(separator: "\n").dropFirst().map(String.init) == Array(lines.prefix(77)))
  }

  @Test func filesThatDoNotOverlapNeedNoMerge() throws {
    let segments = [
      trades("b", symbols: ["C", "D"], start: 0, count: 32),
      trades("a", symbols: ["A", "B"], start: 0, count: 32),
    ]
    let plan = try QueryPlan(QueryRequest(table: "t"), memoryTable(segments, dates: [0, 0]))
    #expect(try Explanation(plan).mergeCount == 0)
    let symbols = try answer(memoryTable(segments, dates: [0, 0]))
      .split(separator: "\n").dropFirst().map { $0.split(separator: ",")[1] }
    #expect(symbols == symbols.sorted())
  }

  @Test(arguments: [1 << 20, 2_000]) func anUnsortedFileIsSorted(memory: Int) throws {
    let seed: UInt64 = 11
    var random = SeededGenerator(seed: seed)
    var rows: [(String, Int64, Int64)] = (0..<700).map { index in
      (
        ["A", "B\u{0}x", "B", "Ü"].randomElement(using: &random) ?? "A",
        Int64.random(in: -3...3, using: &random) * day / 2, Int64(index)
      )
    }
    let segment = MemorySegment(
      "f", rowGroups: [300, 400], pageRowCount: 50,
      columns: [
        "symbol": (.string, .text(rows.map(\.0))), "ts": (.timestamp, .integers(rows.map(\.1))),
        "n": (.long, .integers(rows.map(\.2))),
      ])
    // By UTC date, symbol and time; equal rows in their original order.
    func date(_ time: Int64) -> Int64 { time >= 0 ? time / day : (time - day + 1) / day }
    rows.sort { left, right in
      if date(left.1) != date(right.1) { return date(left.1) < date(right.1) }
      if left.0 != right.0 { return Array(left.0.utf8).lexicographicallyPrecedes(right.0.utf8) }
      return (left.1, left.2) < (right.1, right.2)
    }
    let text = try answer(memoryTable([segment], kind: nil), memory: memory) { $0.columns = ["n"] }
    #expect(
      text.split(separator: "\n").dropFirst().map { Int64($0) } == rows.map { $0.2 },
      "seed \(seed)")
  }

  @Test func aSequenceBreaksTies() throws {
    func file(_ name: String, _ sequences: [Int64]) -> MemorySegment {
      MemorySegment(
        name, rowGroups: [sequences.count], sortedBy: ["symbol", "ts"],
        columns: [
          "symbol": (.string, .text(sequences.map { _ in "A" })),
          "ts": (.timestamp, .integers(sequences.map { _ in 5 })),
          "sequence": (.long, .integers(sequences)),
        ])
    }
    let table = memoryTable([file("a", [1, 4, 6]), file("b", [2, 3, 5])], dates: [0, 0])
    let text = try answer(table) { $0.columns = ["sequence"] }
    #expect(text == "sequence\n1\n2\n3\n4\n5\n6\n")
  }

  @Test func partitionsComeInTheOrderOfTheirDates() throws {
    let segments = [2, 0, 1].map {
      trades("f\($0)", symbols: ["A"], start: Int64($0) * day, count: 3)
    }
    let text = try answer(memoryTable(segments, dates: [2, 0, 1])) { $0.columns = ["date"] }
    #expect(
      text.split(separator: "\n").dropFirst().map(String.init)
        == ["1970-01-01", "1970-01-02", "1970-01-03"].flatMap { [$0, $0, $0] })
  }

  @Test func aColumnThatAFileLacksIsNull() throws {
    var table = memoryTable([trades("f", symbols: ["A"], start: 0, count: 2)])
    table.columns.append(QueryColumn(name: "new", type: .double, origin: .file("new")))
    let text = try answer(table) {
      $0.columns = ["symbol", "new"]
      $0.filter = "new is null"
    }
    #expect(text == "symbol,new\nA,\nA,\n")
    #expect(try answer(table) { $0.filter = "new > 0" } == "ts,symbol,size\n")
  }

  @Test func aNullAloneInItsRowIsNoEmptyLine() throws {
    let table = memoryTable([trades("f", symbols: ["A"], start: 0, count: 6)])
    #expect(try answer(table) { $0.columns = ["size"] } == "size\n0\n1\n2\n3\n\"\"\n5\n")
  }

  @Test func anEmptyResultIsExplained() throws {
    let segments = (0..<2).map {
      trades("f\($0)", symbols: ["SPY", "QQQ"], start: Int64($0) * day, count: 4)
    }
    func reasons(_ change: (inout QueryRequest) -> Void) throws -> [String] {
      var request = QueryRequest(table: "test")
      change(&request)
      let plan = try QueryPlan(request, memoryTable(segments, dates: [0, 1]))
      return try Query(plan: plan, request: request).emptyReasons()
    }
    #expect(
      try reasons { $0.symbols = ["SPX"] } == ["symbol 'SPX' is not in the table; nearest: SPY"])
    #expect(
      try reasons { $0.symbols = ["XXXXX"] }
        == ["symbol 'XXXXX' is not in the table; it holds QQQ, SPY"])
    #expect(
      try reasons { $0.start = "2024-01-02" } == [
        "ts asked for: [2024-01-02T00:00:00Z, the end); in the table: "
          + "1970-01-01T00:00:00Z to 1970-01-02T00:00:00.000003Z"
      ])
    #expect(try reasons { $0.filter = "size > 9" } == ["no row satisfies: size > 9"])
  }

  @Test func anExistingFileIsNotReplacedUnlessForced() throws {
    let table = memoryTable([trades("f", symbols: ["A"], start: 0, count: 2)])
    let path = NSTemporaryDirectory() + "lake-query-\(UUID().uuidString).csv"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try "mine".write(toFile: path, atomically: true, encoding: .utf8)
    let query = try Query(plan: QueryPlan(QueryRequest(table: "t"), table))
    let error = #expect(throws: OutputFileError.self) {
      try query.run(to: QueryOutput(path: path, format: .csv))
    }
    #expect(error?.code == .exists)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "mine")
    _ = try query.run(to: QueryOutput(path: path, format: .csv, force: true))
    #expect(try String(contentsOfFile: path, encoding: .utf8).hasPrefix("ts,symbol,size\n"))
  }

  @Test func aFailedRunLeavesNoFile() throws {
    let good = trades("f", symbols: ["A"], start: 0, count: 2)
    var table = memoryTable([good])
    table.files[0].open = { throw QueryError(.badData, "gone") }
    let folder = NSTemporaryDirectory() + "lake-query-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(throws: QueryError.self) {
      try Query(plan: QueryPlan(QueryRequest(table: "t"), table))
        .run(to: QueryOutput(path: folder + "/x.csv", format: .csv))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }
}
