import Bytes
import Columnar
import TestSupport
import Testing

@testable import Parquet

/// A simple reference encoder, one bit at a time.
private struct BitWriter {
  var bytes: [UInt8] = []
  private var bit = 0

  mutating func put(_ value: UInt64, _ width: Int) {
    for position in 0..<width {
      if bit % 8 == 0 { bytes.append(0) }
      if (value >> UInt64(position)) & 1 == 1 { bytes[bytes.count - 1] |= 1 << UInt8(bit % 8) }
      bit += 1
    }
  }

  mutating func align() { bit = bytes.count * 8 }

  mutating func varint(_ value: UInt64) {
    align()
    var rest = value
    while rest >= 0x80 {
      put(rest & 0x7F | 0x80, 8)
      rest >>= 7
    }
    put(rest, 8)
  }

  mutating func zigzag(_ value: Int64) {
    varint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
  }
}

/// Passes the bytes with the slack that decoders may read.
private func lend<T>(_ bytes: [UInt8], _ body: (PageBytes) throws -> T) rethrows -> T {
  let padded = bytes + [UInt8](repeating: 0xA5, count: ByteBuffer.slackByteCount)
  return try padded.withUnsafeBytes { raw in
    try body(PageBytes(base: raw.baseAddress!, count: bytes.count))
  }
}

private func mask(_ width: Int) -> UInt64 { width == 64 ? .max : (1 << UInt64(width)) - 1 }

/// Alternating RLE and bit-packed runs of random lengths.
private func encodeHybrid(
  _ values: [UInt32], _ width: Int, _ random: inout SeededGenerator
) -> [UInt8] {
  var writer = BitWriter()
  var at = 0
  while at < values.count {
    var same = 1
    while at + same < values.count && values[at + same] == values[at] { same += 1 }
    if same > 3 && Bool.random(using: &random) {
      writer.varint(UInt64(same) << 1)
      writer.put(UInt64(values[at]), (width + 7) / 8 * 8)
      at += same
      continue
    }
    let groups = Int.random(in: 1...5, using: &random)
    writer.varint(UInt64(groups) << 1 | 1)
    for index in at..<(at + groups * 8) {
      writer.put(index < values.count ? UInt64(values[index]) : 0, width)
    }
    writer.align()
    at += groups * 8
  }
  return writer.bytes
}

@Suite struct ReadDecodingTests {
  @Test(arguments: 0...32)
  func hybridStreamsOfEveryWidthDecode(width: Int) throws {
    var random = SeededGenerator(seed: UInt64(width) + 1)
    for count in boundarySizes {
      var values: [UInt32] = []
      while values.count < count {
        let value = UInt32(truncatingIfNeeded: random.next() & mask(width))
        let run = Bool.random(using: &random) ? 1 : Int.random(in: 1...40, using: &random)
        for _ in 0..<Swift.min(run, count - values.count) { values.append(value) }
      }
      let bytes = encodeHybrid(values, width, &random)
      var found = [Int32](repeating: -1, count: count + 1)
      try lend(bytes) { page in
        var decoder = try HybridDecoder(page, bitWidth: width)
        try found.withUnsafeMutableBufferPointer {
          try decoder.decode(count, into: $0.baseAddress!)
        }
      }
      #expect(found.dropLast().map { UInt32(bitPattern: $0) } == values, "\(count) values")
      #expect(found[count] == -1, "nothing is stored past the end")
    }
  }

