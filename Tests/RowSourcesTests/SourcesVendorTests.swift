import Testing

@testable import RowSources

private let fixed = """
  ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,flags,ts_in_delta,\
  sequence,bid_px_00,ask_px_00,symbol
  1609160400006136329,1609160400006001487,1,1,5482,A,A,0,3720500000000,1,128,17214,1170362,\
  3720250000000,9223372036854775807,ESH1
  1609160400006246513,18446744073709551615,1,1,5482,T,N,0,9223372036854775807,1,128,-5,1170364,\
  -250000000,1000000000000000000,ESH1

  """

private let pretty = """
  ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,flags,ts_in_delta,\
  sequence,bid_px_00,ask_px_00
  2020-12-28T13:00:00.006136329Z,2020-12-28T13:00:00.006001487Z,1,1,5482,A,A,0,3720.500000000,1,\
  128,17214,1170362,3720.250000000,
  2020-12-28T13:00:00.006246513Z,,1,1,5482,T,N,0,,1,128,-5,1170364,-0.250000000,3720

  """

@Suite struct SourcesVendorTests {
  @Test func readsTheFixedForm() throws {
    let read = try readCSV(fixed, schema: quoteSchema)
    #expect(read.rules == ["does_not_fit"])
    #expect(read.rejected[0].reason.hasPrefix("'ask_px_00': '1000000000000000000' × 1e-9 does not"))
    #expect(read.rows.count == 1)
    #expect(read.rows[0]["price"] == "3720.5")
    #expect(read.rows[0]["bid_px_00"] == "3720.25")
    #expect(read.rows[0]["ask_px_00"] == nil)
    #expect(read.rows[0]["ts_recv"] == "2020-12-28T13:00:00.006136329Z")
    #expect(read.rows[0]["extra"] == nil)
    // Nulls of rows that were rejected are not counted.
    #expect(read.report.sentinelCount == 1)
  }

  @Test func theFormIsTheWholeFiles() throws {
    let lines = fixed.split(separator: "\n")
    let good = Array(repeating: lines[1], count: 101)
    let late = lines[1].replacing("3720500000000", with: "3720.5")
    let text = (lines[..<1] + good + [Substring(late)]).joined(separator: "\n")
    #expect(try readCSV(text, schema: quoteSchema).rules == ["fraction_in_integer"])
    // A point among the first prices makes the file a pretty one.
    let early = (lines[..<1] + [Substring(late)] + good).joined(separator: "\n")
    let read = try readCSV(early, schema: quoteSchema)
    #expect(read.rules == Array(repeating: "does_not_fit", count: 102))
  }

  @Test func readsThePrettyForm() throws {
    let read = try readCSV(pretty, schema: quoteSchema)
    #expect(read.rejected == [])
    #expect(read.column("price") == ["3720.5", nil])
    #expect(read.column("ts_event") == ["2020-12-28T13:00:00.006001487Z", nil])
    #expect(read.column("bid_px_00") == ["3720.25", "-0.25"])
    // Without symbols an instrument is called by its number.
    #expect(read.column("symbol") == ["INSTRUMENT_5482", "INSTRUMENT_5482"])
  }

  @Test func rowsOfAnotherRecordTypeAreRejected() throws {
    let other = pretty.replacing(",,1,1,5482", with: ",,160,1,5482")
    #expect(try readCSV(other, schema: quoteSchema).rules == ["other_record_type"])
  }

  @Test func orderIDsKeepTheirUnsignedBits() throws {
    let text = "ts_recv,instrument_id,symbol,order_id\n1609160400006136329,1,A,"
    let read = try readCSV(
      text + "18446744073709551615\n1609160400006136329,1,A,7\n1609160400006136329,1,A,-1\n",
      schema: quoteSchema)
    #expect(read.column("order_id") == ["18446744073709551615", "7"])
    #expect(read.rules == ["does_not_fit"])
  }

  @Test func narrowColumnsAreRangeChecked() throws {
    let text = "ts_recv,instrument_id,symbol,depth,publisher_id\n"
    let rows = ["32767,2147483647", "32768,1", "-32768,-2147483648", "1,2147483648", "1.0,1"]
    let read = try readCSV(
      text + rows.map { "1609160400006136329,1,A,\($0)\n" }.joined(), schema: quoteSchema)
    #expect(read.column("depth") == ["32767", "-32768", "1"])
    #expect(read.rules == ["does_not_fit", "does_not_fit"])
  }
}

@Suite struct SourcesHeaderTests {
  private let rows = "1364774820000,93.25,93.3,93.3,93.25,93\n1364774880000,100,100,100,100,93\n"

  @Test func headerlessFilesNeedNames() throws {
    let error = csvError(rows) { $0.symbol = "BTCUSD" }
    #expect(error?.code == .noHeader)
    #expect(error?.remedy?.contains("--columns") == true)
    let read = try readCSV(rows) {
      $0.symbol = "BTCUSD"
      $0.columns = ["ts_event", "open", "close", "high", "low", "volume"]
    }
    #expect(read.rejected == [])
    #expect(read.column("ts_event").first == "2013-04-01T00:07:00.000000000Z")
    #expect(read.column("close") == ["93.3", "100"])
    #expect(read.column("low") == ["93.25", "100"])
  }

