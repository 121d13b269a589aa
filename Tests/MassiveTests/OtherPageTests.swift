import Columnar
import Foundation
import JSON
import Massive
import TestSupport
import Testing

@Suite struct OtherPageTests {
  @Test func aNewsRowStandsForAnArticleAndATicker() throws {
    let article = """
      {"id":"a1","published_utc":"2024-06-24T18:33:53.123456789Z","title":"A \\"b\\" \\u00e9",
       "tickers":["UBS","SPY","UBS"],"keywords":["x", "y z"],
       "publisher":{"name":"P","logo_url":null,"rank":1.0},
       "insights":[{"ticker":"UBS","sentiment":"positive","sentiment_reasoning":"because"},
                   {"ticker":"QQQ","sentiment":"negative"}],"new":{"a":[1.50]}}
      """
    let read = try ReadPage(.news, "{\"results\":[\(article)],\"status\":\"OK\",\"count\":1}")
    #expect(read.rows.map { $0["symbol"] } == ["UBS", "SPY", "QQQ"])
    #expect(read.rows.map { $0["sentiment"] } == ["positive", nil, "negative"])
    #expect(read.rows.map { $0["sentiment_reasoning"] } == ["because", nil, nil])
    let first = read.rows[0]
    #expect(first["published_utc"] == "1719254033123456789")
    #expect(first["title"] == "A \"b\" é" && first["keywords"] == #"["x","y z"]"#)
    #expect(first["publisher_name"] == "P" && first["publisher_logo_url"] == nil)
    #expect(
      first["extra"] == #"{"publisher":{"name":"P","logo_url":null,"rank":1.0},"new":{"a":[1.50]}}"#
    )
    #expect(read.envelope.recordCount == 1)
  }

  @Test func anArticleAboutNoTickerIsKeptForTheOneAskedFor() throws {
    let page = #"{"results":[{"id":"a","published_utc":"2024-06-24T18:33:53Z"}]}"#
    #expect(try ReadPage(.news, page).rejected.map(\.rule) == ["null_required"])
    let asked = try ReadPage(.news, page, context: PageContext(symbol: "SPY"))
    #expect(asked.rows.map { $0["symbol"] } == ["SPY"])
  }

  @Test func anArticleThatWasNotAskedForIsQuarantined() throws {
    func article(_ id: String, _ time: String, _ ticker: String) -> String {
      "{\"id\":\"\(id)\",\"published_utc\":\"\(time)\",\"tickers\":[\"\(ticker)\"]}"
    }
    let articles = [
      article("a", "2024-06-24T18:33:53Z", "SPY"), article("b", "2019-01-01T00:00:00Z", "SPY"),
      article("c", "2024-06-24T18:33:53Z", "ZZZ"),
    ].joined(separator: ",")
    let day: Int64 = 86_400_000_000_000
    let scope = PageScope(symbol: "SPY", interval: 19_898 * day..<19_899 * day)
    let read = try ReadPage(
      .news, "{\"results\":[\(articles)]}", context: PageContext(symbol: "SPY", scope: scope))
    #expect(read.rows.map { $0["id"] } == ["a"])
    #expect(read.rejected.map(\.rule) == ["not_asked", "not_asked"])
  }

  @Test(arguments: ["\"yesterday\"", "1719254033", "null", "\"2024-13-01T00:00:00Z\""])
  func anArticleWithoutATimeIsRefused(time: String) throws {
    let page = "{\"results\":[{\"id\":\"a\",\"tickers\":[\"A\"],\"published_utc\":\(time)}]}"
    let read = try ReadPage(.news, page)
    #expect(read.rows.isEmpty && read.rejected.count == 1)
  }

  @Test func realNewsIsReadWhole() throws {
    var count = 0
    for path in SharedData.json(in: "polygon/real-news") {
      let read = try ReadPage(.news, Array(try Data(contentsOf: URL(fileURLWithPath: path))))
      #expect(read.rejected.isEmpty && !read.rows.isEmpty)
      #expect(read.rows.allSatisfy { $0["sentiment"] != nil && $0["extra"] == nil })
      count += 1
    }
    print("\(count) pages of real news")
  }

  @Test func officialAnswersAreReadWhole() throws {
    var count = 0
    for path in SharedData.json(in: "polygon/official-mocks")
      + SharedData.json(in: "polygon/openapi-examples")
    {
      let kind: PageKind
      if path.contains("aggs") && path.contains("range") {
        kind = path.contains("indicesTicker") ? .indexBars : .bars
      } else if path.contains("options") && path.contains("contracts") {
        kind = .contracts
      } else if path.contains("open-close") {
        kind = .openClose
      } else if path.contains("reference__news") {
        kind = .news
      } else {
        continue
      }
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
      let read = try ReadPage(kind, bytes)
      #expect(read.rejected.isEmpty && !read.rows.isEmpty, "\(path)")
      #expect(read.rows.allSatisfy { $0["extra"] == nil }, "\(path): \(read.rows)")
      count += 1
    }
    print("\(count) official answers")
    #expect(SharedData.root == nil || count >= 12)
  }

  @Test func contractsAreOfTheDateThatWasAskedFor() throws {
    let contract = """
      {"ticker":"O:X","strike_price":85.125,"expiration_date":"2021-11-19","shares_per_contract":100,
       "additional_underlyings":[{"amount": 44, "type":"equity"}],"correction":1,"odd":"é"}
      """
    let read = try ReadPage(
      .contracts, "{\"results\":[\(contract)]}",
      context: PageContext(asOf: 1_402_027_200_000_000_000)
    )
    #expect(
      read.rows == [
        [
          "symbol": "O:X", "as_of": "1402027200000000000", "strike_price": "85.125",
          "expiration_date": "18950", "shares_per_contract": "100", "correction": "1",
          "additional_underlyings": #"[{"amount":44,"type":"equity"}]"#, "extra": "{\"odd\":\"é\"}",
        ]
      ])
    let one = try ReadPage(.contracts, "{\"results\":\(contract)}", context: PageContext(asOf: 0))
    #expect(one.rows.count == 1)
    #expect(throws: MassiveError.self) {
      try ReadPage(.contracts, "{\"results\":[\(contract)]}", context: PageContext())
    }
  }

  @Test func theDayOfAnOpenAndCloseBeginsInNewYork() throws {
    let read = try ReadPage(
      .openClose, #"{"status":"OK","from":"2023-01-09","symbol":"A","open":324.66,"volume":2.5e3}"#)
    #expect(
      read.rows == [
        ["symbol": "A", "from": "1673240400000000000", "open": "324.66", "volume": "2500"]
      ])
    let refused = try ReadPage(.openClose, #"{"status":"NOT_FOUND","message":"Data not found."}"#)
    #expect(refused.rows.isEmpty && refused.envelope.message == "Data not found.")
  }
}

