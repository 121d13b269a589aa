import Foundation
import Testing

/// The README's transcripts: each block of lines that begin with `$` is run as it stands.
@Suite struct ReadmeTests {
  private struct Step {
    var line: String
    var said: [String] = []
  }

  private static let blocks: [[Step]] = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let text = (try? String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)) ?? ""
    return text.components(separatedBy: "```console\n").dropFirst().map { block in
      var steps: [Step] = []
      for line in block.components(separatedBy: "\n```")[0].components(separatedBy: "\n") {
        if line.hasPrefix("$ ") {
          steps.append(Step(line: String(line.dropFirst(2))))
        } else if !steps.isEmpty {
          steps[steps.count - 1].said.append(line)
        }
      }
      return steps
    }
  }()

  @Test func commandsOfTheReadmeAnswerAsItSays() throws {
    #expect(!Self.blocks.isEmpty)
    for block in Self.blocks {
      let scratch = try ScratchFolder()
      defer { scratch.remove() }
      for step in block {
        try #require(step.line.hasPrefix("lake "), "only lake is run: \(step.line)")
        let run = try LakeBinary.run(Array(step.line.words.dropFirst()), in: scratch.url)
        #expect(run.status <= 1, "\(step.line): \(run.talk)")
        // Lines of tables are padded; a README's end where their text does.
        let said = (run.output + run.talk).components(separatedBy: "\n").map(Self.trimmed)
        #expect(said.dropLast() == step.said.map(Self.trimmed)[...], "\(step.line)")
      }
    }
  }

  private static func trimmed(_ line: String) -> String {
    var line = line[...]
    while line.last == " " { line.removeLast() }
    return String(line)
  }
}
