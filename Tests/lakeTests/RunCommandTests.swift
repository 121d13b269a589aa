import Foundation
import Testing

/// `lake run` and `lake status`: what `passes:` in lake.yaml derives.
@Suite struct RunCommandTests {
  private static let fives = "bars.equs_mini_ohlcv_5m"
  private static let hours = "bars.equs_mini_ohlcv_1h"

  /// A lake whose configuration names passes.
  private func lake(_ passes: String) throws -> SimulatedLake {
    let lake = try SimulatedLake()
    try lake.write(
      try lake.text(of: "lake/lake.yaml") + "\npasses:\n" + passes, to: "lake/lake.yaml")
    return lake
  }

  private let chain = """
      - {pass: resample, table: \(SimulatedLake.bars), to: [5m]}
      - {pass: resample, table: bars.equs_mini_ohlcv_5m, to: [1h], as: bars.equs_mini_ohlcv_1h}

    """

  @Test func aPlanSaysWhyAndARunMakesItOnce() throws {
    let lake = try lake(chain)
    defer { lake.remove() }
    let plan = try lake.run("run --plan")
    #expect(plan.status == 0)
    #expect(
      plan.output.lines == [
        "\(Self.fives)  2024-01-02  missing: not made yet",
        "\(Self.fives)  2024-01-03  missing: not made yet",
        "\(Self.hours)  2024-01-02  missing: \(Self.fives) is to be made first",
        "\(Self.hours)  2024-01-03  missing: \(Self.fives) is to be made first",
      ], "\(plan.output)")
    #expect(try lake.output(of: "tables --names").contains(Self.fives) == false)