@Suite struct HostilePageTests {
  static let page = """
    {"ticker":"SPY","queryCount":2,"resultsCount":2,"adjusted":true,"results":[\
    {"v":3197,"vw":167.3586,"o":167.41,"c":167.27,"h":167.41,"l":167.25,"t":1381132800000,"n":10},\
    {"v":1150,"vw":167.25,"o":167.25,"c":167.25,"h":167.25,"l":167.25,"t":1381132860000,"n":3}\
    ],"status":"OK","request_id":"ad168ee","count":2,"next_url":"https://api.massive.com/x?cursor=b"}
    """

  @Test func everyPrefixIsRefusedAsCutShort() throws {
    let bytes = Array(Self.page.utf8)
    for count in 0..<bytes.count {
      let error = #expect(throws: JSONError.self) {
        try ReadPage(.bars, Array(bytes[..<count]))
      }
      #expect(error?.code == .truncated, "\(count)")
    }
    #expect(try ReadPage(.bars, bytes).rows.count == 2)
  }

  @Test func damagedPagesAreReadOrRefusedNeverMore() {
    var random = SeededGenerator(seed: 7)
    var readCount = 0
    for _ in 0..<4000 {
      var bytes = Array(Self.page.utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        bytes[at] = UInt8.random(in: 0...255, using: &random)
      }
      readCount += (try? ReadPage(.bars, bytes)) == nil ? 0 : 1
      _ = try? ReadPage(.news, bytes)
      _ = try? ReadPage(.indexBars, bytes)
      _ = try? ReadPage(.contracts, bytes)
      _ = try? ReadPage(.openClose, bytes)
    }
    #expect(readCount > 0 && readCount < 4000)
  }

  /// The fast parser and the complete one must agree on every number.
  @Test func bothReadersAgreeOnNumbers() throws {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<500 {
      var numbers: [String] = []
      for _ in 0..<8 {
        let digits = Int.random(in: 1...18, using: &random)
        var text = (0..<digits).map { _ in String(Int.random(in: 0...9, using: &random)) }.joined()
        if Bool.random(using: &random) {
          text.insert(
            ".", at: text.index(text.startIndex, offsetBy: .random(in: 1...digits, using: &random)))
        }
        if text.hasSuffix(".") { text.removeLast() }
        while text.hasPrefix("0"), text.count > 1, !text.hasPrefix("0.") { text.removeFirst() }
        numbers.append(text)
      }
      let names = ["v", "vw", "o", "c", "h", "l", "t", "n"]
      let plain = "{" + zip(names, numbers).map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
      let spaced = plain.replacing(":", with: ": ")
      let filler = #"{"v":1,"vw":1,"o":1,"c":1,"h":1,"l":1,"t":1,"n":1}"#
      let quick = try ReadPage(
        .bars, "{\"ticker\":\"X\",\"results\":[\(plain),\(filler),\(filler)]}")
      let whole = try ReadPage(
        .bars, "{\"ticker\":\"X\",\"results\":[\(spaced),\(filler),\(filler)]}")
      #expect(quick.rows == whole.rows, "\(plain)")
      #expect(quick.rejected.map(\.reason) == whole.rejected.map(\.reason), "\(plain)")
    }
  }

  @Test func nestingIsBounded() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: JSONError.self) {
      try ReadPage(.bars, "{\"ticker\":\"X\",\"results\":[\(deep)")
    }
    #expect(throws: JSONError.self) { try ReadPage(.news, "{\"results\":[{\"x\":\(deep)") }
  }

  @Test func manyBadResultsRefuseThePage() {
    let results = Array(repeating: "{}", count: PageParser.rejectedMax + 1).joined(separator: ",")
    let error = #expect(throws: MassiveError.self) {
      try ReadPage(.bars, "{\"ticker\":\"X\",\"results\":[\(results)]}")
    }
    #expect(error?.code == .tooManyBadRows)
  }
}
