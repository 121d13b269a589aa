import Foundation
import Testing

/// A lake with two simulated days of two stocks, and its source files.
///
/// It is made once; each test works on its own copy. Commands run in its parent folder.
struct SimulatedLake {
  static let bars = "raw.equs_mini_ohlcv_1s"
  static let trades = "raw.equs_mini_trades"
  static let minutes = "bars.equs_mini_ohlcv_1m"
  static let file = "data/equs-mini-20240102.ohlcv-1s.dbn.zst"

  private static let original: Result<ScratchFolder, any Error> = Result {
    let scratch = try ScratchFolder()
    for line in [
      "simulate --schema definition,ohlcv-1s,trades --symbols SPY,QQQ --days 2 --intensity 0.1 -o data",
      "init lake",
      "ingest \(file) data/equs-mini-20240102.trades.dbn.zst "
        + "data/equs-mini-20240102.definition.dbn.zst",
      "ingest data/equs-mini-20240103.ohlcv-1s.dbn.zst",
      "resample \(bars) --to 1m",
    ] {
      let run = try LakeBinary.run(line.words, in: scratch.url)
      try #require(run.status == 0, "\(line): \(run.talk)")
    }
    atexit { try? SimulatedLake.original.get().remove() }
    return scratch
  }

  let scratch: ScratchFolder
  var folder: URL { scratch.url }

  init() throws {
    scratch = try ScratchFolder()
    for name in ["lake", "data"] {
      try FileManager.default.copyItem(
        at: try Self.original.get().url.appending(path: name), to: folder.appending(path: name))
    }
  }

  func remove() { scratch.remove() }

  /// Runs a command line of words without spaces.
  func run(_ line: String, _ environment: [String: String] = [:]) throws -> LakeBinary.Run {
    try LakeBinary.run(line.words, in: folder, environment: environment)
  }

  /// The output of a command line that must exit with 0.
  func output(
    of line: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> String {
    let run = try run(line)
    #expect(run.status == 0, "\(line): \(run.talk)", sourceLocation: sourceLocation)
    return run.output
  }

  /// The command lines must exit with the status, print no rows, and report the error with all these words,
  /// separated by '|'.
  func refuses(
    _ cases: [(line: String, says: String)], status: Int32,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for (line, says) in cases {
      let run = try run(line)
      #expect(run.status == status, "\(line): \(run.talk)", sourceLocation: sourceLocation)
      #expect(run.output.isEmpty, "\(line): \(run.output)", sourceLocation: sourceLocation)
      let isError = run.talk.hasPrefix("error: ")
      #expect(isError, "\(line): \(run.talk)", sourceLocation: sourceLocation)
      for word in says.split(separator: "|") {
        #expect(run.talk.contains(word), "\(line): \(run.talk)", sourceLocation: sourceLocation)
      }
    }
  }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: folder.appending(path: name))
  }

  func text(of name: String) throws -> String {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }
}

extension String {
  var words: [String] { split(separator: " ").map(String.init) }
  var lines: [String] { split(separator: "\n").map(String.init) }

  /// The lines as JSON objects.
  var jsonLines: [[String: Any]] {
    get throws {
      try lines.map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
    }
  }
}

extension [[String: Any]] {
  func of(type: String) -> [[String: Any]] { filter { $0["type"] as? String == type } }
}
