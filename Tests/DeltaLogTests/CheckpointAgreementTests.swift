import JSON
import Parquet
import Platform
import Storage
import Testing

@testable import DeltaLog

/// A readable checkpoint whose content is not the state of its version is rejected.
@Suite struct CheckpointAgreementTests {
  /// Commits 0…6 that add a file each, with checkpoints at 2 and 4.
  private func table() throws -> TableBuilder {
    let builder = TableBuilder()
    for version in 1...6 {
      builder.commit(version, [builder.add("f\(version)")])
      if version == 2 || version == 4 {
        try CheckpointWriter.write(builder.load(), builder.storage)
      }
    }
    return builder
  }

  private static let expected = (1...6).map { "f\($0)" }
  private let newest = LogFile.checkpointPath(4)

  /// A checkpoint's bytes with a key of its footer replaced by an unknown one.
  private func replacing(_ word: String, in bytes: [UInt8]) throws -> [UInt8] {
    let word = Array(word.utf8)
    let offsets = bytes.indices.filter { bytes[$0...].starts(with: word) }
    let offset = try #require(offsets.first)
    var bytes = bytes
    bytes[offset] = 0x58
    return bytes
  }

  /// Without a checksum, as other writers leave it.
  private func unsealed(_ bytes: [UInt8]) throws -> [UInt8] {
    try replacing("lake.seal.crc32=", in: bytes)
  }

  /// As earlier versions wrote it: with a checksum, but without its version.
  private func nameless(_ bytes: [UInt8]) throws -> [UInt8] {
    var bytes = try replacing(CheckpointReader.versionKey, in: bytes)
    FileSeal.seal(&bytes)
    return bytes
  }

  private func checkWorkedAround(_ builder: TableBuilder, _ word: String) throws {
    let snapshot = try builder.load()
    #expect(try names(snapshot) == Self.expected)
    #expect(snapshot.checkpointVersion == 2)
    #expect(snapshot.workedAround?.message.contains(word) == true)
    // Without any alternative, it is an error.
    for version in 0...3 { builder.storage.remove(LogFile.commitPath(version)) }
    builder.storage.remove(LogFile.checkpointPath(2))
    let error = #expect(throws: DeltaError.self) { try builder.load() }
    #expect(error?.code == .corrupt && error?.remedy != nil)
  }

  private func encoded(
    _ snapshot: Snapshot, _ files: [AddFile], _ tombstones: [RemoveFile] = [],
    txns: [TxnAction] = []
  ) throws -> [UInt8] {
    try CheckpointWriter.encode(snapshot, txns, files, tombstones)
  }

  @Test(arguments: [false, true]) func aPathThatStandsThereTwice(isSealed: Bool) throws {
    let builder = try table()
    let snapshot = try builder.load(version: 4)
    var files = try snapshot.files
    files[2] = files[1]
    let bytes = try encoded(snapshot, files)
    builder.storage.set(newest, isSealed ? bytes : try unsealed(bytes))
    builder.storage.remove(LastCheckpoint.path)
    if isSealed {
      // Checksummed parts are decoded on demand: too late for a fallback.
      let error = #expect(throws: DeltaError.self) { try builder.load().files }
      #expect(error?.code == .corrupt)
    } else {
      try checkWorkedAround(builder, "twice")
    }
  }

  @Test func aPathAmongTheLiveAndTheRemoved() throws {
    let builder = try table()
    let snapshot = try builder.load(version: 4)
    let files = try snapshot.files
    let bytes = try encoded(
      snapshot, files, [RemoveFile(removing: files[1], at: Clock.milliseconds())])
    builder.storage.set(newest, try unsealed(bytes))
    builder.storage.remove(LastCheckpoint.path)
    try checkWorkedAround(builder, "among the removed")
  }

  @Test func anApplicationTwice() throws {
    let builder = try table()
    let snapshot = try builder.load(version: 4)
    let txns = [TxnAction(appId: "a", version: 1), TxnAction(appId: "a", version: 2)]
    builder.storage.set(newest, try unsealed(encoded(snapshot, snapshot.files, txns: txns)))
    builder.storage.remove(LastCheckpoint.path)
    try checkWorkedAround(builder, "twice")
  }

