import Foundation
import Testing

@testable import Catalog

@Suite struct ConfigTests {
  private func read(_ text: String, environment: [String: String] = [:]) throws -> (
    config: LakeConfig, errors: [CatalogError]
  ) {
    try LakeConfig.read(text, path: "lake.yaml", environment: environment)
  }

  /// `line N: message` and the remedy of every mistake.
  private func mistakes(_ text: String) throws -> [String] {
    try read(text).errors.map {
      "line \($0.place.line ?? 0): \($0.message)" + ($0.remedy.map { " | \($0)" } ?? "")
    }
  }

  @Test func theAnnotatedFileIsRightWithAndWithoutItsExamples() throws {
    let text = EmbeddedSchemas.configuration
    #expect(try read(text).errors.isEmpty)
    // Every commented-out line must be valid too.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(6)
    let opened = lines.map { line -> Substring in
      guard let setting = line.wholeMatch(of: /# (([a-z]+:|  +).*)/) else { return line }
      return setting.output.1
    }
    let all = opened.joined(separator: "\n")
    let (config, errors) = try read(all)
    #expect(errors.isEmpty, "\(errors.map { $0.message })\n\(all)")
    #expect(config.setting("ingest.memory")?.values == ["192MB"])
    #expect(config.setting("downloads[0].symbols")?.values == ["ES.FUT"])
    #expect(config.setting("passes[0].to")?.values == ["1m", "5m", "1h"])
    #expect(config.setting("schedule[0].run")?.values.count == 2)
    #expect(config.setting("retention.tables.raw.glbx_mdp3_mbo")?.values == ["365"])
  }

  @Test func anEmptyFileIsAllDefaults() throws {
    let (config, errors) = try read("")
    #expect(errors.isEmpty)
    #expect(config.memoryByteCount == 192_000_000)
    #expect(config.resampleIntervals.map(\.name) == ["15s", "30s", "1m"])
    #expect(config.quarantinePercentMax == 10)
    #expect(config.settings.allSatisfy { $0.origin == .standard })
  }

  @Test func tellsWhereEachValueComesFrom() throws {
    let (config, _) = try read(
      "ingest:\n  jobs: 3\n  memory: 64MB\n  quarantine_percent_max: 1\n",
      environment: ["LAKE_MEMORY": "1GB", "LAKE_JOBS": ""])
    #expect(config.setting("ingest.memory")?.origin == .environment("LAKE_MEMORY"))
    #expect(config.memoryByteCount == 1_000_000_000)
    #expect(config.setting("ingest.jobs")?.origin == .line(2))
    #expect(config.jobCount == 3)
    #expect(config.setting("resample.intervals")?.origin == .standard)
    #expect(config.quarantinePercentMax == 1)
  }

  @Test func tellsAllMistakesWithTheirLines() throws {
    let text = """
      version: 2
      ingset:
        memory: 64MB
      ingest:
        memroy: 64MB
        memory: 1MB
        jobs: many
      resample:
        intervals: 1m
      downloads:
        - vendor: databnto
          schemas: [ohlvc-1s]
          symbols: []
          start: yesterday
      tables:
        raw.Bad-Name: {}
      retention:
        tables:
          raw.x: never
      schedule: nightly
      """
    #expect(
      try mistakes(text) == [
        "line 1: 'version' is '2', expected a whole number from 1 to 1",
        "line 2: unknown key 'ingset' | did you mean 'ingest'?",
        "line 5: unknown key 'memroy' in 'ingest' | did you mean 'memory'?",
        "line 6: 'ingest.memory' is '1MB', expected a size of at least 64 MB, like 192MB",
        "line 7: 'ingest.jobs' is 'many', expected 'auto' or a number of threads from 1 to 1024",
        "line 9: 'resample.intervals' is a single value, expected a list | - one item a line, or [a, b]",
        "line 11: 'downloads[0].vendor' is 'databnto', expected 'databento', 'massive' | did you mean 'databento'?",
        "line 11: key 'dataset' is missing in 'downloads[0]'",
        "line 12: 'downloads[0].schemas' is 'ohlvc-1s', expected a schema that Databento has | did you mean 'ohlcv-1s', 'ohlcv-1d' or 'ohlcv-1h'?",
        "line 13: 'downloads[0].symbols' is an empty list",
        "line 14: 'downloads[0].start' is 'yesterday', expected a date like 2024-01-02 or a time like 2024-01-02T14:30Z",
        "line 16: 'tables' is 'raw.Bad-Name', expected a table's name like raw.glbx_mdp3_trades | 'raw.bad_name'",
        "line 19: 'retention.tables.raw.x' is 'never', expected a whole number from 1 to 36500",
        "line 20: 'schedule' is a single value, expected a list | - one item a line, or [a, b]",
      ])
  }

