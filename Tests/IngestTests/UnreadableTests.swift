import Catalog
import DeltaLog
import Glibc
import JSON
import LakeTestSupport
import Storage
import Testing

@testable import Ingest
@testable import Ledger
@testable import Tables

/// Permissions do not apply to root: an unreadable file is a folder in place of a file, or a link to itself.
@Suite("Unreadable files")
struct UnreadableTests {
  private func event(_ second: Int64) -> CoverageEvent {
    CoverageEvent(
      dataset: "D", schema: "trades", symbols: ["A"], symbolType: "raw_symbol",
      interval: second..<second + 1, state: .complete)
  }

  private func names(_ path: String) throws -> [String] {
    try DirectoryStorage(root: path).list("").map(\.name)
  }

  @Test("in the ledger's journal stop commands that depend on it, and are kept")
  func journal() throws {
    let toy = try ToyLake()
    let journal = toy.lake.journalPath
    try DirectoryStorage(root: toy.lake.root).createDirectory("ledger/journal/dead.jsonl")
    #expect(throws: StorageError.self) { try CoverageLedger.read(toy.lake) }
    #expect(throws: StorageError.self) { try CoverageLedger.recovered(toy.lake) { _, _ in } }
    // Rows of a file are stored nevertheless, and what can be merged is.
    try CoverageJournal(lake: toy.lake, runID: "other").keep([event(1)])
    let report = try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)])])
    #expect(report.failureCount == 0 && report.total(\.rowsStored) == 1)
    #expect(report.ledgerFailure is StorageError)
    #expect(try names(journal) == ["dead.jsonl"])
    #expect(rmdir(journal + "/dead.jsonl") == 0)
    #expect(try CoverageLedger.read(toy.lake).events.count == 2)
  }

  @Test("in place of the ledger's journal do not stop ingest, and commits have the events")
  func journalIsAFile() throws {
    let toy = try ToyLake()
    let storage = DirectoryStorage(root: toy.lake.root)
    try storage.createDirectory("ledger")
    try storage.writeDurably("ledger/journal", [1])
    let report = try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)])])
    #expect(report.failureCount == 0 && report.total(\.rowsStored) == 1)
    #expect(report.ledgerFailure != nil && !report.isJournalWhole)
    #expect(report.commits.map(\.version) == [0])
    try storage.delete("ledger/journal")
    let missing = try LedgerRebuild.missing(toy.lake)
    #expect(missing.count == 1)
    try LedgerRebuild.add(missing, to: toy.lake)
    #expect(try CoverageLedger.read(toy.lake).events.count == 1)
  }

  @Test("of the ledger are reported with the command that rebuilds it")
  func damagedLedger() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)])])
    let table = toy.lake.table(.ledger("coverage"))
    let file = try #require(try table.snapshot().files.first)
    let path = table.path + "/" + file.filePath
    #expect(truncate(path, off_t(file.size - 10)) == 0)
    let error = #expect(throws: PassError.self) { try CoverageLedger.read(toy.lake) }
    #expect(error?.remedy?.contains(toy.lake.ledgerPath) == true)
    #expect(error?.remedy?.contains("lake ledger rebuild") == true)
    #expect(rename(toy.lake.ledgerPath, toy.lake.root + "/away") == 0)
    try LedgerRebuild.add(try LedgerRebuild.missing(toy.lake), to: toy.lake)
    #expect(try CoverageLedger.read(toy.lake).events.count == 1)
  }

  @Test("with an invalid journal line are reported, and the journal is kept")
  func line() throws {
    let toy = try ToyLake()
    let good = event(1).json.description
    for bad in ["{\"state\":\"of a newer version\"}", "no JSON", good.dropLast().description] {
      let storage = DirectoryStorage(root: toy.lake.root)
      try storage.createDirectory("ledger/journal")
      try storage.writeDurably("ledger/journal/dead.jsonl", Array("\(good)\n\(bad)\n".utf8))
      let error = #expect(throws: PassError.self) { try CoverageLedger.read(toy.lake) }
      #expect(error?.message == "line 2 of a journal of the coverage ledger is no event")
      let report = try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)])])
      #expect(report.ledgerFailure != nil)
      #expect(try names(toy.lake.journalPath) == ["dead.jsonl"])
      // An incomplete line at the end, whose run died, is ignored.
      try storage.writeDurably("ledger/journal/dead.jsonl", Array("\(good)\n\(bad)".utf8))
      #expect(try CoverageLedger.read(toy.lake).events.contains { $0.dataset == "D" })
      try storage.delete("ledger/journal/dead.jsonl")
    }
  }

  @Test("of the ledger do not stop ingest, and no event is lost")
  func ledger() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)])])
    let log = toy.lake.ledgerPath + "/coverage/_delta_log"
    #expect(rename(log, log + ".away") == 0)
    #expect(symlink("_delta_log", log) == 0)
    #expect(throws: DeltaError.self) { try CoverageLedger.read(toy.lake) }
    #expect(throws: DeltaError.self) { try LedgerRebuild.missing(toy.lake) }
    let report = try toy.ingest([try toy.bars("b.dbn", [ToyLake.Bar(second: 2)])])
    #expect(report.total(\.rowsStored) == 1 && report.ledgerFailure is DeltaError)
    #expect(unlink(log) == 0 && rename(log + ".away", log) == 0)
    #expect(try CoverageLedger.read(toy.lake).events.count == 2)
    #expect(try toy.ingest([try toy.bars("c.dbn", [ToyLake.Bar(second: 3)])]).ledgerFailure == nil)
    #expect(try names(toy.lake.journalPath).isEmpty)
    #expect(try CoverageLedger.read(toy.lake).events.count == 3)
  }

  @Test("in place of a layer hide no table of another layer")
  func layer() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)])])
    let table = try #require(try toy.lake.tableNames(layer: "raw").first)
    #expect(rename(toy.lake.ledgerPath, toy.lake.root + "/away") == 0)
    #expect(symlink("ledger", toy.lake.ledgerPath) == 0)
    #expect(try toy.lake.requireTable(named: table.description) == table)
    var failures: [CatalogError] = []
    #expect(toy.lake.tableNames { failures.append($0) } == [table])
    #expect(failures.count == 1 && failures[0].message.contains("cannot list"))
    #expect(throws: CatalogError.self) { try toy.lake.tableNames() }
  }

  @Test("in place of a table stop only what needs it, and keep its dead runs' remains")
  func table() throws {
    let toy = try ToyLake()
    try toy.ingest([try toy.bars("a.dbn", [ToyLake.Bar(second: 1)])]) {
      $0.table = try? TableName(parsing: "raw.a_ohlcv_1s")
    }
    let storage = DirectoryStorage(root: toy.lake.root)
    let file = "raw/a_ohlcv_1s/date=2024-01-02/part-dead.parquet"
    try storage.writeDurably(file, [1, 2, 3])
    try storage.createDirectory("staging/20240102T000000Z-1-dead")
    try storage.writeDurably("staging/20240102T000000Z-1-dead/lock", [])
    try storage.writeDurably("staging/20240102T000000Z-1-dead/intent", Array((file + "\n").utf8))
    // An empty commit: its writer died, and its content is unknown.
    let commit = "raw/a_ohlcv_1s/_delta_log/00000000000000000001.json"
    try storage.writeDurably(commit, [])
    let intoB = { (options: inout IngestOptions) in
      options.table = try? TableName(parsing: "raw.b_ohlcv_1s")
    }
    let report = try toy.ingest([try toy.bars("b.dbn", [ToyLake.Bar(second: 2)])], change: intoB)
    #expect(report.total(\.rowsStored) == 1 && report.ledgerFailure == nil)
    #expect(try storage.exists(file))
    #expect(try storage.exists("staging/20240102T000000Z-1-dead/intent"))
    var failed: [String] = []
    let (ledger, missing) = try CoverageLedger.recovered(toy.lake) { name, _ in
      failed.append(name.description)
    }
    #expect(failed == ["raw.a_ohlcv_1s"] && missing.isEmpty && ledger.events.count == 2)
    #expect(throws: DeltaError.self) { try CoverageLedger.recovered(toy.lake) }
    #expect(throws: DeltaError.self) {
      try toy.lake.requireUsable(TableName(parsing: "raw.a_ohlcv_1s"))
    }
    try toy.lake.requireUsable(TableName(parsing: "raw.b_ohlcv_1s"))
    // Once it can be read again, the dead run's remains are removed.
    try storage.delete(commit)
    try toy.ingest([try toy.bars("c.dbn", [ToyLake.Bar(second: 3)])], change: intoB)
    #expect(try !storage.exists(file))
    #expect(try !storage.exists("staging/20240102T000000Z-1-dead/intent"))
  }

  @Test("in a commit of ours are reported with its version, and ignored in other writers' commits")
  func commit() throws {
    func info(_ engine: String, _ coverage: String) throws -> CommitInfo {
      CommitInfo(
        .object(
          JSONObject([
            ("engineInfo", .string(engine)),
            ("operationParameters", .object(JSONObject([("coverage", .string(coverage))]))),
          ])))
    }
    let good = "[" + event(1).json.description + "]"
    #expect(try CoverageRecovery.events(of: info("lake/0.1.0", good)).count == 1)
    for bad in ["", "{", "[{\"state\":\"of a newer version\"}]", "7"] {
      #expect(throws: PassError.self) {
        try CoverageRecovery.events(of: info("lake/9.0.0", bad))
      }
      #expect(try CoverageRecovery.events(of: info("spark", bad)).isEmpty)
    }
    #expect(try CoverageRecovery.events(of: nil).isEmpty)
  }
}
