import Bytes
import Foundation
import JSON
import TestSupport
import Testing

@testable import DeltaLog

@Suite struct DeletionVectorTests {
  /// An inline vector as delta-kernel's tests have it.
  static let inline = "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L"

  private func vector(
    _ kind: String, _ text: String, offset: Int64? = nil, bytes: Int64, rows: Int64
  ) -> DeletionVector {
    DeletionVector(
      storageType: kind, pathOrInlineDV: text, offset: offset, byteCount: bytes, cardinality: rows)
  }

  private func failure(_ vector: DeletionVector, in root: String, rowCount: Int = 100)
    -> DeltaError?
  {
    #expect(throws: DeltaError.self) {
      try vector.rows(in: DataFolder(root: root), rowCount: rowCount)
    }
  }

  @Test func readsAnInlineVector() throws {
    let rows = try vector("i", Self.inline, bytes: 44, rows: 6)
      .rows(in: DataFolder(root: "/none"), rowCount: 30)
    #expect((0..<30).filter { rows.count(in: $0..<$0 + 1) == 1 } == [3, 4, 7, 11, 18, 29])
  }

  @Test func anInlineVectorMustBeWhatTheLogSays() {
    let wrongs: [(DeletionVector, String)] = [
      (vector("i", Self.inline, bytes: 44, rows: 5), "it has 6 rows, and the log says 5"),
      (vector("i", Self.inline, bytes: 40, rows: 6), "has 44 bytes, and the log says 40"),
      (vector("i", Self.inline, bytes: 45, rows: 6), "has 44 bytes, and the log says 45"),
      (vector("i", String(Self.inline.dropLast(5)), bytes: 40, rows: 6), "it ends after 40 bytes"),
      (vector("i", Self.inline + "\"", bytes: 44, rows: 6), "no Z85 text"),
      (vector("i", Self.inline, bytes: -1, rows: 6), "gives it -1 bytes"),
      (vector("i", Self.inline, bytes: 1 << 40, rows: 6), "gives it 1099511627776 bytes"),
      (vector("i", Self.inline, bytes: 44, rows: -6), "and -6 rows"),
      (vector("q", Self.inline, bytes: 44, rows: 6), "storage type 'q'"),
    ]
    for (vector, words) in wrongs {
      let error = failure(vector, in: "/none")
      #expect(error?.message.contains(words) == true, "\(words): \(error?.message ?? "")")
    }
    let beyond = failure(vector("i", Self.inline, bytes: 44, rows: 6), in: "/none", rowCount: 29)
    #expect(beyond?.message.contains("deletes row 29 of a data file of 29 rows") == true)
    #expect(beyond?.remedy != nil)
  }

  /// A file of two vectors, at bytes 1 and later; and the second one's offset.
  private func file(_ path: String, _ rows: [[Int]]) throws -> [(offset: Int64, bytes: Int64)] {
    var file: [UInt8] = [1]
    var places: [(offset: Int64, bytes: Int64)] = []
    for rows in rows {
      let data = RoaringBytes(rows, form: .values).bytes
      places.append((Int64(file.count), Int64(data.count)))
      withUnsafeBytes(of: UInt32(data.count).bigEndian) { file += $0 }
      file += data
      let checksum = data.withUnsafeBytes { CRC32.checksum($0) }
      withUnsafeBytes(of: checksum.bigEndian) { file += $0 }
    }
    try Data(file).write(to: URL(fileURLWithPath: path))
    return places
  }

  @Test func readsFilesByNameAndByPath() throws {
    let folder = TemporaryFolder()
    let name = "deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin"
    try FileManager.default.createDirectory(
      atPath: folder.path + "/ab", withIntermediateDirectories: true)
    let places = try file(folder.path + "/ab/" + name, [[1, 2], [70]])
    let root = DataFolder(root: folder.path)
    // The name is the protocol's own example.
    let second = vector(
      "u", "ab^-aqEH.-t@S}K{vb[*k^", offset: places[1].offset, bytes: places[1].bytes, rows: 1)
    #expect(try second.rows(in: root, rowCount: 71).last == 70)
    let first = vector(
      "p", "file://" + folder.path + "/ab/" + name, offset: places[0].offset,
      bytes: places[0].bytes, rows: 2)
    #expect(try first.rows(in: root, rowCount: 71).last == 2)
    #expect(first.uniqueID != second.uniqueID)

    let outside = failure(first, in: folder.path + "/other")
    #expect(outside?.code == .refused)
    #expect(outside?.message.contains("the deletion vector") == true)
    let allowed = DataFolder(root: folder.path + "/other", allowsOutside: true)
    #expect(try first.rows(in: allowed, rowCount: 71).count == 2)
  }

  @Test func aDamagedFileIsNeverRead() throws {
    let folder = TemporaryFolder()
    let path = folder.path + "/v.bin"
    let index = try file(path, [[1, 2]])[0]
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    func told(_ change: (inout [UInt8]) -> Void, bytes: Int64? = nil, offset: Int64? = nil) throws
      -> String
    {
      var damaged = whole
      change(&damaged)
      try Data(damaged).write(to: URL(fileURLWithPath: path))
      let vector = vector(
        "p", path, offset: offset ?? index.offset, bytes: bytes ?? index.bytes, rows: 2)
      return failure(vector, in: folder.path)?.message ?? "nothing"
    }
    #expect(try told { $0[$0.count - 1] ^= 1 }.contains("its checksum is wrong"))
    #expect(try told { $0[$0.count - 6] ^= 1 }.contains("its checksum is wrong"))
    #expect(try told { $0[0] = 2 }.contains("of version 2"))
    #expect(try told { $0[4] ^= 1 }.contains("bytes in its file, and the log says"))
    #expect(try told { $0.removeLast() }.contains("its file cannot be read"))
    #expect(try told { $0 = [] }.contains("its file cannot be read"))
    #expect(try told({ _ in }, bytes: index.bytes + 1).contains("its file cannot be read"))
    #expect(try told({ _ in }, offset: -1).contains("begins at byte -1"))
    #expect(try told({ _ in }, offset: .max).contains("begins at byte"))
    #expect(try told({ $0.append(9) }, offset: 2).contains("bytes in its file, and the log says"))
    try FileManager.default.removeItem(atPath: path)
    let gone = failure(
      vector("u", "^-aqEH.-t@S}K{vb[*k^", offset: 1, bytes: 5, rows: 2), in: folder.path)
    #expect(gone?.message.contains("its file cannot be read") == true)
  }

  @Test(arguments: ["../x", "a/../../x", "/etc", ".."])
  func aPrefixDoesNotLeaveTheTable(_ prefix: String) {
    let folder = TemporaryFolder()
    let error = failure(
      vector("u", prefix + "^-aqEH.-t@S}K{vb[*k^", offset: 1, bytes: 4, rows: 1), in: folder.path)
    #expect(error?.code == .refused, "\(error?.message ?? "")")
  }

  @Test(arguments: ["", "short", "^-aqEH.-t@S}K{vb[*k\"", "#####aqEH.-t@S}K{vb["])
  func aNameWithoutAUUIDIsAnError(_ name: String) {
    let error = failure(vector("u", name, offset: 1, bytes: 4, rows: 1), in: "/none")
    #expect(error?.message.contains("holds no UUID") == true)
  }
}

