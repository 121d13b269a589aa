import Platform

/// The words of a command line, sorted into flags and operands by a command's declaration.
///
/// `--flag value`, `--flag=value`, `-o FILE`, `-oFILE`, `-qv`; after `--` all words are operands; `-` is one.
public struct Arguments: Sendable {
  /// What the command takes.
  public let spec: CommandSpec
  var operands: [String] = []
  /// Values in the order given, by long name; a switch that is set has one empty value.
  var values: [String: [String]] = [:]
  /// The names by which flags were given, where those are aliases, by long name.
  var spellings: [String: String] = [:]

  /// Sorts `words` (without the program's name and the verb).
  public init(_ words: [String], for spec: CommandSpec) throws(UsageError) {
    self.spec = spec
    var parser = WordParser(
      words: words, flags: spec.flags + CommandSpec.commonFlags, command: spec.name)
    try parser.parse(stopAtOperand: false)
    operands = parser.operands
    values = parser.values
    spellings = parser.spellings
  }

  /// Takes the next operand.
  ///
  /// - Parameter what: The operand's name in the declaration, for the message when it is missing.
  public mutating func operand(_ what: String) throws(UsageError) -> String {
    if let word = try optionalOperand(what) { return word }
    throw UsageError(
      .missingOperand, "\(spec.name) needs \(what)", remedy: HelpScreen.usageLine(spec),
      command: spec.name)
  }

  /// Takes the next operand, if there is one.
  public mutating func optionalOperand(_ what: String) throws(UsageError) -> String? {
    if operands.isEmpty { return nil }
    try requireText(operands[0], what)
    return operands.removeFirst()
  }

  private func requireText(_ word: String, _ what: String) throws(UsageError) {
    if !word.isEmpty { return }
    throw UsageError(
      .badValue, "\(what) is empty", remedy: HelpScreen.usageLine(spec), command: spec.name)
  }

  /// Takes the next operand, which must be one of the words in `choices`.
  ///
  /// - Parameter choices: The operand's name in the declaration, like `check|show`.
  public mutating func operandChoice(_ choices: String) throws(UsageError) -> String {
    let word = try operand(choices)
    let words = choices.split(separator: "|").map(String.init)
    if words.contains(word) { return word }
    throw UsageError(
      .badValue,
      "unknown word '\(word)' after \(spec.name), expected "
        + words.map { "'\($0)'" }.joined(separator: " or "),
      remedy: NearestNames.question(word, among: words) ?? HelpScreen.usageLine(spec),
      command: spec.name)
  }

  /// Takes all operands that are left; at least `minimum`.
  public mutating func remainingOperands(_ what: String, minimum: Int = 0) throws(UsageError)
    -> [String]
  {
    if operands.count < minimum { _ = try operand(what) }
    for word in operands { try requireText(word, what) }
    defer { operands = [] }
    return operands
  }

  /// Takes the operand TABLE.
  public mutating func table() throws(UsageError) -> String { try operand("TABLE") }

  /// Throws when an operand is left that the command did not take.
  func finish() throws(UsageError) {
    guard let extra = operands.first else { return }
    throw UsageError(
      .unexpectedOperand, "unexpected argument '\(extra)'", remedy: HelpScreen.usageLine(spec),
      command: spec.name)
  }

  /// The values of a declared flag.
  func rawValues(_ name: String) -> [String] {
    precondition(
      (spec.flags + CommandSpec.commonFlags).contains { $0.name == name },
      "flag '\(name)' is not declared by '\(spec.name)'")
    return values[name] ?? []
  }
}

/// Sorts words into flags and operands.
struct WordParser {
  var words: [String]
  let flags: [FlagSpec]
  /// nil before the verb.
  let command: String?
  var operands: [String] = []
  var values: [String: [String]] = [:]
  private(set) var spellings: [String: String] = [:]
  private var position = 0

  init(words: [String], flags: [FlagSpec], command: String?) {
    self.words = words
    self.flags = flags
    self.command = command
  }

  /// What stands after the point where parsing stopped.
  var rest: [String] { Array(words[position...]) }