  @Test func keysDoNotBelongInTheFile() throws {
    #expect(
      try mistakes("vendors:\n  databento:\n    key_env: db-abc/123\n") == [
        "line 3: 'vendors.databento.key_env' is 'db-abc/123', expected the name of an environment variable | keys never stand in lake.yaml: name the variable"
      ])
  }

  @Test func aBadVariableIsReported() throws {
    let errors = try read("", environment: ["LAKE_MEMORY": "lots"]).errors
    #expect(
      errors.map(\.message) == [
        "'LAKE_MEMORY' is 'lots', expected a size of at least 64 MB, like 192MB"
      ])
    #expect(errors.first?.remedy == "unset LAKE_MEMORY")
  }

  @Test(arguments: [
    ("a: [1", 1), ("a: 1\na: 2", 2), ("a: &x 1\nb: *x", 1), ("a: !!int 1", 1), ("\tb: 1", 1),
    ("a: 1\n---\nb: 2", 3), ("? [a]\n: 1", 1), ("a: \"unclosed", 1),
  ]) func whatIsNoPlainYAMLIsRefused(text: String, line: Int) {
    let error = #expect(throws: CatalogError.self) { try read(text) }
    #expect(error?.code == .badYAML)
    #expect((error?.place.line ?? 0) >= line)
  }

  @Test func aFileThatIsNoGroupOfKeysIsReported() throws {
    #expect(try mistakes("- a\n- b\n") == ["line 1: the file is a list, expected a group of keys"])
    #expect(
      try mistakes("just text") == ["line 1: the file is a single value, expected a group of keys"])
  }

  @Test func limitsHoldAgainstHostileFiles() {
    let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
    #expect(throws: CatalogError.self) { try YAMLParser.parse(deep, path: nil) }
    let wide = "[" + String(repeating: "1,", count: 200_000) + "1]"
    #expect(throws: CatalogError.self) { try YAMLParser.parse(wide, path: nil) }
    let long = "a: " + String(repeating: "x", count: YAMLParser.byteCountMax)
    #expect(throws: CatalogError.self) { try YAMLParser.parse(long, path: nil) }
  }
}

@Suite struct ExampleConfigurationTests {
  private func read(_ name: String) throws -> LakeConfig {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let path = root.appending(path: "schemas/examples/\(name).yaml").path
    let (config, errors) = try LakeConfig.check(path: path, environment: [:])
    #expect(errors.isEmpty, "\(errors.map(\.message))")
    return config
  }

  @Test func theBackFillIsRight() throws {
    let config = try read("backfill")
    #expect(config.memoryByteCount == 512_000_000)
    #expect(config.setting("downloads[0].end")?.values == ["2023-12-31"])
    #expect(
      config.tableDescription(try TableName(parsing: "raw.equs_mini_ohlcv_1d"))
        == "US equities, daily bars")
  }

  @Test func theFullPipelineIsRight() throws {
    let config = try read("pipeline")
    #expect(config.jobCount == 4)
    #expect(config.resampleIntervals.map(\.name) == ["15s", "1m", "5m", "1h"])
    #expect(config.quarantinePercentMax == 1)
    #expect(config.setting("downloads[1].vendor")?.values == ["massive"])
    #expect(config.setting("schedule[0].timezone")?.values == ["America/Chicago"])
  }

  @Test func theLiveOneIsRight() throws {
    let config = try read("live")
    #expect(config.memoryByteCount == 64_000_000)
    #expect(config.setting("schedule[0].every")?.values == ["5m"])
    #expect(config.setting("downloads[0].schemas")?.values == ["ohlcv-1s"])
  }
}
