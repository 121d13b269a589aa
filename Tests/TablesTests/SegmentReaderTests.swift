import Bytes
import Columnar
import Parquet
import TestSupport
import Testing

@testable import Tables

@Suite struct SegmentReaderTests {
  private let files = ToyFiles()
  private let time = Field("ts_event", .timestamp)
  private let rest = Field("ts_event_plus_ns", .short)
  private let milliseconds = ColumnType.timestamp(.milliseconds, isUTC: true)
  private let nanoseconds = ColumnType.timestamp(.nanoseconds, isUTC: true)

  @Test func aColumnThatTheFileLacksIsNull() throws {
    let path = try files.write("a.parquet", [(Field("a", .long), .integers([1, 2, 3]))])
    let reader = try SegmentReader(path: path, fields: [Field("a", .long), Field("b", .string)])
    let rows = StoredSpan(rowGroup: 0, rows: 1..<3)
    #expect(try reader.column(Field("a", .long), rows).numbers == [2, 3])
    let missing = try reader.column(Field("b", .string), rows)
    #expect(missing.count == 2 && missing.nullCount == 2)
    #expect(try reader.values(Field("b", .string), rows) == nil)
    #expect(!reader.has("b") && !reader.mayHaveValues("b") && reader.mayHaveValues("a"))
  }

  /// For every way of reading: without conversion, a time in the file's unit would be another time.
  @Test func timesAreGivenInTheTablesUnit() throws {
    let values = Column.integers([1, nil, -3], milliseconds)
    let path = try files.write("a.parquet", [(Field("ts_event", milliseconds), values)])
    let reader = try SegmentReader(path: path, fields: [time])
    let rows = reader.rowGroups[0]
    #expect(try reader.column(time, rows).numbers == [1000, nil, -3000])
    #expect(try reader.values(time, rows)?.numbers == [1_000_000, nil, -3_000_000])
    let own = try SegmentReader(path: path)
    let columns = try RowColumns(own, rows)
    #expect(columns.time("ts_event", 0) == 1_000_000 && columns.time("ts_event", 1) == nil)
    // Without conversion, bounds in another unit would exclude the page that holds the row.
    #expect(try reader.pages(index: time).allSatisfy { $0.bounds.times == nil })
  }

  @Test func aTimeThatTheTableCannotSayIsRefused() throws {
    let finer = try files.write(
      "a.parquet", [(Field("ts_event", nanoseconds), .integers([1000, 1001], nanoseconds))])
    let reader = try SegmentReader(path: finer, fields: [time])
    let error = #expect(throws: PassError.self) { try reader.column(time, reader.rowGroups[0]) }
    #expect(error?.message == "column 'ts_event' has times that are finer than the table's")
    #expect(try reader.column(time, StoredSpan(rowGroup: 0, rows: 0..<1)).numbers == [1])
    let far = try files.write(
      "b.parquet", [(Field("ts_event", milliseconds), .integers([.max], milliseconds))])
    let other = try SegmentReader(path: far, fields: [time])
    #expect(throws: PassError.self) { try other.column(time, other.rowGroups[0]) }
  }