  /// - Parameter stopAtOperand: Leave the first operand, and all after it, in `rest`.
  mutating func parse(stopAtOperand: Bool) throws(UsageError) {
    while position < words.count {
      let word = words[position]
      if word == "--" {
        position += 1
        operands += words[position...]
        position = words.count
        return
      }
      if word.hasPrefix("--") {
        position += 1
        try takeLong(String(word.dropFirst(2)))
      } else if word.hasPrefix("-"), word != "-" {
        position += 1
        try takeShort(word)
      } else if stopAtOperand {
        return
      } else {
        operands.append(word)
        position += 1
      }
    }
  }

  private mutating func takeLong(_ text: String) throws(UsageError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    guard let flag = flags.first(where: { $0.names.contains(name) }) else {
      throw unknown("--" + name)
    }
    // Messages name it as it was written.
    spellings[flag.name] = name == flag.name ? nil : name
    if parts.count == 2 {
      if flag.valueName == nil { throw takesNoValue(flag) }
      try set(flag, String(parts[1]))
    } else if flag.valueName == nil {
      try set(flag, "")
    } else {
      try set(flag, nextValue(of: flag, written: "--" + name))
    }
  }

  /// `-v`, `-qv`, `-o FILE`, `-oFILE`.
  private mutating func takeShort(_ word: String) throws(UsageError) {
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      guard let flag = flags.first(where: { $0.short == letter }) else {
        throw unknown(word.count == 2 ? word : "-\(letter)")
      }
      if flag.valueName == nil {
        try set(flag, "")
      } else if letters.isEmpty {
        try set(flag, nextValue(of: flag, written: "-\(letter)"))
      } else {
        try set(flag, String(letters.first == "=" ? letters.dropFirst() : letters))
        return
      }
    }
  }

  private mutating func nextValue(of flag: FlagSpec, written: String) throws(UsageError) -> String {
    guard position < words.count, !words[position].hasPrefix("--") || words[position] == "--" else {
      let next = position < words.count ? ", found '\(words[position])'" : ""
      throw UsageError(
        .missingValue, "flag '\(written)' needs a value \(flag.valueName ?? "")\(next)",
        remedy: "--\(self.written(flag))=\(flag.valueName ?? "VALUE")", command: command)
    }
    defer { position += 1 }
    return words[position]
  }

  private mutating func set(_ flag: FlagSpec, _ value: String) throws(UsageError) {
    if value.isEmpty, let name = flag.valueName {
      // Most often a variable of a script that is not set.
      throw UsageError(
        .badValue, "flag '--\(written(flag))' is empty, expected \(name)",
        remedy: "--\(written(flag)) \(name), or leave the flag out", command: command)
    }
    let isCommon = CommandSpec.commonFlags.contains { $0.name == flag.name }
    if !flag.choices.isEmpty, !flag.choices.contains(value) {
      throw UsageError(
        .badValue,
        "flag '--\(written(flag))' is '\(value)', expected "
          + flag.choices.map { "'\($0)'" }.joined(separator: ", "),
        remedy: NearestNames.question(value, among: flag.choices)
          ?? "--\(written(flag)) \(flag.choices[0])", command: command)
    }
    if flag.valueName == nil || flag.isRepeatable {
      values[flag.name, default: []].append(value)
    } else if isCommon {
      values[flag.name] = [value]
    } else if let earlier = values[flag.name]?.first, earlier != value {
      throw UsageError(
        .repeatedFlag, "flag '--\(written(flag))' is given twice: '\(earlier)' and '\(value)'",
        remedy: "keep one of them", command: command)
    } else {
      values[flag.name] = [value]
    }
  }

  private func takesNoValue(_ flag: FlagSpec) -> UsageError {
    UsageError(
      .badValue, "flag '--\(written(flag))' takes no value", remedy: "--\(written(flag))",
      command: command)
  }

  /// A flag's name as it stands on the command line.
  private func written(_ flag: FlagSpec) -> String { spellings[flag.name] ?? flag.name }

  private func unknown(_ written: String) -> UsageError {
    // Every letter is near every other: only whole words are guessed.
    let known = written.hasPrefix("--") ? flags.flatMap { $0.names.map { "--" + $0 } } : []
    let help = command.map { "lake \($0) --help" } ?? "lake help"
    let index = command == nil ? " before the command" : ""
    return UsageError(
      .unknownFlag, "unknown flag '\(written)'\(index)",
      remedy: NearestNames.question(written, among: known) ?? help, command: command)
  }
}
