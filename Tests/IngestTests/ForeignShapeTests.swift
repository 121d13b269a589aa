import Catalog
import Foundation
import LakeTestSupport
import TestSupport
import Testing

@testable import Ingest
@testable import RowSources

/// Files of vendors whose rows are not the table's rows, or whose numbers are written otherwise, from the file to the table.
@Suite struct ForeignShapeTests {
  private let toy: ToyLake

  init() throws { toy = try ToyLake() }

  private func ingest(
    _ name: String, _ bytes: [UInt8], table: String? = "raw.x",
    _ change: (inout IngestOptions) -> Void = { _ in }
  ) throws -> IngestFileReport {
    let path = toy.folder.path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let report = try toy.ingest([path]) { options in
      options.table = table.flatMap { try? TableName(parsing: $0) }
      change(&options)
    }
    let file = try #require(report.files.first)
    if case .failed(let error) = file.state { throw error }
    return file
  }

  private func ingest(
    _ name: String, _ text: String, table: String? = "raw.x",
    _ change: (inout IngestOptions) -> Void = { _ in }
  ) throws -> IngestFileReport {
    try ingest(name, Array(text.utf8), table: table, change)
  }

  private func rows(_ columns: String, _ table: String = "raw.x") throws -> [[String]] {
    try toy.rows(table, columns.split(separator: ",").map(String.init))
  }

  /// Microseconds, as times are stored.
  private func time(_ text: String) throws -> String {
    let date = try #require(try? Date(text, strategy: .iso8601))
    return "\(Int64(date.timeIntervalSince1970) * 1_000_000)"
  }

  // MARK: - Options

