import Columnar
import Parquet
import TestSupport
import Testing

@testable import RowSources

private let micros = ColumnType.timestamp(.microseconds, isUTC: true)
private let start: Int64 = 1_704_205_800_000_000

/// Rows with the columns of a table of quotes: symbol, number, ts_recv, its nanoseconds, extra.
private func readTable(
  _ rows: [[Value]], nanoseconds: ColumnType = .short, extra: String = "extra",
  more: [(String, ColumnType)] = []
) throws -> Drained {
  let folder = TemporaryFolder()
  let path = folder.path + "/a.parquet"
  let fields =
    [
      ("symbol", .string), ("instrument_id", .long), ("ts_recv", micros),
      ("ts_recv_plus_ns", nanoseconds), (extra, .string),
    ] + more
  let writer = try NestedParquetWriter(
    path: path, schema: fields.map { NestedField($0.0, $0.1) }, options: WriterOptions())
  for row in rows { try writer.append(row) }
  try writer.finish()
  var schema = quoteSchema
  schema.numbersRows = true
  let source = try ParquetSource(path: path, options: SourceOptions()) { _ in schema }
  return try drain(source, schema: schema)
}

private func row(
  _ nanoseconds: Value, time: Int64? = start, extra: Value = .null, more: [Value] = []
) -> [Value] {
  [
    .string("SPY"), .integer(7),
    time.map { .timestamp($0, .microseconds, isUTC: true) } ?? .null, nanoseconds, extra,
  ] + more
}

private func short(_ value: Int64) -> Value { .integer(value) }

private func quotes(_ header: String, _ rows: String...) throws -> Drained {
  var schema = quoteSchema
  schema.numbersRows = true
  return try readCSV(
    header + "\n" + rows.joined(separator: "\n") + "\n", schema: schema)
}

