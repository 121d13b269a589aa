import Columnar
import Foundation
import Parquet
import TestSupport
import Testing

@testable import RowSources

/// Rows of a Parquet file that is written for the occasion.
private func readParquet(
  _ fields: [(String, ColumnType)], _ rows: [[Value]], rowGroup: Int = 1000,
  schema: SourceSchema = barSchema, _ configure: (inout SourceOptions) -> Void = { _ in }
) throws -> Drained {
  let folder = TemporaryFolder()
  let path = folder.path + "/a.parquet"
  var writing = WriterOptions()
  writing.rowGroupRowCountMax = rowGroup
  let writer = try NestedParquetWriter(
    path: path, schema: fields.map { NestedField($0.0, $0.1) }, options: writing)
  for row in rows { try writer.append(row) }
  try writer.finish()
  var options = SourceOptions()
  configure(&options)
  let source = try ParquetSource(path: path, options: options) { _ in schema }
  return try drain(source, schema: schema)
}

private let nanoseconds: Int64 = 1_704_205_800_000_000_000
private let utc = ColumnType.timestamp(.nanoseconds, isUTC: true)

/// A bar whose open is one value of `type`.
private func open(_ value: Value, _ type: ColumnType) throws -> Drained {
  try readParquet(
    [
      ("timestamp", utc), ("symbol", .string), ("open", type), ("high", .double), ("low", .double),
      ("close", .double),
    ],
    [
      [
        .timestamp(nanoseconds, .nanoseconds, isUTC: true), .string("A"), value,
        .double(999_999_999), .double(-999_999_999), .double(1.1),
      ]
    ])
}

