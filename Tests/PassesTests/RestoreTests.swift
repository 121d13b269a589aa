import Catalog
import Columnar
import DeltaLog
import Glibc
import LakeTestSupport
import Testing

@testable import Ledger
@testable import Passes
@testable import Tables

private let bars = "raw.test_set_ohlcv_1s"
private let columns = ["symbol", "ts_event", "open", "volume"]

@Suite struct RestoreTests {
  private func restore(_ toy: ToyLake, _ version: Int, _ table: String = bars) throws -> Int? {
    try RestorePass(lake: toy.lake, table: table, version: version).run().version
  }

  private func resample(_ toy: ToyLake) throws -> Int {
    var options = ResamplePass.Options()
    options.intervals = ["1m"]
    let pass = try ResamplePass(lake: toy.lake, table: bars, options: options)
    return try pass.run(try pass.plan()).work.outputs.reduce(0) { $0 + $1.computedCount }
  }

  /// A lake with a table of three versions, each adding a day of bars.
  private func threeDays() throws -> (ToyLake, paths: [String]) {
    let toy = try ToyLake()
    let paths = try (0..<3).map { day in
      try toy.bars("\(day).dbn", (0..<20).map { ToyLake.Bar(day: day, second: $0, price: 100) })
    }
    for path in paths { try toy.ingest([path]) }
    return (toy, paths)
  }

  private func rowCount(_ toy: ToyLake) throws -> Int { try toy.rows(bars, columns).count }

  @Test func bringsBackTheFilesOfAnyVersionAndCanBeUndone() throws {
    let (toy, _) = try threeDays()
    let states = try (0...2).map { version in
      try toy.lake.table(named: bars).snapshot(version: version)
    }
    for (index, version) in [0, 2, 1, 2, 0].enumerated() {
      #expect(try restore(toy, version) == 3 + index)
      let now = try toy.lake.table(named: bars).snapshot()
      #expect(try Set(now.files.map(\.path)) == Set(states[version].files.map(\.path)))
      #expect(try now.files.map(\.tags).count == version + 1)
      #expect(Set(now.txns.keys) == Set(states[version].txns.keys))
      #expect(try rowCount(toy) == 20 * (version + 1))
    }
    // The current state already: no commit.
    #expect(try restore(toy, 7) == nil)
    #expect(try toy.lake.table(named: bars).snapshot().version == 7)
  }

  @Test func anUndoneFileCanBeIngestedAgain() throws {
    let (toy, paths) = try threeDays()
    #expect(try restore(toy, 0) == 3)
    #expect(try rowCount(toy) == 20)
    let again = try toy.ingest(paths)
    #expect(again.total(\.rowsStored) == 40)
    #expect(try rowCount(toy) == 60)
    #expect(try toy.ingest(paths).total(\.rowsStored) == 0)
  }

  @Test func theDryRunListsAddedAndRemovedRowsAndChangesNothing() throws {
    let (toy, _) = try threeDays()
    let pass = try RestorePass(lake: toy.lake, table: bars, version: 0)
    #expect(try pass.planWithLedger().intervalsUndone > 0)
    let plan = try pass.plan()
    #expect(plan.undone.map(\.version) == [2, 1])
    #expect(plan.changes.map(\.partition) == ["2024-01-03", "2024-01-04"])
    #expect(plan.total == RestorePlan.Change(filesRemoved: 2, rowsRemoved: 40))
    #expect(plan.inputsUndone == 2 && plan.intervalsUndone == 0)
    #expect(try toy.lake.table(named: bars).snapshot().version == 2)
    #expect(try restore(toy, 0) == 3)
    let back = try RestorePass(lake: toy.lake, table: bars, version: 2).plan()
    #expect(back.undone.map { $0.commitInfo?.operation } == ["RESTORE"])
    #expect(back.total == RestorePlan.Change(filesAdded: 2, rowsAdded: 40))
    #expect(back.inputsUndone == 0 && back.intervalsUndone == 0)
  }

