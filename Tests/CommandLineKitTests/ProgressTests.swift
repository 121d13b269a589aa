import Foundation
import Platform
import Testing

@testable import CommandLineKit

// Glibc's module leaves these out.
@_silgen_name("posix_openpt") private func openTerminal(_ flags: Int32) -> Int32
@_silgen_name("grantpt") private func grantpt(_ descriptor: Int32) -> Int32
@_silgen_name("unlockpt") private func unlockpt(_ descriptor: Int32) -> Int32
@_silgen_name("ptsname") private func ptsname(_ descriptor: Int32) -> UnsafePointer<CChar>?

/// A pseudo-terminal whose other end the test reads.
private final class PseudoTerminal {
  let primary: Int32
  let secondary: Int32
  private let name: String

  init() throws {
    primary = openTerminal(O_RDWR | O_NOCTTY)
    try #require(primary >= 0 && grantpt(primary) == 0 && unlockpt(primary) == 0)
    name = String(cString: try #require(ptsname(primary)))
    secondary = open(name, O_RDWR | O_NOCTTY)
    try #require(secondary >= 0)
    try resize(columns: 100)
  }

  deinit {
    close(secondary)
    close(primary)
  }

  func resize(columns: Int) throws {
    let stty = Process()
    stty.executableURL = URL(filePath: "/usr/bin/stty")
    stty.arguments = ["-F", name, "cols", String(columns)]
    try stty.run()
    stty.waitUntilExit()
    #expect(stty.terminationStatus == 0)
  }

  /// What was written within a time limit.
  func read(milliseconds: Int) -> String {
    var bytes: [UInt8] = []
    let end = Clock.monotonicSeconds() + Double(milliseconds) / 1000
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while Clock.monotonicSeconds() < end {
      var watched = pollfd(fd: primary, events: Int16(POLLIN), revents: 0)
      if poll(&watched, 1, 10) > 0 {
        let count = Foundation.read(primary, &buffer, buffer.count)
        if count > 0 { bytes += buffer[..<count] }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  func context(_ options: CommonOptions = CommonOptions()) -> Context {
    Context(
      output: TextOutput(descriptor: nil), stderr: TextOutput(descriptor: secondary),
      environment: ["NO_COLOR": "1"], workingDirectory: "/", programName: "lake", options: options)
  }
}

/// What a terminal shows after the bytes, without wrapping: its lines, and the last line drawn.
private func screen(_ text: String) -> [String] {
  var lines = [[Character]]()
  var line: [Character] = []
  var column = 0
  var rest = Substring(text)
  while let character = rest.popFirst() {
    switch character {
    case "\r\n":
      lines.append(line)
      line = []
      column = 0
    case "\r": column = 0
    case "\u{1B}":
      #expect(rest.hasPrefix("[J"))
      rest.removeFirst(2)
      line.removeSubrange(column...)
    default:
      if column < line.count { line[column] = character } else { line.append(character) }
      column += 1
    }
  }
  return (lines + [line]).map { String($0) }
}

@Suite(.serialized) struct ProgressTests {
  @Test func drawsAtMostTenTimesASecondAndCleansUp() throws {
    let terminal = try PseudoTerminal()
    let progress = ProgressReporter(
      terminal.context(), verb: "ingest", fileTotal: 2, byteTotal: 1000)
    progress.beginFile("a.dbn")
    progress.addRows(1234)
    progress.addBytes(500)
    let drawn = terminal.read(milliseconds: 1000)
    let count = drawn.components(separatedBy: "\u{1B}[J").count - 1
    #expect((2...11).contains(count), "\(count) drawings")
    let line = try #require(screen(drawn).last)
    #expect(line.hasPrefix("ingest  1 of 2  50%  1,234 rows"))
    #expect(line.hasSuffix("a.dbn"))
    progress.finish()
    #expect(screen(drawn + terminal.read(milliseconds: 50)) == [""])
  }

  @Test func staysWholeAfterAnErrorLineAndAResize() throws {
    let terminal = try PseudoTerminal()
    let context = terminal.context()
    let progress = ProgressReporter(context, verb: "ingest", fileTotal: 9)
    progress.beginFile(String(repeating: "long", count: 10) + ".dbn")
    var drawn = terminal.read(milliseconds: 300)
    context.report(UsageError(.badValue, "row 3 is bad"))
    progress.addErrors()
    drawn += terminal.read(milliseconds: 300)
    let lines = screen(drawn)
    #expect(lines.first == "error: row 3 is bad" && lines.count == 2)
    #expect(lines.last?.contains("1 error") == true)
    try terminal.resize(columns: 30)
    let after = try #require(screen(terminal.read(milliseconds: 400)).last)
    #expect(after.count <= 29 && after.hasPrefix("ingest  1 of 9"))
    progress.finish()
  }

  @Test func drawsNothingWhereItIsNotWanted() throws {
    for change in [\CommonOptions.isQuiet, nil] as [WritableKeyPath<CommonOptions, Bool>?] {
      let terminal = try PseudoTerminal()
      var options = CommonOptions()
      if let change { options[keyPath: change] = true } else { options.progress = "never" }
      let progress = ProgressReporter(terminal.context(options), verb: "ingest", fileTotal: 1)
      progress.beginFile("a")
      #expect(terminal.read(milliseconds: 300).isEmpty)
      progress.finish()
    }
  }

  @Test func forgettingToFinishEndsTheThread() throws {
    let terminal = try PseudoTerminal()
    do { _ = ProgressReporter(terminal.context(), verb: "ingest", fileTotal: 1) }
    _ = terminal.read(milliseconds: 300)
    #expect(terminal.read(milliseconds: 300).isEmpty)
  }
}
