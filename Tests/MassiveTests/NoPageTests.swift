import Massive
import Testing

@Suite struct NoPageTests {
  private static let contract = #"{"ticker":"O:A240105C00001000","strike_price":1,"count":3}"#

  @Test(arguments: [
    (PageKind.contracts, contract), (.contracts, "{}"), (.contracts, #"{"status":"OK"}"#),
    (.contracts, #"{"results":null,"status":"OK"}"#), (.contracts, #"{"results":"none"}"#),
    (.contracts, #"{"count":0,"resultsCount":2}"#),
    (.news, #"{"id":"a","published_utc":"2024-06-24T18:33:53Z","tickers":["A"]}"#),
    (.bars, #"{"o":1,"h":1,"l":1,"c":1,"v":1,"t":1700000040000}"#),
    (.openClose, #"{"status":"OK","symbol":"A"}"#),
  ])
  func anObjectWithoutResultsIsRefused(kind: PageKind, json: String) {
    let error = #expect(throws: MassiveError.self) { try ReadPage(kind, json) }
    #expect(error?.code == .badPage)
  }

  @Test(arguments: [
    (PageKind.contracts, #"{"results":[],"status":"OK"}"#), (.news, #"{"count":0,"status":"OK"}"#),
    (.bars, #"{"ticker":"A","resultsCount":0,"queryCount":0}"#),
    (.bars, #"{"results":null,"resultsCount":0}"#),
    (.openClose, #"{"status":"NOT_FOUND","message":"none"}"#),
  ])
  func aPageWithAnExplicitEmptyResultIsEmpty(kind: PageKind, json: String) throws {
    #expect(try ReadPage(kind, json).rows.isEmpty)
  }

  @Test(arguments: [
    (#""adjusted":"true""#, "true or false"), (#""adjusted":1"#, "true or false"),
    (#""adjusted":null"#, "true or false"), (#""ticker":5"#, "a text"),
    (#""resultsCount":"1""#, "a whole number"), (#""status":200"#, "a text"),
  ])
  func aMemberOfAnotherTypeIsNotTakenForAbsent(member: String, expected: String) {
    let error = #expect(throws: MassiveError.self) {
      try ReadPage(.bars, "{\(member),\"results\":[]}")
    }
    #expect(error?.message.contains("and not \(expected)") == true)
  }
}