  @Test(arguments: [
    (ColumnType.decimal(precision: 18, scale: 9), ColumnType.decimal(precision: 18, scale: 6)),
    (.decimal(precision: 18, scale: 9), .decimal(precision: 38, scale: 9)), (.long, .double),
    (.date, .long), (.timestamp, .timestamp(.microseconds, isUTC: false)),
  ])
  func whatMeansSomethingElseIsRefused(_ stored: ColumnType, _ wanted: ColumnType) throws {
    let path = try files.write("a.parquet", [(Field("x", stored), .integers([1], stored))])
    let field = Field("x", wanted)
    let reader = try SegmentReader(path: path, fields: [field])
    let error = #expect(throws: PassError.self) { try reader.column(field, reader.rowGroups[0]) }
    #expect(
      error?.message
        == "column 'x' is \(stored.name) in a data file and \(wanted.name) in the table")
    #expect(throws: PassError.self) { try reader.scanner(field, rowGroup: 0) }
  }

  @Test func narrowerNumbersAndOtherTextsAreTheTables() throws {
    let path = try files.write(
      "a.parquet",
      [
        (Field("n", .short), .integers([7], .short)),
        (Field("t", .json), Column(type: .json, storage: .bytes(ByteColumn(["{}"])))),
        (
          Field("d", .decimal(precision: 10, scale: 2)),
          .integers([150], .decimal(precision: 10, scale: 2))
        ),
      ])
    let fields = [
      Field("n", .long), Field("t", .string), Field("d", .decimal(precision: 18, scale: 2)),
    ]
    let reader = try SegmentReader(path: path, fields: fields)
    for field in fields {
      #expect(try reader.column(field, reader.rowGroups[0]).type == field.type)
    }
  }

  @Test func aTimeAndItsNanosecondsAreOneValue() throws {
    let path = try files.write(
      "a.parquet",
      [
        (time, .integers([5, nil, 7], .timestamp)), (rest, .integers([123, nil, nil], .short)),
      ])
    let reader = try SegmentReader(path: path, fields: [time, rest])
    #expect(try reader.values(time, reader.rowGroups[0])?.numbers == [5123, nil, 7000])
    #expect(try RowColumns(reader, reader.rowGroups[0]).time("ts_event", 0) == 5123)
    // A table that declares no such pair has two columns.
    let apart = try SegmentReader(path: path, fields: [time])
    #expect(try apart.values(time, apart.rowGroups[0])?.numbers == [5000, nil, 7000])
  }

  @Test(arguments: [1, 7, 8, 9, 63, 64, 65, 1000])
  func rowsOfAFileLieInItsRowGroups(groupRowMax: Int) throws {
    let path = try files.write(
      "a.parquet", [(Field("a", .long), .integers((0..<200).map { Int64($0) }))],
      groupRowMax: groupRowMax)
    let reader = try SegmentReader(path: path)
    #expect(try reader.rowCount() == 200)
    for rows in [0..<0, 0..<1, 0..<200, 60..<70, 199..<200, 100..<300] {
      let found = try reader.spans(of: rows).flatMap {
        try reader.column(Field("a", .long), $0).numbers
      }
      #expect(found == rows.clamped(to: 0..<200).map { Int64($0) })
    }
  }

  @Test func pagesTellWhatTheyCannotHold() throws {
    let symbols = (0..<100).map { $0 < 50 ? "A" : "B" }
    let times = (0..<100).map { Int64($0 % 50) }
    let path = try files.write(
      "a.parquet",
      [(Field("symbol", .string), .texts(symbols)), (time, .integers(times, .timestamp))],
      groupRowMax: 80, pageRowMax: 10)
    let reader = try SegmentReader(path: path)
    let pages = try reader.pages(index: time)
    #expect(pages.reduce(0) { $0 + $1.span.count } == 100)
    let found = pages.filter { $0.bounds.mayHold(symbol: "B", times: 5_000...7_000) }
    let rows = try found.flatMap { page in
      let columns = try RowColumns(reader, page.span)
      return (0..<columns.rowCount).map {
        (columns.text("symbol", $0) ?? "", columns.time("ts_event", $0) ?? -1)
      }
    }
    #expect(rows.contains { $0 == ("B", 6_000) })
    #expect(rows.count <= 20)
    #expect(try reader.symbols() == ["A", "B"])
    #expect(try reader.pages(index: Field("ts_recv", .timestamp)).isEmpty)
  }

  @Test func runsOfSymbolsCoverAllRows() throws {
    let symbols = ["A", "A", "B", "A", "C", "C"]
    let path = try files.write("a.parquet", [(Field("symbol", .string), .texts(symbols))])
    let reader = try SegmentReader(path: path)
    let runs = try reader.symbolRuns(StoredSpan(rowGroup: 0, rows: 1..<6))
    #expect(runs.map(\.name) == ["A", "B", "A", "C"])
    #expect(runs.map(\.rows) == [0..<1, 1..<2, 2..<3, 3..<5])
  }
}

@Suite struct RowSumsTests {
  private let files = ToyFiles()

  /// The only code that hashes rows in columns: used by the writer, the reader, and lookups.
  @Test func whatIsWrittenHashesLikeWhatIsRead() throws {
    let fields = [
      Field("symbol", .string), Field("ts_event", .timestamp), Field("ts_event_plus_ns", .short),
      Field("price", .decimal(precision: 18, scale: 9)), Field("requested_symbol", .string),
      Field("source_ordinal", .long),
    ]
    let columns: [Column] = [
      .texts(["A", "B", "B"]), .integers([1, 2, 3], .timestamp), .integers([0, 999, 5], .short),
      .integers([10, nil, 30], fields[3].type), .texts(["x", "y", "z"]), .integers([1, 2, 3]),
    ]
    func segment(_ name: String, _ order: [Int], ordinal: Int64) throws -> StagedSegment {
      let writer = try SegmentWriter(
        directory: files.folder.path, fileName: name, day: 0,
        columns: fields.map { WriterColumn($0) }, options: WriterOptions())
      let encoder = GroupEncoder(fields: fields, options: WriterOptions())
      try writer.append(
        try encoder.encode(rowCount: order.count) { field in
          let index = fields.firstIndex(of: field) ?? 0
          if field.name == "source_ordinal" {
            return .integers(order.map { ordinal + Int64($0) })
          }
          return columns[index].rows(order)
        })
      return try writer.finish()
    }
    let one = try segment("1.parquet", [0, 1, 2], ordinal: 0)
    let other = try segment("2.parquet", [2, 0, 1], ordinal: 77)
    // Neither the order nor the source ordinals of the rows matter.
    #expect(one.fingerprint == other.fingerprint && one.rowCount == 3)
    let reader = try SegmentReader(path: one.path, fields: fields)
    let (count, hash) = try reader.fingerprint()
    #expect(count == 3 && hash == one.fingerprint)
    var sum = Fingerprint()
    try reader.forEachRow(keyColumns: ["symbol"]) { _, _, _, content in sum &+= content }
    #expect(sum == one.fingerprint)
    #expect(reader.hasProvenance())
  }

  @Test func rowsAreWeighedByTheirKeyAndByTheirContent() throws {
    let path = try files.write(
      "a.parquet",
      [
        (Field("symbol", .string), .texts(["A", "A", "B"])),
        (Field("volume", .long), .integers([1, 2, 1])),
      ])
    var keys: [Fingerprint] = []
    var contents: [Fingerprint] = []
    try SegmentReader(path: path).forEachRow(keyColumns: ["symbol"]) { _, _, key, content in
      keys.append(key)
      contents.append(content)
    }
    #expect(keys[0] == keys[1] && keys[0] != keys[2])
    #expect(Set(contents).count == 3)
  }
}
