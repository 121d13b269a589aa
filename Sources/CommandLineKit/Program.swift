import Glibc
import Platform

/// The program: finds the command, runs it, and turns what happens into an exit status.
public struct Program: Sendable {
  /// As it is typed.
  public let name: String
  /// Like `0.1.0`.
  public let version: String
  /// What it is, in a line.
  public let summary: String
  /// The commands, as the help lists them.
  public let groups: [CommandGroup]
  /// Words for completions, by operand: `TABLE` is completed by what `lake tables --names` prints.
  public let completionSources: [String: String]
  /// Called before a command runs: for what is wired to its context.
  public let willRun: @Sendable (Context) -> Void

  /// A program of these commands.
  public init(
    name: String, version: String, summary: String, groups: [CommandGroup],
    completionSources: [String: String] = [:],
    willRun: @escaping @Sendable (Context) -> Void = { _ in }
  ) {
    self.name = name
    self.version = version
    self.summary = summary
    self.groups = groups
    self.completionSources = completionSources
    self.willRun = willRun
  }

  private var commands: [any Command.Type] { groups.flatMap(\.commands) }

  /// Commands in the order of the list, with those that every program has.
  var specs: [CommandSpec] { commands.map { $0.spec } + [Self.completionsSpec] }

  static let completionsSpec = CommandSpec(
    name: "completions", summary: "Print a completion script for a shell.",
    operands: [OperandSpec("bash|zsh|fish", help: "The shell.")],
    examples: [
      Example("source <(lake completions bash)", "complete in this bash"),
      Example(
        "lake completions fish > ~/.config/fish/completions/lake.fish", "complete in every fish"),
    ])

  /// Words that stand in place of a command.
  private static let otherSpecs = [
    CommandSpec(
      name: "help", summary: "Show all commands, or the flags and examples of one.",
      operands: [OperandSpec("COMMAND", help: "The command.", isOptional: true)],
      examples: [Example("lake help ingest", "its flags, notes and examples")]),
    CommandSpec(name: "version", summary: "Print the program's version."),
  ]

  /// Whether a command line could be run: its command, flags and their values are known here.
  ///
  /// - Parameter words: Without the program's name.
  public func check(_ words: [String]) throws(UsageError) {
    guard let verb = words.first else { throw UsageError(.missingOperand, "no command is named") }
    guard let type = commands.first(where: { $0.spec.name == verb }) else { throw unknown(verb) }
    var arguments = try Arguments(Array(words.dropFirst()), for: type.spec)
    _ = try type.init(&arguments)
    try arguments.finish()
  }

  /// Runs the process's own command line and returns its exit status.
  ///
  /// Call it from a nonisolated function: closures made on the main actor must not run on other threads.
  public func runProcess() -> Int32 {
    Interruption.install()
    // Before anything changes it.
    _ = UserMask.value
    let words = Array(CommandLine.arguments.dropFirst())
    MemoryEnd.install(Self.memoryError(asJSON: words.contains("--json")))
    let status = run(
      words, environment: Self.processEnvironment(), workingDirectory: Self.processDirectory(),
      output: TextOutput(descriptor: STDOUT_FILENO), stderr: TextOutput(descriptor: STDERR_FILENO))
    return status.rawValue
  }

  /// Runs one command line.
  public func run(
    _ words: [String], environment: [String: String], workingDirectory: String,
    output: TextOutput, stderr: TextOutput
  ) -> ExitStatus {
    var setting = Setting(
      output: output, stderr: stderr, environment: environment, workingDirectory: workingDirectory,
      programName: name, lakeVerbs: Set(commands.map { $0.spec }.filter(\.usesLake).map(\.name)))
    var status: ExitStatus
    do throws(UsageError) {
      status = try dispatch(words, &setting)
    } catch {
      // `--json` counts even where the rest of the line cannot be understood.
      if words.contains("--json") { setting.options.isJSON = true }
      setting.context.report(error)
      status = .usage
    }
    output.flush()
    if output.isClosed { return .done }
    if output.failure != 0, status.rawValue < ExitStatus.failed.rawValue {
      setting.options.isJSON = false
      setting.context.report(OutputError(number: output.failure))
      status = .failed
    }
    return status
  }

  private func dispatch(_ words: [String], _ setting: inout Setting) throws(UsageError)
    -> ExitStatus
  {
    var before = WordParser(
      words: words, flags: CommandSpec.commonFlags + [.switch("version", help: "")], command: nil)
    try before.parse(stopAtOperand: true)
    setting.options.apply(before.values)
    if before.values["version"] != nil {
      setting.context.print("\(name) \(version)")
      return .done
    }
    var rest = before.operands + before.rest
    guard !rest.isEmpty else {
      if before.values["help"] != nil {
        setting.context.print(trimmed(overview))
        return .done
      }
      setting.context.stderr.write(overview)
      return .usage
    }
    let verb = rest.removeFirst()
    if before.values["help"] != nil { rest.append("--help") }
    if verb == "help" { return try help(rest, setting.context) }
    if verb == "version" {
      setting.context.print("\(name) \(version)")
      return .done
    }
    guard let spec = specs.first(where: { $0.name == verb }) else { throw unknown(verb) }
    if asksForHelp(rest, spec) {
      setting.context.print(trimmed(HelpScreen.command(spec)))
      return .done
    }
    var arguments = try Arguments(rest, for: spec)
    setting.options.apply(arguments.values)
    if verb == Self.completionsSpec.name {
      return try completions(&arguments, setting.context)
    }
    guard let type = commands.first(where: { $0.spec.name == verb }) else { throw unknown(verb) }
    let command = try type.init(&arguments)
    try arguments.finish()
    setting.printsRows = command.printsRows
    willRun(setting.context)
    return try perform(command, setting.context)
  }

