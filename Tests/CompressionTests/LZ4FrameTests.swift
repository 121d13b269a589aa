import Foundation
import TestSupport
import Testing

@testable import Compression

/// LZ4 frames that other programs wrote: see Tests/Golden/README.md.
@Suite struct LZ4FrameTests {
  /// The content of the frames, as tools/golden/make_lz4_frames.py makes it.
  private static let content: [UInt8] = {
    var period: [UInt8] = []
    for i in 0..<10_007 {
      let mixed = (i * i + i / 7) % 251
      period.append(i % 5 == 0 ? UInt8(mixed) : 7)
    }
    var content: [UInt8] = []
    for _ in 0..<20 { content += period }
    return Array(content.prefix(200_000))
  }()

  private static func frame(_ name: String) throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    return try [UInt8](Data(contentsOf: folder.appending(path: "../Golden/lz4/\(name).lz4")))
  }

  private func unpack(_ bytes: [UInt8], _ count: Int) throws(CompressionError) -> [UInt8] {
    var target = [UInt8](repeating: 0, count: count)
    var failure: CompressionError?
    bytes.withUnsafeBytes { source in
      target.withUnsafeMutableBytes { target in
        do throws(CompressionError) {
          try Codec.lz4Hadoop.decompress(source, into: target)
        } catch { failure = error }
      }
    }
    if let failure { throw failure }
    return target
  }

  private func error(_ bytes: [UInt8], _ count: Int) -> CompressionError? {
    do throws(CompressionError) {
      _ = try unpack(bytes, count)
      return nil
    } catch { return error }
  }

  @Test(arguments: [
    "linked", "independent", "checked", "sized", "high", "several", "skipped", "pyarrow",
  ]) func readsWhatOthersWrote(_ name: String) throws {
    #expect(try unpack(try Self.frame(name), 200_000) == Self.content)
  }

  @Test func readsFramesOfNothingAndOfStoredBlocks() throws {
    #expect(try unpack(try Self.frame("nothing"), 0) == [])
    let stored = try Self.frame("stored")
    // A header of seven bytes, the block's size with the bit of an uncompressed one, the bytes, an end mark, a
    // checksum.
    #expect(stored[10] == 0x80)
    #expect(try unpack(stored, 640) == Array(stored[11..<651]))
  }

  @Test(arguments: ["checked", "sized", "pyarrow", "stored"])
  func aFrameThatEndsEarlyIsAnError(_ name: String) throws {
    let whole = try Self.frame(name)
    let count = name == "stored" ? 640 : 200_000
    for cut in [1, 2, 4, 5, 8, 9, whole.count / 2, whole.count - 7, whole.count - 8] {
      #expect(error(Array(whole.dropLast(cut)), count) != nil, "\(cut) bytes are missing")
    }
    for count in 4..<11 { #expect(error(Array(whole.prefix(count)), 200_000) != nil) }
  }

  @Test func damagedChecksumsAreErrors() throws {
    let whole = try Self.frame("checked")
    func damaged(_ offset: Int) -> CompressionError? {
      var bytes = whole
      bytes[offset < 0 ? bytes.count + offset : offset] ^= 1
      return error(bytes, 200_000)
    }
    // Checksums of the header, of the first block, and of the content.
    let first = Int(whole[7]) | Int(whole[8]) << 8 | Int(whole[9]) << 16
    #expect(damaged(6)?.message == "lz4 frame: ERROR_headerChecksum_invalid")
    #expect(damaged(11 + first)?.message == "lz4 frame: ERROR_blockChecksum_invalid")
    #expect(damaged(-1)?.message == "lz4 frame: ERROR_contentChecksum_invalid")
    #expect(damaged(-1)?.code == .corrupt)
  }

  /// A wrong bit anywhere in a frame with block checksums.
  @Test func noDamageGoesUnseen() throws {
    let whole = try Self.frame("checked")
    var random = SeededGenerator(seed: 4)
    for _ in 0..<200 {
      var bytes = whole
      let offset = Int.random(in: 0..<bytes.count, using: &random)
      bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      #expect(error(bytes, 200_000) != nil, "byte \(offset)")
    }
  }

  @Test func aFrameOfAnotherSizeThanPromisedIsAnError() throws {
    for name in ["linked", "sized", "several"] {
      let whole = try Self.frame(name)
      #expect(error(whole, 199_999)?.code == .size)
      #expect(error(whole, 200_001)?.code == .size)
      #expect(error(whole, 0)?.code == .size)
    }
    #expect(error(try Self.frame("linked") + [1, 2, 3], 200_000) != nil)
  }

  @Test func aFrameThatNeedsADictionaryIsRefused() throws {
    // The lz4 program does not write the dictionary's id: it is inserted into the header here. One value of the
    // header's checksum is right.
    let whole = try Self.frame("dictionary")
    #expect(error(whole, 200_000)?.code == .corrupt)
    let errors = (0...255).compactMap { checksum in
      error(
        Array(whole[..<4]) + [whole[4] | 1, whole[5], 9, 0, 0, 0, UInt8(checksum)] + whole[7...],
        200_000)
    }
    #expect(errors.count == 256)
    let named = errors.filter { $0.code == .unreadable }
    #expect(named.count == 1)
    #expect(
      named.first?.message
        == "the lz4 frame was compressed with dictionary 9, which is not at hand")
  }

  /// A block may begin with the magic number of a skippable frame.
  @Test func blocksComeBeforeFramesToSkip() throws {
    let block: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 1, 2]
    #expect(try unpack(block, 5) == [0x2A, 0x4D, 0x18, 1, 2])
  }
}
