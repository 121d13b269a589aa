import DeltaLog
import Synchronization
import Tables
import Testing

@testable import Passes

/// A table of files, each with a row count.
private final class FileTable: RewriteTarget {
  struct Merged: DeriveProduct {
    var path: String
    var rowCount: Int
    var byteCount: Int { rowCount }
  }

  let path = "table"
  private(set) var rows: [String: Int]
  private(set) var version = 0
  /// What other writers do before our commits.
  var others: [(FileTable) -> Void] = []

  init(_ rows: [String: Int]) { self.rows = rows }

  func livePaths() -> Set<String> { Set(rows.keys) }
  func add(_ path: String, _ count: Int) { rows[path] = count }
  func remove(_ path: String) { rows[path] = nil }

  func commit(_ units: [RewrittenUnit<Merged>]) throws -> Int? {
    if !others.isEmpty {
      others.removeFirst()(self)
      version += 1
      return nil
    }
    for done in units {
      for file in done.unit.files { rows[file.path] = nil }
      for product in done.products { rows[product.path] = product.rowCount }
    }
    version += 1
    return version
  }

  func plan(_ groups: [[String]]) -> RewritePlan {
    let units = groups.map { paths in
      RewriteUnit(
        partition: PartitionKey(date: "2024-01-01"), name: "date=2024-01-01", reason: "small",
        files: paths.map { AddFile(path: $0, size: 1, modificationTime: 0) })
    }
    return RewritePlan(table: "raw.x", version: 0, units: units, keptCount: 0)
  }
}

private final class Merging: RewritePass, @unchecked Sendable {
  // Only changed before a run.
  let name = "merge"
  let target: FileTable
  var lost: Set<Int> = []
  var unreadable: Set<Int> = []
  var isAtOnce = false

  init(_ target: FileTable) { self.target = target }

  func rewrite(_ unit: RewriteUnit, number: Int) throws -> RewrittenUnit<FileTable.Merged> {
    if unreadable.contains(number) { throw PassError(.input, "unreadable \(number)") }
    let before = unit.files.reduce(0) { $0 + (target.rows[$1.path] ?? 0) }
    let after = lost.contains(number) ? before - 1 : before
    return RewrittenUnit(
      unit: unit, products: [FileTable.Merged(path: "merged-\(number)", rowCount: after)],
      conserved: [Conserved("rows", before: before, after: after)])
  }
}

@Suite struct RewriteEngineTests {
  private let table = FileTable(["a": 1, "b": 2, "c": 3, "d": 4])

  private func run(
    _ pass: Merging, _ plan: RewritePlan, _ observer: any PassObserver = NoObserver()
  ) throws -> RewriteReport {
    try RewriteEngine(pass, plan: plan, observer: observer).run(jobs: 1)
  }

  @Test func filesBecomeOneAndNoRowIsLost() throws {
    let report = try run(Merging(table), table.plan([["a", "b"], ["c", "d"]]))
    #expect(table.rows == ["merged-0": 3, "merged-1": 7])
    #expect(report.filesBefore == 4 && report.filesAfter == 2 && report.rowCount == 10)
    #expect(report.versions == [1])
  }

  @Test func aLostRowRefusesTheUnitWithItsFigures() throws {
    let pass = Merging(table)
    pass.lost = [1]
    let report = try run(pass, table.plan([["a", "b"], ["c", "d"]]))
    #expect(table.rows == ["merged-0": 3, "c": 3, "d": 4])
    let error = report.failures.first?.error as? PassError
    #expect(error?.code == .conservation)
    #expect(error?.message.contains("rows: 7 before, 6 after") == true)
  }

  @Test func aUnitThatCannotBeReadLeavesTheOthersAlone() throws {
    let pass = Merging(table)
    pass.unreadable = [0]
    let report = try run(pass, table.plan([["a", "b"], ["c", "d"]]))
    #expect(report.failures.count == 1 && report.unitCount == 1)
    #expect(table.rows == ["a": 1, "b": 2, "merged-1": 7])
  }

  @Test func whatOthersAppendStays() throws {
    table.others = [{ $0.add("e", 5) }]
    let report = try run(Merging(table), table.plan([["a", "b"]]))
    #expect(table.rows == ["merged-0": 3, "c": 3, "d": 4, "e": 5])
    #expect(report.overtakenCount == 0)
  }

  @Test func aUnitWhoseFilesAnotherTookIsGivenUp() throws {
    table.others = [{ $0.remove("b") }]
    let report = try run(Merging(table), table.plan([["a", "b"], ["c", "d"]]))
    #expect(table.rows == ["a": 1, "merged-1": 7])
    #expect(report.overtakenCount == 1 && report.unitCount == 1)
  }

  @Test func racesThatAreAlwaysLostAreAnError() throws {
    table.others = Array(repeating: { _ in }, count: 200)
    let plan = table.plan([["a", "b"]])
    #expect(throws: PassError.self) { try run(Merging(table), plan) }
    #expect(table.rows.count == 4)
  }

  @Test func allAtOnceIsOneCommitHoweverManyUnits() throws {
    let table = FileTable(
      Dictionary(uniqueKeysWithValues: (0..<200).map { ("\($0)", $0) }))
    let pass = Merging(table)
    pass.isAtOnce = true
    let report = try run(pass, table.plan((0..<200).map { ["\($0)"] }))
    #expect(report.versions == [1] && report.unitCount == 200 && table.rows.count == 200)
  }

  @Test func allAtOnceIsNothingWhereOneUnitFails() throws {
    let pass = Merging(table)
    pass.isAtOnce = true
    pass.lost = [1]
    let report = try run(pass, table.plan([["a", "b"], ["c", "d"]]))
    #expect(report.failures.count == 1 && report.versions.isEmpty)
    #expect(table.rows == ["a": 1, "b": 2, "c": 3, "d": 4])
  }

  @Test func allAtOnceIsNothingWhereItIsInterrupted() throws {
    let pass = Merging(table)
    pass.isAtOnce = true
    let report = try run(pass, table.plan([["a", "b"], ["c", "d"]]), Watcher(begunMax: 1))
    #expect(report.isInterrupted && report.versions.isEmpty)
    #expect(table.rows == ["a": 1, "b": 2, "c": 3, "d": 4])
  }

  @Test func anInterruptionKeepsWhatIsDone() throws {
    let report = try run(
      Merging(table), table.plan([["a", "b"], ["c", "d"]]), Watcher(begunMax: 1))
    #expect(report.isInterrupted && report.unitCount == 1)
    #expect(table.rows == ["merged-0": 3, "c": 3, "d": 4])
  }
}
