import Columnar
import HTTP
import Market
import Massive
import TestSupport
import Testing

private let base = "https://api.massive.com"

/// Start of the requested range, in ms.
private let start = 1_700_000_000_000

/// A page of bars of SPY, with the times of its bars in ms from the start of the range.
private func page(
  _ times: [Int], next: String? = nil, status: String = "OK", ticker: String = "SPY"
) -> String {
  let results = times.map { "{\"v\":1,\"o\":1,\"c\":1,\"h\":1,\"l\":1,\"t\":\(start + $0)}" }
  let tail = next.map { ",\"next_url\":\"\($0)\"" } ?? ""
  return
    "{\"ticker\":\"\(ticker)\",\"resultsCount\":\(times.count),\"adjusted\":false,\"results\":["
    + results.joined(separator: ",") + "],\"status\":\"\(status)\",\"request_id\":\"r\"\(tail)}"
}

/// The result of fetching bars with the given responses.
private struct Fetched {
  var summary = FetchSummary()
  var spool: [UInt8] = []
  var requests: [HTTPRequest] = []
  var error: MassiveError?

  init(
    _ answers: [ReplayTransport.Answer], ticker: String = "SPY", attempts: Int = 3,
    span: BarSpan = BarSpan(1, .minute)
  ) {
    let transport = ReplayTransport(answers)
    var policy = RetryPolicy()
    policy.maxAttempts = attempts
    policy.initialWait = 0
    let client = MassiveClient(
      http: HTTPClient(transport: transport, policy: policy, secrets: [Secret("k-123")]),
      baseURL: base, key: Secret("k-123"))
    let first = Int64(start) * 1_000_000
    do {
      summary = try client.fetchBars(
        BarQuery(
          ticker: ticker, span: span, interval: first..<first + 3_600_000_000_000)
      ) { spool += $0 }
    } catch {
      self.error = error as? MassiveError
    }
    requests = transport.requests
  }

  init(_ pages: String...) { self.init(pages.map { .text($0) }) }
}

