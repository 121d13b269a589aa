import Foundation
import Testing

@testable import RowSources

/// What the beginnings of files show, and what is asked for.
@Suite struct InspectionTests {
  private func inspect(
    _ text: String, _ path: String = "x.csv", _ change: (inout SourceOptions) -> Void = { _ in },
    hint: KindHint = KindHint()
  ) throws -> FileInspection? {
    var options = SourceOptions()
    options.inspects = true
    change(&options)
    return try FileInspection(
      Array(text.utf8), isWhole: true, path: path, options: options, hint: hint)
  }

  private let days = ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]

  private func daily(_ header: String, _ row: (String) -> String) -> String {
    header + "\n" + days.map { row($0) + "\n" }.joined()
  }

  @Test func allThatIsMissingIsOneCommandLine() throws {
    var hint = KindHint()
    hint.saysTable = false
    hint.commandWords = ["ingest", "--lake", "my lake"]
    let text = daily("Date,Open,High,Low,Close,Volume") { "\($0),1,2,0.5,1.5,10" }
    let found = try #require(try inspect(text, "old/nvda.csv", hint: hint))
    #expect(found.kind == "ohlcv" && found.interval == .day)
    let refusal = try #require(found.refusal(hint, path: "old/nvda.csv"))
    #expect(refusal.code == .needsMore)
    #expect(
      refusal.remedy
        == "lake ingest --lake 'my lake' old/nvda.csv --timezone UTC --symbol NVDA --as raw.nvda_ohlcv_1d"
    )
    for words in ["the time zone of times like '2024-01-02'", "the symbol", "the table"] {
      #expect(refusal.message.contains(words), "\(refusal.message)")
    }
  }

  @Test(arguments: [
    ("Data;Otwarcie;Najwyzszy;Najnizszy;Zamkniecie;Wolumen", ";"),
    ("日期,开盘价,最高价,最低价,收盘价,成交量", ","), ("Datum\tEröffnung\tHoch\tTief\tSchluss\tStücke", "\t"),
    ("Date,VIX Open,VIX High,VIX Low,VIX Close,Vol.", ","),
    ("<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>", ","),
  ])
  func barsAreToldInAnyLanguage(header: String, mark: String) throws {
    let text = daily(header) { [$0, "1.5", "2.5", "0.5", "1.25", "10"].joined(separator: mark) }
    let found = try #require(try inspect(text))
    #expect(found.kind == "ohlcv")
    #expect(
      Array(found.reading.uses.prefix(5))
        == [.time, .field("open"), .field("high"), .field("low"), .field("close")])
    #expect(found.reading.uses[5] == .field("volume"))
  }

  @Test func aHeaderThatLacksTheTimeOfDayIsMended() throws {
    let text =
      "Date,Open,High,Low,Close,Volume,OpenInterest\n"
      + (1...4).map { "2006-01-02,09:0\($0):00,1,2,0.5,1.5,10,0\n" }.joined()
    let found = try #require(try inspect(text))
    #expect(found.reading.names.prefix(3) == ["Date", "Time", "Open"])
    #expect(found.reading.uses[0] == .dated(clock: 1) && found.interval == .minute)
  }

  @Test func linesAboveTheHeaderAreLeftOut() throws {
    let text =
      "Timestamps are UTC timezone,https://example.com\n"
      + daily("Date,Symbol,Open,High,Low,Close") { "\($0) 01-AM,BTCUSD,1,2,0.5,1.5" }
    let found = try #require(try inspect(text))
    #expect(found.reading.lineCount == 2 && found.zone == "UTC" && found.hasSymbols)
    #expect(found.reading.patterns[0]?.text == "%Y-%m-%d %I-%p")
    #expect(found.questions.isEmpty, "\(found.questions)")
  }

  @Test func timesWithoutADateAreAskedForIt() throws {
    var hint = KindHint()
    hint.saysTable = false
    let text =
      "Time,Open,High,Low,Close,Volume\n"
      + (0..<5).map { "09:3\($0):00,1,2,0.5,1.5,10\n" }.joined()
    let found = try #require(try inspect(text, "SPY_20240105.csv", hint: hint))
    #expect(found.interval == .minute)
    let refusal = try #require(found.refusal(hint, path: "SPY_20240105.csv"))
    #expect(refusal.message.contains("the date of times like '09:30:00'"), "\(refusal.message)")
    #expect(
      refusal.remedy
        == "lake ingest SPY_20240105.csv --date 2024-01-05 --timezone UTC --symbol SPY --as raw.spy_ohlcv_1m"
    )
    // Two days have no one date.
    let rows = text.split(separator: "\n").dropFirst().joined(separator: "\n")
    let both = text + rows.replacingOccurrences(of: "09:3", with: "15:0") + "\n" + rows + "\n"
    let error = #expect(throws: SourceError.self) { try inspect(both) }
    #expect(error?.message.contains("begin again at '09:30:00'") == true)
  }

  @Test func timesOfDayBesideDatesMayBeOfHalfDays() throws {
    func read(_ clocks: [String]) throws -> FileInspection {
      let rows = clocks.map { "01/13/2020,\($0),1,2,0.5,1.5\n" }.joined()
      return try #require(try inspect("Date,Time,Open,High,Low,Close\n" + rows))
    }
    let found = try read(["11:58 AM", "11:59 AM", "12:00 PM", "12:01 PM", "1:02 PM"])
    #expect(found.reading.uses[0] == .dated(clock: 1) && found.interval == .minute)
    // What is not understood is not left out unseen.
    let odd = try read(["9h30", "9h31", "9h32", "9h33"])
    #expect(odd.questions.contains { $0.words == ["--map", "Time=-"] }, "\(odd.questions)")
  }

  @Test(
    arguments: [
      ("9:30 AM", 34_200), ("12:00 am", 0), ("12:00:01PM", 43_201), ("1:00 pm", 46_800),
      ("13:00 PM", nil), ("0:30 AM", nil), ("930 AM", nil), ("AM", nil), ("9:30 XM", nil),
      ("m", nil),
      ("16:00", 57_600),
    ] as [(String, Int64?)])
  func halfDaysAreRead(text: String, seconds: Int64?) {
    #expect(CompactTime.clock(Array(text.utf8)) == seconds.map { $0 * 1_000_000_000 })
  }

  @Test func strayDatesDoNotDecideTheOrderOfTheOthers() throws {
    func dates(_ rows: [String]) throws -> FileInspection {
      try #require(
        try inspect(
          "Date,Open,High,Low,Close\n" + rows.map { "\($0),1,2,0.5,1.5\n" }.joined()))
    }
    let days = (1...9).flatMap { month in (13...28).map { "\($0)/0\(month)/2020" } }
    let garbage = try dates(days + ["n.d.", "99/99/2020"])
    #expect(garbage.reading.patterns[0]?.text == "%d/%m/%Y")
    // A few of either order: the whole column decides.
    let open = try dates(days + ["05/25/2020"])
    #expect(open.openDateForms?.forms.map(\.text) == ["%d/%m/%Y", "%m/%d/%Y"])
    // One value alone may be the stray one.
    let thin = try dates((1...9).map { "0\($0)/02/2020" } + ["05/25/2020"])
    #expect(thin.reading.patterns[0]?.text == "%m/%d/%Y")
    #expect(thin.openDateForms?.forms.count == 2)
    #expect(try dates(days).openDateForms == nil)
  }

  @Test func oneValueInAThousandIsStray() {
    var forms = DateForms(TimePattern.candidates(Array("01/02/2020".utf8)))
    func add(_ text: String, _ count: Int) {
      for _ in 0..<count { Array(text.utf8).withUnsafeBytes { forms.add($0) } }
    }
    add("25/01/2020", 1999)
    add("01/25/2020", 1)
    #expect(forms.standing.map(\.text) == ["%d/%m/%Y"])
    add("01/25/2020", 1)
    #expect(forms.standing.isEmpty)
    add("25/01/2020", 1)
    #expect(forms.standing.map(\.text) == ["%d/%m/%Y"])
    add("99/99/2020", 5)
    #expect(forms.unreadCount == 5 && forms.standing.count == 1)
  }

  @Test func threeLinesOfHeaderNameTheSymbol() throws {
    let text =
      "Price,Close,High,Low,Open,Volume\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n"
      + days.map { "\($0),1.5,2,0.5,1,10\n" }.joined()
    let found = try #require(try inspect(text))
    #expect(
      found.symbol == "AAPL" && found.reading.names[0] == "Date" && found.reading.lineCount == 3)
  }

  @Test func aDateThatCouldBeTwoIsAskedFor() throws {
    let rows = (1...6).map { "0\($0)/0\($0 + 1)/2020,1,2,0.5,1.5,10\n" }.joined()
    let text = "Date,Open,High,Low,Close,Volume\n" + rows
    let found = try #require(try inspect(text))
    let words = found.questions.flatMap(\.words)
    #expect(words.contains("--date-format"), "\(words)")
    let said = try #require(
      try inspect(text) { $0.dateFormat = TimePattern(parsing: "%d/%m/%Y") })
    #expect(!said.questions.flatMap(\.words).contains("--date-format"))
  }

  @Test func anIntervalThatTheTimesContradictIsAnError() throws {
    var hint = KindHint()
    hint.interval = "1d"
    let text =
      "time,open,high,low,close\n"
      + (10...20).map { "2024-01-02T09:\($0):00Z,1,2,0.5,1.5\n" }.joined()
    let error = #expect(throws: SourceError.self) { try inspect(text, hint: hint) }
    #expect(error?.message == "the rows are 1m apart, and are said to be bars of 1d")
  }

  @Test func decimalCommasBetweenCommasAreRefused() throws {
    let text = daily("Datum,Erster,Hoch,Tief,Schlusskurs,Volumen") {
      "\($0),4.907,29,4.916,79,4.832,62,4.866,91,3.082.050.000"
    }
    let error = #expect(throws: SourceError.self) { try inspect(text) }
    #expect(error?.code == .brokenDecimals)
  }

  @Test func aRowThatWasCutOffIsNotFilledUp() throws {
    let text = daily("time,open,high,low,close,volume") { "\($0)T00:00:00Z,1,2,0.5,1.5,10" }
    let cut = try #require(try inspect(String(text.dropLast(8))))
    #expect(!cut.questions.flatMap(\.words).contains("--pad"), "\(cut.questions)")
    let short = try #require(
      try inspect(
        "time,open,high,low,close,volume\n2024-01-02,1,2,0.5,1.5\n"
          + text.split(separator: "\n").dropFirst().joined(separator: "\n")))
    #expect(short.questions.flatMap(\.words).contains("--pad"), "\(short.questions)")
  }

  @Test(arguments: [
    ("1637971200000,1,2,0.5,1.5,3,1637971259999,1,79,1,0.5,0", "Binance klines", "ohlcv"),
    ("1672531436,90.54,1.1", "trades of Kraken or Bitstamp", "trades"),
    ("20200101 170000065,1.1212,1.12172,0", "HistData ticks", "mbp-1"),
  ])
  func filesWithoutAHeaderAreToldByTheirValues(row: String, vendor: String, kind: String) throws {
    let found = try #require(try inspect([row, row, row, row].joined(separator: "\n") + "\n"))
    #expect(found.vendor == vendor && found.kind == kind)
  }

  @Test func everyColumnASymbolIsAskedFor() throws {
    let text = daily("Date,AAPL,MSFT,SPY") { "\($0),1.5,2.5,3.5" }
    let found = try #require(try inspect(text))
    #expect(found.questions.flatMap(\.words).contains("--wide"))
    let wide = try #require(try inspect(text) { $0.isWide = true })
    #expect(wide.kind == "series" && wide.shape == .wide(values: [1, 2, 3]))
  }

  @Test func rowsThatEndEarlyAreAskedFor() throws {
    let text = daily("Date,Open,High,Low,Close,Volume") { "\($0),1,2,0.5,1.5" }
    let found = try #require(try inspect(text))
    #expect(found.questions.flatMap(\.words).contains("--pad"))
  }

  @Test func filesThatSayAllAreNotLookedAt() throws {
    let text = "ts_event,rtype,publisher_id,instrument_id,open\n1,33,2,3,4\n"
    #expect(try inspect(text) == nil)
  }

  @Test func encodingsAreKnownOrAskedFor() {
    #expect(TextEncoding.find(Array("Date,Open\n1,2\n".utf8)) == .utf8)
    #expect(TextEncoding.find([0xFF, 0xFE, 0x44, 0x00]) == .known("UTF-16LE"))
    let header: [UInt8] = [
      0xC8, 0xD5, 0xC6, 0xDA, 0x2C, 0xBF, 0xAA, 0xC5, 0xCC, 0xBC, 0xDB, 0x2C, 0xCA, 0xD5, 0xC5,
      0xCC, 0xBC, 0xDB, 0x0A,
    ]
    let row: [UInt8] = Array("1999/11/4,".utf8) + [0xC7, 0xE5, 0x0A]
    #expect(TextEncoding.find(header + row + row) == .known("GB18030"))
    #expect(TextEncoding.find(row + row) == .unknown(likely: "WINDOWS-1252"))
  }

  @Test(arguments: [
    ("01_yahoo_nvda.csv", ["nvda"]), ("EURUSD_M1_90-100k.csv", ["EURUSD"]),
    ("ADABTC-1m-2021-11-27.csv", ["ADABTC"]), ("data.csv.gz", []),
  ])
  func symbolsAreGuessedFromFileNames(name: String, words: [String]) {
    #expect(FileInspection.words(name) == words)
  }
}
