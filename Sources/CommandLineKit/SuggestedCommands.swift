import Platform

/// The command lines within a text for people, like `lake query raw.x`: where `--lake` was given, they get it too, so that
/// they work as they are copied.
struct SuggestedCommands: Sendable {
  /// Name of the program.
  let program: String
  /// Commands that work on a lake.
  let verbs: Set<String>
  /// The value of `--lake`.
  let lake: String?

  /// The text with `--lake` in each command line that lacks it.
  func completed(_ text: String) -> String {
    guard let lake, !verbs.isEmpty, text.utf8.count >= program.utf8.count,
      // Lines that repeat what the user typed have it.
      !text.contains("--lake")
    else { return text }
    let flag = "--lake \(ShellText.path(lake)) "
    var result = ""
    var rest = Substring(text)
    while let range = rest.range(of: program + " ") {
      let isWord = (rest[..<range.lowerBound].last ?? result.last).map(Self.endsBefore) ?? true
      result += rest[..<range.upperBound]
      rest = rest[range.upperBound...]
      let verb = rest.prefix { $0.isLetter }
      let after = rest[verb.endIndex...]
      if isWord, verbs.contains(String(verb)), !after.hasPrefix(" --help") { result += flag }
    }
    return result + rest
  }

  /// Whether a word can begin behind a character: in `/data/lake run` it is a path's last part.
  private static func endsBefore(_ character: Character) -> Bool {
    !(character.isLetter || character.isNumber || "/._-~".contains(character))
  }
}

extension Substring {
  /// The first occurrence of a text.
  fileprivate func range(of wanted: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      let candidate = self[start...]
      if candidate.hasPrefix(wanted) {
        return start..<index(start, offsetBy: wanted.count)
      }
      start = index(after: start)
    }
    return nil
  }
}
