import TestSupport
import Testing

@testable import Compression

private func varint(_ value: Int) -> [UInt8] {
  var rest = value
  var bytes: [UInt8] = []
  while rest > 127 {
    bytes.append(UInt8(rest & 127) | 128)
    rest >>= 7
  }
  return bytes + [UInt8(rest)]
}

private func littleEndian(_ value: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// Random elements and their meaning, written literally by the format description.
private struct Model {
  var plain: [UInt8] = []
  var elements: [UInt8] = []
  var kinds: Set<Int> = []

  mutating func addLiteral(_ bytes: [UInt8], extra: Int) {
    kinds.insert(10 + extra)
    elements +=
      extra == 0
      ? [UInt8((bytes.count - 1) << 2)]
      : [UInt8((59 + extra) << 2)] + littleEndian(bytes.count - 1, extra)
    elements += bytes
    plain += bytes
  }

  mutating func addCopy(kind: Int, count: Int, distance: Int) {
    kinds.insert(kind)
    switch kind {
    case 1:
      elements += [UInt8((distance >> 8) << 5 | (count - 4) << 2 | 1), UInt8(distance & 255)]
    case 2: elements += [UInt8((count - 1) << 2 | 2)] + littleEndian(distance, 2)
    default: elements += [UInt8((count - 1) << 2 | 3)] + littleEndian(distance, 4)
    }
    for _ in 0..<count { plain.append(plain[plain.count - distance]) }
  }

  var bytes: [UInt8] { varint(plain.count) + elements }
}

@Suite struct SnappyTests {
  @Test func everyKindOfElementIsReadPerTheFormat() throws {
    let seed: UInt64 = 31
    var random = SeededGenerator(seed: seed)
    var kinds: Set<Int> = []
    for _ in 0..<300 {
      var model = Model()
      let elementCount = Int.random(in: 1...40, using: &random)
      for step in 0..<elementCount {
        let kind = step == 0 ? 0 : Int.random(in: 0...3, using: &random)
        if kind == 0 {
          let extra = Int.random(in: 0...4, using: &random)
          let count = Int.random(in: 1...(extra == 0 ? 60 : extra == 1 ? 256 : 400), using: &random)
          model.addLiteral(sample(count, seed: UInt64(step)), extra: extra)
          continue
        }
        let count =
          kind == 1 ? Int.random(in: 4...11, using: &random) : .random(in: 1...64, using: &random)
        let farthest = min(model.plain.count, kind == 1 ? 2047 : 65_535)
        // Short distances overlap the output.
        let nearest = Bool.random(using: &random) ? min(farthest, 12) : farthest
        model.addCopy(kind: kind, count: count, distance: .random(in: 1...nearest, using: &random))
      }
      kinds.formUnion(model.kinds)
      #expect(try unpack(model.bytes, .snappy, model.plain.count) == model.plain, "seed \(seed)")
    }
    #expect(kinds == [1, 2, 3, 10, 11, 12, 13, 14])
  }

  @Test func nothingIsALengthOfZero() throws {
    #expect(try unpack([0], .snappy, 0) == [])
    #expect(errorOf { _ = try unpack([], .snappy, 0) }?.code == .truncated)
  }

  @Test func hostileElementsAreErrorsWithTheirPlace() {
    let start: [UInt8] = [20, 3 << 2, 1, 2, 3, 4]
    let cases: [(name: String, bytes: [UInt8], code: CompressionError.Code)] = [
      ("a copy from 0 back", start + [1, 0], .corrupt),
      ("a copy from before the start", start + [1, 5], .corrupt),
      ("a far copy from before the start", start + [2, 0xFF, 0xFF], .corrupt),
      ("the farthest copy", start + [3, 0xFF, 0xFF, 0xFF, 0xFF], .corrupt),
      ("a copy past the end", start + [16 << 2 | 2, 4, 0], .corrupt),
      ("a literal past the end", start + [16 << 2] + Array(0..<17), .corrupt),
      ("a literal past the data", start + [9 << 2, 1], .truncated),
      ("a literal of 4 GiB", start + [63 << 2, 0xFF, 0xFF, 0xFF, 0xFF], .truncated),
      ("a literal's cut off length", start + [62 << 2, 0xFF], .truncated),
      ("a cut off short copy", start + [1], .truncated),
      ("a cut off copy", start + [2, 4], .truncated),
      ("a cut off far copy", start + [3, 4, 0, 0], .truncated),
      ("a length of 6 bytes", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], .corrupt),
      ("a cut off length", [0x80], .truncated),
      ("another length", [21], .size),
      ("too few elements", start, .size),
    ]
    for (name, bytes, code) in cases {
      #expect(errorOf { _ = try unpack(bytes, .snappy, 20) }?.code == code, "\(name)")
    }
    print("\(cases.count) cases")
    #expect(errorOf { _ = try unpack(start + [1, 0], .snappy, 20) }?.offset == 8)
  }
}
