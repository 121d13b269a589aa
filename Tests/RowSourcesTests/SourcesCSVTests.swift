import Columnar
import TestSupport
import Testing

@testable import RowSources

private let header = "ts_event,symbol,open,high,low,close,volume\n"

@Suite struct SourcesCSVTests {
  @Test func readsPlainBars() throws {
    let read = try readCSV(
      header + "2024-01-02T14:30:00.000Z,SPY,1.5,2,0.25,1.123456789,100\n"
        + "2024-01-02 14:31:00+00:00,SPY,-1.5,2,-3,1e-9,\n")
    #expect(read.rejected == [])
    #expect(read.rows.count == 2)
    #expect(
      read.rows[0] == [
        "ts_event": "2024-01-02T14:30:00.000000000Z", "symbol": "SPY", "open": "1.5", "high": "2",
        "low": "0.25", "close": "1.123456789", "volume": "100",
      ])
    #expect(read.rows[1]["close"] == "0.000000001")
    #expect(read.rows[1]["volume"] == nil)
    #expect(read.rows[1]["ts_event"] == "2024-01-02T14:31:00.000000000Z")
    #expect(read.hash?.count == 64)
  }

  @Test(arguments: [",", ";", "\t", "|"])
  func tellsTheDelimiter(_ delimiter: String) throws {
    let text = (header + "2024-01-02T14:30:00Z,SPY,1,2,0,1,5\n")
      .replacing(",", with: delimiter)
    #expect(try readCSV(text).column("volume") == ["5"])
  }

  @Test func readsQuotesAsRFC4180() throws {
    let read = try readCSV(
      "\u{FEFF}\"ts_event\",\"symbol\",open,high,low,close,\"note\"\r\n"
        + "\"2024-01-02T14:30:00Z\",\"A \"\"B\"\", C\",1,\"2\",0,1,\"two\r\nlines\"\r\n"
        + "2024-01-02T14:31:00Z,\"\r\n\",1,2,0,1,x\"y\r\n"
        + "2024-01-02T14:32:00Z,last,1,2,0,1,")
    #expect(read.rejected == [])
    #expect(read.column("symbol") == ["A \"B\", C", "\r\n", "last"])
    #expect(read.rows[0]["high"] == "2")
    #expect(read.rows[0]["extra"] == "{\"note\":\"two\\r\\nlines\"}")
    #expect(read.rows[1]["extra"] == "{\"note\":\"x\\\"y\"}")
    #expect(read.rows[2]["extra"] == nil)
  }

  @Test func rejectedRowsSayWhereTheyAre() throws {
    let read = try readCSV(
      header + "\n2024-01-02T14:30:00Z,\"S\nP\",1,2,0,1,5\n2024-01-02T14:31:00Z,SPY,x,2,0,1,5\r\n"
        + "2024-01-02T14:32:00Z,SPY,1,2,0,1,5\n")
    #expect(read.rows.count == 2)
    let row = try #require(read.rejected.first)
    #expect(row.rule == "not_a_number")
    #expect(row.reason == "'open': 'x' is no number")
    #expect(row.rowNumber == 2)
    #expect(row.line == 5)
    #expect(row.byteOffset == Int64(header.utf8.count + 1 + 37))
    #expect(row.symbol == "SPY")
    #expect(row.timestamp == 1_704_205_860_000_000_000)
    #expect(row.original == "2024-01-02T14:31:00Z,SPY,x,2,0,1,5")
    #expect(row.originalForm == .text)
    #expect(read.report.rejectedCount == 1)
    #expect(read.report.rowCount == 2)
  }

  @Test(arguments: [
    ("1.1234567890", nil), ("1.1234567891", "too_many_decimals"), ("1,5", "not_a_number"),
    ("999999999.999999999", nil), ("1000000000", "does_not_fit"), ("-1000000000", "does_not_fit"),
    ("1.0e+02", nil), ("1e400", "does_not_fit"), ("0x10", "not_a_number"), ("", "null_required"),
    ("NaN", "null_required"), ("None", "null_required"), ("inf", "not_a_number"),
    (" 7 ", nil), ("+7", nil), (".5", nil), ("5.", nil), (".", "not_a_number"),
    ("12345678901234567890", "does_not_fit"), ("0000000000000000000007", nil),
    ("1_0", "not_a_number"),
    ("--1", "not_a_number"), ("1.5.5", "not_a_number"), ("1e", "not_a_number"),
  ])
  func pricesAreExactOrRejected(_ price: String, _ rule: String?) throws {
    let read = try readCSV(
      header + "2024-01-02T14:30:00Z,SPY,\"\(price)\",999999999.999999999,-9,1,5\n"
        + (price.contains(",")
          ? "" : "2024-01-02T14:30:00Z,SPY,\(price),999999999.999999999,-9,1,5\n"))
    let count = price.contains(",") ? 1 : 2
    #expect(read.rules == Array(repeating: rule, count: rule == nil ? 0 : count).compactMap { $0 })
    #expect(read.rows.count == (rule == nil ? count : 0))
  }

  @Test(arguments: [
    ("12.0", "12", nil), ("12.5", nil, "fraction_in_integer"), ("-1", nil, "volume_not_negative"),
    ("9223372036854775807", "9223372036854775807", nil),
    ("9223372036854775808", nil, "does_not_fit"), ("1e3", "1000", nil), ("null", nil, nil),
  ])
  func volumesAreWholeNumbers(_ volume: String, _ value: String?, _ rule: String?) throws {
    let read = try readCSV(header + "2024-01-02T14:30:00Z,SPY,1,2,0,1,\(volume)\n")
    #expect(read.rules == [rule].compactMap { $0 })
    if rule == nil { #expect(read.column("volume") == [value]) }
  }

  @Test func raggedRowsAreRejected() throws {
    let read = try readCSV(
      header + "2024-01-02T14:30:00Z,SPY,1,2,0,1\n2024-01-02T14:30:00Z,SPY,1,2,0,1,5,6\n"
        + "2024-01-02T14:30:00Z,SPY,1,2,0,1,5\n")
    #expect(read.rules == ["ragged_row", "ragged_row"])
    #expect(read.rejected[0].reason == "the row has 6 fields, the header has 7")
    #expect(read.rows.count == 1)
  }

  @Test func schemaRulesQuarantineAndFlag() throws {
    let read = try readCSV(
      header + "2024-01-02T14:30:00Z,SPY,1,2,3,1,5\n2024-01-02T14:31:00Z,SPY,3,2,1,1,5\n"
        + "2024-01-02T14:32:00Z,SPY,1,2,1,1,5\n")
    #expect(read.rules == ["high_not_below_low"])
    #expect(read.rejected[0].original == "2024-01-02T14:30:00Z,SPY,1,2,3,1,5")
    #expect(read.rejected[0].line == 2)
    #expect(read.report.flagged == ["high_is_highest": 1])
    #expect(read.column("open") == ["3", "1"])
  }

  @Test func aRuleMayFailTheFile() throws {
    var schema = barSchema
    schema.rules[0].action = .fail
    let error = csvError(header + "2024-01-02T14:30:00Z,SPY,1,2,3,1,5\n", schema: schema)
    #expect(error?.code == .brokenRule)
    #expect(error?.placeText == "a.csv, line 2, byte 43")
  }

  @Test func unknownColumnsGoIntoExtraWithTheirDigits() throws {
    let read = try readCSV(
      "ts,symbol,o,h,l,c,strike,note,id\n"
        + "2024-01-02T14:30:00Z,X,1,2,0,1,270.50,a\"b,007\n2024-01-02T14:31:00Z,X,1,2,0,1,,,\n"
        + "2024-01-02T14:32:00Z,X,1,2,0,1,1e5,null,-0.5\n")
    #expect(
      read.column("extra") == [
        #"{"strike":270.50,"note":"a\"b","id":"007"}"#, nil, #"{"strike":1e5,"id":-0.5}"#,
      ])
    #expect(read.report.extraColumns == ["strike", "note", "id"])
  }

  @Test func invalidTextIsQuarantinedAsBase64() throws {
    var bytes = Array((header + "2024-01-02T14:30:00Z,").utf8)
    bytes += [0xFF, 0xFE] + Array(",1,2,0,1,5\n2024-01-02T14:31:00Z,A".utf8) + [0]
    bytes += Array("B,1,2,0,1,5\n".utf8)
    let read = try readCSV(bytes: bytes)
    #expect(read.rules == ["invalid_utf8", "nul_byte"])
    #expect(read.rejected[0].originalForm == .base64)
    #expect(read.rejected[0].original == "MjAyNC0wMS0wMlQxNDozMDowMFos//4sMSwyLDAsMSw1")
  }
}

