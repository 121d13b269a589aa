import Bytes
import TestSupport
import Testing

@testable import Compression

@Suite struct CodecTests {
  @Test func whatOtherLibrariesCompressReadsBack() throws {
    for (codec, bytes) in Vectors.all {
      #expect(try unpack(bytes, codec, Vectors.plain.count) == Vectors.plain, "\(codec)")
    }
    #expect(try unpack(Vectors.brotliMebibyte, .brotli, 1 << 20).allSatisfy { $0 == 0 })
  }

  @Test func encodersRoundTripAtEveryBoundarySize() throws {
    let lz4 = Lz4Encoder()
    let gzip = GzipEncoder(level: 1)
    let zstd = ZstdEncoder(level: 3)
    #expect(zstd.level == 3)
    var cases = 0
    for count in boundarySizes + [65_535, 65_536, 65_537, 200_000] {
      let plain = sample(count)
      // Encoders append: the buffer's content is kept.
      let buffer = ByteBuffer()
      buffer.append([9])
      var ends = [1]
      try plain.withUnsafeBytes { source in
        try lz4.compress(source, into: buffer)
        ends.append(buffer.count)
        try gzip.compress(source, into: buffer)
        ends.append(buffer.count)
        try zstd.compress(source, into: buffer)
        ends.append(buffer.count)
      }
      let all = Array(buffer.bytes)
      #expect(all[0] == 9)
      for (index, codec) in [Codec.lz4Raw, .gzip, .zstd].enumerated() {
        let part = Array(all[ends[index]..<ends[index + 1]])
        #expect(try unpack(part, codec, count) == plain, "\(codec), \(count) bytes")
        cases += 1
      }
    }
    print("\(cases) cases")
  }

  @Test func everyPrefixIsAnError() {
    for (codec, bytes) in Vectors.all {
      for count in 0..<bytes.count {
        let error = errorOf { _ = try unpack(Array(bytes[..<count]), codec, Vectors.plain.count) }
        #expect(error != nil, "\(codec), \(count) of \(bytes.count) bytes")
      }
    }
  }

  @Test func anotherSizeThanThePromisedIsAnError() {
    for (codec, bytes) in Vectors.all {
      for count in [0, 1, Vectors.plain.count - 1, Vectors.plain.count + 1, 5000] {
        let error = errorOf { _ = try unpack(bytes, codec, count) }
        #expect(error != nil, "\(codec) into \(count) bytes")
        #expect(error?.remedy == "the file is damaged: download or copy it again")
      }
    }
  }

  @Test func randomDamageIsAnErrorOrBytesButNeverAnOverrun() {
    let seed: UInt64 = 20
    var random = SeededGenerator(seed: seed)
    for (codec, bytes) in Vectors.all {
      for _ in 0..<2000 {
        var damaged = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          damaged[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(
            in: 0...255, using: &random)
        }
        do { _ = try unpack(damaged, codec, Vectors.plain.count) } catch {
          #expect(error is CompressionError, "\(codec), seed \(seed): \(error)")
        }
      }
    }
  }

  @Test func gzipMembersEndToEndAreOnePage() throws {
    let first = sample(700)
    let second = sample(90, seed: 6)
    let both = try gzipMember(first) + gzipMember(second)
    #expect(try unpack(both, .gzip, 790) == first + second)
    for count in 0..<both.count {
      #expect(errorOf { _ = try unpack(Array(both[..<count]), .gzip, 790) } != nil, "\(count)")
    }
    #expect(errorOf { _ = try unpack(both, .gzip, 791) }?.code == .size)
    #expect(try unpack(gzipMember([]), .gzip, 0) == [])
    #expect(
      errorOf { _ = try unpack([0x1F, 0x8B, 9] + Array(repeating: 0, count: 9), .gzip, 0) }?.code
        == .corrupt)
    #expect(errorOf { _ = try unpack([0x1F, 0x8B], .gzip, 0) }?.code == .truncated)
  }

  @Test func gzipWithAWrongChecksumIsAnError() {
    var damaged = Vectors.gzip
    damaged[damaged.count - 6] ^= 1
    #expect(errorOf { _ = try unpack(damaged, .gzip, 232) }?.code == .corrupt)
  }

  @Test func zstdFramesAndSkippableOnesAreOnePage() throws {
    let skippable: [UInt8] = [0x51, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 7, 7, 7]
    let bytes = try skippable + zstdFrame(sample(300)) + skippable + zstdFrame(sample(20))
    #expect(try unpack(bytes, .zstd, 320) == sample(300) + sample(20))
  }

  @Test func hadoopFramesOfNothingAreRead() throws {
    // An outer block with an empty inner block, one without inner blocks, and one followed by others.
    #expect(try unpack([0, 0, 0, 0, 0, 0, 0, 1, 0], .lz4Hadoop, 0) == [])
    #expect(try unpack([0, 0, 0, 0], .lz4Hadoop, 0) == [])
    let rest: [UInt8] = [0, 0, 0, 2, 0, 0, 0, 3, 0x20, 7, 8]
    #expect(try unpack([0, 0, 0, 0, 0, 0, 0, 1, 0] + rest, .lz4Hadoop, 2) == [7, 8])
    #expect(errorOf { _ = try unpack([0, 0, 0, 0, 0, 0, 0, 1, 9], .lz4Hadoop, 0) } != nil)
  }

  @Test func hadoopFramesMayHoldSeveralInnerBlocks() throws {
    let buffer = ByteBuffer()
    let parts = [sample(100), sample(50, seed: 6), sample(10, seed: 7)]
    var packed: [[UInt8]] = []
    for part in parts {
      buffer.removeAll()
      try part.withUnsafeBytes { try Lz4Encoder().compress($0, into: buffer) }
      packed.append(Array(buffer.bytes))
    }
    func inner(_ index: Int) -> [UInt8] { [0, 0, 0, UInt8(packed[index].count)] + packed[index] }
    let bytes = [0, 0, 0, 150] + inner(0) + inner(1) + [0, 0, 0, 10] + inner(2)
    #expect(try unpack(bytes, .lz4Hadoop, 160) == parts.flatMap { $0 })
    for count in 0..<bytes.count {
      #expect(errorOf { _ = try unpack(Array(bytes[..<count]), .lz4Hadoop, 160) } != nil)
    }
  }

  @Test func errorsHaveALocationAndARemedy() {
    let file = CompressionError(.truncated, "cut", path: "a.zst", offset: 7)
    #expect(file.placeText == "a.zst, byte 7")
    #expect(CompressionError(.size, "x", path: "a").placeText == "a")
    #expect(CompressionError(.size, "x", offset: 3).placeText == "byte 3")
    #expect(CompressionError(.unavailable, "x").placeText == nil)
    #expect(CompressionError(.unavailable, "x").remedy?.hasPrefix("install the library") == true)
    #expect(CompressionError(.file, "x", systemError: 28).remedy?.contains("space") == true)
    #expect(CompressionError(.file, "x", systemError: 13).remedy?.contains("permission") == true)
    #expect(CompressionError(.file, "x", systemError: 5).remedy == nil)
  }
}
