import Foundation
import JSON
import Storage
import Testing

@testable import DeltaLog

/// The shared data; nil, with a message, if it is missing.
func sharedData() -> String? {
  let root =
    ProcessInfo.processInfo.environment["LAKE_SHARED"]
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared").path
  let path = root + "/data"
  if FileManager.default.fileExists(atPath: path) { return path }
  print("SKIPPED: no shared data at \(path)")
  return nil
}

/// Tables of other projects, compared with the results of their own readers.
@Suite struct ReferenceTableTests {
  /// Tables for which the reference implementation is wrong, or reads what the protocol does not guarantee:
  /// expected (version, files).
  static let exceptions: [String: (version: Int, files: Int, reason: String)] = [
    "kernel-golden/canonicalized-paths-normal-b/delta": (1, 0, "add and remove name one file"),
    "kernel-golden/canonicalized-paths-special-b/delta": (1, 0, "add and remove name one file"),
  ]

  /// Tables that must fail in addition to those with an unsupported protocol, and a word of the message.
  static let failures: [String: String] = [
    "delta-rs-errlogs/table_c": "gap",
    "kernel-data/crc-malformed": "no Delta table",
    "kernel-golden/deltalog-commit-info/delta": "schemaString",
    // Its checkpoint lacks the protocol, and its checkpoint and commits lack the schema.
    "kernel-golden/deltalog-state-reconstruction-from-checkpoint-missing-protocol/delta":
      "schemaString",
    "kernel-golden/deltalog-state-reconstruction-without-protocol/delta": "protocol",
    "kernel-golden/versions-not-contiguous/delta": "gap",
  ]

  @Test func everyTableGivesTheExpectedStateOrIsRefusedByName() throws {
    guard let data = sharedData() else { return }
    let peers = try #require(
      try JSONValue(
        parsing: [UInt8](Data(contentsOf: URL(fileURLWithPath: data + "/delta/PEER.json")))
      ).object)
    var counts = (read: 0, refused: 0, failed: 0)
    for member in peers.members {
      let name = member.key
      let peer = member.value
      let storage = DirectoryStorage(root: data + "/delta/" + name)
      if let word = Self.failures[name] {
        let error = #expect(throws: DeltaError.self, "\(name)") { try Snapshot.load(storage) }
        #expect(error?.message.contains(word) == true, "\(name): \(error?.message ?? "")")
        counts.failed += 1
        continue
      }
      let table = peer["protocol"] ?? .null
      if try expectRefusal(name, table, storage) {
        counts.refused += 1
        continue
      }
      do {
        let snapshot = try Snapshot.load(storage)
        let exception = Self.exceptions[name]
        #expect(
          snapshot.version == exception?.version ?? peer["version"]?.int64.map { Int($0) },
          "\(name)")
        #expect(
          try snapshot.files.count == exception?.files ?? peer["files"]?.int64.map { Int($0) },
          "\(name)")
        let rows = try snapshot.files.reduce(into: Int64?(0)) { $0 = $0.adding(known: $1.rowCount) }
        if let rows, let expected = peer["rows"]?.int64 {
          #expect(rows == expected, "\(name)")
        }
        counts.read += 1
      } catch {
        Issue.record("\(name): \(error)")
      }
    }
    print("\(peers.count) reference tables: \(counts)")
    #expect(counts.read + counts.refused + counts.failed == peers.count)
    #expect(counts.read >= 60)
  }

  /// Whether the table's protocol is beyond reader 1; then it is refused by the name of a feature, or uses
  /// none.
  private func expectRefusal(
    _ name: String, _ table: JSONValue, _ storage: DirectoryStorage
  ) throws -> Bool {
    let version = table["minReaderVersion"]?.int64 ?? 1
    guard version > 1 else { return false }
    var features = table["readerFeatures"]?.array?.compactMap(\.string) ?? []
    if features.isEmpty { features = ["reader version \(version)"] }
    do throws(DeltaError) {
      let snapshot = try Snapshot.load(storage, applies: .allFeatures)
      let folder = DataFolder(root: storage.root)
      for file in try snapshot.files {
        let rowCount = Int(file.statistics?.rowCount ?? 0)
        let rows = try file.deletionVector?.rows(in: folder, rowCount: rowCount)
        #expect(Int64(rows?.count ?? 0) == file.deletionVector?.cardinality ?? 0, "\(name)")
      }
      // A caller that applies no feature gets the same table, or none.
      let plain = try? Snapshot.load(storage)
      #expect(
        try plain?.files.contains { $0.deletionVector != nil } != true
          && plain?.columnMapping == nil, "\(name)")
    } catch {
      let isNamed = features.contains { error.message.contains($0) }
      #expect(error.code == .unsupported && isNamed, "\(name): \(error.message)")
    }
    return true
  }
}
