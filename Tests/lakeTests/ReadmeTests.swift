import Foundation
import TestSupport
import Testing

/// Runs the transcripts of the README and of `schemas/guide`: each block of lines that begin with `$`, literally.
///
/// `tools/standin/… &` runs in the background, on a free port; `export` applies to the following lines. `…`
/// stands for anything within a line, and alone for any lines.
@Suite struct ReadmeTests {
  private struct Step {
    var line: String
    var said: [String] = []
  }

  private static let blocks: [[Step]] = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let guide = root.appending(path: "schemas/guide")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: guide.path)) ?? []
    let files =
      names.sorted().map { guide.appending(path: $0) } + [root.appending(path: "README.md")]
    let text = files.map { (try? String(contentsOf: $0, encoding: .utf8)) ?? "" }.joined()
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

  @Test func transcriptsOfTheReadmeAreReproduced() throws {
    #expect(Self.blocks.count > 5)
    for block in Self.blocks {
      let scratch = try ScratchFolder()
      defer { scratch.remove() }
      var shell = Shell(folder: scratch.url)
      defer { shell.stop() }
      for step in block {
        guard let said = try shell.run(step.line) else { break }
        // Table rows are padded; in the README trailing blanks are trimmed.
        let lines = said.components(separatedBy: "\n").map(Self.trimmed).dropLast()
        #expect(Self.agrees(lines, step.said.map(Self.trimmed)[...]), "\(step.line): \(lines)")
      }
    }
  }

  /// Whether the output agrees with the README.
  private static func agrees(_ lines: ArraySlice<String>, _ wanted: ArraySlice<String>) -> Bool {
    guard let first = wanted.first else { return lines.isEmpty }
    if first == "…" {
      return (lines.startIndex...lines.endIndex).contains {
        agrees(lines[$0...], wanted.dropFirst())
      }
    }
    guard let line = lines.first, fits(line, first) else { return false }
    return agrees(lines.dropFirst(), wanted.dropFirst())
  }

  private static func fits(_ line: String, _ wanted: String) -> Bool {
    if line == wanted { return true }
    let parts = wanted.components(separatedBy: "…")
    guard parts.count > 1, line.hasPrefix(parts[0]), line.hasSuffix(parts[parts.count - 1]) else {
      return false
    }
    var rest = line.dropFirst(parts[0].count)
    for part in parts.dropFirst().dropLast() {
      guard let found = rest.range(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.count >= parts[parts.count - 1].count
  }

  private static func trimmed(_ line: String) -> String {
    var line = line[...]
    while line.last == " " { line.removeLast() }
    return String(line)
  }
}

/// The environment of a transcript's commands.
private struct Shell {
  let folder: URL
  var environment: [String: String] = [:]
  var vendors: [MockVendor] = []
  /// Ports in the README, and the free ports used instead.
  var ports: [String: String] = [:]

  init(folder: URL) { self.folder = folder }

  func stop() { for vendor in vendors { vendor.stop() } }

  /// The output of a line; nil if a mock server cannot start on this machine.
  mutating func run(_ line: String) throws -> String? {
    var line = line
    for (port, free) in ports { line = line.replacingOccurrences(of: port, with: free) }
    var words = line.words
    if words[0] == "export" {
      for word in words.dropFirst() {
        let parts = word.split(
          separator: "=", maxSplits: 1, omittingEmptySubsequences: false
        ).map(String.init)
        environment[parts[0]] = parts[1]
      }
      return ""
    }
    if words[0].hasPrefix("tools/standin/") {
      return try start(&words).map { url in
        ports.reduce("listening on \(url)\n") {
          $0.replacingOccurrences(of: $1.value, with: $1.key)
        }
      }
    }
    try #require(words[0] == "lake", "only lake is run: \(line)")
    let run = try LakeBinary.run(Array(words.dropFirst()), in: folder, environment: environment)
    #expect(run.status <= 1 || run.talk.contains("error: "), "\(line): \(run.talk)")
    return ports.reduce(run.output + run.talk) {
      $0.replacingOccurrences(of: $1.value, with: $1.key)
    }
  }

  /// The server's address.
  private mutating func start(_ words: inout [String]) throws -> String? {
    words.removeAll { $0 == "&" }
    let index = words.firstIndex(of: "--port").map { $0 + 1 }
    let port = index.map { words[$0] }
    if let index { words[index] = "0" }
    guard let vendor = try MockVendor(script: words[0], Array(words.dropFirst()), in: folder) else {
      return nil
    }
    vendors.append(vendor)
    let url = vendor.url
    if let port, let free = url.split(separator: ":").last { ports[port] = String(free) }
    return url
  }
}
