import Columnar
import Market
import TestSupport
import Testing

private func date(_ iso: String) throws -> CivilDate { try #require(CivilDate(iso: iso)) }

@Suite struct OptionSymbolTests {
  @Test(
    arguments: [
      ("O:SPY250304C00601000", "SPY", "2025-03-04", OptionRight.call, 601_000_000_000),
      ("SPY250304C00601000", "SPY", "2025-03-04", .call, 601_000_000_000),
      ("SPY   250304C00601000", "SPY", "2025-03-04", .call, 601_000_000_000),
      ("O:SPY1251219P00650500", "SPY1", "2025-12-19", .put, 650_500_000_000),
      ("A240119P00000001", "A", "2024-01-19", .put, 1_000_000),
      ("GOOGL1240229C99999999", "GOOGL1", "2024-02-29", .call, 99_999_999_000_000),
      ("2SPX  991231P05000000", "2SPX", "2099-12-31", .put, 5_000_000_000_000),
    ] as [(String, String, String, OptionRight, Int64)])
  func readsEveryForm(text: String, root: String, day: String, right: OptionRight, strike: Int64)
    throws
  {
    let symbol = try OptionSymbol(parsing: text)
    #expect(symbol.root == root && symbol.expiration.iso == day)
    #expect(symbol.right == right && symbol.strike == strike)
    #expect(try OptionSymbol(parsing: symbol.padded) == symbol && symbol.padded.utf8.count == 21)
    #expect(try OptionSymbol(parsing: symbol.prefixed) == symbol)
    #expect(try OptionSymbol(parsing: symbol.description) == symbol)
  }

  @Test(arguments: [
    "", "O:", "SPY", "SPY250304C0060100", "250304C00601000", "spy250304C00601000",
    "SPY250304X00601000", "SPY251304C00601000", "SPY250230C00601000", "SPY250304C006O1000",
    "SPY250304C00000000", "SPYSPYS250304C00601000", "SPY  250304C00601000", "123250304C00601000",
    " SPY  250304C00601000", "SPY   250304C00601000 ", "o:SPY250304C00601000", "S Y250304C00601000",
    "BRK.B250304C00601000", "SPÜ250304C00601000", "O:O:SPY250304C00601000", "      250304C00601000",
  ]) func refusesWhatIsNone(text: String) {
    let error = #expect(throws: OptionError.self) { try OptionSymbol(parsing: text) }
    #expect(error?.code == .badSymbol && error?.message.contains("'\(text)'") == true)
  }

  @Test func knowsAdjustedRoots() throws {
    let adjusted = try OptionSymbol(parsing: "SPY1250304C00601000")
    #expect(adjusted.isAdjusted && adjusted.standardRoot == "SPY")
    let standard = try OptionSymbol(parsing: "SPY250304C00601000")
    #expect(!standard.isAdjusted && standard.standardRoot == "SPY")
    #expect(try OptionSymbol(parsing: "2SPX250304C00601000").standardRoot == "2SPX")
  }

  @Test func refusesStrikesAndDatesThatTheFormCannotHold() throws {
    let day = try date("2025-03-04")
    for strike: Int64 in [0, -1_000_000, 1, 999_999, 100_000_000_000_000, .max, .min] {
      #expect(throws: OptionError.self) {
        try OptionSymbol(root: "SPY", expiration: day, right: .call, strike: strike)
      }
    }
    for root in ["", "SPYSPYS", "spy", "BRK.B", "12"] {
      #expect(throws: OptionError.self) {
        try OptionSymbol(root: root, expiration: day, right: .call, strike: 1_000_000)
      }
    }
    #expect(throws: OptionError.self) {
      try OptionSymbol(
        root: "SPY", expiration: try date("1999-12-31"), right: .call, strike: 1_000_000)
    }
  }

  @Test func whatIsBuiltIsReadBack() throws {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<2_000 {
      let day = CivilDate(daysSinceEpoch: Int.random(in: 10_957...47_481, using: &generator))
      let symbol = try OptionSymbol(
        root: String("SPXWAB12".shuffled(using: &generator).prefix(4)) + "X", expiration: day,
        right: Bool.random(using: &generator) ? .call : .put,
        strike: Int64.random(in: 1...99_999_999, using: &generator) * 1_000_000)
      #expect(try OptionSymbol(parsing: symbol.prefixed) == symbol)
      #expect(try OptionSymbol(parsing: symbol.padded) == symbol)
    }
  }
}