  @Test func theCheckpointOfAnotherVersion() throws {
    for form in 0..<3 {
      let builder = try table()
      let old = try builder.storage.read(LogFile.checkpointPath(2))
      let bytes = form == 0 ? old : form == 1 ? try nameless(old) : try unsealed(old)
      builder.storage.set(newest, bytes)
      builder.storage.remove(LastCheckpoint.path)
      try checkWorkedAround(builder, "version 4")
    }
  }

  @Test func whatEarlierVersionsWroteIsRead() throws {
    let builder = try table()
    builder.storage.set(newest, try nameless(builder.storage.read(newest)))
    let snapshot = try builder.load()
    #expect(snapshot.checkpointVersion == 4 && snapshot.workedAround == nil)
    #expect(try names(snapshot) == Self.expected)
  }

  @Test(arguments: ["numOfAddFiles", "size"]) func figuresOfTheHint(name: String) throws {
    let builder = try table()
    var hint = try #require(
      try JSONValue(parsing: builder.storage.read(LastCheckpoint.path)).object)
    #expect(try builder.load().workedAround == nil)
    hint[name] = .integer(3)
    builder.storage.set(LastCheckpoint.path, Array(JSONValue.object(hint).description.utf8))
    try checkWorkedAround(builder, "_last_checkpoint")
  }

  /// Old versions of delta-rs stored the size in bytes there.
  @Test func theHintMaySayBytesForRows() throws {
    let builder = try table()
    var hint = try #require(
      try JSONValue(parsing: builder.storage.read(LastCheckpoint.path)).object)
    hint["size"] = .integer(Int128(try builder.storage.read(newest).count))
    builder.storage.set(LastCheckpoint.path, Array(JSONValue.object(hint).description.utf8))
    let snapshot = try builder.load()
    #expect(snapshot.checkpointVersion != nil && snapshot.workedAround == nil)
    #expect(try names(snapshot) == Self.expected)
  }

  /// A checkpoint that is missing or unusable for others is replaced by the next commit.
  @Test func theNextCommitWritesACheckpointWhereOthersLackOne() throws {
    for damage in 0..<4 {
      let builder = try table()
      switch damage {
      case 0: builder.storage.set(newest, [1, 2, 3])
      case 1: builder.storage.set(LastCheckpoint.path, Array("{\"version\":5,\"size\":9}".utf8))
      case 2: builder.storage.set(LastCheckpoint.path, Array("{".utf8))
      default:
        builder.storage.set(
          LastCheckpoint.path, Array("{\"version\":4,\"size\":6,\"parts\":2}".utf8))
      }
      var snapshot = try builder.load()
      #expect(snapshot.needsCheckpoint)
      for version in 7...8 {
        var transaction = Transaction(snapshot: snapshot, storage: builder.storage)
        transaction.append([makeFile("g\(version)")])
        #expect(try transaction.commit() == .committed(version: version))
        #expect(transaction.checkpointFailure == nil)
        snapshot = try snapshot.refreshed(builder.storage)
      }
      // One checkpoint, and not one with every commit.
      #expect(try builder.storage.exists(LogFile.checkpointPath(7)))
      #expect(try !builder.storage.exists(LogFile.checkpointPath(8)))
      let hint = try JSONValue(parsing: builder.storage.read(LastCheckpoint.path))
      #expect(hint["version"]?.int64 == 7)
      let after = try builder.load()
      #expect(after.workedAround == nil && !after.needsCheckpoint)
      #expect(try names(after) == Self.expected + ["g7", "g8"])
    }
  }

  @Test func aHintAtACheckpointInPartsStays() throws {
    let builder = try table()
    for part in 1...2 {
      builder.storage.set(CheckpointFiles(version: 6, partCount: 2).paths[part - 1], [])
    }
    let hint = Array("{\"version\":6,\"size\":9,\"parts\":2}".utf8)
    builder.storage.set(LastCheckpoint.path, hint)
    try CheckpointWriter.write(builder.load(version: 5), builder.storage)
    #expect(try builder.storage.read(LastCheckpoint.path) == hint)
  }
}
