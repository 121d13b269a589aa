import Columnar
import Market
import Testing

private func date(_ iso: String) throws -> CivilDate { try #require(CivilDate(iso: iso)) }
private func price(_ text: String) throws -> Int64 { try #require(StrikeRule.price(parsing: text)) }
private func texts(_ strikes: [Int64]) -> [String] {
  strikes.map { DecimalText.format(Int128($0), scale: 9, trimmed: true) }
}

/// March and April 2025 in New York; closed on Good Friday.
private func spring() throws -> ExchangeCalendar {
  ExchangeCalendar(
    name: "TEST", description: "", aliases: [], source: "", timeZoneName: "America/New_York",
    firstDate: try date("2025-03-01"), lastDate: try date("2025-04-30"),
    rules: [
      .init(
        firstDay: try date("2025-03-01").daysSinceEpoch, weekdays: 0b11111,
        hours: try #require(SessionHours(parsing: "09:30 to 16:00")))
    ],
    holidays: [try date("2025-04-18").daysSinceEpoch], special: [], idle: [],
    offsets: [.init(day: try date("2024-11-03").daysSinceEpoch, value: -300)])
}

@Suite struct StrikeRuleTests {
  @Test(
    arguments: [
      ("593.88", "0.5", ["594", "594.5"], ["593.5", "593"]),
      ("594.0", "0.5", ["594.5", "595"], ["594", "593.5"]),
      ("594.000000001", "0.5", ["594.5", "595"], ["594", "593.5"]),
      ("593.999999999", "0.5", ["594", "594.5"], ["593.5", "593"]),
      ("100", "5", ["105", "110"], ["100", "95"]),
      ("0.7", "0.5", ["1", "1.5"], ["0.5"]),
      ("0.3", "0.5", ["0.5", "1"], []),
      ("99999.5", "0.5", [], ["99999.5", "99999"]),
      ("12.34", "0.001", ["12.341", "12.342"], ["12.34", "12.339"]),
    ] as [(String, String, [String], [String])])
  func callsAreAboveAndPutsAtOrBelow(
    open: String, increment: String, calls: [String], puts: [String]
  ) throws {
    let rule = try StrikeRule(callCount: 2, putCount: 2, increment: try price(increment))
    let strikes = try rule.strikes(open: try price(open))
    #expect(texts(strikes.calls) == calls && texts(strikes.puts) == puts)
  }

  @Test func refusesCountsIncrementsAndPricesThatMeanNothing() throws {
    let half = try price("0.5")
    for (calls, puts) in [(-1, 2), (2, -1), (0, 0), (501, 0), (0, .max)] {
      let error = #expect(throws: OptionError.self) {
        try StrikeRule(callCount: calls, putCount: puts, increment: half)
      }
      #expect(error?.code == .badCount)
    }
    for increment: Int64 in [0, -half, 1, 999_999, .max] {
      let error = #expect(throws: OptionError.self) {
        try StrikeRule(callCount: 2, putCount: 2, increment: increment)
      }
      #expect(error?.code == .badIncrement)
    }
    let rule = try StrikeRule(callCount: 2, putCount: 2, increment: half)
    for open: Int64 in [0, -1, .max, .min] {
      #expect(throws: OptionError.self) { try rule.strikes(open: open) }
    }
  }

  @Test(arguments: ["", "x", "1e400", "0.0000000001", "--1", "99999999999"])
  func pricesAreNeverRounded(text: String) { #expect(StrikeRule.price(parsing: text) == nil) }
}

@Suite struct ExpiryRuleTests {
  @Test(
    arguments: [
      ("next_calendar_day", "2025-03-03", "2025-03-04"),
      ("next_calendar_day", "2025-03-07", "2025-03-08"),
      ("next_trading_day", "2025-03-03", "2025-03-04"),
      ("next_trading_day", "2025-03-07", "2025-03-10"),
      ("next_trading_day", "2025-04-17", "2025-04-21"),
      ("next_friday", "2025-03-03", "2025-03-07"),
      ("next_friday", "2025-03-06", "2025-03-07"),
      ("next_friday", "2025-03-07", "2025-03-14"),
      ("next_friday", "2025-03-08", "2025-03-14"),
      ("next_friday", "2025-04-14", "2025-04-17"),
      ("next_friday", "2025-04-17", "2025-04-17"),
      ("next_friday", "2025-04-11", "2025-04-17"),
      ("2025-03-21", "2025-03-03", "2025-03-21"),
      ("fixed:2025-03-21", "2025-03-21", "2025-03-21"),
    ]) func followsTheExchangeCalendar(rule: String, day: String, expiration: String) throws
  {
    let found = try ExpiryRule(parsing: rule).expiration(on: try date(day), by: try spring())
    #expect(found.iso == expiration)
  }

  @Test func refusesOtherWordsAndDatesThatHavePassed() throws {
    for text in ["", "friday", "next friday", "2025-02-30", "fixed", "fixed:", "next_fridy"] {
      let error = #expect(throws: OptionError.self) { try ExpiryRule(parsing: text) }
      #expect(error?.code == .badExpiry)
    }
    #expect(throws: OptionError.self) {
      try ExpiryRule(parsing: "2025-03-21").expiration(on: try date("2025-03-24"), by: try spring())
    }
    #expect(throws: CalendarError.self) {
      try ExpiryRule(parsing: "next_trading_day").expiration(
        on: try date("2025-04-30"), by: try spring())
    }
  }

  @Test(arguments: ["next_calendar_day", "next_trading_day", "next_friday", "fixed:2025-03-21"])
  func namesAreReadBack(name: String) throws {
    #expect(try ExpiryRule(parsing: name).name == name)
  }
}

