import Columnar
import JSON
import Massive
import TestSupport
import Testing

/// A page of bars as the vendor writes it.
private func page(_ results: String, ticker: String = "SPY", count: Int? = nil) -> String {
  let number = count.map { "\"resultsCount\":\($0)," } ?? ""
  return "{\"ticker\":\"\(ticker)\",\(number)\"adjusted\":false,\"results\":[\(results)],"
    + "\"status\":\"OK\",\"request_id\":\"r\"}"
}

private let bar =
  #"{"v":10,"vw":167.3586,"o":167.41,"c":167.27,"h":167.5,"l":167.25,"t":1381132800000,"n":3}"#

@Suite struct BarPageTests {
  @Test func readsABarExactly() throws {
    let read = try ReadPage(.bars, page([bar, bar, bar].joined(separator: ","), count: 3))
    #expect(read.rows.count == 3)
    #expect(
      read.rows.allSatisfy {
        $0 == [
          "symbol": "SPY", "t": "1381132800000000000", "o": "167.41", "h": "167.5",
          "l": "167.25", "c": "167.27", "v": "10", "vw": "167.3586", "n": "3",
        ]
      })
    #expect(read.envelope.isAdjusted == false && read.envelope.requestID == "r")
  }

  @Test(arguments: [
    ("1.0e+06", "1000000"), ("1E2", "100"), ("0.000001", "0.000001"), ("-0", "0"), ("12", "12"),
    ("123456789012.123456", "123456789012.123456"), ("999999999999.999999", "999999999999.999999"),
    ("1.50000000000000000000000000", "1.5"), ("100e-2", "1"), ("99999999", "99999999"),
    ("12345678.9", "12345678.9"), ("1234567890123456e-6", "1234567890.123456"),
  ])
  func volumeIsReadFromItsDigits(text: String, value: String) throws {
    // Far from the page's end and at it: the fast parser and the complete one.
    let row = bar.replacing("\"v\":10", with: "\"v\":\(text)")
    let read = try ReadPage(.bars, page([row, bar, row].joined(separator: ",")))
    #expect(read.rows.map { $0["v"] } == [value, "10", value])
  }

  @Test(arguments: [
    ("v", "1000000000000", "does_not_fit"), ("v", "0.0000001", "does_not_fit"),
    ("o", "1000000000", "does_not_fit"), ("c", "0.1234567891", "does_not_fit"),
    ("h", "1e400", "does_not_fit"), ("n", "1.5", "does_not_fit"),
    ("n", "9223372036854775808", "does_not_fit"), ("l", "\"1\"", "not_a_number"),
    ("vw", "\"1\"", "not_a_number"), ("t", "9223372036855000", "time_out_of_range"),
    ("t", "-1", "time_out_of_range"), ("t", "null", "null_required"), ("o", "[]", "not_a_number"),
  ])
  func whatDoesNotFitIsRefusedNeverRounded(key: String, text: String, rule: String) throws {
    var members = [
      "v": "10", "vw": "1", "o": "1", "h": "1", "l": "1", "c": "1", "t": "1", "n": "1",
    ]
    members[key] = text
    let row = "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    let read = try ReadPage(.bars, page([bar, row, bar].joined(separator: ",")))
    #expect(read.rows.count == 2)
    #expect(read.rejected.map(\.rule) == [rule])
    #expect(read.rejected.first?.original == row)
    #expect(read.rejected.first?.symbol == "SPY")
    #expect(read.rejected.first?.position == 1)
  }

  @Test(arguments: [
    ("15.209999999999999", "15.21"), ("15.210000000000001", "15.21"),
    ("-0.30000000000000004", "-0.3"),
    ("4783.4499999999998", "4783.45"), ("15.21", "15.21"), ("1234.5678901234567", nil),
    ("15.000000000000000001", nil),
  ])
  func aDoublesNoiseIsNoPrice(text: String, value: String?) throws {
    let row = #"{"o":\#(text),"h":9999,"l":-9999,"c":\#(text),"t":1381132800000}"#
    let index = try ReadPage(.indexBars, page([row, row].joined(separator: ","), ticker: "I:VIX"))
    #expect(index.rows.map { $0["o"] } == [value ?? text, value ?? text])
    let stock = try ReadPage(.bars, page([row, row].joined(separator: ",")))
    #expect(stock.rows.map { $0["c"] } == (value.map { [$0, $0] } ?? []))
    let average = bar.replacing("167.3586", with: text)
    let read = try ReadPage(.bars, page([average, bar].joined(separator: ",")))
    #expect(
      read.rows[0]["vw"] == value
        && read.rows[0]["extra"] == (value == nil ? #"{"vw":\#(text)}"# : nil))
  }

  @Test func unknownMembersAreKeptWithTheirDigits() throws {
    let row = bar.replacing("\"n\":3", with: "\"n\":3, \"otc\" : true, \"x\\u0041\":1.2300e5")
    let read = try ReadPage(.bars, page([row, bar].joined(separator: ",")))
    #expect(read.rows[0]["extra"] == #"{"otc":true,"x\u0041":1.2300e5}"#)
    #expect(read.rows[1]["extra"] == nil)
  }

  @Test(arguments: ["0.1234567890123456789", "1e300", "1000000000"])
  func anAverageOfMoreDigitsIsKeptWhole(text: String) throws {
    let row = bar.replacing("\"vw\":167.3586", with: "\"vw\":\(text)")
    let read = try ReadPage(.bars, page([row, bar, row].joined(separator: ",")))
    #expect(read.rejected.isEmpty && read.rows.map { $0["vw"] } == [nil, "167.3586", nil])
    #expect(read.rows[0]["extra"] == "{\"vw\":\(text)}" && read.rows[2] == read.rows[0])
  }

  @Test func absentMembersAreNull() throws {
    let row = #"{"o":1,"c":1,"h":1,"l":1,"t":5}"#
    let read = try ReadPage(.bars, page([row, bar, row].joined(separator: ",")))
    #expect(read.rows[0].keys.sorted() == ["c", "h", "l", "o", "symbol", "t"])
    #expect(read.rows[1]["vw"] == "167.3586")
    #expect(read.rows[2] == read.rows[0])
  }

  @Test func aMemberThatStandsTwiceIsRefused() throws {
    let row = bar.replacing("\"n\":3", with: "\"n\":3,\"o\":1")
    let read = try ReadPage(.bars, page([bar, row, bar].joined(separator: ",")))
    #expect(read.rows.count == 2 && read.rejected.map(\.rule) == ["repeated_member"])
  }

  @Test func otherWaysOfWritingAreReadTheSame() throws {
    let plain = try ReadPage(.bars, page([bar, bar].joined(separator: ",")))
    let spaced = bar.replacing(":", with: " : ").replacing(",", with: "\n , ")
    let read = try ReadPage(.bars, page([spaced, spaced].joined(separator: " , ")))
    #expect(read.rows == plain.rows)
    let escaped = bar.replacing("\"vw\"", with: "\"\\u0076w\"")
    #expect(
      try ReadPage(.bars, page([escaped, escaped].joined(separator: ","))).rows == plain.rows)
  }

  @Test func theTickerMayStandBehindTheResults() throws {
    let read = try ReadPage(.bars, "{\"results\":[\(bar)],\"ticker\":\"IBM\"}")
    #expect(read.rows.map { $0["symbol"] } == ["IBM"])
    #expect(throws: MassiveError.self) { try ReadPage(.bars, "{\"results\":[\(bar)]}") }
    let named = try ReadPage(
      .bars, "{\"results\":[\(bar)]}", context: PageContext(symbol: "X"))
    #expect(named.rows.map { $0["symbol"] } == ["X"])
  }

  @Test func aPageThatIsCutShortIsRefused() throws {
    #expect(throws: MassiveError.self) { try ReadPage(.bars, page(bar, count: 2)) }
    // `count` differs from the number of results in some of the vendor's own responses.
    let read = try ReadPage(
      .bars, page(bar, count: 1).replacing("\"status\"", with: "\"count\":7,\"status\""))
    #expect(read.rows.count == 1)
  }

  @Test func indexBarsKeepEveryDigit() throws {
    let row = #"{"c":11995.88235998666,"h":12340.44936267155,"l":0.000000000000000001,"o":1,"t":7}"#
    let read = try ReadPage(.indexBars, page([row, row].joined(separator: ","), ticker: "I:NDX"))
    #expect(
      read.rows[0] == [
        "symbol": "I:NDX", "t": "7000000", "o": "1", "h": "12340.44936267155",
        "l": "0.000000000000000001", "c": "11995.88235998666",
      ])
    #expect(read.rows[0] == read.rows[1])
  }

  @Test func timesOfOtherAnswersAreNoStarts() throws {
    let row = bar.replacing("{", with: "{\"T\":\"SPY\",")
    let read = try ReadPage(.bars, page(row))
    #expect(read.rows.isEmpty && read.rejected.map(\.rule) == ["end_of_bar"])
  }

  @Test func theEndOfThePageIsWhereTheNextBegins() throws {
    let first = page(bar)
    let read = try ReadPage(.bars, first + "\n" + page(bar))
    #expect(read.end == first.utf8.count)
  }
}