/// Live files, and their vectors, as the log tells.
@Suite struct VectorReplayTests {
  private static let birth: [Action] = [
    .protocol(
      TableProtocol(
        minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ["deletionVectors"],
        writerFeatures: ["deletionVectors"])), .metadata(TableBuilder.metadata),
  ]

  private func line(_ action: String, _ vector: Int?, rows: Int64 = 2) -> String {
    let text = vector.map {
      ",\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"x\",\"offset\":\($0),\"sizeInBytes\":9,\"cardinality\":\(rows)}"
    }
    return
      "{\"\(action)\":{\"path\":\"a\",\"partitionValues\":{\"date\":\"2024-01-02\"},\"size\":1,\"modificationTime\":1,\"dataChange\":true,\"stats\":\"{\\\"numRecords\\\":10}\",\"tags\":{\"lake.rows\":\"10\",\"lake.rowHash2\":\"00\"}\(text ?? "")}}"
  }

  private func load(_ builder: TableBuilder, version: Int? = nil) throws -> Snapshot {
    try Snapshot.load(builder.storage, version: version, applies: .allFeatures)
  }

  @Test func aFileIsKnownByItsPathAndItsVector() throws {
    let builder = TableBuilder(birth: Self.birth)
    builder.commit(1, text: line("add", nil))
    builder.commit(2, text: line("remove", nil) + "\n" + line("add", 1))
    builder.commit(3, text: line("remove", 1) + "\n" + line("add", 5, rows: 3))
    #expect(try load(builder, version: 1).files.map(\.rowCount) == [10])
    #expect(try load(builder, version: 2).files.map(\.rowCount) == [8])
    let newest = try load(builder)
    #expect(try newest.files.map(\.deletionVectorID) == ["ux@5"])
    #expect(try newest.files.map(\.rowCount) == [7])
    #expect(try newest.files.map(\.taggedRowHash) == [nil])
    #expect(try newest.files.map { try #require($0.statistics).rowCount } == [10])
  }

  /// Two live entries of a file contradict each other, whatever their order and whether one of them has no vector.
  @Test func twoLiveEntriesOfAFileAreRefusedByName() throws {
    for second in [line("add", 2), line("add", nil)] {
      let builder = TableBuilder(birth: Self.birth)
      builder.commit(1, text: line("add", 1))
      builder.commit(2, text: second)
      let snapshot = try load(builder)
      for read in [{ try snapshot.files }, { try snapshot.files(where: "date", is: "2024-01-02") }]
      {
        let error = #expect(throws: DeltaError.self) { try read() }
        #expect(error?.code == .corrupt && error?.message.contains("'a'") == true)
      }
      // One of them is taken away again: the other one counts.
      builder.commit(3, text: line("remove", 1))
      #expect(try load(builder).files.count == 1)
    }
  }

  @Test func moreDeletedRowsThanThereAreIsNoCount() throws {
    let builder = TableBuilder(birth: Self.birth)
    builder.commit(1, text: line("add", 1, rows: 11))
    #expect(try load(builder).files.map(\.rowCount) == [nil])
  }

  @Test func onlyCallersThatApplyVectorsGetTheTable() throws {
    let builder = TableBuilder(birth: Self.birth)
    builder.commit(1, text: line("add", 1))
    let error = #expect(throws: DeltaError.self) { try builder.load() }
    #expect(error?.code == .unsupported)
    #expect(error?.message.contains("'deletionVectors' (file 'a' has one)") == true)
    #expect(error?.remedy?.contains("lake query \(builder.storage.name)") == true)
    let snapshot = try load(builder)
    let refused = #expect(throws: DeltaError.self) { try snapshot.requireWritable() }
    #expect(refused?.message.contains("deletionVectors") == true)
    // A snapshot that is refreshed still applies them, and one that does not still refuses.
    builder.commit(2, text: line("remove", 1) + "\n" + line("add", 2))
    #expect(try snapshot.refreshed(builder.storage).files.map(\.deletionVectorID) == ["ux@2"])
    let plain = try Snapshot.load(builder.storage, version: 0)
    #expect(throws: DeltaError.self) { try plain.refreshed(builder.storage) }
  }
}
