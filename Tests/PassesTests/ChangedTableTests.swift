import Catalog
import DeltaLog
import Foundation
import LakeTestSupport
import TestSupport
import Testing

@testable import Passes
@testable import Tables

/// Tables of which another engine deleted rows.
@Suite struct ChangedTableTests {
  private static let source = "raw.test_set_ohlcv_1s"
  /// Rows 0 and 2, and row 100 alone, as deletion vectors in the log.
  private static let vectors = [
    ("^Bg9^0rr910000000000iXQKl0rr91000315c8Xg00062", 36, 2),
    ("^Bg9^0rr910000000000iXQKl0rr91000005c8Xgwb(Pf", 34, 1),
  ]

  private let toy: ToyLake
  private var log: String { toy.lake.root + "/raw/test_set_ohlcv_1s/_delta_log/" }

  init() throws {
    toy = try ToyLake()
    try toy.ingest([
      try toy.bars("a.dbn", (0..<120).map { ToyLake.Bar(second: $0, volume: UInt64($0 + 1)) })
    ])
  }

  /// Commits that the table's one file has this deletion vector.
  private func delete(_ vector: Int, version: Int, after before: Int? = nil) throws {
    let first = try String(contentsOfFile: log + "00000000000000000000.json", encoding: .utf8)
    let line = try #require(first.split(separator: "\n").first { $0.contains("\"add\"") })
    var add = try #require(
      (JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: [String: Any]])?["add"])
    func descriptor(_ index: Int) -> [String: Any] {
      let (text, size, count) = Self.vectors[index]
      return [
        "storageType": "i", "pathOrInlineDv": text, "sizeInBytes": size, "cardinality": count,
      ]
    }
    var remove: [String: Any] = [
      "path": try #require(add["path"]), "deletionTimestamp": 1, "dataChange": true,
    ]
    if let before { remove["deletionVector"] = descriptor(before) }
    add["deletionVector"] = descriptor(vector)
    let features = ["deletionVectors"]
    let actions: [[String: Any]] = [
      [
        "protocol": [
          "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features,
          "writerFeatures": features,
        ]
      ], ["remove": remove], ["add": add],
    ]
    let lines = try actions.map {
      String(decoding: try JSONSerialization.data(withJSONObject: $0), as: UTF8.self) + "\n"
    }
    let name = String(repeating: "0", count: 19) + "\(version).json"
    try lines.joined().write(toFile: log + name, atomically: true, encoding: .utf8)
  }

  private func resample() throws -> ResamplePass.Report {
    var options = ResamplePass.Options()
    options.intervals = ["1m"]
    let pass = try ResamplePass(lake: toy.lake, table: Self.source, options: options)
    return try pass.run(try pass.plan())
  }

  private func volumes() throws -> [String] {
    try toy.rows("bars.test_set_ohlcv_1m", ["volume"]).map { $0[0] }
  }

  @Test func barsAreMadeOfTheRowsThatAreLeft() throws {
    #expect(try resample().work.outputs[0].computedCount == 1)
    #expect(try volumes() == ["1830", "5430"])
    // Volumes 1 and 3 are gone.
    try delete(0, version: 1)
    let report = try resample()
    #expect(report.work.outputs[0].computedCount == 1 && report.failureCount == 0)
    #expect(report.rowsRead == 118)
    #expect(try volumes() == ["1826", "5430"])
    #expect(try resample().work.outputs[0].computedCount == 0)
    // Now volume 101 alone is.
    try delete(1, version: 2, after: 0)
    #expect(try resample().work.outputs[0].computedCount == 1)
    #expect(try volumes() == ["1830", "5329"])
    let staging = try FileManager.default.contentsOfDirectory(atPath: toy.lake.root + "/staging")
    #expect(staging.isEmpty, "\(staging)")
  }

  @Test func whatIsLeftIsHashedAndCopied() throws {
    try delete(0, version: 1)
    let table = try toy.lake.table(named: Self.source)
    #expect(throws: DeltaError.self) { try table.snapshot() }
    let snapshot = try table.snapshot(applies: .allFeatures)
    let file = try #require(try snapshot.files.first)
    let schema = try #require(try table.schema(of: snapshot, in: toy.lake))
    let plain = PlainFiles(snapshot, root: table.path)
    let raw = try plain.rawReader(of: file, fields: schema.fileFields)
    #expect(try raw.rowCount() == 120)
    #expect(raw.liveRows(of: raw.rowGroups[0]) == [1..<2, 3..<120])
    let copy = try plain.reader(of: file, fields: schema.fileFields)
    #expect(try copy.rowCount() == 118)
    #expect(copy.isDeclaredSorted(by: ["symbol", "ts_event"]))
    let (count, hash) = try raw.fingerprint()
    let (copied, sameHash) = try copy.fingerprint()
    #expect(count == 118 && copied == 118 && hash == sameHash)
    // A path stays as long as it is in use, and is made once.
    let path = try plain.path(of: file)
    #expect(try path == plain.path(of: file) && FileManager.default.fileExists(atPath: path))
    #expect(try SegmentReader(path: path).rowCount() == 118)
  }

  @Test func whatWritesRefusesTheTable() throws {
    try delete(0, version: 1)
    let error = #expect(throws: DeltaError.self) {
      try CompactPass(lake: toy.lake, table: TableName(parsing: Self.source))
    }
    #expect(error?.message.contains("deletionVectors") == true)
  }
}
