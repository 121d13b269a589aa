import FuzzTargets
import TestSupport
import Testing

@testable import RowSources

@Suite struct SourcesFuzzTests {
  /// Bytes that a CSV reader might stumble over.
  private static let hostile: [[UInt8]] = [
    [0], [0x22], [0x0A], [0x0D], [0x0D, 0x0A], [0x2C], [0xFF], [0xEF, 0xBB, 0xBF],
    Array(",,".utf8), Array("\"\"".utf8), Array("1e999".utf8), Array("-".utf8),
    Array("9223372036854775808".utf8), Array("2024-11-03 01:30:00".utf8), Array("nan".utf8),
  ]

  @Test(arguments: 1...12)
  func damagedFilesAreReadAlikeOrRefused(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let text = Array(SourcesCSVTests.mixedFile(rowCount: 130, seed: seed).utf8)
    for _ in 0..<6 {
      var bytes = text
      for _ in 0..<Int.random(in: 1...12, using: &random) {
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(contentsOf: Self.hostile.randomElement(using: &random) ?? [], at: at)
        default: bytes.removeSubrange(at..<min(bytes.count, at + 40))
        }
      }
      let choice = UInt8.random(in: 0...255, using: &random)
      #expect(CSVFuzz.difference([choice] + bytes) == nil, "seed \(seed)")
    }
  }

  @Test func randomBytesAreRefused() {
    var random = SeededGenerator(seed: 3)
    for size in boundarySizes {
      let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
      CSVFuzz.run(bytes)
      CSVFuzz.run([0] + Array("ts_event,symbol,open\n".utf8) + bytes)
      CSVFuzz.run([1] + Array("ts_recv,symbol,price,ratio,expiration\n".utf8) + bytes)
    }
  }
}
