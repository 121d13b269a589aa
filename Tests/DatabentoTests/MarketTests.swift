import Market
import Testing

@Suite struct MarketTests {
  @Test(
    arguments: [
      ("15s", "15s", 15), ("30s", "30s", 30), ("60s", "1m", 60), ("1m", "1m", 60),
      ("1min", "1m", 60), ("90s", "90s", 90), ("90min", "90m", 5400), ("1h", "1h", 3600),
      ("60m", "1h", 3600), ("24h", "1d", 86_400), ("1d", "1d", 86_400), ("1day", "1d", 86_400),
      ("2hours", "2h", 7200),
    ] as [(String, String, Int64)])
  func intervalsAreReadAndNamed(text: String, name: String, seconds: Int64) {
    let interval = Interval.parse(text)
    #expect(interval?.nanoseconds == seconds * 1_000_000_000)
    #expect(interval?.name == name)
  }

  @Test(arguments: ["", "s", "m", "0s", "-1s", "1.5m", "1w", "15 s", "m1", "400d", "99999999999s"])
  func otherIntervalsAreRefused(text: String) {
    #expect(Interval.parse(text) == nil)
  }

  @Test func intervalsKnowWhatTheyDivide() throws {
    let minute = try #require(Interval.parse("1m"))
    let seven = try #require(Interval.parse("7m"))
    #expect(minute.dividesDay && !seven.dividesDay)
    #expect(seven.isMultiple(of: minute) && !minute.isMultiple(of: seven))
    #expect(Interval(nanoseconds: 1_500_000_000) == nil && Interval.second < .minute)
  }

  @Test func symbologyTypesHaveTheVendorsNames() {
    for type in SType.allCases {
      #expect(SType(name: type.name) == type && SType(rawValue: type.rawValue) == type)
    }
    #expect(SType(name: "native") == .rawSymbol && SType(name: "nothing") == nil)
  }

  @Test func pricesPrintAllTheirDecimals() {
    #expect(Price.text(3_720_250_000_000) == "3720.250000000")
    #expect(Price.text(-1) == "-0.000000001" && Price.text(0) == "0.000000000")
    #expect(Price.text(.min) == "-9223372036.854775808")
  }

  @Test func publishersAreKnownByNumber() {
    #expect(Publisher.name(1) == "GLBX.MDP3.GLBX" && Publisher.name(0) == nil)
    #expect(Publisher.first(ofDataset: "EQUS.MINI") == 95)
    #expect(Publisher.first(ofDataset: "EQUS") == nil)
  }
}
