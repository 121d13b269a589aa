import Testing

@testable import CommandLineKit

/// Flags with several names.
@Suite struct AliasTests {
  private static let spec = CommandSpec(
    name: "move", summary: "Move rows.",
    flags: [
      .plan(help: "Say what would be moved."), .outputTable(help: "Where to."),
      .option("limit", "N", help: "At most N."),
    ])

  private func parsed(_ words: String) throws(UsageError) -> Arguments {
    try Arguments(words.split(separator: " ").map(String.init), for: Self.spec)
  }

  private func message(_ words: String) -> String? {
    #expect(throws: UsageError.self) { try self.parsed(words) }?.message
  }

  @Test(arguments: [
    "--plan --as raw.x", "--dry-run --table=raw.x", "--dry-run --plan --table raw.x",
  ])
  func aFlagIsTakenByEachOfItsNames(words: String) throws {
    let arguments = try parsed(words)
    #expect(arguments.flag("plan"))
    #expect(arguments.value("as") == "raw.x")
    #expect(try !parsed("--as raw.x").flag("plan"))
  }

  @Test func messagesNameItAsItWasWritten() throws {
    #expect(try parsed("--table raw.x").written("as") == "table")
    #expect(try parsed("--as raw.x").written("as") == "as")
    #expect(
      try parsed("--table raw.x").bad("as", "raw.x", "less", nil).message
        == "flag '--table' is 'raw.x', expected less")
    #expect(message("--table") == "flag '--table' needs a value TABLE")
    #expect(message("--table=") == "flag '--table' is empty, expected TABLE")
    #expect(message("--dry-run=1") == "flag '--dry-run' takes no value")
  }

  @Test func twoNamesAreOneFlag() {
    #expect(message("--as raw.x --table raw.y")?.contains("is given twice") == true)
    #expect(throws: Never.self) { try parsed("--as raw.x --table raw.x") }
  }

  @Test func aNearNameIsOffered() {
    let error = #expect(throws: UsageError.self) { try parsed("--dryrun") }
    #expect(error?.remedy?.contains("--dry-run") == true)
  }

  @Test func helpShowsAnAliasOnceAndCompletionsOfferTheNameAlone() {
    let help = HelpScreen.command(Self.spec)
    #expect(help.contains("--plan      Say what would be moved. (alias: --dry-run)"))
    #expect(help.contains("--as TABLE  Where to. (alias: --table)"))
    #expect(!help.contains("--limit N   At most N. ("))
    for shell in Completions.shells {
      let script = Completions(commands: [Self.spec], sources: [:]).script(shell: shell)
      #expect(script.contains("plan") && !script.contains("dry-run"))
    }
  }
}
