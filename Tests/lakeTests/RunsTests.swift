import Foundation
import Testing

/// The rows of runs in `ledger.runs`.
@Suite struct RunsTests {
  private func runs(_ lake: SimulatedLake) throws -> [[String: Any]] {
    try lake.output(of: "query ledger.runs --lake lake --format jsonl").jsonLines
  }

  @Test func everyJobLeavesARowWithItsFigures() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let before = try runs(lake)
    #expect(before.compactMap { $0["job"] as? String } == ["ingest", "ingest", "resample"])
    _ = try lake.run("compact \(SimulatedLake.bars) --label nightly --lake lake")
    _ = try lake.run("gaps --lake lake")
    let rows = try runs(lake)
    #expect(rows.count == 5)
    let resample = before[2]
    #expect(resample["tables_in"] as? String == #"["\#(SimulatedLake.bars)"]"#)
    #expect(resample["tables_out"] as? String == #"["\#(SimulatedLake.minutes)"]"#)
    #expect((resample["rows_in"] as? Int ?? 0) > (resample["rows_out"] as? Int ?? 0))
    #expect((resample["peak_memory"] as? Int ?? 0) > 1_000_000)
    #expect(rows[3]["label"] as? String == "nightly" && rows[3]["job"] as? String == "compact")
    #expect(rows.allSatisfy { $0["outcome"] as? String != "failed" })
  }

  @Test func aFailureIsKeptWithItsReason() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    #expect(try lake.run("ingest nothing.csv --lake lake").status == 2)
    let last = try #require(try runs(lake).last)
    #expect(last["outcome"] as? String == "failed")
    #expect((last["error"] as? String)?.contains("nothing.csv") == true)
  }

  @Test func plansAndWrongUsageLeaveNone() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let count = try runs(lake).count
    for line in [
      "resample \(SimulatedLake.bars) --to 5m --plan", "compact \(SimulatedLake.bars) --plan",
      "restore \(SimulatedLake.bars) --version 0 --plan", "resample \(SimulatedLake.bars) --to 7x",
    ] { _ = try lake.run(line + " --lake lake") }
    #expect(try runs(lake).count == count)
  }

  @Test func aLakeThatCannotRecordARunReportsItAndWorks() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    // A file in place of the table's log folder, which also works as root.
    let log = lake.folder.appending(path: "lake/ledger/runs/_delta_log")
    try FileManager.default.removeItem(at: log)
    try lake.write("", to: "lake/ledger/runs/_delta_log")
    let run = try lake.run("resample \(SimulatedLake.bars) --to 5m --lake lake")
    #expect(run.status == 0)
    #expect(run.talk.contains("was not recorded in ledger.runs"), "\(run.talk)")
    #expect(try lake.output(of: "tables --names --lake lake").contains("ohlcv_5m") == true)
  }
}
