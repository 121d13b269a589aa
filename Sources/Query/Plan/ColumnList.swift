/// Comma-separated names of columns.
public enum ColumnList {
  /// The names; nil if one is empty or a quote is not closed.
  ///
  /// A name in double quotes may hold commas, or nothing; a quote within it is doubled, as in CSV.
  public static func names(in text: String) -> [String]? {
    var names: [String] = []
    var rest = Substring(text)
    while true {
      guard let name = rest.first == "\"" ? takeQuoted(&rest) : takePlain(&rest) else { return nil }
      names.append(name)
      if rest.isEmpty { return names }
      guard rest.popFirst() == "," else { return nil }
    }
  }

  private static func takePlain(_ rest: inout Substring) -> String? {
    let name = rest.prefix { $0 != "," }
    rest = rest.dropFirst(name.count)
    return name.isEmpty ? nil : String(name)
  }

  private static func takeQuoted(_ rest: inout Substring) -> String? {
    rest.removeFirst()
    var name = ""
    while let character = rest.popFirst() {
      if character != "\"" {
        name.append(character)
      } else if rest.first == "\"" {
        name.append(character)
        rest.removeFirst()
      } else {
        return name
      }
    }
    return nil
  }
}
