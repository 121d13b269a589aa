import Foundation
import FuzzTargets
import TestSupport
import Testing

@testable import Databento

/// Damaged bytes cause an error with a location, never missing rows and never a crash.
@Suite struct DBNDamageTests {
  @Test(arguments: [1, 2, 3]) func aFileCutAnywhereIsAnError(version: Int) throws {
    let whole = try Fixtures.smallFile(version: version)
    let header = try whole.withUnsafeBytes { try DBNMetadata.parse($0).byteCount }
    var ends: [Int: Int] = [header: 0]
    var offset = header
    for (index, kind) in [RecordKind.mbo, .trades, .statistics, .definition, .system].enumerated() {
      offset += recordByteCount(kind, version: version, tsOut: false)
      ends[offset] = index + 1
    }
    try Fixtures.withScratch { folder in
      let path = folder + "/a.dbn"
      for count in 0...whole.count {
        try Fixtures.write(Array(whole[..<count]), path)
        if let records = ends[count] {
          #expect(try Fixtures.records(path).runs.reduce(0) { $0 + $1.count } == records)
        } else {
          let error = #expect(throws: DBNError.self, "\(count)") { try Fixtures.records(path) }
          let isNoHeader = count > 0 && count < 3
          #expect(error?.code == (isNoHeader ? .corrupt : .truncated), "\(count)")
          if count > 3 { #expect(error?.place.byteOffset == count, "\(count)") }
          #expect(error?.place.path == path)
        }
      }
    }
  }

  @Test(arguments: [1, 2, 3]) func flippedBitsNeverCrash(version: Int) throws {
    let whole = try Fixtures.smallFile(version: version)
    for index in whole.indices {
      for bit in 0..<8 where bit == index % 8 || index < 200 {
        var damaged = whole
        damaged[index] ^= 1 << UInt8(bit)
        damaged.withUnsafeBytes { _ = DBNFuzz.run($0) }
      }
    }
  }

  @Test func arbitraryBytesNeverCrash() {
    let seed: UInt64 = 0xDB4
    var random = SeededGenerator(seed: seed)
    var found = 0
    for _ in 0..<2000 {
      var bytes = (0..<Int.random(in: 0..<700, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      // Makes a header and a record likely.
      if Bool.random(using: &random), bytes.count > 8 {
        bytes.replaceSubrange(
          0..<8, with: [0x44, 0x42, 0x4E, UInt8.random(in: 0...4, using: &random), 200, 0, 0, 0])
      } else if bytes.count > 2 {
        let kind = RecordKind.allCases.randomElement(using: &random) ?? .mbo
        let version = Int.random(in: 1...3, using: &random)
        bytes[0] = UInt8(recordByteCount(kind, version: version, tsOut: version == 2) / 4)
        bytes[1] = kind.rtype
      }
      found += bytes.withUnsafeBytes { DBNFuzz.run($0) }
    }
    #expect(found > 100, "seed \(seed)")
  }

  @Test func hostileLengthsAreRefusedBeforeAnythingIsAllocated() throws {
    let whole = try Fixtures.sampleMetadata(version: 3).serialized()
    // Offsets of the counts: fixed part, then symbols, partial, not found, mappings, intervals.
    let symbolCount = 8 + 100 + 4
    let counts = [symbolCount, symbolCount + 75, symbolCount + 150, symbolCount + 225]
    for offset in counts {
      #expect(whole[offset..<offset + 4].elementsEqual([offset == counts[3] ? 2 : 1, 0, 0, 0]))
      for value: UInt32 in [3, 1000, 0x7FFF_FFFF, 0xFFFF_FFFF] {
        var damaged = whole
        withUnsafeBytes(of: value.littleEndian) {
          damaged.replaceSubrange(offset..<offset + 4, with: $0)
        }
        let error = #expect(throws: DBNError.self, "\(offset) \(value)") {
          try damaged.withUnsafeBytes { try DBNMetadata.parse($0) }
        }
        #expect(error?.code == .corrupt)
      }
    }
    for (length, message) in [
      (UInt32(0), "metadata length is 0 bytes; the fixed part alone takes 100"),
      (99, "metadata length is 99 bytes; the fixed part alone takes 100"),
      (0xFFFF_FFF0, "metadata length is 4294967280 bytes; at most 268435456 are read"),
    ] {
      var damaged = whole
      withUnsafeBytes(of: length.littleEndian) { damaged.replaceSubrange(4..<8, with: $0) }
      let error = #expect(throws: DBNError.self) {
        try damaged.withUnsafeBytes { try DBNMetadata.parse($0) }
      }
      #expect(error?.message == message)
    }
  }

  @Test func badHeaderFieldsAreNamed() throws {
    let whole = try Fixtures.sampleMetadata(version: 3).serialized()
    for (offset, bytes, message) in [
      (3, [4], "DBN version 4; versions 1 to 3 are read"),
      (3, [0], "DBN version 0; versions 1 to 3 are read"),
      (24, [20, 0], "schema number 20 is unknown"),
      (50, [13], "symbology type 13 is unknown"),
      (51, [255], "symbology type 255 is unknown"),
      (53, [0, 0], "a symbol takes 0 bytes; 1 to 4096 are read"),
      (108, [1, 0, 0, 0], "the metadata holds a schema definition, which no version has yet"),
    ] as [(Int, [UInt8], String)] {
      var damaged = whole
      damaged.replaceSubrange(offset..<offset + bytes.count, with: bytes)
      let error = #expect(throws: DBNError.self) {
        try damaged.withUnsafeBytes { try DBNMetadata.parse($0) }
      }
      #expect(error?.message == message)
    }
  }

  @Test func badRecordsAreNamedWithTheirPlace() {
    let good = DBNFields.template(.mbo, version: 3, tsOut: false)
    for (bytes, message) in [
      ([0, 0], "impossible record length of 0 bytes; the shortest record has a header of 16"),
      ([3, 0xA0], "impossible record length of 12 bytes; the shortest record has a header of 16"),
      ([14, 0xEE], "unknown record type 0xEE"),
      ([12, 0xA0], "a record of type 0xA0 (mbo) is 48 bytes long; DBN version 3 has 56"),
      ([0x44, 0x42, 0x4E, 3], "a second DBN header begins among the records"),
    ] as [([UInt8], String)] {
      var scanner = DBNScanner(version: 3, tsOut: false, byteOffset: 1000)
      var runs: [RecordRun] = []
      let damaged = good + good + bytes + [UInt8](repeating: 0, count: 80)
      let error = #expect(throws: DBNError.self) {
        try damaged.withUnsafeBytes { try scanner.scan($0, runs: &runs) }
      }
      #expect(error?.message == message)
      #expect(error?.place.byteOffset == 1112 && error?.place.record == 2)
      #expect(runs == [RecordRun(kind: .mbo, start: 0, count: 2, stride: 56)])
    }
  }
}
