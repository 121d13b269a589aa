import Catalog
import CommandLineKit
import Market
import Passes
import Platform

/// Validates the passes and the schedule of lake.yaml before they run: passes that cannot run, commands that do
/// not exist.
struct ConfiguredWork {
  private let config: LakeConfig
  private let lake: Lake?
  /// Record kinds of the existing tables, by name.
  private let tableKinds: [String: String]

  init(_ config: LakeConfig, in context: Context) throws {
    self.config = config
    var kinds: [String: String] = [:]
    lake = try context.findLakeIfAny()
    if let lake {
      // A table that cannot be read is skipped: the command that uses it reports the error.
      for name in lake.tableNames(failed: { _ in }) {
        // Skipped as above.
        let snapshot = try? lake.table(named: name.description).snapshot(applies: .allFeatures)
        kinds[name.description] = snapshot?.configuration[TableProperty.schema]
      }
    }
    tableKinds = kinds
  }

  /// All mistakes, in file order.
  func mistakes() -> [CatalogError] {
    var found = ConfiguredPass.all(
      in: config, kinds: PassRegistry.all, rowKind: { kind(of: $0.description) }
    ).mistakes
    for setting in config.settings {
      guard case .line(let line) = setting.origin else { continue }
      let problems: [Problem]
      if setting.key == "resample.intervals" {
        problems = intervals(setting.values)
      } else if setting.key.hasPrefix("passes["), setting.key.hasSuffix("].calendar") {
        problems = calendar(setting.text)
      } else if setting.key.hasPrefix("schedule["), setting.key.hasSuffix("].run") {
        problems = setting.values.flatMap(command) + time(setting)
      } else if setting.key.hasPrefix("schedule["), setting.key.hasSuffix("].timezone") {
        problems = zone(setting.text)
      } else {
        continue
      }
      found += problems.map { problem in
        CatalogError(
          .badConfig, "'\(setting.key)': " + problem.message,
          place: .init(path: config.path, line: line), remedy: problem.remedy)
      }
    }
    return found.sorted { ($0.place.line ?? 0) < ($1.place.line ?? 0) }
  }

  private typealias Problem = (message: String, remedy: String?)

  // MARK: - Passes

  private func intervals(_ texts: [String]) -> [Problem] {
    texts.compactMap { text in
      guard let interval = Interval.parse(text), !interval.dividesDay else { return nil }
      return (
        "bars of \(text) do not divide a day",
        "an interval that a day holds a whole number of, like 15s, 30m, 6h"
      )
    }
  }

  /// The record kind of a table, existing or derived from its name; nil if unknown.
  private func kind(of table: String) -> String? {
    if let kind = tableKinds[table] { return kind }
    let name = table.split(separator: ".").last.map(String.init) ?? table
    // Built-in schemas; if they cannot be read, names give no kind.
    let kinds = ((try? TableSchema.all()) ?? []).map(\.kind).filter {
      name == Self.snake($0) || name.hasSuffix("_" + Self.snake($0))
    }
    return kinds.max { $0.count < $1.count }
  }

  private static func snake(_ kind: String) -> String {
    String(kind.map { $0 == "-" ? "_" : $0 })
  }

  // MARK: - The schedule

  private func time(_ run: LakeConfig.Setting) -> [Problem] {
    let group = run.key.dropLast("run".count)
    if config.setting(group + "at") != nil || config.setting(group + "every") != nil { return [] }
    return [("nothing says when it runs", "at: \"06:30\", or every: 5m")]
  }

  private func zone(_ name: String) -> [Problem] {
    do {
      _ = try TimeZoneRules.named(name)
      return []
    } catch {
      return [(ErrorWords.message(error), ErrorWords.remedy(error))]
    }
  }

  private func calendar(_ name: String) -> [Problem] {
    do {
      _ = try ExchangeCalendar.named(name, in: lake)
      return []
    } catch {
      return [(error.message, error.remedy)]
    }
  }

  /// Mistakes in a command of this program; other commands are left to the shell.
  private func command(_ line: String) -> [Problem] {
    let words = Self.words(line)
    guard words.first == "lake" else { return [] }
    do throws(UsageError) {
      try lakeProgram().check(Array(words.dropFirst()))
    } catch {
      return [("'\(line)': " + error.message, error.remedy)]
    }
    // The command of a pass is validated like an entry of the passes.
    guard words.count > 2, let kind = PassRegistry.named(words[1]), !words[2].hasPrefix("-"),
      let table = try? TableName(parsing: words[2])
    else { return [] }
    return kind.problems(with: PassRequest(table: table), rowKind: self.kind(of: words[2]))
      .map { ($0.message, $0.remedy) }
  }

  /// The words of the first command of a line, up to the first shell operator, quotes removed.
  private static func words(_ line: String) -> [String] {
    var words: [String] = []
    for word in line.split(separator: " ") {
      if ["|", "&&", "||", ";", ">", ">>", "<", "&"].contains(String(word)) { break }
      words.append(word.filter { $0 != "'" && $0 != "\"" })
    }
    return words
  }
}

/// Message and remedy of any error.
private enum ErrorWords {
  static func message(_ error: any Error) -> String {
    (error as? any LakeError)?.message ?? "\(error)"
  }

  static func remedy(_ error: any Error) -> String? { (error as? any LakeError)?.remedy }
}