    let run = try lake.run("run")
    #expect(run.status == 0, "\(run.talk)")
    #expect(run.output.lines.count == 3 && run.output.contains(Self.hours), "\(run.output)")
    let again = try lake.run("run")
    #expect(again.status == 0 && again.talk.contains("everything was up to date"), "\(again.talk)")
    let json = try lake.output(of: "run --json").jsonLines
    #expect(json.of(type: "table").map { $0["made"] as? Int } == [0, 0])
    #expect(json.of(type: "table").map { $0["fresh"] as? Int } == [2, 2])
    #expect(json.last?["rows_written"] as? Int == 0)
    let after = try lake.output(of: "run --plan --json").jsonLines
    #expect(after.of(type: "unit").isEmpty && after.last?["due"] as? Int == 0)
  }

  @Test func changedRowsMakeTheirDateStaleAndNoOther() throws {
    let lake = try lake(chain)
    defer { lake.remove() }
    #expect(try lake.run("run").status == 0)
    let fresh = try lake.output(of: "status --json").jsonLines
    #expect(fresh.of(type: "table").allSatisfy { $0["stale"] as? Int == 0 })

    let bars =
      "ts_event,symbol,open,high,low,close,volume\n2024-01-03T15:00:00Z,IWM,1,2,0.5,1.5,7\n"
    try lake.write(bars, to: "more.csv")
    #expect(try lake.run("ingest more.csv --as \(SimulatedLake.bars)").status == 0)
    let status = try lake.run("status")
    #expect(status.status == 1, "\(status.talk)")
    let line = try #require(status.output.lines.first { $0.hasPrefix(Self.fives) })
    #expect(line.contains(": 2024-01-03") && line.contains("resample"), "\(line)")
    #expect(status.talk.contains("lake run brings"), "\(status.talk)")
    let one = try lake.run("status \(Self.fives) --json")
    let table = try #require(try one.output.jsonLines.of(type: "table").first)
    #expect(table["stale"] as? Int == 1 && table["fresh"] as? Int == 1)
    #expect((table["reasons"] as? [[String: Any]])?.first?["first"] as? String == "2024-01-03")

    // Of one table, from a date on, and all of it again.
    #expect(
      try lake.output(of: "run \(Self.fives) --since 2024-01-04 --json").jsonLines.last?["made"]
        as? Int == 0)
    let made = try lake.output(of: "run \(Self.hours) --json").jsonLines.of(type: "table")
    #expect(made.map { $0["made"] as? Int } == [1, 1], "\(made)")
    let forced = try lake.output(of: "run --force --json").jsonLines.of(type: "table")
    #expect(forced.map { $0["made"] as? Int } == [2, 2])
    // What no pass of lake.yaml makes is shown as well.
    let all = try lake.run("status --json").output.jsonLines.of(type: "table")
    #expect(
      all.first { $0["table"] as? String == SimulatedLake.minutes }?["configured"] as? Bool == false
    )
  }

  @Test func filesAreMergedAndGapsReportedByTheSameRun() throws {
    let lake = try lake(
      "  - {pass: compact, table: \(SimulatedLake.bars), dedup: true}\n"
        + "  - {pass: gaps, table: \(SimulatedLake.bars)}\n")
    defer { lake.remove() }
    for symbol in ["IWM", "DIA"] {
      try lake.write(
        "ts_event,symbol,open,high,low,close,volume\n2024-01-03T15:00:00Z,\(symbol),1,2,0.5,1.5,7\n",
        to: "\(symbol).csv")
      #expect(try lake.run("ingest \(symbol).csv --as \(SimulatedLake.bars)").status == 0)
    }
    let rows = try lake.output(of: "query \(SimulatedLake.bars)").lines.count
    let plan = try lake.run("run --plan")
    #expect(
      plan.output.contains("rewrite: ") && plan.output.contains("all  report"), "\(plan.output)")
    let run = try lake.run("run")
    #expect([0, 1].contains(run.status), "\(run.talk)")
    #expect(run.output.lines.contains { $0.contains("compact") }, "\(run.output)")
    if run.status == 1 {
      #expect(run.talk.contains("lake gaps \(SimulatedLake.bars)"), "\(run.talk)")
    }
    #expect(try lake.output(of: "query \(SimulatedLake.bars)").lines.count == rows)
    let plans = try lake.output(of: "run --plan --json").jsonLines.of(type: "unit")
    #expect(!plans.contains { $0["pass"] as? String == "compact" }, "\(plans)")
  }

  @Test func whatCannotBeMadeIsToldAndTheRestIsMade() throws {
    let lake = try lake(
      chain + "  - {pass: resample, table: raw.not_there_ohlcv_1s, to: [1m]}\n")
    defer { lake.remove() }
    let run = try lake.run("run")
    #expect(run.status == 2 && run.talk.contains("raw.not_there_ohlcv_1s"), "\(run.talk)")
    #expect(try lake.output(of: "tables --names").contains(Self.hours))
    // A source that is not there is a finding, and no failure of what is.
    let status = try lake.run("status")
    #expect(status.status == 1, "\(status.talk)")
    #expect(status.output.contains("raw.not_there_ohlcv_1s is not there"), "\(status.output)")
    #expect(try lake.run("status \(Self.hours)").status == 0)
    #expect(try lake.run("run \(Self.hours)").status == 0)
    let told = try lake.run("status --json").output.jsonLines.of(type: "table")
    #expect(
      told.filter { $0["source_missing"] as? Bool == true }.map { $0["source"] as? String }
        == ["raw.not_there_ohlcv_1s"])
  }

  @Test func mistakesAreNamedBeforeAnythingRuns() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let none = try lake.run("run")
    #expect(none.status == 2 && none.talk.contains("names no passes"), "\(none.talk)")
    let configuration = try lake.text(of: "lake/lake.yaml")
    func passes(_ text: String) throws {
      try lake.write(configuration + "\npasses:\n" + text, to: "lake/lake.yaml")
    }
    try passes(chain)
    try lake.refuses(
      [
        ("run --since yesterday", "'--since' is 'yesterday'|try: --since 2024-01-02"),
        ("run --jobs none", "'--jobs' is 'none'"), ("run --memory 1", "'--memory' is '1'"),
      ], status: 64)
    let other = try lake.run("run bars.equs_mini_ohlcv_5")
    #expect(
      other.status == 2 && other.talk.contains("no pass of lake.yaml makes or reads"),
      "\(other.talk)")
    #expect(other.talk.contains(Self.fives), "\(other.talk)")
    let status = try lake.run("status \(SimulatedLake.bars)")
    #expect(
      status.status == 2 && status.talk.contains("is not derived: no pass made it"),
      "\(status.talk)")
    #expect(try lake.run("status bars.nothing").status == 2)
    try passes("  - {pass: resample, table: \(SimulatedLake.bars), to: [7s]}\n")
    let wrong = try lake.run("run")
    #expect(wrong.status == 2 && wrong.talk.contains("7s"), "\(wrong.talk)")
    let shown = try lake.run("status")
    #expect(shown.status == 2 && shown.output.contains(SimulatedLake.minutes), "\(shown.talk)")
  }

  @Test func aCheckFindsWhatWouldFail() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let configuration = try lake.text(of: "lake/lake.yaml")
    for (pass, says) in [
      ("{pass: gaps, table: \(SimulatedLake.bars), calendar: NOSUCH}", "unknown calendar 'NOSUCH'"),
      (
        "{pass: resample, table: \(SimulatedLake.bars), to: [5m]}\n"
          + "  - {pass: compact, table: \(Self.fives), dedup: true}",
        "is made by 'resample', which makes every row once"
      ),
    ] {
      try lake.write(configuration + "\npasses:\n  - \(pass)\n", to: "lake/lake.yaml")
      let run = try lake.run("config check")
      #expect(run.status == 1 && run.talk.contains(says), "\(run.status): \(run.talk)")
    }
    try lake.write(
      configuration + "\npasses:\n  - {pass: gaps, table: \(SimulatedLake.bars), calendar: XNYS}\n",
      to: "lake/lake.yaml")
    let good = try lake.run("config check")
    #expect(good.status == 0, "\(good.talk)")
  }

  @Test func aLakeThatDerivesNothingSaysHowToBegin() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    #expect(try LakeBinary.run(["init", "lake", "-q"], in: scratch.url).status == 0)
    let run = try LakeBinary.run(["status"], in: scratch.url)
    #expect(run.status == 0 && run.talk.contains("nothing is derived yet"), "\(run.talk)")
    #expect(run.talk.contains("lake resample TABLE"), "\(run.talk)")
  }
}

