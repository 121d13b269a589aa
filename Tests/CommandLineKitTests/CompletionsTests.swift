import Foundation
import Platform
import Testing

@testable import CommandLineKit

@Suite struct CompletionsTests {
  private let program = Program(
    name: "lake", version: "1", summary: "samples",
    groups: [CommandGroup("commands", [SampleCommand.self, OtherCommand.self])],
    completionSources: ["TABLE": "tables --names"])

  private func script(_ shell: String) -> String {
    let output = TextOutput(descriptor: nil)
    let status = program.run(
      ["completions", shell], environment: [:], workingDirectory: "/", output: output,
      stderr: TextOutput(descriptor: nil))
    #expect(status == .done)
    return output.text
  }

  /// What bash would offer for the last of the words.
  private func offered(_ words: String...) throws -> [String] {
    let quoted = words.map { "'\($0)'" }.joined(separator: " ")
    let bash = Process()
    bash.executableURL = URL(filePath: "/bin/bash")
    bash.arguments = [
      "-c",
      script("bash") + """

        lake() { [ "$*" = "tables --names" ] && printf 'raw.one\\nraw.two\\n'; }
        COMP_WORDS=(lake \(quoted)); COMP_CWORD=\(words.count)
        _lake; printf '%s\\n' "${COMPREPLY[@]}"
        """,
    ]
    let pipe = Pipe()
    bash.standardOutput = pipe
    try bash.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    bash.waitUntilExit()
    #expect(bash.terminationStatus == 0)
    return text.split(separator: "\n").map(String.init)
  }

  @Test func bashOffersVerbsFlagsValuesAndTables() throws {
    #expect(try offered("sa") == ["sample"])
    #expect(try offered("--quiet", "ot") == ["other"])
    #expect(try offered("help", "sam") == ["sample"])
    #expect(try offered("sample", "--fo") == ["--format", "--force"])
    #expect(try offered("sample", "--format", "") == ["csv", "jsonl"])
    #expect(try offered("sample", "raw.t") == ["raw.two"])
    #expect(try offered("completions", "z") == ["zsh"])
    #expect(try offered("--color", "n") == ["never"])
  }

  @Test func theOtherShellsGetEveryVerbAndFlag() {
    for shell in ["zsh", "fish"] {
      let text = script(shell)
      for word in ["sample", "other", "completions", "limit", "format", "csv", "tables --names"] {
        #expect(text.contains(word), "\(shell): \(word)")
      }
    }
    #expect(script("fish").contains("-l output -r -d 'Where to.'"))
    #expect(script("zsh").contains("'--format=[Form of the output.]:format:(csv jsonl)'"))
  }
}

@Suite(.serialized) struct InterruptionTests {
  @Test func aSignalSetsTheFlag() {
    let arguments = (output: TextOutput(descriptor: nil), stderr: TextOutput(descriptor: nil))
    let context = Context(
      output: arguments.output, stderr: arguments.stderr, environment: [:], workingDirectory: "/",
      programName: "lake", options: CommonOptions())
    Interruption.install()
    #expect(!context.isInterrupted)
    // Tests run on threads that block signals.
    var termination = sigset_t()
    sigemptyset(&termination)
    sigaddset(&termination, SIGTERM)
    pthread_sigmask(SIG_UNBLOCK, &termination, nil)
    raise(SIGTERM)
    pthread_sigmask(SIG_BLOCK, &termination, nil)
    #expect(context.isInterrupted)
    #expect(throws: Interrupted.self) { try context.checkInterruption() }
    Interruption.reset()
    signal(SIGTERM, SIG_DFL)
    signal(SIGINT, SIG_DFL)
    #expect(!context.isInterrupted)
  }

  @Test func theWorseStatusWins() {
    #expect(CommandLineKit.ExitStatus.done.worse(.failed) == .failed)
    #expect(CommandLineKit.ExitStatus.failed.worse(.findings) == .failed)
  }

  @Test func warnsInWordsOrAsAJSONLine() {
    for isJSON in [false, true] {
      var options = CommonOptions()
      options.isJSON = isJSON
      let output = TextOutput(descriptor: nil)
      let stderr = TextOutput(descriptor: nil)
      let context = Context(
        output: output, stderr: stderr, environment: [:], workingDirectory: "/",
        programName: "lake",
        options: options)
      context.warn("odd", place: "here", remedy: "look")
      var table = TextTable([("A", .left)])
      table.add(["1"])
      context.print(table)
      var summary = Summary()
      summary.add("rows", .count(1))
      context.print(summary)
      if isJSON {
        #expect(
          output.text == #"{"type":"warning","message":"odd","place":"here","remedy":"look"}"#
            + "\nA\n1\n" + #"{"type":"summary","rows":1}"# + "\n")
        #expect(stderr.text.isEmpty)
      } else {
        #expect(stderr.text == "warning: odd\n  at: here\n  try: look\nrows  1\n")
        #expect(output.text == "A\n1\n")
      }
    }
  }

  @Test func operandsMayHaveToBeOneOfSomeWords() throws {
    let spec = CommandSpec(
      name: "config", summary: "x", operands: [OperandSpec("check|show", help: "What to do.")],
      flags: [.option("level", "N", help: "x"), .option("way", "W", help: "x")])
    var good = try Arguments(["show"], for: spec)
    #expect(try good.operandChoice("check|show") == "show")
    var bad = try Arguments(["shwo"], for: spec)
    let error = #expect(throws: UsageError.self) { try bad.operandChoice("check|show") }
    #expect(error?.message == "unknown word 'shwo' after config, expected 'check' or 'show'")
    #expect(error?.remedy == "did you mean 'show'?")
    let flags = try Arguments(["show", "--level", "1", "--way", "up"], for: spec)
    #expect(throws: UsageError.self) { try flags.requireAtMostOne(of: ["level", "way"]) }
    #expect(try flags.choice("way", of: ["up", "down"]) == "up")
    #expect(throws: UsageError.self) { try flags.choice("way", of: ["left"]) }
    #expect(try flags.integer("level") == 1)
  }
}
