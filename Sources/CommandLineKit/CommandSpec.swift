/// One verb of the program: arguments → plan → print → apply.
public protocol Command: Sendable {
  /// What help, completions and the parser are made from.
  static var spec: CommandSpec { get }
  /// Takes what it needs out of the arguments; what is left over is a usage error.
  init(_ arguments: inout Arguments) throws(UsageError)
  /// Whether standard output is for rows alone: what `--json` says about them goes to standard error.
  var printsRows: Bool { get }
  func run(in context: Context) throws -> ExitStatus
}

extension Command {
  /// false.
  public var printsRows: Bool { false }
}

/// A flag of a command.
public struct FlagSpec: Sendable {
  /// Without the dashes.
  public let name: String
  /// Other names that are taken for it, without the dashes. A meaning has the same ones in every command: what
  /// several commands have is declared here, once.
  public let aliases: [String]
  /// One letter for daily use, without the dash.
  public let short: Character?
  /// Name of the value in help, like `DIR`; nil for a switch. `a|b|c` lists all values there are.
  public let valueName: String?
  /// What the help says of it.
  public let help: String
  /// May be given more than once.
  public let isRepeatable: Bool

  private init(
    _ name: String, aliases: [String] = [], short: Character? = nil, valueName: String? = nil,
    help: String, isRepeatable: Bool = false
  ) {
    self.name = name
    self.aliases = aliases
    self.short = short
    self.valueName = valueName
    self.help = help
    self.isRepeatable = isRepeatable
  }

  /// A flag that is there or not.
  public static func `switch`(_ name: String, short: Character? = nil, help: String) -> FlagSpec {
    FlagSpec(name, short: short, help: help)
  }

  /// A flag with a value.
  public static func option(
    _ name: String, _ valueName: String, short: Character? = nil, repeatable: Bool = false,
    help: String
  ) -> FlagSpec {
    FlagSpec(name, short: short, valueName: valueName, help: help, isRepeatable: repeatable)
  }

  /// `--plan`, which a command has that changes what a lake holds: it says what would be done, and stops.
  public static func plan(help: String) -> FlagSpec {
    FlagSpec("plan", aliases: ["dry-run"], help: help)
  }

  /// `--as`, the table that rows go into.
  public static func outputTable(help: String) -> FlagSpec {
    FlagSpec("as", aliases: ["table"], valueName: "TABLE", help: help)
  }

  /// All names that it goes by.
  public var names: [String] { [name] + aliases }

  /// The values it may have, where its value name lists them.
  public var choices: [String] {
    guard let valueName, valueName.contains("|") else { return [] }
    return valueName.split(separator: "|").map(String.init)
  }
}

/// A word of a command that is not a flag.
public struct OperandSpec: Sendable {
  /// Like `TABLE`; `check|show` lists all words there are.
  public let name: String
  /// One sentence, for `--help`.
  public let help: String
  /// Whether it may be left out.
  public let isOptional: Bool
  /// Whether it may be given more than once.
  public let isRepeated: Bool

  /// What a command takes besides flags.
  public init(_ name: String, help: String, isOptional: Bool = false, isRepeated: Bool = false) {
    self.name = name
    self.help = help
    self.isOptional = isOptional
    self.isRepeated = isRepeated
  }

  /// As it stands in a usage line.
  var usage: String {
    let word = name + (isRepeated ? "…" : "")
    return isOptional ? "[" + word + "]" : word
  }

  var choices: [String] {
    name.contains("|") ? name.split(separator: "|").map(String.init) : []
  }
}

/// A line that can be typed, and what it does.
public struct Example: Sendable {
  /// The command line, whole.
  public let line: String
  /// What it does.
  public let what: String

  /// An example for the help.
  public init(_ line: String, _ what: String) {
    self.line = line
    self.what = what
  }
}

/// The declaration of a command.
public struct CommandSpec: Sendable {
  /// As it is typed; several words where it belongs to another.
  public let name: String
  /// One sentence.
  public let summary: String
  /// What it takes besides flags, in order.
  public let operands: [OperandSpec]
  /// Its flags; those that every command has are not among them.
  public let flags: [FlagSpec]
  /// Paragraphs after the flags.
  public let notes: [String]
  /// For the help.
  public let examples: [Example]
  /// Whether it works on a lake: `--lake` matters to it.
  public let usesLake: Bool

  /// What a command takes, and what its help says.
  public init(
    name: String, summary: String, operands: [OperandSpec] = [], flags: [FlagSpec] = [],
    notes: [String] = [], examples: [Example] = [], usesLake: Bool = true
  ) {
    self.usesLake = usesLake
    self.name = name
    self.summary = summary
    self.operands = operands
    self.flags = flags
    self.notes = notes
    self.examples = examples
  }

  /// Flags that every command takes, before or after the verb.
  public static let commonFlags: [FlagSpec] = [
    .option(
      "lake", "DIR", help: "The lake to use (else LAKE_ROOT, else the nearest lake.yaml upward)."),
    .switch("json", help: "Print one JSON object a line; the last is the summary."),
    .switch("quiet", short: "q", help: "Print errors only."),
    .switch("verbose", short: "v", help: "Say why things were done or skipped."),
    .option("color", "auto|always|never", help: "Colour on standard error and in tables."),
    .option("progress", "auto|never", help: "The progress line (auto: on a terminal only)."),
    .switch("help", short: "h", help: "Show this help."),
  ]
}

/// Commands that belong together in the list of all.
public struct CommandGroup: Sendable {
  /// What the help calls the group.
  public let title: String
  /// The commands, in the help's order.
  public let commands: [any Command.Type]

  /// Commands that the help lists together.
  public init(_ title: String, _ commands: [any Command.Type]) {
    self.title = title
    self.commands = commands
  }
}
