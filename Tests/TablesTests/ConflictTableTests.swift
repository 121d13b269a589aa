import Catalog
import DeltaLog
import TestSupport
import Testing

@testable import Tables

/// The outcome of two commits based on the same version: the rows of the table at `TableWriter`. Each test is
/// named after the other commit, and ours.
@Suite struct ConflictTableTests {
  private let toy: ToyTable
  private let first = ToyTable.partition(0)

  init() throws {
    toy = try ToyTable()
    try toy.commit(toy.append(day: 0, 0..<10))
    try toy.commit(toy.append(day: 0, 10..<20))
    try toy.commit(toy.append(day: 1, 0..<5))
  }

  /// The outcome of our commit if `other` is committed after we read the table.
  private func race(ours: TableChange, other: TableChange) throws -> CommitOutcome {
    let writer = try toy.writer()
    try toy.commit(other)
    return try writer.commit(ours, toy.definition, run: toy.run)
  }

  private func version() throws -> Int { try toy.writer().snapshot?.version ?? -1 }

  // MARK: - append | append | retry at the next version

  @Test func appendAndAppendStandOneBehindTheOther() throws {
    let outcome = try race(
      ours: toy.append(day: 0, 20..<25), other: toy.append(day: 0, 25..<30))
    #expect(outcome == .committed(version: 4))
    #expect(try toy.seconds(0) == Array(0..<30))
  }

