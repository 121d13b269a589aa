import Foundation
import Testing

/// Ctrl-C at any moment: the program reports the interruption, and leaves nothing half-written.
@Suite(.serialized) struct InterruptTests {
  private enum Ending: Hashable { case done, interrupted, killedAtStart }

  /// Runs a command line and interrupts it after some time.
  private func interrupt(
    _ line: String, in lake: SimulatedLake, after seconds: Double
  ) throws -> Ending {
    let process = Process()
    // The tests may run where SIGINT is ignored, which child processes inherit.
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["--default-signal=INT", LakeBinary.path] + line.words
    process.currentDirectoryURL = lake.folder
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    usleep(UInt32(seconds * 1_000_000))
    process.interrupt()
    process.waitUntilExit()
    // Before the handler is installed, the program has done nothing yet.
    if process.terminationReason == .uncaughtSignal { return .killedAtStart }
    #expect([0, 130].contains(process.terminationStatus), "\(line)")
    return process.terminationStatus == 0 ? .done : .interrupted
  }

  private func names(_ lake: SimulatedLake, _ folder: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: lake.folder.path + "/" + folder).sorted()
  }

  /// Interrupts a command line at moments spread over its run time.
  private func interruptions(
    _ line: String, in lake: SimulatedLake, count: Int = 24, _ check: (Ending) throws -> Void
  ) throws {
    let began = Date()
    #expect(try lake.run(line).status == 0)
    let duration = Date().timeIntervalSince(began)
    try check(.done)
    var endings: Set<Ending> = []
    for moment in 0..<count {
      let ending = try interrupt(line, in: lake, after: duration * Double(moment) / Double(count))
      endings.insert(ending)
      try check(ending)
    }
    #expect(endings.contains(.interrupted), "\(line): \(endings)")
  }

  @Test(arguments: [
    ("query \(SimulatedLake.bars) -o made", "made"),
    ("query \(SimulatedLake.trades) --format parquet -o made", "made"),
    ("export dbn \(SimulatedLake.trades) -o made", "made"),
  ])
  func anOutputFileIsWholeOrNotThere(line: String, name: String) throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let before = try names(lake)
    let file = lake.folder.appending(path: name)
    var whole: Data?
    try interruptions(line, in: lake) { ending in
      if ending == .done {
        let made = try Data(contentsOf: file)
        #expect(!made.isEmpty && whole ?? made == made)
        whole = made
        try FileManager.default.removeItem(at: file)
      }
      #expect(try names(lake) == before, "\(ending)")
    }
  }

  @Test func anInterruptedResampleIsFinishedByTheNext() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let line = "resample \(SimulatedLake.bars) --to 15s,5m --jobs 1"
    let tables = ["bars.equs_mini_ohlcv_15s", "bars.equs_mini_ohlcv_5m"]
    var expected: [String]?
    try interruptions(line, in: lake, count: 12) { _ in
      #expect(try names(lake, "lake/staging").isEmpty)
      #expect(try lake.run(line).status == 0)
      let rows = try tables.map { try lake.output(of: "query \($0)") }
      #expect(expected ?? rows == rows)
      expected = rows
      try FileManager.default.removeItem(at: lake.folder.appending(path: "lake/bars"))
    }
  }
}
