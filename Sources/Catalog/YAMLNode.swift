/// A value of a YAML file, with its line and column.
struct YAMLNode: Sendable {
  enum Content: Sendable {
    /// Text as written; if plain, it may be a number, a boolean or null; if quoted, it is text.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    case mapping([Entry])
  }

  struct Entry: Sendable {
    let key: String
    let keyLine: Int
    let value: YAMLNode
  }

  let content: Content
  /// From 1.
  let line: Int

  /// Empty, `~` or `null`.
  var isNull: Bool {
    if case .scalar(let text, true) = content { return ["", "~", "null"].contains(text) }
    return false
  }

  var text: String? {
    if case .scalar(let text, _) = content { return isNull ? nil : text }
    return nil
  }

  var items: [YAMLNode]? {
    if case .sequence(let items) = content { return items }
    return nil
  }

  var entries: [Entry]? {
    if case .mapping(let entries) = content { return entries }
    return nil
  }

  subscript(key: String) -> YAMLNode? { entries?.first { $0.key == key }?.value }

  /// The kind of value, for messages.
  var kindName: String {
    switch content {
    case .scalar: isNull ? "nothing" : "a single value"
    case .sequence: "a list"
    case .mapping: "a group of keys"
    }
  }
}
