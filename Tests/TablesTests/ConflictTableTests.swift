import Catalog
import DeltaLog
import TestSupport
import Testing

@testable import Tables

/// What comes of two commits that were made of the same version: the rows of the table that `TableWriter` has. Each
/// test is named by the other commit, and ours.
@Suite struct ConflictTableTests {
  private let toy: ToyTable
  private let first = ToyTable.partition(0)

  init() throws {
    toy = try ToyTable()
    try toy.commit(toy.append(day: 0, 0..<10))
    try toy.commit(toy.append(day: 0, 10..<20))
    try toy.commit(toy.append(day: 1, 0..<5))
  }

  /// How ours ends where `other` comes between our look at the table and our commit.
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
    // What was made is still in staging, for the next try.
    try writer.load()
    #expect(try writer.commit(ours, toy.definition, run: toy.run) == .committed(version: 4))
    #expect(try toy.seconds(0) == Array(50..<60))
  }

  @Test func aReplacementDoesNotMindOtherPartitions() throws {
    let outcome = try race(ours: toy.replace(day: 0, 50..<60), other: toy.append(day: 1, 5..<6))
    #expect(outcome == .committed(version: 4))
    #expect(try toy.seconds(0) == Array(50..<60) && toy.seconds(1) == Array(0..<6))
  }

  // MARK: - append to P | merges into P | read again what was added

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

  // MARK: - same appId | same | done already

  @Test func theSameApplicationTwiceIsDoneAlready() throws {
    var (one, other) = (try toy.append(day: 2, 0..<5), try toy.append(day: 2, 0..<5))
    one.applications = [("lake/ingest/x", 1)]
    other.applications = one.applications
    #expect(try race(ours: one, other: other) == .alreadyDone(version: 3))
    #expect(try toy.seconds(2) == Array(0..<5))
    // And where it was seen before.
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

/// The loop that all commits go through.
@Suite struct CommitLoopTests {
  private let toy: ToyTable

  init() throws {
    toy = try ToyTable()
    try toy.commit(toy.append(day: 0, 0..<10))
  }

  /// Ours is made again of what the others left, until it stands; nobody's rows are lost or doubled.
  @Test func aLostRaceIsRunAgainOnTheTableAsItIs() throws {
    let writer = try toy.writer()
    var seen: [[Int]] = []
    var losses: [CommitOutcome] = []
    let version = try writer.commit(run: toy.run) { lost in
      if let lost { losses.append(lost) }
      seen.append(try toy.seconds(0))
      let last = seen[seen.count - 1].count
      let ours = try toy.merge(day: 0, last..<last + 5)
      if seen.count < 3 { try toy.commit(toy.append(day: 0, last..<last + 2)) }
      return (ours, toy.definition)
    }
    #expect(version == 3 && writer.committedVersion == 3)
    #expect(seen.map(\.count) == [10, 12, 14])
    #expect(
      losses
        == [1, 2].map { .conflict(version: $0, reason: .partitionChanged(ToyTable.partition(0))) })
    #expect(try toy.seconds(0) == Array(0..<19))
  }

  @Test func nothingLeftToDoIsNoCommit() throws {
    let writer = try toy.writer()
    var asked = 0
    let version = try writer.commit(run: toy.run) { lost in
      asked += 1
      if lost != nil { return nil }
      try toy.commit(toy.append(day: 0, 10..<11))
      return (try toy.merge(day: 0, 10..<11), toy.definition)
    }
    #expect(version == nil && asked == 2)
    #expect(try toy.seconds(0) == Array(0..<11))
  }

  @Test func whoLosesEveryRaceIsTold() throws {
    let writer = try toy.writer()
    let segment = try toy.merge(day: 0, 50..<51)
    var count = 0
    let error = #expect(throws: PassError.self) {
      try writer.commit(run: toy.run) { _ in
        count += 1
        var other = TableChange(.append)
        other.segments = [try toy.segment(day: 0, 0..<1)]
        try toy.commit(other)
        return (segment, toy.definition)
      }
    }
    #expect(error?.code == .conflict && count == CommitGroup.attemptMax)
    #expect(error?.remedy == "run the command again when fewer writers are at work")
  }

  /// A refused commit leaves nothing in the table's folder, and its segments in staging.
  @Test func whatIsRefusedIsBackInStaging() throws {
    let writer = try toy.writer()
    let ours = try toy.merge(day: 0, 20..<25)
    try toy.commit(toy.append(day: 0, 20..<30))
    guard case .conflict = try writer.commit(ours, toy.definition, run: toy.run) else {
      Issue.record("both are in")
      return
    }
    let segment = ours.segments[0]
    #expect(try SegmentReader(path: segment.staged.path).rowCount() == 5)
    let inTable = try writer.storage.attributes(segment.file.filePath)
    #expect(inTable == nil)
  }

  /// A table that was made before its schema had a column gets it with the first rows that may have it.
  @Test func columnsThatTheTableLacksComeWithTheCommit() throws {
    let toy = try ToyTable()
    let schema = toy.definition.schema
    let fields = schema.tableFields.filter { $0.name != "volume" }
    var transaction = Transaction(
      snapshot: nil, storage: try toy.writer().storage)
    transaction.create(
      schema: try DeltaSchema(fields), partitionColumns: [TableSchema.partitionColumn],
      configuration: toy.definition.configuration)
    _ = try transaction.commit()
    try toy.commit(toy.append(day: 0, 0..<3))
    let names = try toy.writer().snapshot?.schema.fields.map(\.name) ?? []
    #expect(names.contains("volume"))
    #expect(try toy.seconds(0) == [0, 1, 2])
  }
}
