import Glibc
import Platform
import Storage
import TestSupport
import Testing

@testable import DeltaLog

/// The hint avoids listing the log, and never determines the newest version.
@Suite struct ListingHintTests {
  @Test func aCommitIntoALongLogSparesTheNextOnesTheirListing() throws {
    let table = try LongLog()
    try table.expectNewest(lists: true)
    #expect(try table.noted() == nil, "reading writes nothing")
    #expect(try table.commit(writesCheckpoints: false) == 301)
    #expect(try table.noted()?.version == 301)
    #expect(
      try table.noted()?.known
        == KnownLog(firstCommit: 0, checkpoint: CheckpointFiles(version: 290)))
    #expect(try table.expectNewest(lists: false) == 301)
    let count = table.storage.listingCount
    for version in 302...305 { #expect(try table.commit(writesCheckpoints: false) == version) }
    #expect(table.storage.listingCount == count)
    #expect(try table.expectNewest(lists: false) == 305)
  }

  @Test func aCommitThatWritesACheckpointNotesIt() throws {
    let table = try LongLog()
    for _ in 0..<12 { try table.commit() }
    let noted = try #require(try table.noted())
    let checkpoint = try #require(noted.known.checkpoint?.version)
    #expect(checkpoint > 300)
    #expect(noted.version == 312)
    try table.expectNewest(lists: false)
  }

  @Test(arguments: [(255, false), (256, true)])
  func onlyALongLogHasAHint(newest: Int, isThere: Bool) throws {
    let table = try LongLog(newest - 1, checkpoint: 200)
    #expect(try table.commit() == newest)
    #expect((access(table.hint, F_OK) == 0) == isThere)
    try table.expectNewest(lists: !isThere)
  }

  @Test func aLogWithoutACheckpointHasAHintToo() throws {
    let table = try LongLog(280, checkpoint: nil)
    try table.commit(writesCheckpoints: false)
    #expect(try table.noted()?.known == KnownLog(firstCommit: 0, checkpoint: nil))
    try table.expectNewest(lists: false)
  }

  @Test func aLogWhoseOldCommitsWereRemovedHasAHintToo() throws {
    let table = try LongLog(600)
    for version in 0..<150 {
      #expect(unlink(table.folder.path + "/" + LogFile.commitPath(version)) == 0)
    }
    try table.commit(writesCheckpoints: false)
    #expect(try table.noted()?.known.firstCommit == 150)
    try table.expectNewest(lists: false)
  }

  // MARK: - Other writers

  @Test func commitsOfOthersAreFound() throws {
    let table = try LongLog()
    try table.commit()
    for version in 302...304 {
      try table.put(version)
      #expect(try table.expectNewest(lists: true) == version)
    }
    #expect(try table.commit(writesCheckpoints: false) == 305)
    #expect(try table.expectNewest(lists: false) == 305)
  }

  @Test func commitsOfOthersWithinOneTickAreFound() throws {
    let table = try LongLog()
    try table.commit(writesCheckpoints: false)
    for version in 302...304 {
      try table.put(version)
      // The folder's stamp equals that in the hint.
      try table.forge(version: 301, checkpoint: 290)
      #expect(try table.expectNewest(lists: false) == version)
    }
  }

  @Test func aCheckpointOfOthersIsFound() throws {
    let table = try LongLog()
    try table.commit(writesCheckpoints: false)
    try CheckpointWriter.write(Snapshot.load(table.storage), table.storage)
    try table.expectNewest(lists: true)
    try table.forge(version: 301, checkpoint: 290)
    try table.expectNewest(lists: true, "within one tick: '_last_checkpoint' tells")
  }

  @Test(arguments: [false, true])
  func aCleanUpByOthersIsFound(isWithinOneTick: Bool) throws {
    let table = try LongLog()
    try CheckpointWriter.write(Snapshot.load(table.storage, version: 300), table.storage)
    try table.commit(writesCheckpoints: false)
    let known = try #require(try table.noted()?.known)
    #expect(known.checkpoint?.version == 300)
    for version in 0..<300 { unlink(table.folder.path + "/" + LogFile.commitPath(version)) }
    unlink(table.folder.path + "/" + LogFile.checkpointPath(290))
    if isWithinOneTick { try table.forge(version: 301, checkpoint: 300) }
    #expect(try table.expectNewest(lists: !isWithinOneTick) == 301)
    try table.forge(version: 301, checkpoint: 290)
    #expect(try table.expectNewest(lists: true) == 301, "that checkpoint is gone")
    try table.forge(version: 301, checkpoint: nil)
    #expect(try table.expectNewest(lists: true) == 301, "those commits are gone")
  }

  @Test func aGapIsAnErrorAsBefore() throws {
    let table = try LongLog()
    try table.commit(writesCheckpoints: false)
    try table.put(303)
    let error = #expect(throws: DeltaError.self) { try Snapshot.load(table.storage) }
    #expect(error?.code == .gap)
    unlink(table.folder.path + "/" + LogFile.commitPath(303))
    unlink(table.folder.path + "/" + LogFile.commitPath(295))
    try table.forge(version: 301, checkpoint: 290)
    let inside = #expect(throws: DeltaError.self) { try Snapshot.load(table.storage) }
    #expect(inside?.code == .gap)
  }

