import Bytes
import TestSupport
import Testing

@testable import Parquet

/// Simple reference decoders.
private struct BitReader {
  var bytes: [UInt8]
  var bit = 0

  mutating func next(_ width: Int) -> UInt64 {
    var value: UInt64 = 0
    for position in 0..<width {
      let byte = bytes[bit / 8]
      value |= UInt64((byte >> UInt8(bit % 8)) & 1) << UInt64(position)
      bit += 1
    }
    return value
  }

  mutating func varint() -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = next(8)
      value |= (byte & 0x7F) << shift
      shift += 7
      if byte < 0x80 { return value }
    }
  }

  mutating func zigzag() -> Int64 {
    let raw = varint()
    return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
  }
}

private func decodeDelta(_ bytes: [UInt8], bitWidth: Int) -> (values: [Int64], byteCount: Int) {
  var reader = BitReader(bytes: bytes)
  let blockCount = Int(reader.varint())
  let miniblocks = Int(reader.varint())
  let count = Int(reader.varint())
  var values = [reader.zigzag()]
  if count == 0 { return ([], reader.bit / 8) }
  while values.count < count {
    let least = reader.zigzag()
    let widths = (0..<miniblocks).map { _ in Int(reader.next(8)) }
    for width in widths where values.count < count {
      for _ in 0..<blockCount / miniblocks {
        let packed = Int64(bitPattern: reader.next(width))
        var value = values[values.count - 1] &+ least &+ packed
        if bitWidth == 32 { value = Int64(Int32(truncatingIfNeeded: value)) }
        values.append(value)
      }
    }
  }
  return (Array(values.prefix(count)), reader.bit / 8)
}

private func decodeHybrid(_ bytes: [UInt8], bitWidth: Int, count: Int) -> [UInt32] {
  var reader = BitReader(bytes: bytes)
  var values: [UInt32] = []
  while values.count < count {
    let header = reader.varint()
    if header & 1 == 0 {
      let value = UInt32(reader.next((bitWidth + 7) / 8 * 8))
      values += [UInt32](repeating: value, count: Int(header >> 1))
    } else {
      for _ in 0..<Int(header >> 1) * 8 { values.append(UInt32(reader.next(bitWidth))) }
    }
  }
  #expect(reader.bit == bytes.count * 8, "no bytes are left")
  return Array(values.prefix(count))
}

/// Typical distributions of integers, and extremes.
private enum Shape: CaseIterable, Sendable {
  case constant, ticks, times, small, extreme, alternating, random

  func values(_ count: Int, bitWidth: Int, _ random: inout SeededGenerator) -> [Int64] {
    let least = bitWidth == 32 ? Int64(Int32.min) : .min
    let greatest = bitWidth == 32 ? Int64(Int32.max) : .max
    var price: Int64 = 4_000
    return (0..<count).map { index in
      switch self {
      case .constant: -7
      case .ticks:
        {
          price += Int64.random(in: -5...5, using: &random)
          return price * (bitWidth == 32 ? 25 : 250_000_000)
        }()
      case .times: Int64(index) * 1_000
      case .small: Int64.random(in: 0...9, using: &random)
      case .extreme: [least, greatest, 0, -1, 1][Int.random(in: 0..<5, using: &random)]
      case .alternating: index % 2 == 0 ? least : greatest
      case .random: Int64.random(in: least...greatest, using: &random)
      }
    }
  }
}

