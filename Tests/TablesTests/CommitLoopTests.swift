import Catalog
import DeltaLog
import TestSupport
import Testing

@testable import Tables

@Suite struct CommitGroupTests {
  @Test func aGroupTakesAboutTwoSeconds() {
    let second: Int64 = 1_000_000_000
    #expect(CommitGroup.size(after: 64, nanoseconds: second) == 64)
    #expect(CommitGroup.size(after: 64, nanoseconds: 8 * second) == 16)
    #expect(CommitGroup.size(after: 1, nanoseconds: 90 * second) == 1)
  }
}

/// The commit loop, used by all commits.
@Suite struct CommitLoopTests {
  private let toy: ToyTable

  init() throws {
    toy = try ToyTable()
    try toy.commit(toy.append(day: 0, 0..<10))
  }

  /// Our change is made again after each conflict until it succeeds; no rows are lost or duplicated.
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

  @Test func losingEveryRaceIsAnError() throws {
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

  /// A table created before its schema had a column gets it with the first rows that may have a value.
  @Test func columnsThatTheTableLacksComeWithTheCommit() throws {
    let toy = try ToyTable()
    let schema = toy.definition.schema
    let fields = schema.tableFields.filter { $0.name != "volume" }
    var transaction = Transaction(
      snapshot: nil, storage: try toy.writer().storage)
    transaction.create(
      schema: try DeltaSchema(fields), partitionColumns: [TableSchema.dateColumn],
      configuration: toy.definition.configuration)
    _ = try transaction.commit()
    try toy.commit(toy.append(day: 0, 0..<3))
    let names = try toy.writer().snapshot?.schema.fields.map(\.name) ?? []
    #expect(names.contains("volume"))
    #expect(try toy.seconds(0) == [0, 1, 2])
  }
}