  @Test func appendsThatMakeTheTableAreBothIn() throws {
    let toy = try ToyTable()
    let (one, other) = (try toy.writer(), try toy.writer())
    let first = try toy.append(day: 0, 0..<5)
    #expect(try one.commit(first, toy.definition, run: toy.run) == .committed(version: 0))
    let change = try toy.append(day: 0, 5..<9)
    #expect(
      try other.commit(change, toy.definition, run: toy.run)
        == .conflict(version: 0, reason: .tableExists))
    try other.load()
    #expect(try other.commit(change, toy.definition, run: toy.run) == .committed(version: 1))
    #expect(try toy.seconds(0) == Array(0..<9))
  }

  // MARK: - anything in P | replaces P | recompute P

  @Test(arguments: ["append", "merge", "replace", "compact", "remove"])
  func anythingInAPartitionAndItsReplacementMakeItAnew(_ kind: String) throws {
    let other =
      switch kind {
      case "append": try toy.append(day: 0, 30..<40)
      case "merge": try toy.merge(day: 0, 30..<40)
      case "replace": try toy.replace(day: 0, 30..<40)
      case "compact": try toy.compact(day: 0, 0..<20)
      default: try toy.remove(day: 0)
      }
    let writer = try toy.writer()
    try toy.commit(other)
    let before = try toy.seconds(0)
    let ours = try toy.replace(day: 0, 50..<60)
    #expect(
      try writer.commit(ours, toy.definition, run: toy.run)
        == .conflict(version: 3, reason: .partitionChanged(first)))
    #expect(try toy.seconds(0) == before)
    // The result is still in staging, for the next attempt.
    try writer.load()
    #expect(try writer.commit(ours, toy.definition, run: toy.run) == .committed(version: 4))
    #expect(try toy.seconds(0) == Array(50..<60))
  }

  @Test func aReplacementDoesNotMindOtherPartitions() throws {
    let outcome = try race(ours: toy.replace(day: 0, 50..<60), other: toy.append(day: 1, 5..<6))
    #expect(outcome == .committed(version: 4))
    #expect(try toy.seconds(0) == Array(50..<60) && toy.seconds(1) == Array(0..<6))
  }

  // MARK: - append to P | merges into P | read the added rows again

  @Test func anAppendToAPartitionAndAMergeIntoItReadAgain() throws {
    let outcome = try race(ours: toy.merge(day: 0, 20..<25), other: toy.append(day: 0, 22..<30))
    #expect(outcome == .conflict(version: 3, reason: .partitionChanged(first)))
    #expect(try toy.seconds(0) == Array(0..<20) + Array(22..<30))
  }

  @Test func aMergeDoesNotMindOtherPartitions() throws {
    let outcome = try race(ours: toy.merge(day: 0, 20..<25), other: toy.append(day: 1, 5..<9))
    #expect(outcome == .committed(version: 4))
  }

  // MARK: - append to P | compacts P | keep both

  @Test func anAppendToAPartitionAndItsCompactionAreBothKept() throws {
    let outcome = try race(ours: toy.compact(day: 0, 0..<20), other: toy.append(day: 0, 20..<23))
    #expect(outcome == .committed(version: 4))
    #expect(try toy.seconds(0) == Array(0..<23))
    #expect(try toy.files(0).count == 2)
  }

  // MARK: - removed files in P | compacts P | abandon

  @Test func removedFilesOfAPartitionAndItsCompactionGiveItUp() throws {
    let ours = try toy.compact(day: 0, 0..<20)
    let paths = try toy.files(0).map(\.path)
    let outcome = try race(ours: ours, other: toy.remove(day: 0))
    guard case .conflict(3, .fileChanged(let path)) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(paths.contains(path))
    #expect(try toy.seconds(0).isEmpty)
  }

  @Test func anotherRemovedFileOfThePartitionGivesTheCompactionUpToo() throws {
    var ours = try toy.compact(day: 0, 0..<10)
    let files = try toy.files(0).sorted { $0.path < $1.path }
    var other = try toy.remove(day: 0)
    (ours.removed, other.removed) = ([files[0]], [files[1]])
    let outcome = try race(ours: ours, other: other)
    #expect(outcome == .conflict(version: 3, reason: .filesRemoved(first)))
  }

  // MARK: - metadata or protocol | anything | plan again

  @Test(arguments: ["append", "merge", "replace", "compact", "whole"])
  func metadataAndAnythingPlanAgain(_ kind: String) throws {
    let ours =
      switch kind {
      case "append": try toy.append(day: 0, 20..<25)
      case "merge": try toy.merge(day: 0, 20..<25)
      case "replace": try toy.replace(day: 0, 20..<25)
      case "compact": try toy.compact(day: 0, 0..<20)
      default: TableChange(.wholeTable)
      }
    let writer = try toy.writer()
    var transaction = Transaction(snapshot: writer.snapshot, storage: writer.storage)
    transaction.setProperties(["note": "x"])
    _ = try transaction.commit()
    let reason: ConflictReason = kind == "whole" ? .snapshotOutdated : .metadataChanged
    #expect(
      try writer.commit(ours, toy.definition, run: toy.run)
        == .conflict(version: 3, reason: reason))
    #expect(try toy.seconds(0) == Array(0..<20))
  }

  // MARK: - same appId | same | already done

  @Test func theSameApplicationTwiceIsDoneAlready() throws {
    var (one, other) = (try toy.append(day: 2, 0..<5), try toy.append(day: 2, 0..<5))
    one.applications = [("lake/ingest/x", 1)]
    other.applications = one.applications
    #expect(try race(ours: one, other: other) == .alreadyDone(version: 3))
    #expect(try toy.seconds(2) == Array(0..<5))
    // And if it was seen before.
    let writer = try toy.writer()
    #expect(try writer.commit(one, toy.definition, run: toy.run) == .alreadyDone(version: 3))
  }

  @Test func ofSeveralApplicationsTheDoneOnesAreNamed() throws {
    var (ours, other) = (try toy.append(day: 2, 0..<5), try toy.append(day: 2, 0..<5))
    ours.applications = [("a", 1), ("b", 1)]
    other.applications = [("a", 1)]
    #expect(
      try race(ours: ours, other: other)
        == .conflict(version: 3, reason: .transactionsDone(appIds: ["a"])))
  }

  // MARK: - anything | the whole table | plan again

  @Test func anyCommitAndOneThatRestsOnTheWholeTablePlanAgain() throws {
    var ours = TableChange(.wholeTable)
    ours.removed = try toy.files(1)
    let outcome = try race(ours: ours, other: toy.append(day: 4, 0..<1))
    #expect(outcome == .conflict(version: 3, reason: .snapshotOutdated))
  }
}
