import Testing

@testable import RowSources

/// Symbols in the names of files.
@Suite struct NamePatternTests {
  @Test(arguments: [
    ("{symbol}.csv", "AAPL.csv", "AAPL"), ("{symbol}.csv", "a/b/BRK.B.csv", "BRK.B"),
    ("{symbol}.csv", "AAPL.csv.gz", "AAPL"), ("{symbol}_*.csv", "ES_2024-01-02.csv", "ES"),
    ("*-{symbol}-1d.csv", "yahoo-SPY-1d.csv", "SPY"), ("{symbol}/*.csv", "x/QQQ/2024.csv", "QQQ"),
    ("data/{symbol}/1d.csv", "/x/data/^VIX/1d.csv", "^VIX"),
  ])
  func aNameTellsTheSymbol(form: String, path: String, symbol: String) throws {
    #expect(try #require(NamePattern(parsing: form)).symbol(in: path) == symbol)
  }

  @Test(arguments: [
    ("{symbol}.csv", "AAPL.txt"), ("{symbol}.csv", ".csv"),
    // Two readings: BRK, and BRK_B.
    ("{symbol}_*.csv", "BRK_B_2024.csv"),
    ("{symbol}/1d.csv", "1d.csv"),
  ])
  func whatIsNotCertainIsNotRead(form: String, path: String) throws {
    #expect(try #require(NamePattern(parsing: form)).symbol(in: path) == nil)
  }

  @Test func aFormNamesTheSymbolOnce() {
    #expect(NamePattern(parsing: "*.csv") == nil)
    #expect(NamePattern(parsing: "{symbol}{symbol}.csv") == nil)
  }

  @Test func manyStarsEnd() throws {
    let form = try #require(NamePattern(parsing: String(repeating: "*a", count: 40) + "{symbol}b"))
    #expect(form.symbol(in: String(repeating: "a", count: 250)) == nil)
  }

  @Test(arguments: [
    (["a/AAPL_2024.csv", "a/MSFT_2024.csv"], "{symbol}_*.csv"),
    (["AAPL_2024_01.csv", "MSFT_2023_11.csv"], "{symbol}_*_*.csv"),
    (["hv/symbol=AAA/data.csv", "hv/symbol=BBB/data.csv"], "symbol={symbol}/*.csv"),
    (["nm/AAA/daily.csv", "nm/BBB/daily.csv"], "{symbol}/*.csv"),
    (["$SPX_2023.csv", "AAPL_2024.csv"], "{symbol}_*.csv"),
    (["x/spy.csv.gz", "x/qqq.csv"], "{symbol}.csv"),
  ])
  func aFormIsFoundThatAllNamesAreOf(paths: [String], form: String) {
    #expect(NamePattern.common(paths) == form)
  }

  @Test(arguments: [
    ["prices (1).csv", "prices (2).csv"], ["20240102.csv", "20240103.csv"], ["a/SPY.csv"],
    ["SPY_2023.csv", "SPY_2024.csv"], ["SPY-2023.csv", "SPY-2024.csv"],
    ["AAPL_2024.csv", "notes on it.csv"],
  ])
  func whereNamesTellNoSymbolsNoneIsFound(paths: [String]) {
    #expect(NamePattern.common(paths) == nil)
  }

  @Test func filesOfOneCommandAreNamedOnce() {
    let files = FileSet(words: ["hv"], paths: ["x/hv/symbol=A/d.csv", "x/hv/symbol=B/d.csv"])
    #expect(files.folder == "hv" && files.symbolPattern == "symbol={symbol}/*.csv")
    #expect(FileSet(words: [], paths: ["a.csv", "b.csv"]).folder == nil)
  }

  @Test func aFormIsGuessedFromOneName() {
    #expect(NamePattern.guess("spy_us_d.csv", symbol: "SPY") == "{symbol}_us_d.csv")
    #expect(NamePattern.guess("EURUSD_2024_01.csv", symbol: "EURUSD") == "{symbol}_*_*.csv")
    #expect(NamePattern.guess("prices.csv", symbol: "SPY") == nil)
  }
}
