import Foundation
import Testing

/// The commands in the overview: the first words of its indented lines, down to the flags.
private func listedCommands() throws -> [String] {
  let overview = try LakeBinary.run(["help"]).output
  let list = overview.prefix(
    upTo: overview.firstRange(of: "flags of every")?.lowerBound ?? overview.endIndex)
  return list.split(separator: "\n").compactMap { line in
    guard line.hasPrefix("  "), !line.hasPrefix("   ") else { return nil }
    return line.split(separator: " ").first.map(String.init)
  }
}

@Suite struct HelpTests {
  @Test func printsItsVersionOnStandardOutput() throws {
    for words in [["--version"], ["version"]] {
      let run = try LakeBinary.run(words)
      #expect(run.status == 0 && run.talk.isEmpty)
      #expect(run.output.wholeMatch(of: /lake \d+\.\d+\.\d+\n/) != nil)
    }
  }

  @Test func withoutWordsItShowsTheOverviewAsAUsageError() throws {
    let run = try LakeBinary.run([])
    #expect(run.status == 64 && run.output.isEmpty && run.talk.contains("completions"))
  }

  @Test func everyListedCommandHasAHelpScreenWithAnExample() throws {
    let commands = try listedCommands()
    #expect(commands.contains("completions"))
    for command in commands {
      let run = try LakeBinary.run([command, "--help"])
      #expect(run.status == 0 && run.talk.isEmpty, "\(command)")
      #expect(run.output.contains("lake \(command)"), "\(command)")
      #expect(try LakeBinary.run(["help", command]).output == run.output, "\(command)")
      for line in run.output.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
    }
  }

  /// Commands that change a lake's data, and those that name the output table.
  private static let changing: Set = [
    "bars", "download", "options", "ledger", "resample", "compact", "dedup", "alter", "restore",
    "run", "ingest",
  ]
  private static let storing: Set = ["bars", "ingest", "download", "resample"]

  @Test(arguments: [("plan", "dry-run", changing), ("as", "table", storing)])
  func aMeaningHasOneFlagInAllCommandsAndOneAlias(
    flag: String, alias: String, having: Set<String>
  ) throws {
    for command in try listedCommands() where command != "completions" {
      let help = try LakeBinary.run([command, "--help"]).output
      let words = Set(help.split { " ,.;:()'\n".contains($0) })
      // The line may be wrapped within it.
      let shown = help.split { " \n".contains($0) }.joined(separator: " ")
      let isThere = help.contains("\n  --\(flag) ")
      #expect(isThere == having.contains(command), "\(command) --\(flag)")
      #expect(words.contains("--\(alias)") == isThere, "\(command) --\(alias)")
      #expect(shown.ranges(of: "(alias: --\(alias))").count == (isThere ? 1 : 0), "\(command)")
      // It is accepted by the command with the flag, and by no other.
      let value = flag == "as" ? ["raw.x"] : []
      let run = try LakeBinary.run([command, "--\(alias)"] + value + ["--no-such-flag"])
      #expect(run.status == 64)
      #expect(
        run.talk.contains("unknown flag '--\(isThere ? "no-such-flag" : alias)'"), "\(run.talk)")
    }
  }

  @Test func offersTheNearestCommand() throws {
    let run = try LakeBinary.run(["completoins", "bash"])
    #expect(run.status == 64 && run.output.isEmpty)
    #expect(run.talk.hasPrefix("error: unknown command 'completoins'\n"))
    #expect(run.talk.contains("  try: ") && run.talk.contains("completions"))
  }

  @Test func refusesAnUnknownFlagOfEveryCommand() throws {
    for command in try listedCommands() {
      let run = try LakeBinary.run([command, "--no-such-flag"])
      #expect(run.status == 64 && run.talk.contains("--no-such-flag"), "\(command)")
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func completionsNameEveryCommand(shell: String) throws {
    let run = try LakeBinary.run(["completions", shell])
    #expect(run.status == 0 && run.talk.isEmpty)
    for command in try listedCommands() { #expect(run.output.contains(command), "\(command)") }
  }

  @Test func bashTakesItsCompletions() throws {
    let script = try LakeBinary.run(["completions", "bash"]).output
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    let file = scratch.url.appending(path: "lake.bash")
    try Data(script.utf8).write(to: file)
    let bash = Process()
    bash.executableURL = URL(filePath: "/bin/bash")
    bash.arguments = ["-n", file.path]
    try bash.run()
    bash.waitUntilExit()
    #expect(bash.terminationStatus == 0)
  }
}