@Suite struct ContractChoiceTests {
  private func choice(increment: String = "0.5", roots: [String] = ["SPY"]) throws
    -> ContractChoice
  {
    ContractChoice(
      roots: roots, expiration: try date("2025-03-04"),
      rule: try StrikeRule(callCount: 2, putCount: 2, increment: try price(increment)))
  }

  private func contracts(_ strikes: [String], root: String = "SPY", day: String = "2025-03-04")
    throws -> [OptionSymbol]
  {
    try strikes.flatMap { text in
      try OptionRight.allCases.map {
        try OptionSymbol(root: root, expiration: try date(day), right: $0, strike: try price(text))
      }
    }
  }

  private func told(_ symbols: [OptionSymbol]) -> String {
    symbols.map { $0.right.rawValue + texts([$0.strike])[0] }.joined(separator: " ")
  }

  @Test func buildsSymbolsByArithmetic() throws {
    let built = try choice().built(open: try price("593.88"))
    #expect(
      built.map(\.prefixed) == [
        "O:SPY250304C00594000", "O:SPY250304C00594500", "O:SPY250304P00593500",
        "O:SPY250304P00593000",
      ])
  }

  @Test(
    arguments: [
      (["592.5", "593", "593.5", "594", "594.5", "595"], "C594 C594.5 P593.5 P593"),
      (["592", "593", "594", "595"], "C594 C595 P593 P592"),
      (["593.25", "593.5", "593.75", "594", "594.25", "594.5"], "C594 C594.5 P593.5 P593.25"),
      (["593.01", "593.49", "594.01", "594.49"], "C594.01 C594.49 P593.49 P593.01"),
      (["593.011", "593.5"], "P593.5 P593.011"),
      (["600"], "C600"),
      ([], ""),
    ] as [([String], String)])
  func takesListedStrikesWithinACentElseTheNearest(listed: [String], expected: String) throws {
    let chosen = try choice().listed(open: try price("593.88"), among: try contracts(listed))
    #expect(told(chosen) == expected)
  }

  @Test func choosesOfEachRoot() throws {
    let listed = try contracts(["593", "594"], root: "SPX") + contracts(["593.5"], root: "SPXW")
    let both = try choice(roots: ["SPX", "SPXW"])
    let chosen = try both.listed(open: try price("593.88"), among: listed)
    #expect(
      chosen.map(\.description) == [
        "SPX250304C00594000", "SPX250304P00593000", "SPXW250304P00593500",
      ])
    #expect(Set(try both.built(open: try price("593.88")).map(\.root)) == ["SPX", "SPXW"])
  }

  @Test(
    arguments: [
      ("SPY", "SPY", "SPY", "SPY"), ("BRK.B", "BRK.B", "BRK.B", "BRKB"),
      ("BF.B", "BF.B", "BF.B", "BFB"), ("BRK/B", "BRK/B", "BRK/B", "BRKB"),
      ("SPX", "SPX", "I:SPX", "SPX SPXW"), ("I:SPX", "SPX", "I:SPX", "SPX SPXW"),
      ("I:VIX", "VIX", "I:VIX", "VIX VIXW"), ("I:DJX", "DJX", "I:DJX", "DJX"),
      ("XSP", "XSP", "I:XSP", "XSP"),
    ]) func rootsNeedNotBeTheTicker(asked: String, ticker: String, priced: String, roots: String)
  {
    #expect(OptionRoots.ticker(of: asked) == ticker)
    #expect(OptionRoots.pricedTicker(of: asked) == priced)
    #expect(OptionRoots.of(asked).joined(separator: " ") == roots)
  }

  @Test func passesOverOtherExpirationsRootsAndAdjustedContracts() throws {
    let others =
      try contracts(["594", "593.5"], day: "2025-03-05") + contracts(["594"], root: "SPY1")
      + contracts(["594"], root: "QQQ")
    let open = try price("593.88")
    #expect(try choice().listed(open: open, among: others).isEmpty)
    let own = try contracts(["593", "595"])
    #expect(told(try choice().listed(open: open, among: others + own + own)) == "C595 P593")
  }
}

@Suite struct DiscoveryRangeTests {
  @Test(
    arguments: [
      ("593.88", "1", "587.9412", "599.8188"), ("100", "0", "100", "100"),
      ("100", "100", "0", "200"), ("0.000000001", "50", "0.000000001", "0.000000001"),
      ("99999.999", "12.5", "87499.999125", "112499.998875"),
    ]) func strikesAreAsFarOnBothSides(open: String, percent: String, low: String, high: String)
    throws
  {
    let range = try DiscoveryRange(
      open: try price(open), percent: try price(percent), date: try date("2025-03-03"),
      expiryDays: 7)
    #expect(texts([range.strikes.lowerBound, range.strikes.upperBound]) == [low, high])
    #expect(range.expirations.upperBound.iso == "2025-03-10")
  }

  @Test func refusesRangesThatMeanNothing() throws {
    let day = try date("2025-03-03")
    for (open, percent, days): (Int64, Int64, Int) in [
      (0, 1, 1), (.max, 1, 1), (1, -1, 1), (1, .max, 1), (1, 1, -1), (1, 1, .max),
    ] {
      #expect(throws: OptionError.self) {
        try DiscoveryRange(open: open, percent: percent, date: day, expiryDays: days)
      }
    }
  }
}