/// `lake alter`: columns that get wider.
@Suite struct AlterCommandTests {
  @Test func aPlanChangesNothingAndARunIsDoneOnce() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    let before = try lake.output(of: "query \(SimulatedLake.bars)")
    let words = "alter \(SimulatedLake.bars) --widen volume"
    let plan = try lake.output(of: words + " --plan --json").jsonLines
    #expect(
      plan.of(type: "rewrite").map { $0["partition"] as? String } == [
        "date=2024-01-02", "date=2024-01-03",
      ])
    #expect(try lake.output(of: "query \(SimulatedLake.bars)") == before)
    let done = try lake.output(of: words + " --json").jsonLines
    #expect(done.last?["files_written"] as? Int == 2)
    #expect(try lake.output(of: "query \(SimulatedLake.bars)") == before)
    #expect(try lake.output(of: "describe \(SimulatedLake.bars)").contains("decimal(38,18)"))
    let again = try lake.run(words)
    #expect(again.status == 0 && again.talk.contains("nothing to do"), "\(again.talk)")

    // What is made of it is named, with what to do.
    let status = try lake.run("status")
    #expect(status.status == 2 && status.output.contains(SimulatedLake.minutes), "\(status.talk)")
    #expect(
      status.talk.contains("lake alter \(SimulatedLake.minutes) --widen volume"), "\(status.talk)")
    #expect(try lake.run("alter \(SimulatedLake.minutes) --widen volume").status == 0)
    #expect(try lake.run("resample \(SimulatedLake.bars) --to 1m").status == 0)
    #expect(try lake.run("status").status == 0)
  }

  @Test func wrongUsageIsNamed() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.refuses(
      [
        ("alter \(SimulatedLake.bars)", "alter needs what to change|--widen volume"),
        ("alter \(SimulatedLake.bars) --widen volum", "'volum' cannot be wider|volume"),
        ("alter \(SimulatedLake.bars) --widen symbol", "'symbol' cannot be wider"),
        ("alter", "alter needs TABLE"),
      ], status: 64)
    let none = try lake.run("alter raw.nothing --widen volume")
    #expect(none.status == 2 && none.talk.contains("raw.nothing"), "\(none.talk)")
  }
}

/// `lake config trust`: whose configuration may decide where keys go.
@Suite struct TrustCommandTests {
  private let scratch: ScratchFolder
  private let environment: [String: String]

  init() throws {
    scratch = try ScratchFolder()
    environment = ["XDG_CONFIG_HOME": scratch.url.appending(path: "config").path]
    #expect(try run("init mine -q").status == 0)
  }

  private func run(_ line: String) throws -> LakeBinary.Run {
    try LakeBinary.run(line.words, in: scratch.url, environment: environment)
  }

  @Test func aConfigurationIsTrustedAsItIsNow() throws {
    defer { scratch.remove() }
    let plain = try run("config trust mine")
    #expect(plain.status == 0 && plain.talk.contains("needs trust"), "\(plain.talk)")
    let file = scratch.url.appending(path: "mine/lake.yaml")
    let text = try String(contentsOf: file, encoding: .utf8)
    let setting = "    url: https://example.invalid/v0"
    func write(_ setting: String) throws {
      let changed = text.replacing("  databento:\n", with: "  databento:\n" + setting + "\n")
      try #require(changed != text)
      try Data(changed.utf8).write(to: file)
    }
    try write(setting)
    let trusted = try run("config trust mine")
    #expect(
      trusted.status == 0 && trusted.talk.contains("https://example.invalid/v0"), "\(trusted.talk)")
    #expect(trusted.talk.contains("trusted as it is now"), "\(trusted.talk)")
    let list = try run("config trust --list")
    #expect(list.output.contains("/mine") && list.output.lines.count == 2, "\(list.output)")
    let before = try #require(try run("config trust --list --json").output.jsonLines.first)
    try write(setting.replacing("example", with: "other"))
    let after = try #require(try run("config trust --list --json").output.jsonLines.first)
    #expect(before["state"] as? String != after["state"] as? String, "\(before) \(after)")