@Suite struct WriteEncodingTests {
  @Test(arguments: Shape.allCases, [32, 64])
  fileprivate func deltaRoundTripsEveryBoundary(_ shape: Shape, _ bitWidth: Int) {
    var random = SeededGenerator(seed: 11)
    for usesWholeBytes in [false, true] {
      var encoder = DeltaBinaryPackedEncoder(physicalBitWidth: bitWidth)
      encoder.usesWholeBytes = usesWholeBytes
      defer { encoder.deallocate() }
      for size in boundarySizes {
        let values = shape.values(size, bitWidth: bitWidth, &random)
        let out = ByteBuffer()
        values.withUnsafeBufferPointer { buffer in
          withUnsafeTemporaryAllocation(of: Int64.self, capacity: 1) { none in
            guard let none = none.baseAddress else { return }
            encoder.encode(buffer.baseAddress ?? UnsafePointer(none), size, into: out)
          }
        }
        let (decoded, byteCount) = decodeDelta(Array(out.bytes), bitWidth: bitWidth)
        #expect(decoded == values, "\(shape), \(size) values")
        #expect(byteCount == out.count)
      }
    }
  }

  @Test(arguments: Shape.allCases, boundarySizes)
  fileprivate func boundsAreTheLeastAndTheGreatest(_ shape: Shape, _ size: Int) {
    var random = SeededGenerator(seed: 12)
    let values = shape.values(size, bitWidth: 64, &random)
    guard let least = values.min(), let greatest = values.max() else { return }
    let signed = integerBounds(values, size, isUnsigned: false)
    #expect(signed.min == least && signed.max == greatest)
    let unsigned = integerBounds(values, size, isUnsigned: true)
    #expect(UInt64(bitPattern: unsigned.min) == values.map { UInt64(bitPattern: $0) }.min())
    #expect(UInt64(bitPattern: unsigned.max) == values.map { UInt64(bitPattern: $0) }.max())
  }

  @Test func unsignedIntegersAreWrittenByTheirBits() {
    let encoder = DeltaBinaryPackedEncoder(physicalBitWidth: 32)
    defer { encoder.deallocate() }
    let out = ByteBuffer()
    encoder.encode([4_294_967_295, 0], 2, into: out)
    // Block size, miniblocks, count, first value −1, smallest delta 1.
    #expect(Array(out.bytes.prefix(6)) == [0x80, 0x01, 4, 2, 1, 2])
  }

  @Test(arguments: 0...32)
  func bitPackingKeepsEveryWidth(_ width: Int) {
    var random = SeededGenerator(seed: UInt64(width))
    let greatest = width == 0 ? 0 : UInt32.max >> UInt32(32 - width)
    for size in boundarySizes where size > 0 {
      let values = (0..<size).map { _ in UInt32.random(in: 0...greatest, using: &random) }
      let out = ByteBuffer(capacity: size * 4 + 32)
      out.count = packBits(values, size, width: width, into: out.base)
      #expect(out.count == (size + 7) / 8 * width)
      var reader = BitReader(bytes: Array(out.bytes))
      #expect((0..<size).map { _ in UInt32(reader.next(width)) } == values)
    }
  }

  @Test(arguments: 0...64)
  func widePackingKeepsEveryWidth(_ width: Int) {
    var random = SeededGenerator(seed: UInt64(width))
    let greatest = width == 0 ? 0 : UInt64.max >> UInt64(64 - width)
    for size in [8, 32, 128] {
      let values = (0..<size).map { _ in UInt64.random(in: 0...greatest, using: &random) }
      let out = ByteBuffer(capacity: size * 8)
      out.count = packWideBits(values, size, width: width, into: out.base)
      #expect(out.count == size / 8 * width)
      var reader = BitReader(bytes: Array(out.bytes))
      #expect((0..<size).map { _ in reader.next(width) } == values)
    }
  }

