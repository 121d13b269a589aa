import Bytes
import Testing

@testable import Compression

private func bound(_ bytes: [UInt8], _ codec: Codec, wanted: Int = 1 << 30) -> Int? {
  bytes.withUnsafeBytes { Decompressor.outputBound($0, codec, wanted: wanted) }
}

@Suite struct OutputBoundTests {
  @Test func theBoundIsNeverBelowTheTruth() throws {
    for (codec, bytes) in Vectors.all {
      #expect(try #require(bound(bytes, codec)) >= Vectors.plain.count, "\(codec)")
    }
    // Data with the highest compression ratio.
    let zeros = [UInt8](repeating: 0, count: 5_000_000)
    let lz4 = ByteBuffer()
    try zeros.withUnsafeBytes { try Lz4Encoder().compress($0, into: lz4) }
    #expect(try #require(bound(zstdFrame(zeros), .zstd)) == zeros.count)
    #expect(try #require(bound(gzipMember(zeros), .gzip)) >= zeros.count)
    #expect(try #require(bound(Array(lz4.bytes), .lz4Raw)) >= zeros.count)
  }

  @Test func snappyHoldsNoMoreThanItsLengthAndItsCopiesAllow() {
    #expect(bound(Vectors.snappy, .snappy) == 232)
    let greedy: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x00, 0x61]
    #expect(bound(greedy, .snappy) == 149)
    #expect(bound([0xFF], .snappy) == 0)
    #expect(bound([], .snappy) == 0)
  }

  @Test func zstdFramesAreNotBelievedBeyondTheirBlocks() throws {
    // A frame that states 4 GiB - 1, with one block of 9 bytes, run-length encoded or uncompressed.
    let header: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xA0, 0xFF, 0xFF, 0xFF, 0xFF]
    #expect(bound(header + [9 << 3 | 0b011, 0, 0, 0x61], .zstd) == 9)
    #expect(bound(header + [2 << 3 | 0b001, 0, 0, 0x61, 0x62], .zstd) == 2)
    // A compressed block can hold 128 KiB, whatever its size.
    #expect(bound(header + [3 << 3 | 0b101, 0, 0, 0, 0, 0], .zstd) == 1 << 17)
    #expect(bound(header, .zstd) == 0)
    #expect(bound([1, 2, 3, 4, 5, 6], .zstd) == 0)
    #expect(bound([], .zstd) == 0)
    let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 7, 7]
    let lying: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 0xFF, 0xFF, 0xFF, 0xFF]
    let frame = try zstdFrame(sample(5000))
    #expect(bound(skippable + frame + skippable + frame + lying, .zstd) == 10_000)
  }

  @Test func brotliIsTriedBeyondAUsualRatioButNoFurtherThanWanted() throws {
    let few = Vectors.brotliMebibyte
    #expect(bound(few, .brotli, wanted: 3000) == few.count * 256)
    #expect(bound(few, .brotli) == 1 << 20)
    let stopped = try #require(bound(few, .brotli, wanted: 100_000))
    #expect(stopped > 100_000 && stopped < 1 << 18)
    #expect(try #require(bound([0xFF, 0xFF, 0xFF], .brotli)) < 1024)
  }
}