    let removed = try run("config trust mine --remove --json")
    #expect(try removed.output.jsonLines.last?["state"] as? String == "removed")
    let again = try run("config trust mine --remove")
    #expect(again.talk.contains("was not trusted"), "\(again.talk)")
    #expect(try run("config trust --list --json").output.jsonLines.of(type: "trusted").isEmpty)
  }

  @Test func contradictionsAreUsageErrors() throws {
    defer { scratch.remove() }
    let both = try run("config trust --list --remove")
    #expect(both.status == 64 && both.talk.contains("say different things"), "\(both.talk)")
    let extra = try run("config trust --list mine")
    #expect(
      extra.status == 64 && extra.talk.contains("unexpected argument 'mine'"), "\(extra.talk)")
    #expect(try run("config trust nowhere").status != 0)
  }
}

/// `lake compact`: what it shows and refuses.
@Suite struct CompactCommandTests {
  private func crowded() throws -> SimulatedLake {
    let lake = try SimulatedLake()
    for (number, symbol) in ["IWM", "DIA"].enumerated() {
      try lake.write(
        "ts_event,symbol,open,high,low,close,volume\n2024-01-03T15:00:0\(number)Z,\(symbol),1,2,0.5,1.5,7\n",
        to: "\(symbol).csv")
      let run = try lake.run("ingest \(symbol).csv --as \(SimulatedLake.bars)")
      try #require(run.status == 0, "\(run.talk)")
    }
    return lake
  }

  @Test func aPlanChangesNothingAndARunKeepsAllRows() throws {
    let lake = try crowded()
    defer { lake.remove() }
    let before = try lake.output(of: "query \(SimulatedLake.bars)")
    let plan = try lake.run("compact \(SimulatedLake.bars) --plan")
    #expect(plan.status == 0 && plan.output.contains("2024-01-03"), "\(plan.output)\(plan.talk)")
    let json = try lake.output(of: "compact \(SimulatedLake.bars) --plan --json").jsonLines
    #expect(json.count > 1)
    let run = try lake.run("compact \(SimulatedLake.bars)")
    #expect(run.status == 0, "\(run.talk)")
    #expect(try lake.output(of: "query \(SimulatedLake.bars)") == before)
    let again = try lake.run("compact \(SimulatedLake.bars)")
    #expect(again.status == 0 && again.talk.contains("nothing to merge"), "\(again.talk)")
  }

  @Test func anotherPeriodKeepsWhatIsMadeFresh() throws {
    let lake = try crowded()
    defer { lake.remove() }
    #expect(try lake.run("resample \(SimulatedLake.bars) --to 1m").status == 0)
    let rows = try lake.output(of: "query \(SimulatedLake.bars)").lines.sorted()
    let year = try lake.run("compact \(SimulatedLake.bars) --period year")
    #expect(year.status == 0, "\(year.talk)")
    #expect(try lake.output(of: "query \(SimulatedLake.bars)").lines.sorted() == rows)
    #expect(
      try lake.output(of: "status --json").jsonLines.of(type: "table").first?["stale"] as? Int == 0)
    let again = try lake.run("compact \(SimulatedLake.bars) --period year")
    #expect(again.talk.contains("kept by year already"), "\(again.talk)")
  }

  @Test func wrongUsageIsNamed() throws {
    let lake = try SimulatedLake()
    defer { lake.remove() }
    try lake.refuses(
      [
        ("compact \(SimulatedLake.bars) --key symbol", "--dedup"),
        ("compact \(SimulatedLake.bars) --dedup --period year", "--period|--dedup"),
        ("compact \(SimulatedLake.bars) --period week", "'--period' is 'week'"),
        ("compact", "compact needs TABLE"), ("dedup", "dedup needs TABLE"),
      ], status: 64)
    for command in ["compact", "dedup"] {
      let none = try lake.run("\(command) raw.nothing")
      #expect(none.status == 2 && none.talk.contains("raw.nothing"), "\(none.talk)")
    }
    let nothing = try lake.run("dedup \(SimulatedLake.bars)")
    #expect(nothing.status == 0 && nothing.talk.contains("nothing to remove"), "\(nothing.talk)")
    let ticks = try lake.run("compact \(SimulatedLake.trades) --dedup")
    #expect(ticks.status == 64 || ticks.status == 2)
    #expect(ticks.talk.contains("no key") || ticks.talk.contains("key"), "\(ticks.talk)")
  }
}
