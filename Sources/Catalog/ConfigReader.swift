import Platform

/// Reads a configuration by its declarations, and collects values and mistakes.
struct ConfigReader {
  /// Mistakes that are reported at most.
  static let errorCountMax = 50

  let path: String
  let environment: [String: String]
  private(set) var settings: [LakeConfig.Setting] = []
  private(set) var errors: [CatalogError] = []

  init(path: String, environment: [String: String]) {
    self.path = path
    self.environment = environment
  }

  mutating func read(_ root: YAMLNode) {
    group(root, ConfigKey.root, prefix: "")
    errors.sort { ($0.place.line ?? 0) < ($1.place.line ?? 0) }
  }

  private mutating func group(_ node: YAMLNode, _ keys: [ConfigKey], prefix: String) {
    guard let entries = entries(node, prefix: prefix) else { return }
    for entry in entries where !keys.contains(where: { $0.name == entry.key }) {
      let place = prefix.isEmpty ? "" : " in '\(prefix.dropLast())'"
      fail(
        "unknown key '\(entry.key)'\(place)", entry.keyLine,
        NearestNames.question(entry.key, among: keys.map(\.name))
          ?? "known keys are " + keys.map { "'\($0.name)'" }.joined(separator: ", "))
    }
    for key in keys {
      let value = entries.first { $0.key == key.name }?.value
      if let variable = key.variable, let text = environment[variable], !text.isEmpty {
        single(text, key, prefix + key.name, variable: variable)
      } else if let value, !value.isNull {
        self.value(value, key.shape, prefix + key.name)
      } else {
        absent(key, prefix, line: node.line)
      }
    }
  }

  private func entriesOrNil(_ node: YAMLNode) -> [YAMLNode.Entry]? {
    node.isNull ? [] : node.entries
  }

  private mutating func entries(_ node: YAMLNode, prefix: String) -> [YAMLNode.Entry]? {
    if let entries = entriesOrNil(node) { return entries }
    let name = prefix.isEmpty ? "the file" : "'\(prefix.dropLast())'"
    fail("\(name) is \(node.kindName), expected a group of keys", node.line)
    return nil
  }

  /// A value from the environment.
  private mutating func single(
    _ text: String, _ key: ConfigKey, _ name: String, variable: String
  ) {
    guard case .value(let kind) = key.shape else { return }
    if let problem = kind.problem(with: text) {
      errors.append(
        CatalogError(
          .badConfig, "'\(variable)' is '\(kind.shown(text))', expected \(problem.expected)",
          place: .init(path: "environment"), remedy: problem.remedy ?? "unset \(variable)"))
      return
    }
    settings.append(
      .init(key: name, values: [text], isList: false, origin: .environment(variable)))
  }

  /// A key that the file lacks: its default, or those of the keys below it.
  private mutating func absent(_ key: ConfigKey, _ prefix: String, line: Int) {
    if key.isRequired {
      let place = prefix.isEmpty ? "" : " in '\(prefix.dropLast())'"
      fail("key '\(key.name)' is missing\(place)", line)
    }
    if let text = key.defaultText {
      let isList = text.hasPrefix("[")
      let values =
        isList
        ? text.dropFirst().dropLast().split(separator: ",").map {
          String($0.drop { $0 == " " })
        } : [text]
      settings.append(
        .init(key: prefix + key.name, values: values, isList: isList, origin: .standard))
    }
    if case .group(let keys) = key.shape {
      group(YAMLNode(content: .mapping([]), line: line), keys, prefix: prefix + key.name + ".")
    }
  }

  private mutating func value(_ node: YAMLNode, _ shape: ConfigShape, _ name: String) {
    switch shape {
    case .value(let kind):
      guard let text = node.text else {
        fail("'\(name)' is \(node.kindName), expected a single value", node.line)
        return
      }
      if check(text, kind, name, node.line) {
        settings.append(
          .init(key: name, values: [text], isList: false, origin: .line(node.line)))
      }
    case .list(let kind): list(node, kind, name)
    case .groups(let keys): groups(node, keys, name)
    case .ruledGroups(let keys, let rule):
      groups(node, keys, name)
      for mistake in rule(node.items ?? []) {
        fail("\(mistake.message) in '\(name)[\(mistake.item)]'", mistake.line, mistake.remedy)
      }
    case .openGroups(let keys):
      for (index, item) in (items(node, name) ?? []).enumerated() {
        openGroup(item, keys, prefix: "\(name)[\(index)].")
      }
    case .group(let keys): group(node, keys, prefix: name + ".")
    case .named(let kind, let keys):
      for entry in entries(node, prefix: name + ".") ?? []
      where check(entry.key, kind, name, entry.keyLine) {
        group(entry.value, keys, prefix: name + "." + entry.key + ".")
      }
    case .valueByName(let nameKind, let kind):
      for entry in entries(node, prefix: name + ".") ?? []
      where check(entry.key, nameKind, name, entry.keyLine) {
        value(entry.value, .value(kind), name + "." + entry.key)
      }
    }
  }

  private mutating func groups(_ node: YAMLNode, _ keys: [ConfigKey], _ name: String) {
    guard let items = items(node, name) else { return }
    for (index, item) in items.enumerated() {
      group(item, keys, prefix: "\(name)[\(index)].")
    }
  }

  /// A group that may have undeclared keys: any value, or list of values.
  private mutating func openGroup(_ node: YAMLNode, _ keys: [ConfigKey], prefix: String) {
    guard let entries = entries(node, prefix: prefix) else { return }
    let known = entries.filter { entry in keys.contains { $0.name == entry.key } }
    group(YAMLNode(content: .mapping(known), line: node.line), keys, prefix: prefix)
    for entry in entries where !keys.contains(where: { $0.name == entry.key }) {
      let shape: ConfigShape = entry.value.items == nil ? .value(.text) : .list(.text)
      value(entry.value, shape, prefix + entry.key)
    }
  }

  private mutating func list(_ node: YAMLNode, _ kind: ConfigValueKind, _ name: String) {
    guard let items = items(node, name) else { return }
    var values: [String] = []
    for item in items {
      guard let text = item.text else {
        fail("'\(name)' holds \(item.kindName), expected single values", item.line)
        continue
      }
      if check(text, kind, name, item.line) { values.append(text) }
    }
    if items.isEmpty { fail("'\(name)' is an empty list", node.line) }
    settings.append(.init(key: name, values: values, isList: true, origin: .line(node.line)))
  }

  private mutating func items(_ node: YAMLNode, _ name: String) -> [YAMLNode]? {
    if let items = node.items { return items }
    fail(
      "'\(name)' is \(node.kindName), expected a list", node.line, "- one item a line, or [a, b]")
    return nil
  }

  private mutating func check(_ text: String, _ kind: ConfigValueKind, _ name: String, _ line: Int)
    -> Bool
  {
    guard let problem = kind.problem(with: text) else { return true }
    fail("'\(name)' is '\(kind.shown(text))', expected \(problem.expected)", line, problem.remedy)
    return false
  }

  private mutating func fail(_ message: String, _ line: Int, _ remedy: String? = nil) {
    if errors.count >= Self.errorCountMax { return }
    errors.append(
      CatalogError(.badConfig, message, place: .init(path: path, line: line), remedy: remedy))
  }
}