@Suite struct SourcesParquetTests {
  @Test(
    arguments: [
      (.double(0.1), .double, "0.1", nil), (.double(1654.5), .double, "1654.5", nil),
      (.double(167.123456789), .double, "167.123456789", nil),
      (.double(123_456_789.123), .double, "123456789.123", nil),
      (.double(-0.0), .double, "0", nil),
      (.double(0.1 + 0.2), .double, nil, "not_an_exact_decimal"),
      (.double(1.0 / 3), .double, nil, "not_an_exact_decimal"),
      (.double(1e9), .double, nil, "does_not_fit"),
      (.double(.infinity), .double, nil, "not_a_number"),
      (.null, .double, nil, "null_required"),
      (.float(0.1), .float, "0.1", nil), (.float(1654.25), .float, "1654.25", nil),
      (.string("1.50"), .string, "1.5", nil), (.string("x"), .string, nil, "not_a_number"),
      (.string(""), .string, nil, "null_required"),
      (.integer(7), .long, "7", nil), (.integer(1_000_000_000), .long, nil, "does_not_fit"),
      (.decimal(unscaled: 150, scale: 2), .decimal(precision: 10, scale: 2), "1.5", nil),
      (
        .decimal(unscaled: 1_500_000_000_000, scale: 12), .decimal(precision: 20, scale: 12), "1.5",
        nil
      ),
      (
        .decimal(unscaled: 1, scale: 12), .decimal(precision: 20, scale: 12), nil,
        "too_many_decimals"
      ),
      (.boolean(true), .boolean, nil, "unsupported_value"),
    ] as [(Value, ColumnType, String?, String?)])
  func pricesAreExactOrRejected(
    _ value: Value, _ type: ColumnType, _ price: String?, _ rule: String?
  ) throws {
    let read = try open(value, type)
    #expect(read.rules == [rule].compactMap { $0 })
    if rule == nil { #expect(read.column("open") == [price]) }
  }

  @Test func shortestDigitsOfRandomPricesComeBack() throws {
    var random = SeededGenerator(seed: 11)
    var texts: [String] = []
    var rows: [[Value]] = []
    for _ in 0..<2000 {
      let digits = Int.random(in: 0...9, using: &random)
      let unscaled = Int128(
        Int64.random(in: -999_999_999_999_999...999_999_999_999_999, using: &random))
      let text = DecimalText.format(unscaled / 1_000_000, scale: digits, trimmed: true)
      texts.append(text)
      rows.append([
        .timestamp(nanoseconds, .nanoseconds, isUTC: true), .string("A"),
        .double(try #require(Double(text))), .null, .null, .null,
      ])
    }
    var schema = barSchema
    for index in schema.columns.indices where schema.columns[index].name != "open" {
      schema.columns[index].isRequired = false
    }
    let read = try readParquet(
      [
        ("timestamp", utc), ("symbol", .string), ("open", .double), ("high", .double),
        ("low", .double), ("close", .double),
      ], rows, schema: schema)
    #expect(read.rules == [])
    #expect(read.column("open") == texts)
  }

  @Test(
    arguments: [
      (
        .timestamp(1_704_205_800_000, .milliseconds, isUTC: true),
        .timestamp(.milliseconds, isUTC: true)
      ),
      (
        .timestamp(1_704_205_800_000_000, .microseconds, isUTC: true),
        .timestamp(.microseconds, isUTC: true)
      ),
      (.timestamp(nanoseconds, .nanoseconds, isUTC: true), utc),
      (.integer(1_704_205_800), .long), (.integer(1_704_205_800_000), .long),
      (.integer(nanoseconds), .long), (.double(1_704_205_800), .double),
      (.string("2024-01-02T14:30:00Z"), .string), (.string("2024-01-02 09:30:00-05:00"), .string),
      (
        .timestamp(1_704_187_800_000, .milliseconds, isUTC: false),
        .timestamp(.milliseconds, isUTC: false)
      ),
      (.string("2024-01-02 09:30:00"), .string),
    ] as [(Value, ColumnType)])
  func timesOfEveryTypeAreInstants(_ value: Value, _ type: ColumnType) throws {
    let read = try readParquet(
      [
        ("__index_level_0__", type), ("symbol", .string), ("open", .double), ("high", .double),
        ("low", .double), ("close", .double),
      ], [[value, .string("A"), .double(1), .double(1), .double(1), .double(1)]],
    ) {
      $0.timeZone = try? .named("America/New_York")
      $0.columnMap = [.init(theirs: "__index_level_0__", ours: "ts_event")]
    }
    #expect(read.rejected == [])
    #expect(read.column("ts_event") == ["2024-01-02T14:30:00.000000000Z"])
  }

  @Test func naiveTimesNeedAZone() {
    #expect {
      try readParquet(
        [("ts", .timestamp(.nanoseconds, isUTC: false)), ("symbol", .string)],
        [[.timestamp(nanoseconds, .nanoseconds, isUTC: false), .string("A")]],
        schema: SourceSchema(
          kind: "x", columns: Array(barColumns[..<2]), index: "ts_event"))
    } throws: {
      ($0 as? SourceError)?.code == .needsTimeZone
    }
  }

  @Test(arguments: [1, 3, 1000])
  func rowGroupsAndBlocksDoNotMatter(_ rowGroup: Int) throws {
    var rows: [[Value]] = []
    for row in 0..<50 {
      let time = nanoseconds + Int64(row) * 60_000_000_000
      let low: Double = row % 10 == 9 ? 101 : 0
      let volume = Double(row) + (row % 7 == 6 ? 0.5 : 0)
      var values: [Value] = [.timestamp(time, .nanoseconds, isUTC: true)]
      values += [.string(row % 3 == 0 ? "A" : "BB"), .double(Double(row)), .double(100)]
      values += [.double(low), .double(1), .double(volume), .string("note \(row)")]
      values += [.unsigned(.max), .binary([0xFF])]
      rows.append(values)
    }
    let fields: [(String, ColumnType)] = [
      ("timestamp", utc), ("symbol", .string), ("open", .double), ("high", .double),
      ("low", .double), ("close", .double), ("volume", .double), ("note", .string),
      ("big", .integer(bitWidth: 64, isSigned: false)), ("raw", .binary),
    ]
    let read = try readParquet(fields, rows, rowGroup: rowGroup) { $0.blockRowMax = 7 }
    #expect(read.rejected.filter { $0.rule == "high_not_below_low" }.count == 5)
    #expect(read.rejected.filter { $0.rule == "fraction_in_integer" }.count == 7)
    #expect(read.rows.count + read.rejected.count == 50)
    #expect(
      read.rows[1]["extra"]
        == #"{"note":"note 1","big":18446744073709551615,"raw":"/w=="}"#)
    let bad = try #require(read.rejected.first)
    #expect(bad.rowNumber == 7)
    #expect(bad.originalForm == .json)
    #expect(
      bad.original
        == #"{"timestamp":"2024-01-02T14:36:00.000000000Z","symbol":"A","open":6,"high":100,"low":0,"#
        + #""close":1,"volume":6.5,"note":"note 6","big":18446744073709551615,"raw":"/w=="}"#)
    #expect(read.hash?.count == 64)
  }

  @Test func bytesWithoutAMeaningAreTextInTheSchemasColumns() throws {
    func bar(_ symbol: [UInt8], _ open: String) -> [Value] {
      [
        .timestamp(nanoseconds, .nanoseconds, isUTC: true), .binary(symbol),
        .binary(Array(open.utf8)), .double(9), .double(0), .double(1), .binary([0x41]),
      ]
    }
    let read = try readParquet(
      [
        ("timestamp", utc), ("symbol", .binary), ("open", .binary), ("high", .double),
        ("low", .double), ("close", .double), ("raw", .binary),
      ], [bar(Array("SPY".utf8), "1.50"), bar(Array("É".utf8), "2"), bar([0xFF], "3")])
    #expect(read.column("symbol") == ["SPY", "É"])
    #expect(read.column("open") == ["1.5", "2"])
    #expect(read.column("extra") == [#"{"raw":"QQ=="}"#, #"{"raw":"QQ=="}"#])
    #expect(read.rules == ["invalid_utf8"])
  }

  @Test func whoNamesInstrumentsNeedNotNumberThem() throws {
    let names: [(String, ColumnType)] = [("ts_utc", utc), ("symbol", .string), ("price", .double)]
    let row: [Value] = [
      .timestamp(nanoseconds, .nanoseconds, isUTC: true), .string("SPY"), .double(1.5),
    ]
    let read = try readParquet(names, [row, row], schema: quoteSchema)
    #expect(read.rejected == [])
    #expect(read.column("symbol") == ["SPY", "SPY"])
    // A table may hold rows of both sorts, and what is written of it is read again.
    let numbered = try readParquet(
      names + [("instrument_id", .long)], [row + [.null], row + [.integer(7)]], schema: quoteSchema)
    #expect(numbered.rejected == [])
    #expect(numbered.column("instrument_id") == [nil, "7"])
    let number = try readParquet(
      [("ts_utc", utc), ("instrument_id", .long)], [[row[0], .null], [row[0], .integer(7)]],
      schema: quoteSchema)
    #expect(number.rules == ["null_required"])
    #expect(number.column("symbol") == ["INSTRUMENT_7"])
  }

  /// A few kilobytes of a file may stand for one text that takes all memory.
  @Test func aPageOfTextThatTakesMoreThanTheMemoryGivenIsRefused() throws {
    let long = String(repeating: "x", count: 3 << 20)
    let fields = [("ts_event", utc), ("symbol", .string), ("note", ColumnType.string)]
    let row = [
      Value.timestamp(nanoseconds, .nanoseconds, isUTC: true), .string("SPY"), .string(long),
    ]
    let error = #expect(throws: ParquetError.self) {
      _ = try readParquet(fields, [row]) { $0.textByteCountMax = 1 << 20 }
    }
    #expect(error?.message.contains("a page of 31") == true)
    #expect(error?.remedy?.contains("--memory") == true)
  }

