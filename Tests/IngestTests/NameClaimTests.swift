import Catalog
import Testing

@testable import Ingest
@testable import RowSources

@Suite struct NameClaimTests {
  @Test(arguments: [
    ("raw.x_ohlcv_1d", "ohlcv-1m", Bool?.none),
    ("raw.massive_stock_bars_1d", "massive-stock-bars-1m", false),
    ("raw.massive_stock_bars_1m", "massive-stock-bars-1m", true),
    ("raw.massive_stock_adjusted_bars_1m", "massive-stock-bars-1m", false),
    ("raw.spy_1h", "ohlcv-1m", nil),
  ])
  func aContradictoryTableNameIsRefused(name: String, kind: String, isAdjusted: Bool?) throws {
    let claim = NameClaim(try TableName(parsing: name))
    #expect(throws: (any Error).self) { try claim.check(kind: kind, isAdjusted: isAdjusted) }
  }

  @Test(arguments: [
    ("raw.x_ohlcv_60m", "ohlcv-1h", Bool?.none), ("raw.spy", "ohlcv-1m", nil),
    ("raw.massive_stock_adjusted_bars_1m", "massive-stock-bars-1m", true),
    ("raw.trades_1d", "trades", nil), ("raw.my_bars_1m", "massive-stock-bars-1m", true),
  ])
  func anyOtherNameIsTheUsersOwn(name: String, kind: String, isAdjusted: Bool?) throws {
    try NameClaim(try TableName(parsing: name)).check(kind: kind, isAdjusted: isAdjusted)
  }

  @Test(arguments: [
    (#"{"a":{"b":1},"c\"d":[{"e":2}],"f":"g:{"} {"h":1}"#, ["a", #"c\"d"#, "f"]),
    ("12\n{\"a\":1}", ["a"]), ("{}", []),
  ])
  func theMembersOfTheFirstObjectAreTheOutermost(json: String, names: [String]) {
    #expect(FirstObject(Array(json.utf8)).members == Set(names))
  }

  @Test(arguments: [#"{"a":1"#, #"{"a"#, "no object", #"{"a":"\"#])
  func anObjectThatGoesOnHasUnknownMembers(json: String) {
    #expect(FirstObject(Array(json.utf8)).members == nil)
  }
}