@Suite("Columns that only tables of this program have")
struct SourcesOwnTests {
  @Test("nanoseconds beside microseconds are one time")
  func nanosecondsOfParquet() throws {
    let read = try readTable([row(short(0)), row(short(7)), row(short(999)), row(.null)])
    #expect(read.rejected == [])
    #expect(
      read.column("ts_recv") == [
        "2024-01-02T14:30:00.000000000Z", "2024-01-02T14:30:00.000000007Z",
        "2024-01-02T14:30:00.000000999Z", "2024-01-02T14:30:00.000000000Z",
      ])
    #expect(read.column("extra") == [nil, nil, nil, nil])
    #expect(read.report.extraColumns == [])
  }

  @Test("a frame's doubles are nanoseconds too")
  func nanosecondsOfFrames() throws {
    let read = try readTable(
      [row(.double(7)), row(.null), row(.double(0.5))], nanoseconds: .double)
    #expect(
      read.column("ts_recv") == [
        "2024-01-02T14:30:00.000000007Z", "2024-01-02T14:30:00.000000000Z",
      ])
    #expect(read.rules == ["does_not_fit"])
  }

  @Test("nanoseconds that are none are no part of a time", arguments: [1000, -1])
  func badNanoseconds(_ value: Int64) throws {
    #expect(try readTable([row(short(value))]).rules == ["does_not_fit"])
    let text = try quotes(
      "ts_recv,ts_recv_plus_ns,symbol", "2024-01-02T14:30:00.000001Z,\(value),SPY")
    #expect(text.rules == ["does_not_fit"])
  }

  @Test("nanoseconds of text are added once, before and after their time")
  func nanosecondsOfText() throws {
    for header in [
      "ts_recv,ts_recv_plus_ns,symbol,ts_event_plus_ns,ts_event",
      "ts_recv,TS_RECV_PLUS_NS,symbol,ts_event_plus_ns,ts_event",
    ] {
      let read = try quotes(
        header,
        "2024-01-02T14:30:00.000001Z,5,SPY,9,2024-01-02T14:29:59Z",
        "2024-01-02T14:30:00.000001005Z,5,SPY,,",
        "2024-01-02T14:30:00.000001Z,,SPY,0,",
        "2024-01-02T14:30:00.000001006Z,5,SPY,,",
        "2024-01-02T14:30:00.000001Z,5,SPY,5,",
        "2024-01-02T14:30:00.000002Z,x,SPY,,")
      #expect(
        read.column("ts_recv") == [
          "2024-01-02T14:30:00.000001005Z", "2024-01-02T14:30:00.000001005Z",
          "2024-01-02T14:30:00.000001000Z",
        ])
      #expect(read.column("ts_event") == ["2024-01-02T14:29:59.000000009Z", nil, nil])
      #expect(read.rules == ["bad_time", "bad_time", "not_a_number"])
    }
  }

  @Test("nanoseconds without their time are an unknown column")
  func nanosecondsAlone() throws {
    let read = try quotes(
      "ts_recv,ts_event_plus_ns,symbol", "2024-01-02T14:30:00Z,5,SPY")
    #expect(read.column("extra") == ["{\"ts_event_plus_ns\":5}"])
  }

  @Test("an 'extra' that holds JSON objects is the table's own, to the byte")
  func extraStays() throws {
    let object = #"{"a":1.10, "b":"x"}"#
    let texts: [(String, String?)] = [
      (object, object), ("{}", nil), ("x", #"{"extra":"x"}"#), ("[1]", #"{"extra":"[1]"}"#),
      ("{\"a\":", #"{"extra":"{\"a\":"}"#),
    ]
    let table = try readTable(texts.map { row(.null, extra: .string($0.0)) })
    #expect(table.column("extra") == texts.map(\.1))
    let quoted = texts.map {
      "2024-01-02T14:30:00Z,SPY,\"" + $0.0.replacing("\"", with: "\"\"") + "\""
    }
    for text in quoted.indices {
      let read = try quotes("ts_recv,symbol,extra", quoted[text])
      #expect(read.column("extra") == [texts[text].1])
    }
  }

  @Test("unknown columns join another table's 'extra', and neither hides the other")
  func extraJoins() throws {
    let read = try quotes(
      "ts_recv,symbol,note,extra,size_b", #"2024-01-02T14:30:00Z,SPY,n,"{""a"":1}",5"#,
      #"2024-01-02T14:30:01Z,SPY,,"{""a"":1}","#,
      #"2024-01-02T14:30:02Z,SPY,n,"{""note"":1}","#)
    #expect(
      read.column("extra") == [
        #"{"note":"n","a":1,"size_b":5}"#, #"{"a":1}"#,
        #"{"note":"n","extra":"{\"note\":1}"}"#,
      ])
    let table = try readTable(
      [row(.null, extra: .string(#"{"a":1}"#), more: [.string("n")])], more: [("note", .string)])
    #expect(table.column("extra") == [#"{"note":"n","a":1}"#])
  }

  @Test("a column that is mapped to 'extra' is taken as one")
  func extraMapped() throws {
    let read = try readCSV(
      "ts_recv,symbol,rest\n2024-01-02T14:30:00Z,SPY,\"{\"\"a\"\":1}\"\n", schema: quoteSchema
    ) { $0.columnMap = [ColumnMapping(theirs: "rest", ours: "extra")] }
    #expect(read.column("extra") == [#"{"a":1}"#])
  }

  @Test("the place of a row in another table is left out")
  func placesOfOthers() throws {
    let read = try quotes(
      "ts_recv,symbol,source_ordinal", "2024-01-02T14:30:00Z,SPY,8095843203535601664")
    #expect(read.column("extra") == [nil])
    #expect(read.report.ignoredColumns.count == 1)
    // Tables without such places keep it as what it is: an unknown column.
    let bars = try readCSV(
      "ts_event,symbol,open,high,low,close,source_ordinal\n2024-01-02T14:30:00Z,A,1,2,0,1,5\n")
    #expect(bars.column("extra") == ["{\"source_ordinal\":5}"])
  }

  @Test("an instrument that is named need not be numbered, row by row")
  func blankNumbers() throws {
    let read = try quotes(
      "ts_recv,symbol,instrument_id", "2024-01-02T14:30:00Z,SPY,", "2024-01-02T14:30:00Z,SPY,7")
    #expect(read.rejected == [])
    #expect(read.column("instrument_id") == [nil, "7"])
    let numbered = try quotes("ts_recv,instrument_id", "2024-01-02T14:30:00Z,")
    #expect(numbered.rules == ["null_required"])
    let table = try readTable([
      [.string("SPY"), .null, .timestamp(start, .microseconds, isUTC: true), short(1), .null]
    ])
    #expect(table.rejected == [])
  }

  @Test("what is mapped away is said to be, and not to be missing")
  func mappedAway() {
    let needing = SourceSchema(
      kind: "trades",
      columns: [
        SourceColumn("symbol", .string, isRequired: true),
        SourceColumn("ts_recv", .timestamp, isRequired: true),
        SourceColumn("price", .decimal(precision: 18, scale: 9), isRequired: true),
        SourceColumn("size", .long, isRequired: true),
      ], index: "ts_recv")
    let text = "ts_recv,symbol,price,size\n2024-01-02T14:30:00Z,SPY,1,2\n"
    func message(_ theirs: String, _ ours: String) -> String {
      csvError(text, schema: needing) {
        $0.columnMap = [ColumnMapping(theirs: theirs, ours: ours)]
      }?.message ?? ""
    }
    #expect(message("size", "price").contains("column 'size' fills 'price'"))
    #expect(message("size", "-").contains("column 'size' is left out by --map"))
    #expect(message("symbol", "-").contains("column 'symbol' is left out by --map"))
  }
}