  @Test(arguments: [1, 2, 5, 8, 10, 16, 20])
  func hybridRoundTripsRunsAndNoise(_ width: Int) {
    var random = SeededGenerator(seed: 5)
    let greatest = UInt32.max >> UInt32(32 - width)
    for size in boundarySizes {
      for runLength in [1, 3, 40, 300, 10_000] {
        var values: [UInt32] = []
        while values.count < size {
          let length = Int.random(in: 1...runLength, using: &random)
          let value = UInt32.random(in: 0...greatest, using: &random)
          values += [UInt32](repeating: value, count: Swift.min(length, size - values.count))
        }
        let out = ByteBuffer()
        values.withUnsafeBufferPointer { buffer in
          if let base = buffer.baseAddress {
            appendHybrid(base, size, bitWidth: width, into: out)
          }
        }
        #expect(decodeHybrid(Array(out.bytes), bitWidth: width, count: size) == values)
      }
    }
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5])
  func integersGetTheIndicesOfTheirFirstAppearance(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var values: [Int64] = []
    // One symbol after the other, each with its own tick size, some values off the grid, some far away.
    for tick: Int64 in [250_000_000, 10_000_000, 1, 1 << 40, 31_250_000, 7] {
      var price = Int64.random(in: -100_000...100_000, using: &random)
      for _ in 0..<3_000 {
        price += Int64.random(in: -40...40, using: &random)
        values.append(price &* tick)
        if Int.random(in: 0..<200, using: &random) == 0 {
          values.append(Int64.random(in: Int64.min...Int64.max, using: &random))
        }
      }
    }
    values += (0..<2_000).map { $0 % 2 == 0 ? Int64.min : Int64.max }
    var indexOf: [Int64: UInt32] = [:]
    var entries: [Int64] = []
    let expected = values.map { value in
      if let index = indexOf[value] { return index }
      indexOf[value] = UInt32(entries.count)
      entries.append(value)
      return UInt32(entries.count - 1)
    }
    let dictionary = IntegerDictionary()
    for _ in 0..<2 {
      dictionary.begin(min: .min, max: .max)
      var indices = [UInt32](repeating: 0, count: values.count)
      // Page by page, as a chunk is indexed.
      for start in stride(from: 0, to: values.count, by: 5_000) {
        let length = Swift.min(5_000, values.count - start)
        let fits = values.withUnsafeBufferPointer { values in
          indices.withUnsafeMutableBufferPointer { indices in
            guard let source = values.baseAddress, let target = indices.baseAddress else {
              return false
            }
            return dictionary.index(
              source + start, length, into: target + start, entryCountMax: 100_000)
          }
        }
        #expect(fits)
      }
      #expect(indices == expected)
      dictionary.withEntries {
        #expect(Array(UnsafeBufferPointer(start: $0, count: dictionary.count)) == entries)
      }
    }
  }

  @Test func aSortedColumnOfCodesCostsAFewBytes() {
    let codes = [UInt32](repeating: 3, count: 20_000) + [UInt32](repeating: 4, count: 20_000)
    let out = ByteBuffer()
    appendHybrid(codes, codes.count, bitWidth: 3, into: out)
    #expect(out.count == 8)
  }

  @Test func halfFloatsRoundToNearestEven() {
    let cases: [(Float, UInt16)] = [
      (0, 0), (-0.0, 0x8000), (1, 0x3C00), (65504, 0x7BFF), (65520, 0x7C00), (1e10, 0x7C00),
      (5.9604645e-8, 1), (2.9802322e-8, 0), (6.1035156e-5, 0x0400), (0.1, 0x2E66),
      (1.00048828125, 0x3C00), (1.00146484375, 0x3C02), (-.infinity, 0xFC00),
    ]
    for (value, bits) in cases { #expect(halfBits(value) == bits, "\(value)") }
  }

  @Test func wideDecimalsAreBigEndianOfTheLeastLength() {
    for (precision, byteCount) in [(19, 9), (20, 9), (21, 9), (22, 10), (28, 12), (38, 16)] {
      #expect(WriterColumn.decimalByteCount(precision) == byteCount)
    }
    let out = ByteBuffer()
    appendPlainWide([-2, 258], 2, byteCount: 9, into: out)
    #expect(
      Array(out.bytes) == [UInt8](repeating: 0xFF, count: 8) + [0xFE] + [0, 0, 0, 0, 0, 0, 0, 1, 2])
  }
}