  /// Runs the command; an error becomes a report and a status.
  private func perform(_ command: any Command, _ context: Context) throws(UsageError) -> ExitStatus
  {
    do {
      return try command.run(in: context)
    } catch let error as UsageError {
      throw error
    } catch is OutputClosed {
      return .done
    } catch is Interrupted {
      context.stderr.setStatus("")
      context.say("interrupted")
      endInterrupted(context)
      return .interrupted
    } catch {
      context.stderr.setStatus("")
      if context.output.isClosed { return .done }
      context.report(error)
      // What a pass finds wrong with its flags is as much a mistake of the command line as what the parser finds.
      let isUsage = (error as? any LakeError)?.codeText == "usage"
      guard context.isInterrupted else { return isUsage ? .usage : .failed }
      endInterrupted(context)
      return .interrupted
    }
  }

  /// The last line of a command that was stopped before it could sum up.
  private func endInterrupted(_ context: Context) {
    guard context.isJSON else { return }
    var summary = Summary()
    summary.add("interrupted", .flag(true))
    context.print(summary)
  }

  private func asksForHelp(_ words: [String], _ spec: CommandSpec) -> Bool {
    let words = words.prefix { $0 != "--" }
    return words.contains("--help")
      || words.contains("-h") && !spec.flags.contains { $0.short == "h" }
  }

  private func help(_ words: [String], _ context: Context) throws(UsageError) -> ExitStatus {
    guard let verb = words.first(where: { !$0.hasPrefix("-") }) else {
      context.print(trimmed(overview))
      return .done
    }
    guard let spec = (specs + Self.otherSpecs).first(where: { $0.name == verb }) else {
      throw unknown(verb)
    }
    context.print(trimmed(HelpScreen.command(spec)))
    return .done
  }

  private func completions(_ arguments: inout Arguments, _ context: Context) throws(UsageError)
    -> ExitStatus
  {
    let shell = try arguments.operand(Completions.shells.joined(separator: "|"))
    try arguments.finish()
    guard Completions.shells.contains(shell) else {
      throw UsageError(
        .badValue, "unknown shell '\(shell)', expected 'bash', 'zsh' or 'fish'",
        remedy: NearestNames.question(shell, among: Completions.shells)
          ?? "lake completions bash", command: "completions")
    }
    context.print(
      trimmed(Completions(commands: specs, sources: completionSources).script(shell: shell)))
    return .done
  }

  private var overview: String {
    HelpScreen.overview(
      summary: summary,
      groups: groups.map { ($0.title, $0.commands.map { $0.spec }) }
        + [("this program", [Self.completionsSpec])],
      version: version)
  }

  private func unknown(_ verb: String) -> UsageError {
    UsageError(
      .unknownCommand, "unknown command '\(verb)'",
      remedy: NearestNames.question(
        verb, among: (specs + Self.otherSpecs).map(\.name)) ?? "lake help")
  }

  private func trimmed(_ text: String) -> String {
    text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  /// What is said where the system gives no more memory; it has to be ready before.
  static func memoryError(asJSON: Bool) -> String {
    let message = "the system gives no more memory: what was not committed is not stored"
    let remedy =
      "fewer threads (--jobs 1) and less memory (--memory 64MB) where the command has these flags, or a higher limit of address space (ulimit -v)"
    if asJSON {
      return ErrorText.json(
        "error", message: message, code: "noMemory", place: nil, remedy: remedy) + "\n"
    }
    return ErrorText.lines("error:", message: message, placeLines: [], remedy: remedy)
  }

  static func processEnvironment() -> [String: String] {
    var environment: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "=") {
        environment[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      next += 1
    }
    return environment
  }

  static func processDirectory() -> String {
    guard let raw = getcwd(nil, 0) else { return "." }
    defer { free(raw) }
    return String(cString: raw)
  }
}

/// What a command line runs in.
private struct Setting {
  let output: TextOutput
  let stderr: TextOutput
  let environment: [String: String]
  let workingDirectory: String
  let programName: String
  let lakeVerbs: Set<String>
  var options = CommonOptions()
  var printsRows = false

  var context: Context {
    Context(
      output: output, stderr: stderr, environment: environment, workingDirectory: workingDirectory,
      programName: programName, lakeVerbs: lakeVerbs, printsRows: printsRows, options: options)
  }
}

/// Standard output could not be written.
struct OutputError: LakeError {
  let number: Int32
  var message: String { "standard output cannot be written: " + String(cString: strerror(number)) }
  let codeText = "unwritable"
  var placeText: String? { nil }
  var remedy: String? { number == ENOSPC ? "free some space, or write elsewhere" : nil }
}
