import Catalog
import Platform
import Tables

/// A pass as configured in `lake.yaml`.
public struct ConfiguredPass: Sendable {
  /// Which pass it is.
  public let kind: PassKind
  /// The table that it reads, and the parameters given.
  public let request: PassRequest
  /// Line of `lake.yaml`.
  public let line: Int?
  /// The tables that it fills.
  public let outputs: [TableName]

  /// All passes of a configuration, in the order in which they run: a pass runs after those that fill its
  /// input, those that remove duplicates run first, and other rewriting passes and reports run last.
  ///
  /// - Parameters:
  ///   - kinds: The passes that exist.
  ///   - rowKind: The record kind of a table; nil if unknown.
  /// - Returns: The valid passes, and all mistakes.
  public static func all(
    in config: LakeConfig, kinds: [PassKind], rowKind: (TableName) -> String? = { _ in nil }
  ) -> (passes: [ConfiguredPass], mistakes: [CatalogError]) {
    var passes: [ConfiguredPass] = []
    var mistakes: [CatalogError] = []
    for index in config.passIndices {
      let entry = ConfiguredEntry(config, index)
      let (pass, problems) = entry.pass(kinds, rowKind)
      mistakes += problems
      if let pass { passes.append(pass) }
    }
    mistakes += twice(passes, config) + changed(passes, config)
    let (ordered, cycle) = inOrder(passes)
    if let first = cycle.first {
      let names = cycle.flatMap(\.outputs).map(\.description).joined(separator: " → ")
      mistakes.append(
        CatalogError(
          .badConfig, "'passes': each of these is made of another: \(names)",
          place: .init(path: config.path, line: first.line),
          remedy: "let one of them read a table that is not made of the others"))
    }
    return (ordered, mistakes)
  }

  /// Two passes that fill one table would overwrite each other's results forever.
  private static func twice(
    _ passes: [ConfiguredPass], _ config: LakeConfig
  ) -> [CatalogError] {
    var known: [TableName: ConfiguredPass] = [:]
    var mistakes: [CatalogError] = []
    for pass in passes {
      for output in pass.outputs {
        if let other = known[output] {
          mistakes.append(
            CatalogError(
              .badConfig,
              "'passes': '\(output)' is made by two passes"
                + (other.line.map { ", the other one in line \($0)" } ?? ""),
              place: .init(path: config.path, line: pass.line),
              remedy: "as: another name, or leave one out"))
        }
        known[output] = known[output] ?? pass
      }
    }
    return mistakes
  }

  /// Rows that one pass makes, another one may not take away.
  private static func changed(
    _ passes: [ConfiguredPass], _ config: LakeConfig
  ) -> [CatalogError] {
    passes.filter { $0.kind.changesInput($0.request) }.compactMap { pass in
      guard
        let maker = passes.first(where: {
          $0.kind.effect == .derive && $0.outputs.contains(pass.request.table)
        })
      else { return nil }
      return CatalogError(
        .badConfig,
        "'passes': '\(pass.request.table)' is made by '\(maker.kind.name)', which makes every row once",
        place: .init(path: config.path, line: pass.line),
        remedy: "a table that files are ingested into: \(maker.request.table)")
    }
  }

  /// - Returns: Passes in an order in which they can run, and those that form a cycle.
  private static func inOrder(
    _ passes: [ConfiguredPass]
  ) -> (ordered: [ConfiguredPass], cycle: [ConfiguredPass]) {
    var left = passes.filter { $0.kind.effect == .derive }
    let others = passes.filter { $0.kind.effect != .derive }
    // No derived table is among those whose rows are changed.
    var ordered = others.filter { $0.kind.changesInput($0.request) }
    let last = others.filter { !$0.kind.changesInput($0.request) }
    while !left.isEmpty {
      let waited = Set(left.flatMap(\.outputs))
      let ready = left.filter { !waited.contains($0.request.table) }
      if ready.isEmpty { return (ordered + last, left) }
      ordered += ready
      left.removeAll { !waited.contains($0.request.table) }
    }
    return (ordered + last, [])
  }

  /// The passes needed to bring a table up to date, its own included; if no pass fills the table, those that
  /// depend on it.
  public static func choose(
    _ table: TableName, among passes: [ConfiguredPass]
  ) -> [ConfiguredPass] {
    var wanted: Set<TableName> = [table]
    if passes.contains(where: { $0.outputs.contains(table) }) {
      for pass in passes.reversed() where pass.outputs.contains(where: wanted.contains) {
        wanted.insert(pass.request.table)
      }
      return passes.filter { $0.outputs.contains(where: wanted.contains) }
    }
    return passes.filter { pass in
      guard wanted.contains(pass.request.table) else { return false }
      wanted.formUnion(pass.outputs)
      return true
    }
  }
}

/// One entry of `passes:`.
private struct ConfiguredEntry {
  private static let ownKeys = ["pass", "table"]

  private let config: LakeConfig
  private let prefix: String

  init(_ config: LakeConfig, _ index: Int) {
    self.config = config
    prefix = "passes[\(index)]."
  }

  private func line(_ key: String) -> Int? {
    guard case .line(let line)? = config.setting(prefix + key)?.origin else { return nil }
    return line
  }

  private func mistake(_ key: String, _ message: String, _ remedy: String?) -> CatalogError {
    CatalogError(
      .badConfig, "'\(prefix)\(key)': " + message,
      place: .init(path: config.path, line: line(key) ?? line("pass")), remedy: remedy)
  }

  func pass(
    _ kinds: [PassKind], _ rowKind: (TableName) -> String?
  ) -> (ConfiguredPass?, [CatalogError]) {
    guard let name = config.setting(prefix + "pass")?.text,
      let text = config.setting(prefix + "table")?.text,
      // An invalid name is reported when the file is read.
      let table = try? TableName(parsing: text)
    else { return (nil, []) }
    guard let kind = kinds.first(where: { $0.name == name }) else {
      let names = kinds.map(\.name)
      return (
        nil,
        [
          mistake(
            "pass", "there is no pass '\(name)'",
            NearestNames.question(name, among: names)
              ?? "passes are " + names.joined(separator: ", "))
        ]
      )
    }
    var (values, mistakes): ([String: [String]], [CatalogError]) = ([:], [])
    for setting in config.settings where setting.key.hasPrefix(prefix) {
      let key = String(setting.key.dropFirst(prefix.count))
      if Self.ownKeys.contains(key) { continue }
      guard let parameter = kind.parameters.first(where: { $0.name == key }) else {
        let names = Self.ownKeys + kind.parameters.map(\.name)
        mistakes.append(
          mistake(
            key, "pass '\(name)' has no such key",
            NearestNames.question(key, among: names) ?? "keys are " + names.joined(separator: ", "))
        )
        continue
      }
      if setting.values.count > 1, !parameter.isList {
        mistakes.append(
          mistake(
            key, "one value is expected, not \(setting.values.count)",
            "\(key): " + parameter.help))
      }
      mistakes += setting.values.compactMap { parameter.problem(with: $0) }
        .map { mistake(key, $0, "\(key): " + parameter.help) }
      values[key] = setting.values
    }
    if !mistakes.isEmpty { return (nil, mistakes) }
    let request = PassRequest(table: table, values: values)
    mistakes = kind.problems(request, rowKind(table)).map {
      mistake("table", $0.message, $0.remedy)
    }
    let pass = ConfiguredPass(
      kind: kind, request: request, line: line("pass"), outputs: kind.outputs(request, config))
    return (mistakes.isEmpty ? pass : nil, mistakes)
  }
}