  @Test func theLedgerFollows() throws {
    let (toy, _) = try threeDays()
    func states() throws -> [CoverageState] {
      let ledger = try CoverageLedger.read(toy.lake)
      return ledger.sources.flatMap { source in
        ledger.stretches(
          dataset: source.dataset, schema: source.schema, symbolType: source.symbolType,
          symbol: source.symbol)
      }.map(\.state)
    }
    let before = try states()
    #expect(before.count(where: \.saysRowsAreThere) == before.count && !before.isEmpty)
    #expect(try restore(toy, 0) == 3)
    #expect(try states().contains(.undone))
    #expect(try states().count(where: \.saysRowsAreThere) == 1)
    // Recovering from the commits alone gives the same.
    #expect(try LedgerRebuild.missing(toy.lake).isEmpty)
    #expect(try restore(toy, 2) == 4)
    #expect(try !states().contains(.undone))
    let spent = try SpendReport(CoverageLedger.read(toy.lake), by: [])
    #expect(spent.total.purchaseCount == 0)
  }

  @Test func restoringTheSameVersionAgainCommitsNothing() throws {
    let (toy, paths) = try threeDays()
    #expect(try restore(toy, 0) == 3)
    let events = try CoverageLedger.read(toy.lake).events.count
    #expect(try restore(toy, 0) == nil)
    #expect(try RestorePass(lake: toy.lake, table: bars, version: 0).planWithLedger().isNothing)
    #expect(try toy.lake.table(named: bars).snapshot().version == 3)
    #expect(try CoverageLedger.read(toy.lake).events.count == events)
    // What came since is undone, also where its interval was undone before.
    try toy.ingest([paths[1]])
    #expect(try restore(toy, 0) == 5)
    #expect(try restore(toy, 0) == nil)
    #expect(try rowCount(toy) == 20)
  }

  @Test func whatWasMadeOfTheTableBecomesStaleAndFreshAgain() throws {
    let (toy, _) = try threeDays()
    #expect(try resample(toy) == 3)
    #expect(try restore(toy, 1) == 3)
    #expect(try resample(toy) == 1)
    #expect(try restore(toy, 2) == 4)
    #expect(try resample(toy) == 1)
    #expect(try resample(toy) == 0)
    // A derived table too: what is missing again is made again.
    let minutes = "bars.test_set_ohlcv_1m"
    let newest = try toy.lake.table(named: minutes).snapshot().version
    let rows = try toy.rows(minutes, columns)
    #expect(try restore(toy, newest - 1, minutes) == newest + 1)
    #expect(try toy.rows(minutes, columns) != rows)
    #expect(try resample(toy) == 1)
    #expect(try toy.rows(minutes, columns) == rows)
  }

  @Test func aDateThatIsEmptiedAgainAndAgainLosesItsBarsEachTime() throws {
    let (toy, paths) = try threeDays()
    #expect(try resample(toy) == 3)
    let minutes = "bars.test_set_ohlcv_1m"
    for round in 0..<3 {
      let newest = try toy.lake.table(named: bars).snapshot().version
      // First one day is removed, then two, of which one was emptied before.
      #expect(try restore(toy, round == 1 ? 0 : 1) == newest + 1)
      #expect(try resample(toy) == (round == 1 ? 2 : 1))
      #expect(try resample(toy) == 0)
      #expect(try toy.rows(minutes, columns).count == (round == 1 ? 1 : 2))
      #expect(try restore(toy, 2) == newest + 2)
      #expect(try resample(toy) == (round == 1 ? 2 : 1))
      #expect(try toy.rows(minutes, columns).count == 3)
    }
    #expect(try restore(toy, 0) != nil)
    let later = try toy.bars("9.dbn", (0..<20).map { ToyLake.Bar(day: 9, second: $0, price: 7) })
    try toy.ingest([later, paths[1]])
    // One day is emptied again, one is unchanged, one is new.
    #expect(try resample(toy) == 2)
    #expect(try toy.rows(minutes, columns).count == 3)
  }

