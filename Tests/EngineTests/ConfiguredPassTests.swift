import Catalog
import Foundation
import Tables
import TestSupport
import Testing

@testable import Passes

/// Passes with nothing but their inputs and outputs.
private func kind(_ name: String, _ effect: PassEffect = .derive) -> PassKind {
  PassKind(
    name: name, effect: effect,
    parameters: [PassParameter("to", "TABLES", .table, help: "What it fills.")],
    outputs: { request, _ in
      (request.values["to"] ?? []).compactMap { try? TableName(parsing: $0) }
    },
    problems: { request, rowKind in
      rowKind == "odd" ? [PassProblem("'\(request.table)' is odd", remedy: "an even one")] : []
    },
    request: { _, _ in nil },
    job: { _, _ in throw PassError(.input, "it does not run") })
}

@Suite struct ConfiguredPassTests {
  private let folder = TemporaryFolder()

  private func passes(
    _ text: String, rowKind: (TableName) -> String? = { _ in nil }
  ) throws -> (passes: [ConfiguredPass], mistakes: [CatalogError]) {
    let path = folder.path + "/lake.yaml"
    try ("passes:\n" + text).write(toFile: path, atomically: true, encoding: .utf8)
    return ConfiguredPass.all(
      in: try LakeConfig(path: path, environment: [:]),
      kinds: [kind("make"), kind("merge", .rewrite)], rowKind: rowKind)
  }

  private func order(_ passes: [ConfiguredPass]) -> [String] {
    passes.map { "\($0.kind.name) \($0.request.table)" }
  }

  @Test func whatAPassReadsIsMadeBeforeItAndMergingComesLast() throws {
    let (passes, mistakes) = try passes(
      """
      - {pass: merge, table: raw.a}
      - {pass: make, table: derived.c, to: derived.d}
      - {pass: make, table: bars.b, to: derived.c}
      - {pass: make, table: raw.a, to: bars.b}
      - {pass: make, table: raw.x, to: bars.y}
      """)
    #expect(mistakes.isEmpty)
    #expect(
      order(passes) == [
        "make raw.a", "make raw.x", "make bars.b", "make derived.c", "merge raw.a",
      ])
    #expect(passes.map(\.line) == [5, 6, 4, 3, 2])
  }

  @Test func aTableIsChosenWithWhatItIsMadeOfAndASourceWithWhatIsMadeOfIt() throws {
    let all = try passes(
      """
      - {pass: make, table: raw.a, to: bars.b}
      - {pass: make, table: bars.b, to: derived.c}
      - {pass: make, table: bars.b, to: derived.d}
      - {pass: make, table: raw.x, to: bars.y}
      """
    ).passes
    func chosen(_ table: StaticString) -> [String] {
      order(ConfiguredPass.choose(TableName(table), among: all))
    }
    #expect(chosen("derived.c") == ["make raw.a", "make bars.b"])
    #expect(chosen("raw.a") == ["make raw.a", "make bars.b", "make bars.b"])
    #expect(chosen("raw.x") == ["make raw.x"])
    #expect(chosen("raw.z").isEmpty)
  }

  @Test func aCircleIsAMistakeThatNamesItsTables() throws {
    let (_, mistakes) = try passes(
      """
      - {pass: make, table: derived.b, to: derived.a}
      - {pass: make, table: derived.a, to: derived.b}
      """)
    #expect(mistakes.count == 1)
    #expect(mistakes[0].message.contains("derived.a → derived.b"))
    #expect(mistakes[0].place.line == 2)
  }

  @Test func oneTableIsMadeByOnePass() throws {
    let (_, mistakes) = try passes(
      """
      - {pass: make, table: raw.a, to: bars.b}
      - {pass: make, table: raw.c, to: bars.b}
      """)
    #expect(mistakes.map(\.place.line) == [3])
    #expect(mistakes[0].message.contains("line 2"))
  }

  @Test(arguments: [
    ("- {pass: mak, table: raw.a}", "no pass 'mak'", "did you mean 'make'?"),
    ("- {pass: make, table: raw.a, too: bars.b}", "no such key", "did you mean 'to'?"),
    ("- {pass: make, table: raw.a, to: B}", "layer", "What it fills."),
    ("- {pass: make, table: raw.a, to: [bars.b, bars.c]}", "one value", "What it fills."),
    ("- {pass: merge, table: raw.odd}", "is odd", "an even one"),
  ])
  func mistakesSayWhereAndWhatToTry(text: String, message: String, remedy: String) throws {
    let (passes, mistakes) = try passes(text) { $0.name == "odd" ? "odd" : nil }
    #expect(passes.isEmpty)
    let mistake = try #require(mistakes.first)
    #expect(mistake.message.contains(message), "\(mistake.message)")
    #expect((mistake.remedy ?? "").contains(remedy))
    #expect(mistake.place.line == 2)
  }

  @Test func everyRegisteredPassIsNamedOnceAndItsParametersToo() {
    let names = PassRegistry.all.map(\.name)
    #expect(Set(names).count == names.count)
    for kind in PassRegistry.all {
      let parameters = kind.parameters.map(\.name)
      #expect(Set(parameters).count == parameters.count)
      #expect(!parameters.contains("pass"))
    }
  }
}