  /// A bar with a structure beside it that holds a list.
  private func nestedFile(_ folder: TemporaryFolder) throws -> String {
    let path = folder.path + "/nested.parquet"
    let legs = NestedType.structure([
      NestedField("n", .primitive(.long)), NestedField("of", .list(.primitive(.long))),
    ])
    let prices = ["open", "high", "low", "close"]
    let writer = try NestedParquetWriter(
      path: path,
      schema: [
        NestedField("legs", legs), NestedField("timestamp", .primitive(utc)),
        NestedField("symbol", .primitive(.string)),
      ] + prices.map { NestedField($0, .primitive(.double)) })
    try writer.append([
      .structure([Value.Member("n", .integer(7)), Value.Member("of", .list([.integer(1)]))]),
      .timestamp(nanoseconds, .nanoseconds, isUTC: true), .string("SPY"), .double(2), .double(3),
      .double(1), .double(2),
    ])
    try writer.finish()
    return path
  }

  @Test(arguments: [["legs=-"], ["legs.of=-"], ["legs.of.list.element=-", "legs.n=-"]])
  func whatIsNestedIsLeftOutByItsName(map: [String]) throws {
    let folder = TemporaryFolder()
    var options = SourceOptions()
    options.columnMap = map.compactMap { ColumnMapping(parsing: $0) }
    let source = try ParquetSource(path: try nestedFile(folder), options: options) { _ in barSchema
    }
    let block = RowBlock(layout: source.layout)
    #expect(try source.next(block) && block.rowCount == 1 && source.report.rejectedCount == 0)
  }

