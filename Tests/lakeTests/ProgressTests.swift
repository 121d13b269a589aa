import Foundation
import Testing

private let eraseBelow = "\u{1B}[J"

/// The status lines that were drawn: the text between an erasure and a single carriage return.
private func statusLines(_ drawn: String) -> [String] {
  drawn.components(separatedBy: eraseBelow).compactMap { part in
    guard let line = part.split(separator: "\n", omittingEmptySubsequences: false).last,
      line.hasSuffix("\r"), line.count > 1
    else { return nil }
    return String(line.dropLast())
  }
}

/// An ingest of records that arrive slowly through a pipe, observed on a terminal.
private struct SlowIngest {
  let scratch: ScratchFolder
  let terminal: PseudoTerminal
  let process = Process()
  let pipe = Pipe()

  init(columns: Int, files: [String] = []) throws {
    scratch = try ScratchFolder()
    terminal = try PseudoTerminal(columns: columns)
    let made = try LakeBinary.run(["init", "lake"], in: scratch.url)
    try #require(made.status == 0, "\(made.talk)")
    process.executableURL = URL(filePath: LakeBinary.path)
    process.arguments = ["ingest", "--lake", "lake", "--jobs", "1"] + files + ["-"]
    process.currentDirectoryURL = scratch.url
    process.environment = ProcessInfo.processInfo.environment.merging(["TERM": "xterm"]) { $1 }
    process.standardInput = pipe
    process.standardOutput = FileHandle.nullDevice
    process.standardError = terminal.programSide
    try process.run()
  }

  func finish() -> (status: Int32, drawn: String) {
    try? pipe.fileHandleForWriting.close()
    process.waitUntilExit()
    scratch.remove()
    return (process.terminationStatus, terminal.finish())
  }
}

@Suite(.serialized, .enabled(if: sharedData != nil, "SKIPPED: no shared data")) struct ProgressTests
{
  private func minutes() throws -> Data {
    let folder = try #require(sharedData)
    return try Data(
      contentsOf: folder.appending(path: "derived/dbn/equs-mini-20131008.ohlcv-1m.dbn"))
  }

  @Test func drawsWithinTheTerminalAndWithinItsNewWidth() throws {
    let content = try minutes()
    let ingest = try SlowIngest(columns: 100)
    let half = content.count / 2
    try ingest.pipe.fileHandleForWriting.write(contentsOf: content[..<half])
    #expect(ingest.terminal.wait { statusLines($0).count >= 3 })
    let before = statusLines(ingest.terminal.text).count
    ingest.terminal.resize(columns: 30)
    #expect(ingest.terminal.wait { statusLines($0).count >= before + 4 })
    try ingest.pipe.fileHandleForWriting.write(contentsOf: content[half...])
    let (status, drawn) = ingest.finish()
    #expect(status == 0, "\(drawn)")
    let lines = statusLines(drawn)
    #expect(lines.allSatisfy { $0.hasPrefix("ingest") && $0.count < 100 }, "\(lines)")
    // One line may have been in transit when the width changed.
    #expect(lines.dropFirst(before + 1).allSatisfy { $0.count < 30 }, "\(lines)")
    // The summary follows the last erasure, without a status line after it.
    let end = drawn.components(separatedBy: eraseBelow).last ?? ""
    #expect(end.contains("2,254") && end.contains("elapsed") && end.hasSuffix("\n"), "\(end)")
  }

  @Test func goesOnDrawingAfterAnError() throws {
    let content = try minutes()
    let ingest = try SlowIngest(columns: 100, files: ["nowhere.dbn"])
    #expect(ingest.terminal.wait { $0.contains("error: ") })
    let before = statusLines(ingest.terminal.text).count
    try ingest.pipe.fileHandleForWriting.write(contentsOf: content)
    #expect(ingest.terminal.wait { statusLines($0).count >= before + 3 })
    let (status, drawn) = ingest.finish()
    #expect(status == 2)
    #expect(statusLines(drawn).contains { $0.contains("1 error") }, "\(statusLines(drawn))")
    #expect(drawn.contains("nowhere.dbn"))
  }

  @Test func drawsNothingWhereNoTerminalIs() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    #expect(try LakeBinary.run(["init", "lake"], in: scratch.url).status == 0)
    let run = try LakeBinary.run(
      ["ingest", "--lake", "lake", "-"], in: scratch.url, input: try minutes())
    #expect(run.status == 0 && run.output.isEmpty)
    #expect(!run.talk.contains("\u{1B}") && !run.talk.contains("\r"))
    #expect(run.talk.contains("2,254"))
  }
}
