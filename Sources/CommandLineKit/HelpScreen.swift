/// Help, made from the declarations alone: it cannot fail, even in a broken lake.
enum HelpScreen {
  static func usageLine(_ spec: CommandSpec) -> String {
    var line = "lake " + spec.name
    for operand in spec.operands { line += " " + operand.usage }
    return line + (spec.flags.isEmpty ? "" : " [FLAGS]")
  }

  /// The help of one command.
  static func command(_ spec: CommandSpec) -> String {
    var text = spec.summary + "\n\nusage: " + usageLine(spec) + "\n"
    if !spec.operands.isEmpty {
      text += "\n" + list(spec.operands.map { ($0.name, $0.help) })
    }
    if !spec.flags.isEmpty {
      text += "\nflags:\n" + list(spec.flags.map { (spelling($0), meaning($0)) })
    }
    text += "\nflags of every command:\n"
    text += list(CommandSpec.commonFlags.map { (spelling($0), $0.help) })
    for note in spec.notes { text += "\n" + wrapped(note, indent: 0, first: 0) }
    return text + examples(spec.examples)
  }

  /// The list of all commands.
  static func overview(
    summary: String, groups: [(title: String, commands: [CommandSpec])], version: String
  ) -> String {
    var text =
      "lake \(version): \(summary)\n\nusage: lake [--lake DIR] COMMAND [ARGUMENTS] [FLAGS]\n"
    let all = groups.flatMap { $0.commands.map(\.name) }
    let width = all.map(\.count).max() ?? 0
    for group in groups where !group.commands.isEmpty {
      text += "\n" + group.title + ":\n"
      text += list(group.commands.map { ($0.name, $0.summary) }, width: width)
    }
    text += "\nflags of every command:\n"
    text += list(CommandSpec.commonFlags.map { (spelling($0), $0.help) })
    return text + "\n'lake help COMMAND' shows a command's flags and examples.\n"
  }

  static func spelling(_ flag: FlagSpec) -> String {
    var text = flag.short.map { "-\($0), " } ?? ""
    text += "--" + flag.name
    if let valueName = flag.valueName { text += " " + valueName }
    return text
  }

  private static func meaning(_ flag: FlagSpec) -> String {
    if flag.aliases.isEmpty { return flag.help }
    return flag.help + " (alias: " + flag.aliases.map { "--" + $0 }.joined(separator: ", ") + ")"
  }

  private static func examples(_ examples: [Example]) -> String {
    if examples.isEmpty { return "" }
    var text = "\nexamples:\n"
    for example in examples {
      // A line that is too long goes on after a backslash, so that it can still be pasted.
      let lines = wrapped(example.line, indent: 4, first: 2, columnMax: columnMax - 2)
      text += lines.dropLast().split(separator: "\n").joined(separator: " \\\n") + "\n"
      text += wrapped(example.what, indent: 6, first: 6)
    }
    return text
  }

  /// Terms in a column, their meanings beside them.
  static func list(_ items: [(term: String, meaning: String)], width: Int? = nil) -> String {
    let longest = 28
    let width = width ?? items.map(\.term.count).filter { $0 <= longest }.max() ?? longest
    var text = ""
    for item in items {
      let term = "  " + item.term
      if item.term.count > width {
        text += term + "\n" + wrapped(item.meaning, indent: width + 4, first: width + 4)
      } else {
        text += term + String(repeating: " ", count: width + 4 - term.count)
        text += wrapped(item.meaning, indent: width + 4, first: 0)
      }
    }
    return text
  }

  static let columnMax = 100

  /// `text` in lines of at most `columnMax` columns, the first indented by `first`.
  static func wrapped(
    _ text: String, indent: Int, first: Int, columnMax: Int = columnMax
  ) -> String {
    var lines = ""
    var line = String(repeating: " ", count: first)
    var used = indent
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty, used + 1 + word.count > columnMax {
        lines += line + "\n"
        line = String(repeating: " ", count: indent)
        used = indent
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      used += (isEmpty ? 0 : 1) + word.count
      isEmpty = false
    }
    return lines + line + "\n"
  }
}