  @Test func rejectsAWidthTheFormatCannotHold() {
    let error = #expect(throws: ParquetError.self) {
      try lend([]) { _ = try HybridDecoder($0, bitWidth: 33) }
    }
    #expect(error?.message == "RLE bit width is 33, the format allows 0...32")
  }

  @Test func aHybridStreamThatEndsEarlyIsAnError() {
    var random = SeededGenerator(seed: 5)
    let bytes = encodeHybrid((0..<100).map { UInt32($0) }, 7, &random)
    for length in 0..<bytes.count {
      #expect(throws: ParquetError.self) {
        try lend(Array(bytes.prefix(length))) { page in
          var decoder = try HybridDecoder(page, bitWidth: 7)
          var values = [Int32](repeating: 0, count: bytes.count * 8)
          try values.withUnsafeMutableBufferPointer {
            try decoder.decode(bytes.count * 8, into: $0.baseAddress!)
          }
        }
      }
    }
  }

  @Test(arguments: [1, 2, 3, 5, 63])
  func levelsOfEveryHeightDecode(maximum: Int) throws {
    var random = SeededGenerator(seed: UInt64(maximum))
    let width = LevelDecoder.bitWidth(maximum: maximum)
    for count in boundarySizes where count > 0 {
      let levels = (0..<count).map { _ in UInt32.random(in: 0...UInt32(maximum), using: &random) }
      let bytes = encodeHybrid(levels, width, &random)
      let buffer = ByteBuffer(capacity: count)
      let target = buffer.base.assumingMemoryBound(to: UInt8.self)
      let found = try lend(bytes) {
        try LevelDecoder.decodeHybrid($0, maximum: maximum, count: count, into: target)
      }
      if case .uniform(let level) = found {
        #expect(levels.allSatisfy { $0 == UInt32(level) })
      } else {
        #expect((0..<count).map { UInt32(target[$0]) } == levels)
        let present = UInt8(maximum)
        #expect(
          LevelDecoder.occurrences(of: present, in: target, count: count)
            == levels.filter { $0 == UInt32(maximum) }.count)
      }
    }
  }

  @Test func aLevelAboveTheSchemaIsAnError() {
    var random = SeededGenerator(seed: 9)
    let bytes = encodeHybrid([0, 1, 2, 3, 3, 3, 3, 3, 3, 3], 2, &random)
    let buffer = ByteBuffer(capacity: 64)
    let error = #expect(throws: ParquetError.self) {
      _ = try lend(bytes) {
        try LevelDecoder.decodeHybrid(
          $0, maximum: 2, count: 10, into: buffer.base.assumingMemoryBound(to: UInt8.self))
      }
    }
    #expect(error?.message == "a level of 3, the schema allows 0...2")
  }

  @Test(arguments: 0...64)
  func deltasOfEveryWidthDecode(width: Int) throws {
    var random = SeededGenerator(seed: UInt64(width) &* 31 &+ 7)
    for count in boundarySizes where count > 0 {
      for (block, miniblocks) in [(128, 4), (256, 1), (64, 8)] {
        let (bytes, values) = encodeDelta(count, width, block, miniblocks, &random)
        var found = [Int64](repeating: -77, count: count + 1)
        let left = try lend(bytes + [1, 2, 3]) { page in
          var rest = page
          try found.withUnsafeMutableBufferPointer {
            try DeltaDecoder.decode(&rest, count: count, exactly: true, into: $0.baseAddress!)
          }
          return rest.count
        }
        #expect(found.dropLast() == values[...], "\(count) values, blocks of \(block)")
        #expect(found[count] == -77, "nothing is stored past the end")
        #expect(left == 3, "the stream's end is found")
      }
    }
  }

  /// Values whose deltas take exactly `width` bits, and their encoding.
  private func encodeDelta(
    _ count: Int, _ width: Int, _ block: Int, _ miniblocks: Int, _ random: inout SeededGenerator
  ) -> ([UInt8], [Int64]) {
    var writer = BitWriter()
    var values = [Int64(bitPattern: random.next())]
    writer.varint(UInt64(block))
    writer.varint(UInt64(miniblocks))
    writer.varint(UInt64(count))
    writer.zigzag(values[0])
    while values.count < count {
      let least = Int64(bitPattern: random.next()) >> 20
      writer.zigzag(least)
      for _ in 0..<miniblocks { writer.put(UInt64(width), 8) }
      for _ in 0..<miniblocks where values.count < count {
        for _ in 0..<(block / miniblocks) {
          let delta = random.next() & mask(width)
          writer.put(delta, width)
          if values.count < count {
            values.append(values[values.count - 1] &+ least &+ Int64(bitPattern: delta))
          }
        }
        writer.align()
      }
    }
    return (writer.bytes, values)
  }

  @Test func aDeltaStreamThatEndsEarlyIsAnError() {
    var random = SeededGenerator(seed: 3)
    let (bytes, _) = encodeDelta(1000, 13, 128, 4, &random)
    for length in 0..<(bytes.count - 200) {
      #expect(throws: ParquetError.self) {
        try lend(Array(bytes.prefix(length))) { page in
          var rest = page
          var values = [Int64](repeating: 0, count: 1000)
          try values.withUnsafeMutableBufferPointer {
            try DeltaDecoder.decode(&rest, count: 1000, exactly: true, into: $0.baseAddress!)
          }
        }
      }
    }
  }

  @Test func aLastMiniblockWithoutPaddingDecodes() throws {
    var writer = BitWriter()
    for number in [128, 4, 11] as [UInt64] { writer.varint(number) }
    writer.zigzag(100)
    writer.zigzag(-5)
    for width in [60, 0, 0, 0] as [UInt64] { writer.put(width, 8) }
    for delta in 0..<10 { writer.put(UInt64(delta) << 50, 60) }
    var found = [Int64](repeating: 0, count: 11)
    try lend(writer.bytes) { page in
      var rest = page
      try found.withUnsafeMutableBufferPointer {
        try DeltaDecoder.decode(&rest, count: 11, exactly: true, into: $0.baseAddress!)
      }
    }
    var expected: [Int64] = [100]
    for delta in 0..<10 { expected.append(expected[delta] - 5 + Int64(delta) << 50) }
    #expect(found == expected)
  }

  @Test func bigEndianIntegersOfEveryLengthDecode() throws {
    var random = SeededGenerator(seed: 11)
    for length in 1...20 {
      for _ in 0..<50 {
        let value = Int128(Int64(bitPattern: random.next())) >> Int128(random.next() % 60)
        let fits = length >= 16 || (value >> Int128(length * 8 - 1)) == (value < 0 ? -1 : 0)
        if !fits { continue }
        let bytes = (0..<length).map { index -> UInt8 in
          let shift = (length - 1 - index) * 8
          return UInt8(
            truncatingIfNeeded: shift > 120 ? (value < 0 ? -1 : 0) : value >> Int128(shift))
        }
        let found = try bytes.withUnsafeBytes { try FixedDecoder.bigEndian($0) }
        #expect(found == value, "\(length) bytes")
        if length <= 8 {
          var narrow: Int64 = 0
          lend(bytes) { page in
            withUnsafeMutablePointer(to: &narrow) {
              FixedDecoder.integers(
                FixedValues(base: page.base, length: length, count: 1), into: $0)
            }
          }
          #expect(Int128(narrow) == value)
        }
      }
    }
  }

  @Test func aDecimalOfMoreThan128BitsIsAnError() {
    let error = #expect(throws: ParquetError.self) {
      _ = try [UInt8](repeating: 0x11, count: 17).withUnsafeBytes {
        try FixedDecoder.bigEndian($0)
      }
    }
    #expect(error?.code == .unsupported)
  }

  @Test func halvesHaveTheirValues() {
    let cases: [(UInt16, Double)] = [
      (0, 0), (0x3C00, 1), (0xC000, -2), (0x7BFF, 65504), (1, 0x1p-24), (0x0400, 0x1p-14),
      (0x7C00, .infinity), (0xFC00, -.infinity),
    ]
    for (bits, value) in cases { #expect(Double(half: bits) == value) }
    #expect(Double(half: 0x7E00).isNaN)
    #expect(Double(half: 0x8000).sign == .minus)
  }
}