  @Test func aBoardOfCallsAndPutsIsAContractARow() throws {
    let text = """
      Example 500 Index,Last: 4164.5,Change:  52.92
      "Date: February 7, 2023 at 5:34 PM EST",Bid: 1,Ask: 2
      Expiration Date,Calls,Last Sale,Bid,Ask,Volume,Open Interest,Strike,Puts,Last Sale,Bid,Ask,Volume,Open Interest
      Tue Feb 07 2023,EXW230207C01000000,0,3156.3,3180.3,5,7,1000.00,EXW230207P01000000,0.01,0,0.05,2,9
      Tue Mar 07 2023,EXW230307C01200000,1,2956.3,2980.3,0,0,1200.00,EXW230307P01200000,0,0,0.05,0,0

      """
    let file = try ingest("board.csv", text)
    #expect(file.rowsStored == 4 && file.quarantineCount == 0)
    let found = try rows(
      "symbol,ts_event,right,strike,expiry,underlying,bid,ask,volume,open_interest")
    let taken = try time("2023-02-07T22:34:00Z")
    #expect(
      found.first == [
        "EXW230207C01000000", taken, "C", "1000000000000", "19395", "EXW", "3156300000000",
        "3180300000000", "5", "7",
      ], "\(found)")
    #expect(
      found.map { $0[0] }.sorted() == [
        "EXW230207C01000000", "EXW230207P01000000", "EXW230307C01200000", "EXW230307P01200000",
      ])
    #expect(Set(try rows("underlying_price").map { $0[0] }) == ["4164500000000"])
  }

  @Test func contractsWithoutNamesAreNamedByWhatTheyAre() throws {
    let text = """
      expiry,right,strike,bid,ask
      2024-03-15,C,100,1.5,1.6
      2024-03-15,P,100,2.5,2.6

      """
    let file = try ingest("chain_2024-01-02.csv", text) { options in
      options.symbol = "XYZ"
      options.date = "2024-01-02"
      options.timeZone = "UTC"
    }
    #expect(file.rowsStored == 2)
    let taken = try time("2024-01-02T00:00:00Z")
    #expect(
      try rows("symbol,underlying,ts_event,bid") == [
        ["XYZ 2024-03-15 C 100", "XYZ", taken, "1500000000"],
        ["XYZ 2024-03-15 P 100", "XYZ", taken, "2500000000"],
      ])
  }

  // MARK: - JSON

  @Test func aTimeSeriesOfAnAnswerIsBars() throws {
    let text = #"""
      {"Meta Data":{"1. Information":"Daily","2. Symbol":"GE","5. Time Zone":"US/Eastern"},
       "Time Series (Daily)":{
        "2021-12-20":{"1. open":"90.0000","2. high":"90.1000","3. low":"88.1700","4. close":"89.9800","5. volume":"6013175"},
        "2021-12-17":{"1. open":"92.45","2. high":"93.07","3. low":"90.66","4. close":"91.35","5. volume":"13"},
        "2021-12-16":{"1. open":"92.45","2. high":"93.07","3. low":"90.66","4. close":"91.35","5. volume":"14"}}}
      """#
    #expect(try ingest("ge.json", text) { $0.interval = "1d" }.rowsStored == 3)
    let found = try rows("symbol,open,high,low,close,volume")
    #expect(
      found.last == ["GE", "90000000000", "90100000000", "88170000000", "89980000000", "6013175"])
  }

  @Test func aChartOfColumnsIsBars() throws {
    let text = #"""
      {"chart":{"result":[{"meta":{"symbol":"NVDA"},"timestamp":[1704205800,1704205860,1704205920],
       "indicators":{"quote":[{"open":[1.5,2,3],"high":[2,3,4],"low":[1,1,1],"close":[1.75,2,3],"volume":[7,null,9]}]}}]}}
      """#
    #expect(try ingest("chart.json", text).rowsStored == 3)
    #expect(
      try rows("symbol,ts_event,close,volume") == [
        ["NVDA", try time("2024-01-02T14:30:00Z"), "1750000000", "7"],
        ["NVDA", try time("2024-01-02T14:31:00Z"), "2000000000", "null"],
        ["NVDA", try time("2024-01-02T14:32:00Z"), "3000000000", "9"],
      ])
  }

  @Test func aListOfListsIsBars() throws {
    let text =
      "[[1704205800000,1,2,0.5,1.5,10.25],[1704205860000,1,2,0.5,1.5,10],[1704205920000,1,2,0.5,1.5,1]]"
    #expect(try ingest("ccxt.json", text) { $0.symbol = "BTC" }.rowsStored == 3)
    #expect(try rows("volume").map { $0[0] }.last == "1000000000000000000")
  }

  @Test func jsonWithoutRowsIsAnError() throws {
    for text in [#"{"a":1}"#, #"{"a":[1,2"#, "[1,2,3]"] {
      #expect(throws: (any Error).self, "\(text)") { try ingest("x.json", text) }
    }
  }

  // MARK: - Flat files

  @Test(arguments: [
    ("us_stocks_sip/minute_aggs_v1/x.csv", "1704205800000000000", "raw.massive_stock_bars_1m"),
    ("us_stocks_sip/day_aggs_v1/x.csv", "1704171600000000000", "raw.massive_stock_bars_1d"),
    ("x.csv", "1704171600000000000", "raw.massive_stock_bars_1d"),
    ("x.csv", "1704205800000000000", "raw.massive_stock_bars_1m"),
  ])
  func flatBarsAreOfThePathsOrTheTimesLength(path: String, start: String, table: String) throws {
    let text =
      "ticker,volume,open,close,high,low,window_start,transactions\nSPY,10,1,1.5,2,0.5,\(start),3\n"
    let file = try ingest(path, text, table: nil)
    #expect(file.rowsStored == 1)
    #expect(
      file.tables.map(\.description) == [table + "_unadjusted"]
        || file.tables.map(\.description) == [table],
      "\(file.tables)")
  }

  @Test func flatTradesAndQuotesHaveTablesOfTheirOwn() throws {
    let trades = """
      ticker,conditions,correction,exchange,id,participant_timestamp,price,sequence_number,sip_timestamp,size,tape,trf_id,trf_timestamp
      SPY,"12,37",0,11,55,1704205800000000001,470.25,7,1704205800000000002,3,2,0,0

      """
    let file = try ingest("trades.csv", trades, table: nil)
    #expect(file.rowsStored == 1 && file.tables.count == 1)
    let quotes = """
      ticker,ask_exchange,ask_price,ask_size,bid_exchange,bid_price,bid_size,conditions,indicators,participant_timestamp,sequence_number,sip_timestamp,tape,trf_timestamp
      SPY,1,470.3,2,1,470.2,5,1,,1704205800000000001,8,1704205800000000002,2,0

      """
    let other = try ingest("quotes.csv", quotes, table: nil)
    #expect(other.rowsStored == 1 && other.tables != file.tables)
  }

  // MARK: - Numbers, symbols and encodings

  @Test func numbersAreReadInTheFilesStyle() throws {
    let text = """
      Datum;Erster;Hoch;Tief;Schlusskurs;Volumen
      02.01.2024;1.234,50;1.240,00;1.230,25;1.235,75;1.000.000
      03.01.2024;1.235,50;1.250,00;1.230,25;1.245,75;2.000
      15.01.2024;999,5;1.250;990,125;1.245,75;-

      """
    let file = try ingest("dax.csv", text) { options in
      options.symbol = "DAX"
      options.timeZone = "Europe/Berlin"
      options.interval = "1d"
    }
    #expect(file.rowsStored == 3 && file.quarantineCount == 0)
    #expect(
      try rows("open,low,volume") == [
        ["1234500000000", "1230250000000", "1000000"], ["1235500000000", "1230250000000", "2000"],
        ["999500000000", "990125000000", "null"],
      ])
  }

  @Test func lettersBehindANumberArePowersOfTen() throws {
    let text = """
      "Date","Price","Open","High","Low","Vol.","Change %"
      "Jan 03, 2024","$1,235.5","1,234.5","1,250.0","1,230.0","0.76K","1.5%"
      "Jan 02, 2024","$1,234.5","1,234.5","1,250.0","1,230.0","1.5M","-0.5%"

      """
    let file = try ingest("btc.csv", text) { options in
      options.symbol = "BTC"
      options.timeZone = "UTC"
      options.interval = "1d"
    }
    #expect(file.rowsStored == 2)
    #expect(try rows("close,volume") == [["1234500000000", "1500000"], ["1235500000000", "760"]])
  }

  @Test func aSeriesBelongsToTheSymbol() throws {
    let text = """
      SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,
      ABC,EQ,1,2,0.5,1.5,1.5,1,10,15,01-JAN-2024,3,INE000000001,
      ABC,BE,3,4,2.5,3.5,3.5,3,20,70,01-JAN-2024,4,INE000000001,

      """
    let file = try ingest("bhav.csv", text) { options in
      options.timeZone = "Asia/Kolkata"
      options.interval = "1d"
    }
    #expect(file.rowsStored == 2 && file.quarantineCount == 0)
    #expect(try rows("symbol,close") == [["ABC.BE", "3500000000"], ["ABC.EQ", "1500000000"]])
  }

  @Test func timesSinceMidnightAreOfTheDayThatIsSaid() throws {
    let text = (0..<5).map { "\(34_200_000 + $0 * 60_000),10000,10100,9900,10050,70\n" }.joined()
    let file = try ingest("20131007_spy_minute_trade.csv", text) { options in
      options.columns = ["milliseconds", "open", "high", "low", "close", "volume"]
      options.symbol = "SPY"
      options.date = "2013-10-07"
      options.timeZone = "America/New_York"
    }
    #expect(file.rowsStored == 5)
    #expect(try rows("ts_event").first == [try time("2013-10-07T13:30:00Z")])
  }

  @Test func textOfAnotherEncodingIsRead() throws {
    // 日期,开盘价,最高价,最低价,收盘价,名称 and a name, in GBK.
    let header: [UInt8] = [
      0xC8, 0xD5, 0xC6, 0xDA, 0x2C, 0xBF, 0xAA, 0xC5, 0xCC, 0xBC, 0xDB, 0x2C, 0xD7, 0xEE, 0xB8,
      0xDF, 0xBC, 0xDB, 0x2C, 0xD7, 0xEE, 0xB5, 0xCD, 0xBC, 0xDB, 0x2C, 0xCA, 0xD5, 0xC5, 0xCC,
      0xBC, 0xDB, 0x2C, 0xC3, 0xFB, 0xB3, 0xC6, 0x0A,
    ]
    var bytes = header
    for day in 2...6 {
      bytes += Array("2024-01-0\(day),1,2,0.5,1.5,".utf8) + [0xC7, 0xE5, 0x0A]
    }
    let file = try ingest("gbk.csv", bytes) { options in
      options.symbol = "000938"
      options.timeZone = "Asia/Shanghai"
      options.interval = "1d"
    }
    #expect(file.rowsStored == 5 && file.quarantineCount == 0)
    #expect(try rows("extra").allSatisfy { $0[0].contains("清") })
    #expect(throws: (any Error).self) {
      try ingest("other.csv", bytes, table: "raw.y") { options in
        options.symbol = "000938"
        options.timeZone = "UTC"
        options.encoding = "NO-SUCH-CODE"
      }
    }
  }

  @Test(
    "dates in any form stay those dates, east of UTC too",
    arguments: [
      "2024-03-30", "20240330", "30.03.2024", "2024/3/30", "2024年3月30日",
    ])
  func datesOfTheEast(date: String) throws {
    _ = try ingest("a.csv", "date,open,high,low,close,volume\n\(date),1,2,0.5,1.5,1\n") {
      ($0.interval, $0.symbol, $0.timeZone) = ("1d", "X", "Asia/Tokyo")
    }
    let table = try toy.lake.table(named: "raw.x").snapshot()
    #expect(table.configuration["lake.partition.timezone"] == "Asia/Tokyo")
    #expect(try rows("date") == [["19812"]])
  }

  @Test("a form that all dates contradict is refused, and no row is read by it")
  func contradictedForm() throws {
    let lines = (1...20).map { "01/\($0)/2024,1,2,0.5,1.5,1\n" }.joined()
    #expect(throws: (any Error).self) {
      try ingest("a.csv", "date,open,high,low,close,volume\n" + lines) {
        ($0.interval, $0.symbol, $0.timeZone) = ("1d", "X", "UTC")
        $0.dateFormat = TimePattern(parsing: "%d/%m/%Y")
      }
    }
    #expect(!toy.lake.hasTable(try TableName(parsing: "raw.x")))
  }

  @Test(
    "what is said and cannot be is refused",
    arguments: [
      ("date,open,high,low,close,volume", "1m", nil),
      ("date,open,high,low,close,volume", "1d", 999),
      // The high has another name: bars, and no series of closes.
      ("date,open,open,low,close,volume", nil, nil),
    ] as [(String, String?, Int?)])
  func contradictions(header: String, interval: String?, skipped: Int?) throws {
    let lines = (10...20).map { "2024-01-\($0),1,2,0.5,1.5,1\n" }.joined()
    #expect(throws: (any Error).self) {
      try ingest("a.csv", header + "\n" + lines) {
        ($0.interval, $0.symbol, $0.timeZone) = (interval, "X", "UTC")
        $0.skippedLineCount = skipped
      }
    }
    #expect(!toy.lake.hasTable(try TableName(parsing: "raw.x")))
  }
}