  // MARK: - Copies, backups, clocks

  @Test func aHintOfAnotherFolderOrTimeIsNotBelieved() throws {
    let table = try LongLog()
    try table.commit(writesCheckpoints: false)
    let (hint, now) = (try #require(try table.noted()), try table.stamp())
    #expect(hint.folder == now)
    let fields: [WritableKeyPath<FolderStamp, Int64>] = [\.modificationTime, \.changeTime]
    for field in fields {
      for difference: Int64 in [-1, 1, -3_600_000_000_000, 3_600_000_000_000] {
        var other = hint
        other.folder[keyPath: field] = now[keyPath: field] + difference
        try table.forge(other.bytes)
        #expect(try table.expectNewest(lists: true) == 301, "a clock that steps, a restored time")
      }
    }
    for field: WritableKeyPath<FolderStamp, UInt64> in [\.device, \.inode] {
      var other = hint
      other.folder[keyPath: field] &+= 1
      try table.forge(other.bytes)
      #expect(try table.expectNewest(lists: true) == 301, "a copy with all its times")
    }
    try table.forge(hint.bytes)
    try table.expectNewest(lists: false)
  }

  /// As rsync and tar do at the end.
  @Test func aFolderWhoseTimeWasPutBackIsListed() throws {
    let table = try LongLog()
    try table.commit(writesCheckpoints: false)
    let time = try table.stamp().modificationTime
    unlink(table.folder.path + "/" + LogFile.commitPath(301))
    // UTIME_OMIT for the first.
    let times = [
      timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2),
      timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000)),
    ]
    #expect(utimensat(AT_FDCWD, table.log, times, 0) == 0)
    #expect(try table.stamp().modificationTime == time)
    #expect(try table.expectNewest(lists: true) == 300)
  }

  @Test func aRemovedVersionIsNotTheNewest() throws {
    let table = try LongLog()
    try table.commit(writesCheckpoints: false)
    unlink(table.folder.path + "/" + LogFile.commitPath(301))
    try table.forge(version: 301, checkpoint: 290)
    #expect(try table.expectNewest(lists: true) == 300)
  }

  // MARK: - Permissions and damage

  @Test func whereItCannotBeWrittenOrReadNothingIsAmiss() throws {
    let table = try LongLog()
    table.storage.refusesNotes = true
    #expect(try table.commit(writesCheckpoints: false) == 301)
    #expect(access(table.hint, F_OK) != 0)
    #expect(try table.expectNewest(lists: true) == 301)
    table.storage.refusesNotes = false
    try table.commit(writesCheckpoints: false)
    table.storage.refusesNotes = true
    #expect(try table.expectNewest(lists: true) == 302)
  }

  @Test func theFoldersGroupMayWriteItToo() throws {
    let table = try LongLog()
    func mode() -> mode_t {
      var status = stat()
      #expect(stat(table.hint, &status) == 0)
      return status.st_mode & 0o777
    }
    #expect(chmod(table.log, 0o2750) == 0)
    try table.commit(writesCheckpoints: false)
    #expect(chmod(table.hint, 0o600) == 0)
    try table.commit(writesCheckpoints: false)
    #expect(mode() == 0o600)
    #expect(chmod(table.log, 0o2775) == 0)
    try table.commit(writesCheckpoints: false)
    #expect(mode() == 0o660)
    try table.expectNewest(lists: false)
  }

  @Test func itIsNoLeftover() throws {
    let table = try LongLog()
    try table.commit(writesCheckpoints: false)
    LogLeftovers.remove(table.storage, now: Clock.milliseconds() + 10 * LogLeftovers.ageMin)
    #expect(try table.noted()?.version == 301)
    #expect(LogFile(name: ".lake_listing") == .other)
  }

  @Test func aDamagedCheckpointIsPassedOverAndReplaced() throws {
    let table = try LongLog()
    try table.commit(writesCheckpoints: false)
    try table.write(LogFile.checkpointPath(290), [1, 2, 3])
    // The folder's stamp is unchanged: the file was overwritten in place.
    let snapshot = try Snapshot.load(table.storage)
    #expect(snapshot.version == 301)
    #expect(snapshot.workedAround != nil)
    #expect(snapshot.needsCheckpoint)
    #expect(try table.commit() == 302)
    #expect(try table.noted()?.known.checkpoint?.version == 302)
    #expect(try table.expectNewest(lists: false) == 302)
  }

  @Test func whoeverDeletesByItListsTheLog() throws {
    let table = try LongLog()
    try table.commit(writesCheckpoints: false)
    let count = table.storage.listingCount
    _ = try Snapshot.load(table.storage, listsLog: true)
    _ = try Snapshot.load(table.storage, version: 301)
    _ = try Snapshot.load(table.storage, asOf: .max)
    #expect(table.storage.listingCount >= count + 3)
  }
}