  @Test func aListSaysHowItIsLeftOut() throws {
    let folder = TemporaryFolder()
    let path = try nestedFile(folder)
    let error = #expect(throws: SourceError.self) {
      try ParquetSource(path: path, options: SourceOptions()) { _ in barSchema }
    }
    #expect(error?.remedy == "leave it out: --map 'legs=-'")
    var options = SourceOptions()
    options.columnMap = [
      ColumnMapping(theirs: "lgs", ours: "-"), ColumnMapping(theirs: "legs", ours: "-"),
    ]
    #expect {
      try ParquetSource(path: path, options: options) { _ in barSchema }
    } throws: {
      ($0 as? SourceError)?.code == .unknownMapping
    }
  }

  @Test func listsAreRefusedByName() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/a.parquet"
    let writer = try NestedParquetWriter(
      path: path, schema: [NestedField("legs", .list(.primitive(.long)))])
    try writer.append([.list([.integer(1)])])
    try writer.finish()
    #expect {
      try ParquetSource(path: path, options: SourceOptions()) { _ in barSchema }
    } throws: {
      ($0 as? SourceError)?.code == .unsupported
    }
  }

  @Test func readsAFileThatPandasWrote() throws {
    guard let data = sharedData else {
      print("skipped: no shared data")
      return
    }
    let path = data.appendingPathComponent("vix/VXVCLS.parquet").path
    let schema = SourceSchema(
      kind: "series",
      columns: [
        SourceColumn("ts_event", .timestamp, isRequired: true), SourceColumn("symbol", .string),
        SourceColumn("value", .decimal(precision: 18, scale: 9), isRequired: true),
        SourceColumn("extra", .string),
      ], index: "ts_event")
    var options = SourceOptions()
    options.timeZone = .utc
    options.columnMap = [.init(theirs: "series_id", ours: "symbol")]
    let source = try ParquetSource(path: path, options: options) { _ in schema }
    let read = try drain(source, schema: schema)
    #expect(read.rows.count + read.rejected.count == 1540)
    #expect(Set(read.rules) == ["null_required"])
    #expect(read.rows[0]["ts_event"] == "2020-01-02T00:00:00.000000000Z")
    #expect(read.rows[0]["value"] == "15.19")
    #expect(read.rows[0]["symbol"] == "VXVCLS")
    print("1 case")
  }
}