  @Test func aTableIsTakenBackToBeforeItsFirstRows() throws {
    let (toy, paths) = try threeDays()
    #expect(try resample(toy) == 3)
    let table = try toy.lake.table(named: bars)
    let (metadata, rows) = (try table.snapshot().metadata, try toy.rows(bars, columns))
    func empty() throws -> (RestorePlan, Int?) {
      let done = try RestorePass(lake: toy.lake, table: bars, to: .empty).run()
      return (done.plan, done.version)
    }
    for round in 0..<2 {
      let newest = try table.snapshot().version
      let (plan, version) = try empty()
      #expect(version == newest + 1)
      #expect(plan.inputsUndone == 3 && plan.intervalsUndone == 3)
      #expect(plan.total == RestorePlan.Change(filesRemoved: 3, rowsRemoved: 60))
      let now = try table.snapshot()
      #expect(try now.files.isEmpty && now.txns.isEmpty && now.metadata == metadata)
      let ledger = try CoverageLedger.read(toy.lake)
      for source in ledger.sources {
        let states = ledger.stretches(
          dataset: source.dataset, schema: source.schema, symbolType: source.symbolType,
          symbol: source.symbol, table: bars
        ).map(\.state)
        #expect(!states.isEmpty && states.allSatisfy { $0 == .undone })
      }
      #expect(try LedgerRebuild.missing(toy.lake).isEmpty)
      // Only once: the table is empty already.
      #expect(try empty().1 == nil)
      #expect(try resample(toy) == 3)
      #expect(try toy.rows("bars.test_set_ohlcv_1m", columns).isEmpty)
      // Restored by version, or by ingesting the files.
      if round == 0 {
        #expect(try restore(toy, newest) == newest + 2)
      } else {
        #expect(try toy.ingest(paths).total(\.rowsStored) == 60)
      }
      #expect(try toy.rows(bars, columns) == rows)
      #expect(try resample(toy) == 3)
    }
  }

  @Test func aVersionWhoseBytesAreMissingIsRefusedByName() throws {
    let (toy, _) = try threeDays()
    #expect(try restore(toy, 0) == 3)
    let table = try toy.lake.table(named: bars)
    let lost = try #require(table.snapshot(version: 2).files.last)
    #expect(unlink(table.path + "/" + lost.filePath) == 0)
    let error = #expect(throws: PassError.self) { try restore(toy, 2) }
    #expect(error?.message.contains("1 of the 3 files of version 2 are gone") == true)
    #expect(error?.message.contains(lost.filePath) == true)
    #expect(try table.snapshot().version == 3)
    // A version that does not need the file can be restored.
    #expect(try restore(toy, 1) == 4)
    let cut = try #require(table.snapshot(version: 0).files.first)
    #expect(truncate(table.path + "/" + cut.filePath, 7) == 0)
    let other = #expect(throws: PassError.self) { try restore(toy, 0) }
    #expect(other?.message.contains("has 7 bytes of \(cut.size)") == true)
  }

  @Test func columnsAndPropertiesComeBack() throws {
    let (toy, _) = try threeDays()
    let table = try toy.lake.table(named: bars)
    var transaction = Transaction(snapshot: try table.snapshot(), storage: table.storage)
    try transaction.addColumns([Field("mood", .string)])
    transaction.setProperties(["lake.note": "x"])
    #expect(try transaction.commit() == .committed(version: 3))
    let plan = try RestorePass(lake: toy.lake, table: bars, version: 2).plan()
    #expect(plan.columnsRemoved == ["mood"] && plan.propertiesChanged == ["lake.note"])
    #expect(plan.total == RestorePlan.Change())
    #expect(try restore(toy, 2) == 4)
    let now = try table.snapshot()
    #expect(try now.metadata == table.snapshot(version: 2).metadata)
    #expect(try restore(toy, 3) == 5)
    #expect(try table.snapshot().configuration["lake.note"] == "x")
  }

  @Test func theLedgersTablesAreRefused() throws {
    let (toy, _) = try threeDays()
    let error = #expect(throws: PassError.self) { try restore(toy, 0, "ledger.coverage") }
    #expect(error?.code == .usage)
  }
}
