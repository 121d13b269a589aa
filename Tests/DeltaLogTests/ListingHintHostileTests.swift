import Glibc
import Platform
import Storage
import Synchronization
import TestSupport
import Testing

@testable import DeltaLog

/// Whatever the hint's content, the newest version is found.
@Suite struct ListingHintHostileTests {
  @Test func everyFlippedBitIsFound() throws {
    let folder = FolderStamp(device: 1, inode: 2, modificationTime: 3, changeTime: -4)
    let known = KnownLog(firstCommit: 5, checkpoint: CheckpointFiles(version: 90, partCount: 3))
    let hint = ListingHint(folder: folder, version: 99, known: known)
    let bytes = hint.bytes
    #expect(bytes.count == ListingHint.byteCount)
    #expect(ListingHint(bytes) == hint)
    for bit in 0..<8 * bytes.count {
      var damaged = bytes
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(ListingHint(damaged) == nil)
    }
    for count in 0..<bytes.count { #expect(ListingHint(Array(bytes.prefix(count))) == nil) }
  }

  /// A process that dies while writing it, or two that write at the same time.
  @Test func aTornHintIsNone() {
    let folder = FolderStamp(device: 1, inode: 2, modificationTime: 3, changeTime: 4)
    let old = ListingHint(
      folder: folder, version: 300, known: KnownLog(firstCommit: 0, checkpoint: nil))
    var new = old
    new.version = 301
    new.folder.modificationTime = 5
    let (left, right) = (old.bytes, new.bytes)
    for count in 0...left.count {
      let torn = Array(right.prefix(count) + left.dropFirst(count))
      let hint = ListingHint(torn)
      #expect(torn == left ? hint == old : torn == right ? hint == new : hint == nil)
    }
  }

  @Test func aForgedHintNeverMakesAnotherVersionTheNewest() throws {
    let table = try LongLog()
    try table.commit(writesCheckpoints: false)
    let numbers = [Int.min, -1, 0, 290, 300, 301, 302, 1 << 40, .max]
    for version in numbers {
      for first in [0, 291, .max] {
        for checkpoint in [-1, 0, 290, 301, 302, .max] {
          try table.forge(
            version: version, first: first, checkpoint: checkpoint < 0 ? nil : checkpoint)
          let words: Comment = "\(version), \(first), \(checkpoint)"
          #expect(try Snapshot.load(table.storage).version == 301, words)
          #expect(try Snapshot.latestVersion(table.storage) == 301, words)
        }
      }
    }
    for parts in [Int.min, -1, 1, 2, 100_000, 100_001, 1 << 40, .max] {
      try table.forge(version: 301, checkpoint: 290, parts: parts)
      #expect(try table.expectNewest(lists: true, "\(parts) parts") == 301)
    }
  }

  @Test func randomBytesAreNoHint() throws {
    let table = try LongLog()
    try table.commit(writesCheckpoints: false)
    var random = SeededGenerator(seed: 11)
    for _ in 0..<10 {
      try table.forge((0..<ListingHint.byteCount).map { _ in .random(in: 0...255, using: &random) })
      #expect(try table.expectNewest(lists: true) == 301)
    }
  }

  enum Lying: CaseIterable { case link, deadLink, pipe, folder, large, small, another, twoNames }

  @Test(arguments: Lying.allCases)
  func whatElseLiesThereIsLeftAsItIs(_ lying: Lying) throws {
    let table = try LongLog()
    try table.commit(writesCheckpoints: false)
    let elsewhere = table.folder.path + "/elsewhere"
    let good = try #require(try table.noted()).bytes
    #expect(rename(table.hint, elsewhere) == 0)
    let other = [UInt8](repeating: 7, count: ListingHint.byteCount)
    switch lying {
    case .link: #expect(symlink(elsewhere, table.hint) == 0)
    case .deadLink: #expect(symlink(table.folder.path + "/nowhere", table.hint) == 0)
    case .pipe: #expect(mkfifo(table.hint, 0o666) == 0)
    case .folder: #expect(mkdir(table.hint, 0o777) == 0)
    case .large: try table.write(ListingHint.path, good + [0])
    case .small: try table.write(ListingHint.path, [1])
    case .another: try table.write(ListingHint.path, other)
    case .twoNames: #expect(link(elsewhere, table.hint) == 0)
    }
    var before = stat()
    #expect(lstat(table.hint, &before) == 0)
    #expect(try table.expectNewest(lists: true) == 301)
    #expect(try table.commit(writesCheckpoints: false) == 302)
    #expect(try table.expectNewest(lists: true) == 302)
    var after = stat()
    #expect(lstat(table.hint, &after) == 0)
    #expect(before.st_ino == after.st_ino && before.st_size == after.st_size)
    #expect(try table.storage.read("elsewhere") == good)
    #expect(access(table.folder.path + "/nowhere", F_OK) != 0)
  }

  /// After a power failure, only the length of an unsynced file may be left.
  @Test(arguments: [0, 1, ListingHint.byteCount])
  func anEmptyOneIsWrittenAgain(byteCount: Int) throws {
    let table = try LongLog()
    try table.write(ListingHint.path, [UInt8](repeating: 0, count: byteCount))
    #expect(try table.expectNewest(lists: true) == 300)
    #expect(try table.commit(writesCheckpoints: false) == 301)
    #expect(try table.expectNewest(lists: false) == 301)
  }

  // MARK: - Conflicts

  /// One writer ignores hints, two use them: after a commit nobody reads an older version, and no commit is
  /// lost.
  @Test func amongWritersOfAllKindsNoCommitIsMissed() throws {
    let table = try LongLog()
    try table.commit()
    let newest = Mutex(301)
    let problems = Mutex<[String]>([])
    @Sendable func expectNewest() throws {
      let known = newest.withLock { $0 }
      for found in [
        try Snapshot.load(table.storage).version, try Snapshot.latestVersion(table.storage),
      ]
      where found < known { problems.withLock { $0.append("\(found), though \(known) is there") } }
    }
    let threads = (0..<4).compactMap { index in
      Parallel.startThread {
        do {
          for round in 0..<40 {
            try expectNewest()
            switch index {
            case 0:
              var version = try Snapshot.latestVersion(table.storage) + 1
              let bytes = CommitWriter.bytes(of: [.add(makeFile("o\(round)"))])
              while try !table.storage.putIfAbsent(LogFile.commitPath(version), bytes) {
                version += 1
              }
              newest.withLock { $0 = Swift.max($0, version) }
            case 1, 2:
              var transaction = Transaction(
                snapshot: try Snapshot.load(table.storage), storage: table.storage)
              transaction.append([makeFile("w\(index)-\(round)")])
              guard case .committed(let version) = try transaction.commit() else {
                problems.withLock { $0.append("a conflict") }
                continue
              }
              newest.withLock { $0 = Swift.max($0, version) }
            default: break
            }
          }
        } catch { problems.withLock { $0.append("\(error)") } }
      }
    }
    for thread in threads { pthread_join(thread, nil) }
    #expect(threads.count == 4)
    #expect(problems.withLock { $0 } == [])
    let last = try Snapshot.load(table.storage)
    #expect(last.version == 301 + 120)
    #expect(try Set(names(last)).count == 421, "every file of every writer")
    // How many commits a checkpoint is behind depends on the race: the first of two may write one, which changes the folder
    // after its hint.
    try table.commit()
    try table.commit()
    try table.expectNewest(lists: false)
  }
}
