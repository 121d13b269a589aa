import Glibc
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// The contract of both storages.
@Suite struct TableStorageTests {
  private func storages() -> [(any TableStorage, TemporaryFolder?)] {
    let folder = TemporaryFolder("lake-storage")
    return [(DirectoryStorage(root: folder.path), folder), (MemoryStorage(), nil)]
  }

  @Test func putsOnlyWhatIsAbsent() throws {
    for (storage, folder) in storages() {
      try storage.createDirectory("a/b")
      #expect(try storage.putIfAbsent("a/b/x", [1, 2, 3]))
      #expect(try !storage.putIfAbsent("a/b/x", [9]))
      #expect(try storage.read("a/b/x") == [1, 2, 3])
      #expect(try storage.size("a/b/x") == 3)
      #expect(try storage.read("a/b/x", range: 1..<3) == [2, 3])
      #expect(throws: StorageError.self) { try storage.read("a/b/x", range: 2..<4) }
      #expect(try storage.list("a/b") == [StorageEntry(name: "x")])
      #expect(try storage.list("") == [StorageEntry(name: "a", isDirectory: true)])
      #expect(try storage.listFiles(under: "") == ["a/b/x"])
      withExtendedLifetime(folder) {}
    }
  }

  @Test func replacesRenamesAndDeletes() throws {
    for (storage, folder) in storages() {
      try storage.writeDurably("x", [1])
      try storage.writeDurably("x", [])
      #expect(try storage.read("x") == [])
      try storage.createDirectory("d")
      try storage.writeDurably("y", [2])
      try storage.rename("y", to: "d/x")
      try storage.syncParents(of: "d/x")
      #expect(try storage.exists("y") == false)
      #expect(try storage.read("d/x") == [2])
      #expect(try storage.delete("d/x"))
      #expect(try !storage.delete("d/x"))
      #expect(try storage.attributes("d/x") == nil)
      let error = #expect(throws: StorageError.self) { try storage.read("d/x") }
      #expect(error?.code == .notFound)
      #expect(throws: StorageError.self) { try storage.list("nowhere") }
      #expect(throws: StorageError.self) { try storage.rename("nowhere", to: "z") }
      withExtendedLifetime(folder) {}
    }
  }

  @Test(arguments: ["../x", "/x", "a/../../x", "a\u{0}b"])
  func refusesPathsThatLeaveTheFolder(path: String) {
    for (storage, folder) in storages() {
      let error = #expect(throws: StorageError.self) { try storage.putIfAbsent(path, []) }
      #expect(error?.code == .badPath)
      withExtendedLifetime(folder) {}
    }
  }

  @Test(arguments: boundarySizes + [1 << 20])
  func keepsEveryByte(size: Int) throws {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    for (storage, folder) in storages() {
      #expect(try storage.putIfAbsent("f", bytes))
      #expect(try storage.read("f") == bytes)
      withExtendedLifetime(folder) {}
    }
  }
}

@Suite struct DirectoryStorageTests {
  @Test func probesWhatCommitsDependOn() throws {
    let folder = TemporaryFolder("lake-probe")
    let storage = DirectoryStorage(root: folder.path + "///")
    #expect(storage.name == folder.path)
    let capabilities = try storage.probe()
    #expect(capabilities.canCommit)
    #expect(capabilities.hasExclusiveLink)
    #expect(try storage.list("").isEmpty, "a probe leaves nothing behind")
    #expect(throws: Never.self) { try storage.requireSafeCommits() }
    #expect(throws: StorageError.self) { try DirectoryStorage(root: folder.path + "/no").probe() }
  }

