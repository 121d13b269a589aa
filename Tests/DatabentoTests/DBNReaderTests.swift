import Compression
import Foundation
import Market
import Platform
import TestSupport
import Testing

@testable import Databento

@Suite struct DBNReaderTests {
  @Test func everyFixtureIsReencodedToTheSameBytes() throws {
    let files = Fixtures.wholeFiles()
    for path in files {
      let stored = try Fixtures.decompressed(path)
      let (metadata, records, _) = try Fixtures.records(path)
      let metadataFound = try #require(metadata)
      let header = Array(stored.dropLast(records.count))
      #expect(stored.suffix(records.count).elementsEqual(records), "\(path)")
      // Version 1 had a record count in its header, which later versions fill with ones.
      let again = try metadataFound.serialized()
      let count = 50..<(metadataFound.version == 1 ? 58 : 50)
      #expect(again.count == header.count, "\(path)")
      #expect(again.indices.allSatisfy { count.contains($0) || again[$0] == header[$0] }, "\(path)")
      try Fixtures.withScratch { folder in
        for name in ["a.dbn", "a.dbn.zst"] {
          let writer = try DBNWriter(path: folder + "/" + name, metadata: metadataFound)
          try records.withUnsafeBytes { try writer.write($0) }
          try writer.finish()
          let again = try Fixtures.records(folder + "/" + name)
          #expect(again.bytes == records, "\(path)")
          #expect(again.metadata == metadataFound, "\(path)")
        }
      }
    }
    print("\(files.count) fixtures")
    #expect(files.isEmpty || files.count > 100)
  }

  /// However a stream is cut into blocks, the records are the same.
  @Test(arguments: [17, 57, 400, 1000, 1 << 16])
  func blocksDoNotMatter(blockByteCount: Int) throws {
    try Fixtures.withScratch { folder in
      for version in 1...3 {
        let bytes = try Fixtures.smallFile(version: version)
        try Fixtures.write(bytes, folder + "/a.dbn")
        let found = try Fixtures.records(folder + "/a.dbn", blockByteCount: blockByteCount)
        #expect(bytes.suffix(found.bytes.count).elementsEqual(found.bytes))
        #expect(
          found.runs.map(\.kind) == [.mbo, .trades, .statistics, .definition, .system])
      }
    }
  }

  @Test(arguments: [1, 2, 3]) func fragmentsNeedTheirVersion(version: Int) throws {
    let record = DBNFields.template(.definition, version: version, tsOut: false)
    try Fixtures.withScratch { folder in
      let path = folder + "/a.dbn.frag"
      try Fixtures.write(record + record, path)
      let found = try Fixtures.records(path, fragmentVersion: version)
      #expect(found.metadata == nil && found.bytes == record + record)
      let error = #expect(throws: DBNError.self) { try DBNReader(path: path) }
      #expect(error?.code == .versionNeeded)
      #expect(error?.remedy == "--dbn-version 1, 2 or 3")
      let other = version % 3 + 1
      let wrong = #expect(throws: DBNError.self) {
        try Fixtures.records(path, fragmentVersion: other)
      }
      #expect(wrong?.code == .corrupt && wrong?.place.byteOffset == 0)
    }
  }

  @Test func theHeadersVersionIsNotOverridden() throws {
    try Fixtures.withScratch { folder in
      try Fixtures.write(try Fixtures.smallFile(version: 2), folder + "/a.dbn")
      let error = #expect(throws: DBNError.self) {
        try DBNReader(path: folder + "/a.dbn", fragmentVersion: 3)
      }
      #expect(error?.message == "the file's header says version 2, not 3")
      #expect(try DBNReader(path: folder + "/a.dbn", fragmentVersion: 2).version == 2)
    }
  }

  @Test func theOldFormatIsRefusedByName() throws {
    guard let shared = Fixtures.sharedData else { return }
    let error = #expect(throws: DBNError.self) {
      try DBNReader(path: shared + "/databento-dbn/test_data.mbo.dbz")
    }
    #expect(error?.message == "this is a DBZ file, the format before DBN, which is not read")
  }

  @Test func anExistingFileIsNotOverwritten() throws {
    try Fixtures.withScratch { folder in
      let path = folder + "/a.dbn"
      try Fixtures.write([1], path)
      let metadata = Fixtures.sampleMetadata(version: 3)
      let error = #expect(throws: OutputFileError.self) {
        try DBNWriter(path: path, metadata: metadata)
      }
      #expect(error?.message == "the output file '\(path)' exists")
      let writer = try DBNWriter(path: path, metadata: metadata, overwrites: true)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == 1)
      try writer.finish()
      #expect(try Fixtures.records(path).metadata == metadata)
    }
  }

  @Test func anUnfinishedFileLeavesNothing() throws {
    try Fixtures.withScratch { folder in
      do {
        let writer = try DBNWriter(
          path: folder + "/a.dbn", metadata: Fixtures.sampleMetadata(version: 3))
        _ = writer.byteCount
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }

  @Test(arguments: [1, 2, 3]) func metadataRoundTrips(version: Int) throws {
    var metadata = Fixtures.sampleMetadata(version: version)
    for (end, limit, stype, tsOut) in [
      (UInt64?(5), UInt64?(7), SType.continuous, true), (nil, nil, nil, false),
    ] {
      metadata.end = end
      metadata.limit = limit
      metadata.stypeIn = stype
      metadata.tsOut = tsOut
      let bytes = try metadata.serialized()
      #expect(version < 3 || bytes.count % 8 == 0)
      let parsed = try bytes.withUnsafeBytes { try DBNMetadata.parse($0) }
      #expect(parsed.metadata == metadata && parsed.byteCount == bytes.count)
    }
    metadata.symbols = [String(repeating: "A", count: version == 1 ? 22 : 71)]
    #expect(throws: DBNError.self) { try metadata.serialized() }
    metadata.symbols = [String(repeating: "A", count: version == 1 ? 21 : 70)]
    #expect(throws: Never.self) { try metadata.serialized() }
    metadata.symbols = ["É"]
    #expect(throws: DBNError.self) { try metadata.serialized() }
  }
}

@Suite struct PendingFileTests {
  @Test func aDeviceIsWrittenToAndStaysADevice() throws {
    try Fixtures.withScratch { folder in
      let pipe = folder + "/pipe"
      #expect(mkfifo(pipe, 0o600) == 0)
      let reader = open(pipe, O_RDONLY | O_NONBLOCK)
      defer { close(reader) }
      let file = try PendingFile(path: pipe)
      try [UInt8]("abc".utf8).withUnsafeBytes { try file.write($0) }
      try file.finish()
      var bytes = [UInt8](repeating: 0, count: 8)
      #expect(read(reader, &bytes, 8) == 3 && bytes.starts(with: "abc".utf8))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["pipe"])
    }
  }

  @Test func aFolderThatIsMissingIsNamed() throws {
    let error = #expect(throws: OutputFileError.self) {
      try PendingFile(path: "/no/such/folder/x")
    }
    #expect(error?.message.contains("/no/such/folder/x") == true)
  }
}