@Suite struct ClientTests {
  @Test func followsTheChainAndSpoolsEachPageBehindItsSize() {
    let first = page([1, 2], next: base + "/v2/aggs/x?cursor=b")
    // The vendor's former name of the same host.
    let second = page([3], next: "https://api.polygon.io:443/v2/aggs/x?cursor=c")
    let third = page([])
    let fetched = Fetched(first, second, third)
    #expect(fetched.error == nil)
    let spool = [first, second].map { "\($0.utf8.count)\n\($0)" }.joined()
    #expect(String(decoding: fetched.spool, as: UTF8.self) == spool)
    #expect(fetched.summary.recordCount == 3 && fetched.summary.pageCount == 3)
    #expect(fetched.summary.lastTime == 1_700_000_000_003_000_000)
    #expect(
      fetched.requests.map(\.fullURL) == [
        base + "/v2/aggs/ticker/SPY/range/1/minute/1700000000000/1700003599999"
          + "?adjusted=false&sort=asc&limit=50000",
        base + "/v2/aggs/x?cursor=b", base + "/v2/aggs/x?cursor=c",
      ])
    let keys = fetched.requests.compactMap { request -> String? in
      guard case .bearer(let key) = request.credential else { return nil }
      return key.withText { $0 }
    }
    #expect(keys == ["k-123", "k-123", "k-123"])
    #expect(!fetched.requests.contains { $0.fullURL.contains("k-123") })
  }

  @Test func aPageOnAnotherHostIsNotAskedFor() {
    let fetched = Fetched(page([1], next: "https://api.massive.com.evil.example/v2/x"))
    #expect(fetched.error?.code == .foreignHost)
    #expect(fetched.requests.count == 1)
  }

  @Test func aTruncatedOrDuplicatePageIsRequestedAgain() {
    let first = page([1, 2], next: base + "/b")
    let cut = page([3, 4]).replacing("\"resultsCount\":2", with: "\"resultsCount\":3")
    let fetched = Fetched(first, cut, first, page([3, 4]))
    #expect(fetched.error == nil)
    #expect(fetched.summary.recordCount == 4 && fetched.summary.repeatedPageCount == 2)
    let spool = [first, page([3, 4])].map { "\($0.utf8.count)\n\($0)" }.joined()
    #expect(String(decoding: fetched.spool, as: UTF8.self) == spool)
  }

  @Test func aChainThatLeadsBackEnds() {
    let fetched = Fetched(
      page([1], next: base + "/b"), page([2], next: base + "/c"), page([3], next: base + "/b"))
    #expect(fetched.error?.code == .brokenChain)
    let itself = page([1], next: base + "/b")
    #expect(
      Fetched(page([0], next: base + "/b"), itself, itself, itself).error?.code == .brokenChain)
  }

  @Test func whatThePlanDoesNotCoverIsAnErrorOfItsOwn() {
    let refused = "{\"status\":\"NOT_AUTHORIZED\",\"message\":\"not your data\"}"
    for answer in [
      ReplayTransport.Answer.text(refused, status: 403), ReplayTransport.Answer.text(refused),
    ] {
      let error = Fetched([answer]).error
      #expect(error?.code == .notEntitled)
      #expect(error?.message.contains("not your data") == true)
    }
  }

  @Test func delayedAnswersAreAnswers() {
    let fetched = Fetched(page([1], status: "DELAYED"))
    #expect(fetched.error == nil && fetched.summary.isDelayed)
    #expect(Fetched("{\"status\":\"ERROR\",\"error\":\"Unknown X\"}").error?.code == .vendor)
  }

  @Test func adjustedBarsAreNotTakenForRawOnes() {
    let adjusted = page([1]).replacing("\"adjusted\":false", with: "\"adjusted\":true")
    #expect(Fetched(adjusted).error?.code == .otherAdjustment)
  }

  @Test func barsOfOtherTimesAndTickersAreRefused() {
    for other in [page([0, 3_600_000]), page([-60_000, 0]), page([0], ticker: "QQQ")] {
      let fetched = Fetched([.text(other)], attempts: 1)
      #expect(fetched.error?.code == .notAsked)
      #expect(fetched.spool.isEmpty)
    }
    #expect(Fetched(page([0, 3_599_999])).error == nil)
  }

  @Test func aBarThatReachesIntoTheRangeBelongsToWhatLiesBefore() {
    // Five-minute bars: the one that starts three minutes earlier is in the response too.
    let answer = page([-180_000, 120_000])
    let fetched = Fetched([.text(answer)], span: BarSpan(5, .minute))
    #expect(fetched.error == nil)
    #expect(fetched.summary.recordCount == 1)
    #expect(fetched.summary.firstTime == 1_700_000_120_000_000_000)
    #expect(
      Fetched([.text(page([-300_000, 0]))], attempts: 1, span: BarSpan(5, .minute)).error?.code
        == .notAsked)
  }

  @Test func countsThatCannotBeAreRefused() {
    for counts in ["\"queryCount\":1", "\"queryCount\":0"] {
      let answer = page([0, 60_000]).replacing("\"adjusted\":false", with: counts)
      #expect(Fetched([.text(answer)], attempts: 1).error?.code == .countMismatch)
    }
    let hollow = page([]).replacing("\"adjusted\":false", with: "\"queryCount\":7")
    #expect(Fetched([.text(hollow)], attempts: 1).error?.code == .countMismatch)
    let whole = page([0, 60_000]).replacing("\"adjusted\":false", with: "\"queryCount\":10")
    #expect(Fetched([.text(whole)], attempts: 1).error == nil)
  }

  @Test func pagesThatStayEmptyEnd() {
    let answers = (0..<200).map { ReplayTransport.Answer.text(page([], next: base + "/n\($0)")) }
    let fetched = Fetched(answers)
    #expect(fetched.error?.code == .brokenChain)
    #expect(fetched.requests.count == 100)
  }

  @Test func aChainWithDuplicatePagesEnds() throws {
    func page(_ number: Int) -> String {
      """
      {"results":[{"ticker":"O:SPY250304C00601000","underlying_ticker":"SPY"}],"status":"OK",
       "request_id":"\(number)","next_url":"\(base)/n\(number)"}
      """
    }
    let transport = ReplayTransport((0..<20).map { .text(page($0)) })
    var policy = RetryPolicy()
    policy.maxAttempts = 1
    let client = MassiveClient(
      http: HTTPClient(transport: transport, policy: policy, secrets: []), baseURL: base,
      key: Secret("k-123"))
    let date = try #require(CivilDate(iso: "2025-03-03"))
    let error = #expect(throws: MassiveError.self) {
      try client.fetchContracts(ContractQuery(underlying: "SPY", asOf: date)) { _ in }
    }
    #expect(error?.code == .brokenChain)
    #expect(transport.requests.count == 2)
    let other = #expect(throws: MassiveError.self) {
      try client.fetchContracts(ContractQuery(underlying: "QQQ", asOf: date)) { _ in }
    }
    #expect(other?.code == .notAsked)
  }

  @Test func anAnswerWithoutResultsIsEmpty() {
    let fetched = Fetched(
      "{\"ticker\":\"SPY\",\"queryCount\":0,\"resultsCount\":0,\"status\":\"OK\"}")
    #expect(fetched.error == nil && fetched.summary.recordCount == 0)
  }

  @Test func tickersOfOtherMarketsAreRefused() {
    #expect(Fetched([], ticker: "X:BTCUSD").error?.code == .usage)
  }
}

@Suite struct BarSpanTests {
  @Test(arguments: [
    ("1m", "1m"), ("15s", "15s"), ("60m", "1h"), ("24h", "1d"), ("90m", "90m"), ("1w", "1w"),
    ("7d", "7d"), ("3mo", "3mo"), ("1q", "1q"), ("1y", "1y"),
  ])
  func namesReadBack(text: String, name: String) {
    #expect(BarSpan(parsing: text)?.name == name)
    #expect(BarSpan(parsing: name) == BarSpan(parsing: text))
  }

  @Test(arguments: ["", "m", "0m", "-1m", "1x", "99999999999d", "1 w"])
  func otherTextsAreNone(text: String) {
    #expect(BarSpan(parsing: text) == nil)
  }
}