  @Test func onlyOneOfManyThreadsCreatesAName() throws {
    let folder = TemporaryFolder("lake-put")
    let storage = DirectoryStorage(root: folder.path)
    for round in 0..<20 {
      let winners = Mutex<[Int]>([])
      let threads = (0..<8).compactMap { index in
        Parallel.startThread {
          if (try? storage.putIfAbsent("r\(round)", Array(repeating: UInt8(index), count: 999)))
            == true
          {
            winners.withLock { $0.append(index) }
          }
        }
      }
      for thread in threads { pthread_join(thread, nil) }
      let winner = winners.withLock { $0 }
      #expect(winner.count == 1)
      #expect(
        try storage.read("r\(round)") == Array(repeating: UInt8(winner.first ?? 99), count: 999))
    }
    #expect(try storage.list("").count == 20, "no temporary file is left")
  }

  @Test func aNoteLeavesItsFoldersStampAsItIs() throws {
    let folder = TemporaryFolder("lake-note")
    let storage = DirectoryStorage(root: folder.path)
    let kind: [UInt8] = [1, 2]
    var stamps: [FolderStamp] = []
    #expect(try storage.readNote("n", byteCount: 3) == nil)
    for last: UInt8 in 0..<5 {
      try storage.writeNote("n", kind: kind) { stamp in
        stamps.append(stamp)
        return kind + [last]
      }
      let note = try #require(try storage.readNote("n", byteCount: 3))
      #expect(note.bytes == kind + [last])
      #expect(note.folder == stamps.last)
    }
    #expect(Set(stamps).count == 1)
    #expect(try storage.putIfAbsent("other", []))
    #expect(try storage.readNote("n", byteCount: 3)?.folder != stamps.last)
    #expect(try storage.readNote("n", byteCount: 4) == nil)
    let error = #expect(throws: StorageError.self) {
      try storage.writeNote("n", kind: [9]) { _ in [9, 9, 9] }
    }
    #expect(error?.code == .badPath)
    #expect(try storage.read("n") == kind + [4])
  }

  @Test func saysWhatIsWrongAndWhere() throws {
    let folder = TemporaryFolder("lake-errors")
    let storage = DirectoryStorage(root: folder.path)
    try storage.writeDurably("file", [1])
    let missing = #expect(throws: StorageError.self) { try storage.read("nothing") }
    #expect(missing?.message == "cannot open the file: no such file or directory")
    #expect(missing?.placeText == folder.path + "/nothing")
    let notFolder = #expect(throws: StorageError.self) { try storage.createDirectory("file") }
    #expect(notFolder?.code == .badPath)
    let below = #expect(throws: StorageError.self) { try storage.putIfAbsent("file/x", []) }
    #expect(below?.code == .notFound)
    let directory = #expect(throws: StorageError.self) { try storage.read("") }
    #expect(directory?.code == .badPath)
  }

  @Test func publishesByRenameWhereLinksAreMissing() throws {
    let folder = TemporaryFolder("lake-rename")
    let storage = DirectoryStorage(root: folder.path)
    let temporary = try storage.writeTemporary(beside: "x", [7])
    #expect(try Publication.renameWithoutReplacing(temporary, folder.path + "/x") == .created)
    let second = try storage.writeTemporary(beside: "x", [8])
    #expect(try Publication.renameWithoutReplacing(second, folder.path + "/x") == .exists)
    #expect(try storage.read("x") == [7])
  }
}

@Suite struct MemoryStorageTests {
  @Test func injectedFaultsOccurAsSpecified() throws {
    let storage = MemoryStorage()
    storage.inject(.failBefore, after: 0)
    #expect(throws: StorageError.self) { try storage.putIfAbsent("a", [1]) }
    #expect(try !storage.exists("a"))
    storage.inject(.failAfter, after: 0)
    #expect(throws: StorageError.self) { try storage.putIfAbsent("a", [1]) }
    #expect(try storage.exists("a"))
    storage.inject(.stopAfter, after: 1)
    #expect(try storage.putIfAbsent("b", [1]))
    #expect(try storage.putIfAbsent("c", [1]))
    #expect(throws: StorageError.self) { try storage.read("a") }
    #expect(throws: StorageError.self) { try storage.read("a") }
    storage.restart()
    #expect(Set(storage.contents.keys) == ["a", "b", "c"])
    storage.inject(.stopBefore, after: 0)
    #expect(throws: StorageError.self) { try storage.delete("a") }
    storage.restart()
    #expect(storage.contents.count == 3)
    #expect(storage.operationCount == 9)
  }

  @Test func losesWhatWasNotSynced() throws {
    let storage = MemoryStorage()
    try storage.createDirectory("d")
    try storage.writeDurably("x", [1])
    try storage.writeDurably("y", [2])
    try storage.rename("x", to: "d/x")
    try storage.delete("y")
    storage.restart(losingUnsynced: true)
    #expect(storage.contents == ["x": [1], "y": [2]])
    try storage.rename("x", to: "d/x")
    try storage.syncParents(of: "d/x")
    storage.restart(losingUnsynced: true)
    #expect(storage.contents == ["d/x": [1], "y": [2]])
  }
}
