import Compression
import Foundation
import Testing

@testable import Databento

/// Files of the shared data, and generated files.
enum Fixtures {
  /// The shared data; nil if it is missing.
  static let sharedData: String? = {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let shared = ProcessInfo.processInfo.environment["LAKE_SHARED"] ?? "/\(root)/../shared"
    let path = shared + "/data/dbn"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()

  /// All DBN files of the shared data with a header, except for damaged ones.
  static func wholeFiles() -> [String] {
    guard let sharedData else {
      print("SKIPPED: no shared data; set LAKE_SHARED")
      return []
    }
    let all = FileManager.default.enumerator(atPath: sharedData)?.compactMap { $0 as? String } ?? []
    return all.filter {
      ($0.hasSuffix(".dbn") || $0.hasSuffix(".dbn.zst")) && !$0.hasPrefix("corrupt/")
        && !$0.hasPrefix("expected/")
    }.sorted().map { sharedData + "/" + $0 }
  }

  /// Runs `body` with a temporary folder.
  static func withScratch<T>(_ body: (String) throws -> T) throws -> T {
    let folder = FileManager.default.temporaryDirectory.path + "/lake-dbn-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  /// The decompressed bytes of a file.
  static func decompressed(_ path: String) throws -> [UInt8] {
    let stream = try InputStream(path: path)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try chunk.withUnsafeMutableBytes { try stream.read(into: $0) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
    }
  }

  /// All records of a file, concatenated.
  static func records(
    _ path: String, fragmentVersion: Int? = nil, blockByteCount: Int = 1 << 16
  ) throws -> (metadata: DBNMetadata?, bytes: [UInt8], runs: [RecordRun]) {
    let reader = try DBNReader(path: path, fragmentVersion: fragmentVersion)
    let block = DBNBlock()
    var bytes: [UInt8] = []
    var runs: [RecordRun] = []
    while try reader.read(into: block, byteCount: blockByteCount) {
      for run in block.runs {
        #expect(run.start + run.count * run.stride <= block.bytes.count)
        bytes += block.bytes.bytes[run.start..<run.start + run.count * run.stride]
        runs.append(run)
      }
    }
    return (reader.metadata, bytes, runs)
  }

  static func write(_ bytes: [UInt8], _ path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  /// A small file: a header with two mappings and records of several kinds.
  static func smallFile(version: Int) throws -> [UInt8] {
    var metadata = sampleMetadata(version: version)
    metadata.schema = nil
    var bytes = try metadata.serialized()
    for kind in [RecordKind.mbo, .trades, .statistics, .definition, .system] {
      bytes += DBNFields.template(kind, version: version, tsOut: false)
    }
    return bytes
  }

  static func sampleMetadata(version: Int) -> DBNMetadata {
    let interval = MappingInterval(
      startDate: .init(daysSinceEpoch: 19_724), endDate: .init(daysSinceEpoch: 19_725),
      symbol: "5482")
    return DBNMetadata(
      version: version, dataset: "GLBX.MDP3", schema: .trades, start: 1, end: 2, limit: 3,
      symbols: ["ESH4"], partial: ["NQH4"], notFound: ["X"],
      mappings: [
        SymbolMapping(rawSymbol: "ESH4", intervals: [interval, interval]),
        SymbolMapping(rawSymbol: "NQH4", intervals: []),
      ])
  }
}