// MARK: - Whole files

extension SourcesCSVTests {
  @Test func filesThatCannotBeReadSayWhy() {
    #expect(csvError("")?.code == .empty)
    #expect(csvError("\n\r\n")?.code == .empty)
    #expect(csvError("\u{FEFF}")?.code == .empty)
    #expect(csvError("just text\nmore\n")?.code == .noHeader)
    #expect(csvError("PK\u{3}\u{4}a,b\n1,2\n")?.remedy == "unpack it, or save the sheet as CSV")
    #expect(csvError("t\u{0}s\u{0},\u{0}a\u{0}\n")?.remedy?.contains("UTF-16LE") == true)
    #expect(csvError("ts,symbol,open,high,low\n")?.code == .missingColumn)
    #expect(csvError("ts,price\n1,2\n", schema: quoteSchema)?.code == .needsSymbol)
    #expect(csvError("ts,symbol,price\n1704205800,A,2\n", schema: quoteSchema) == nil)
    let zone = csvError(header + "2024-01-02 14:30:00,SPY,1,2,0,1,5\n")
    #expect(zone?.code == .needsTimeZone)
    #expect(zone?.placeText == "a.csv, column 'ts_event'")
    #expect(zone?.remedy?.contains("--timezone") == true)
    let symbol = csvError("ts,o,h,l,c\n2024-01-02T14:30:00Z,1,2,0,1\n")
    #expect(symbol?.code == .needsSymbol)
    #expect(symbol?.remedy?.contains("--symbol") == true)
    #expect(csvError(header + "hello,SPY,1,2,0,1,5\n")?.code == .needsForm)
    let both = csvError("ts,ts_event,<ts_event>,symbol,o,h,l,c\n")
    #expect(both?.code == .repeatedColumn)
    let quote = csvError(header + "2024-01-02T14:30:00Z,\"SPY,1,2,0,1,5\nmore\n")
    #expect(quote?.code == .unclosedQuote)
    #expect(quote?.place.line == 2)
    #expect(
      csvError(header + "2024-01-02T14:30:00Z,SPY,1,2,0,1,5\n") { $0.symbol = "SPY" }?.code
        == .needsSymbol)
    let mapped = csvError(header) { $0.columnMap = [.init(theirs: "opne", ours: "open")] }
    #expect(mapped?.remedy == "did you mean 'open'?")
    let ours = csvError(header) { $0.columnMap = [.init(theirs: "open", ours: "opne")] }
    #expect(ours?.remedy == "did you mean 'open'?")
  }

  @Test func aLineWithoutEndIsBounded() {
    let error = csvError(header + String(repeating: "9", count: 3 << 20))
    #expect(error?.code == .recordTooLong)
    let many = csvError(String(repeating: "a,", count: 10_000) + "\n1\n")
    #expect(many?.code == .tooManyColumns)
  }

  @Test func anEmptyTableHasNoRows() throws {
    let read = try readCSV(header)
    #expect(read.rows.isEmpty)
    #expect(read.hash != nil)
  }

  @Test(arguments: [1, 7, 64, 4096])
  func chunkSizesDoNotMatter(_ piece: Int) throws {
    let text = Self.mixedFile(rowCount: 400, seed: 7)
    let whole = try readCSV(text) { $0.timeZone = try? .named("America/New_York") }
    let pieces = try readCSV(text, piece: piece) { $0.timeZone = try? .named("America/New_York") }
    #expect(whole.rows.count + whole.rejected.count == 400)
    #expect(whole.rejected.count > 20)
    #expect(pieces.rows == whole.rows)
    #expect(pieces.rejected == whole.rejected)
    #expect(pieces.report == whole.report)
    #expect(pieces.hash == whole.hash)
  }

  @Test(arguments: 1...20)
  func kernelsAgreeWithTheCompleteForms(_ seed: Int) throws {
    let text = Self.mixedFile(rowCount: 300, seed: UInt64(seed))
    let fast = try readCSV(text) { $0.timeZone = .utc }
    let slow = try readCSV(text) {
      $0.timeZone = .utc
      $0.usesKernels = false
    }
    #expect(fast.rows == slow.rows, "seed \(seed)")
    #expect(fast.rejected == slow.rejected, "seed \(seed)")
  }

  /// Rows of which some are wrong, in every form that a field may have.
  static func mixedFile(rowCount: Int, seed: UInt64) -> String {
    var random = SeededGenerator(seed: seed)
    let prices = [
      "1.5", "100", "0.000000001", "123456789.123456789", "-3.25", "1e2", "\"7.5\"", " 8", "x", "",
      "1.0000000001", "9999999999", "12345678", "123456789", "1234567.1", "00000000000000000001.5",
      "1.2345678", "1.23456789", "1.234567890", "1.", ".5", "-", "-0", "1.000000000000000000",
    ]
    let volumes = ["1", "", "12.0", "12.5", "99999999999", "\"3\"", "-4", "NaN", "1234567890123"]
    let symbols = [
      "SPY", "O:SPY260220C00580000", "\"A,B\"", "\"C\nD\"", "é", "ABCDEFGH", "A B", "",
    ]
    let notes = ["", "n", "\"q\"\"q\"", "1.50", "\"x\r\ny\""]
    var text = "ts_event,symbol,open,high,low,close,volume,note\n"
    for row in 0..<rowCount {
      let nanoseconds = 1_704_205_800_000_000_000 + Int64(row) * 61_000_000_000
      var time = TimeText.iso(
        nanoseconds: nanoseconds, digits: [0, 3, 6, 9].randomElement(using: &random) ?? 0)
      switch Int.random(in: 0..<12, using: &random) {
      case 0: time = time.replacing("T", with: " ").replacing("Z", with: "+00:00")
      case 1: time = time.replacing("Z", with: "-05:00")
      case 2: time = time.replacing("Z", with: "")
      case 3: time = "\"" + time + "\""
      case 4: time = "2024-13-01T00:00:00Z"
      case 5: time = time.replacing(":", with: ".")
      default: break
      }
      let price = {
        Int.random(in: 0..<4, using: &random) == 0
          ? prices.randomElement(using: &random) ?? "" : "10.25"
      }
      text += [
        time, symbols.randomElement(using: &random) ?? "", price(), price(), price(), price(),
        volumes.randomElement(using: &random) ?? "", notes.randomElement(using: &random) ?? "",
      ].joined(separator: ",")
      text += row % 3 == 0 ? "\r\n" : "\n"
    }
    return text
  }

  @Test func textsThatDifferInEveryRowAreBounded() throws {
    let rows = (0..<2000).map { "2024-01-02T14:30:\($0 % 50 + 10)Z,A,1,2,0,1,note number \($0)\n" }
    let text = "ts,symbol,open,high,low,close,note\n" + rows.joined()
    #expect(try readCSV(text).rows.count == 2000)
    let error = #expect(throws: SourceError.self) {
      try readCSV(text) {
        $0.textByteCountMax = 10_000
        $0.blockRowMax = 100
      }
    }
    #expect(error?.code == .tooManyTexts && error?.remedy?.contains("--memory") == true)
  }
}