  @Test func positionsNameColumnsToo() throws {
    let names = ["ts_event", "open", "close", "high", "low"]
    let read = try readCSV(rows) { options in
      options.symbol = "BTCUSD"
      options.columnMap = names.enumerated().map {
        ColumnMapping(theirs: "\($0.offset + 1)", ours: $0.element)
      }
    }
    #expect(read.column("low") == ["93.25", "100"])
    #expect(read.column("extra") == ["{\"column_6\":93}", "{\"column_6\":93}"])
  }

  @Test func columnsMustFitTheFile() {
    #expect(csvError(rows) { $0.columns = ["ts_event", "open"] }?.code == .noHeader)
    #expect(csvError("ts,a\n1,2\n") { $0.columns = ["ts_event", "open"] }?.code == .noHeader)
  }

  @Test func mappingsAreParsedAtTheLastEqualsSign() {
    #expect(ColumnMapping(parsing: "a=b=c") == ColumnMapping(theirs: "a=b", ours: "c"))
    #expect(ColumnMapping(parsing: "=b") == nil)
    #expect(ColumnMapping(parsing: "a=") == nil)
    #expect(ColumnMapping(parsing: "a") == nil)
  }

  @Test func mappedColumnsWinOverNames() throws {
    let text = "when,ts,symbol,o,h,l,c\n2024-01-02T14:30:00Z,2020-01-01,A,1,2,0,1\n"
    let read = try readCSV(text) { $0.columnMap = [.init(theirs: "WHEN", ours: "ts_event")] }
    #expect(read.column("ts_event") == ["2024-01-02T14:30:00.000000000Z"])
    #expect(read.column("extra") == ["{\"ts\":\"2020-01-01\"}"])
    let left = try readCSV(text) {
      $0.columnMap = [.init(theirs: "when", ours: "-")]
      $0.timeZone = .utc
    }
    #expect(left.column("ts_event") == ["2020-01-01T00:00:00.000000000Z"])
    #expect(left.column("extra") == [nil])
  }
}

@Suite struct SourcesKindTests {
  private func kind(
    _ names: String, _ values: String = "", _ hint: KindHint = KindHint()
  ) throws(SourceError) -> String {
    let samples = values.split(separator: ",", omittingEmptySubsequences: false).map {
      [Array($0.utf8)]
    }
    let list = names.split(separator: ",").map(String.init)
    return try SourceKind.detect(
      SourceColumnNames(
        names: list,
        samples: list.indices.map { $0 < samples.count ? samples[$0] : [] }),
      hint: hint)
  }

  @Test func kindsAreToldFromColumns() throws {
    #expect(try kind("rtype,ts_event,open,high,low,close", "32") == "ohlcv-1s")
    #expect(try kind("rtype,ts_event,open,high,low,close", "35") == "ohlcv-1d")
    #expect(try kind("rtype,ts_event,order_id", "160") == "mbo")
    #expect(try kind("ts,price,size") == "trades")
    #expect(try kind("ts,O,H,L,C", "", KindHint(interval: "1min")) == "ohlcv-1m")
    #expect(
      try kind("Open,High,Low,Close", "", KindHint(tableName: "raw.es_ohlcv_15s")) == "ohlcv-15s")
    #expect(try kind("a,b", "", KindHint(kind: "mbp-1")) == "mbp-1")
    #expect(try kind("a,b", "", KindHint(interval: "15s")) == "ohlcv-15s")
    #expect(try kind("a,b", "", KindHint(kind: "ohlcv", interval: "1h")) == "ohlcv-1h")
    #expect(try kind("open,high,low,close", "", KindHint(tableKind: "ohlcv-1m")) == "ohlcv-1m")
  }

  @Test func whatNothingTellsIsAnErrorWithTheFlags() {
    let cases: [(String, String, KindHint, String)] = [
      ("open,high,low,close", "", KindHint(), "--interval"),
      ("ts,bid_px,ask_px", "", KindHint(), "--schema mbp-1"),
      ("rtype,bid_px_00", "1", KindHint(), "--schema mbp-1"),
      ("a,b", "", KindHint(), "--schema"),
      ("open,high,low,close", "", KindHint(interval: "soon"), "1m"),
      ("open", "", KindHint(kind: "ohlcv-1s", interval: "1m"), "leave one"),
      ("open", "", KindHint(interval: "1m", tableKind: "ohlcv-1s"), "leave one"),
    ]
    for (names, values, hint, flag) in cases {
      let error = #expect(throws: SourceError.self) { try kind(names, values, hint) }
      #expect(error?.code == .needsKind, "\(names)")
      #expect(error?.remedy?.contains(flag) == true, "\(names)")
    }
  }
}
