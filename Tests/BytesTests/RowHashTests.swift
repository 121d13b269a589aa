import Foundation
import TestSupport
import Testing

@testable import Bytes

/// The test vectors, which `tools/rowhash.py --vectors` reads too.
private struct Vectors: Decodable {
  struct Column: Decodable {
    let name: String
    let type: String
  }
  struct Case: Decodable {
    let name: String
    let columns: [Column]
    let rows: [[String?]]
    let fingerprint: String
  }
  let cases: [Case]

  static func read() throws -> [Case] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Golden/rowhash.json")
    return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file)).cases
  }
}

private func word(_ type: String, _ text: String) throws -> UInt64 {
  switch type {
  case "string":
    return Array(text.utf8).withUnsafeBytes(RowHash.text)
  case "binary":
    let digits = Array(text)
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
    return bytes.withUnsafeBytes(RowHash.text)
  case "double":
    return RowHash.double(try #require(Double(text)))
  default:
    return RowHash.wide(try #require(Int128(text)))
  }
}

@Suite struct RowHashTests {
  @Test func agreesWithTheSharedVectors() throws {
    let cases = try Vectors.read()
    #expect(cases.count >= 30)
    for vector in cases {
      let hashes = vector.columns.map { RowHash(name: $0.name, type: $0.type) }
      var total = Fingerprint()
      for row in vector.rows {
        var low: UInt64 = 0
        var high: UInt64 = 0
        for (column, value) in row.enumerated() {
          guard let value else { continue }
          hashes[column].add(
            try word(vector.columns[column].type, value), low: &low, high: &high)
        }
        total &+= RowHash.finalised(low: low, high: high)
      }
      #expect(total.description == vector.fingerprint, "\(vector.name)")
    }
  }

  @Test func doesNotDependOnTheOrderOfRowsAndCanBeTakenApart() {
    var random = SeededGenerator(seed: 11)
    let rows = (0..<257).map { _ in Fingerprint(low: random.next(), high: random.next()) }
    var forward = Fingerprint()
    var backward = Fingerprint()
    for row in rows { forward &+= row }
    for row in rows.reversed() { backward &+= row }
    #expect(forward == backward)
    for row in rows { forward &-= row }
    #expect(forward == Fingerprint())
  }

  @Test(arguments: boundarySizes) func addsAColumnAsItAddsSingleValues(count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    let values = (0..<count).map { _ in Int64(bitPattern: random.next()) }
    let validity = (0..<count).map { _ in UInt8(random.next() & 1) }
    let hash = RowHash(name: "volume", type: "integer")
    for mask in [nil, validity] {
      var sums = [UInt64](repeating: 0, count: 2 * count)
      var expected = Fingerprint()
      for row in 0..<count {
        var low: UInt64 = 0
        var high: UInt64 = 0
        if mask?[row] != 0 { hash.add(UInt64(bitPattern: values[row]), low: &low, high: &high) }
        expected &+= RowHash.finalised(low: low, high: high)
      }
      sums.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        if let mask {
          hash.add(values, count: count, validity: mask, sums: base)
        } else {
          hash.add(values, count: count, validity: nil, sums: base)
        }
        #expect(RowHash.fingerprint(base, count: count) == expected)
      }
    }
  }

  @Test func addsAConstantToARunOnly() {
    let hash = RowHash(name: "symbol", type: "string")
    var sums = [UInt64](repeating: 3, count: 20)
    sums.withUnsafeMutableBufferPointer {
      if let base = $0.baseAddress { hash.add(constant: 42, rows: 2..<7, sums: base) }
    }
    var low: UInt64 = 3
    var high: UInt64 = 3
    hash.add(42, low: &low, high: &high)
    for row in 0..<10 {
      let isInRun = (2..<7).contains(row)
      #expect(sums[2 * row] == (isInRun ? low : 3) && sums[2 * row + 1] == (isInRun ? high : 3))
    }
  }

  @Test func parsesWhatItPrintsAndNothingElse() {
    var random = SeededGenerator(seed: 5)
    for _ in 0..<100 {
      let value = Fingerprint(low: random.next(), high: random.next() >> 60)
      #expect(Fingerprint(hex: value.description) == value)
    }
    for text in [
      "", "0", String(repeating: "g", count: 32), "+" + String(repeating: "0", count: 31),
    ] {
      #expect(Fingerprint(hex: text) == nil)
    }
  }

  @Test(arguments: boundarySizes) func aBlockAddsColumnsInAnyMixAsRowsAddThem(count: Int) {
    var random = SeededGenerator(seed: UInt64(count) + 5)
    let capacity = max(count, 1)
    for columnCount in 0...5 {
      let hashes = (0..<columnCount).map { RowHash(name: "c\($0)", type: "integer") }
      let columns = hashes.map { _ in
        let isConstant = Bool.random(using: &random)
        return (0..<capacity).map { _ in isConstant ? -7 : Int64(bitPattern: random.next()) }
      }
      let validities = hashes.map { _ -> [UInt8]? in
        Bool.random(using: &random)
          ? nil : (0..<capacity).map { _ in UInt8.random(in: 0...1, using: &random) }
      }
      let copies = columns.map { column in
        let copy = UnsafeMutablePointer<Int64>.allocate(capacity: capacity)
        copy.initialize(from: column, count: capacity)
        return copy
      }
      let validityCopies = validities.map { validity in
        validity.map { validity in
          let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
          copy.initialize(from: validity, count: capacity)
          return copy
        }
      }
      defer {
        for copy in copies { copy.deallocate() }
        for copy in validityCopies { copy?.deallocate() }
      }
      var expected = Fingerprint()
      for row in 0..<count {
        var sum = Fingerprint()
        for column in 0..<columnCount where validities[column]?[row] != 0 {
          hashes[column].add(
            UInt64(bitPattern: columns[column][row]), low: &sum.low, high: &sum.high)
        }
        expected &+= RowHash.finalised(low: sum.low, high: sum.high)
      }
      for hasWideWords in [true, false] {
        var block = RowHashBlock(columnMax: columnCount, hasWideWords: hasWideWords)
        defer { block.deallocate() }
        block.begin(count: count)
        for column in 0..<columnCount {
          block.add(hashes[column], copies[column], validity: validityCopies[column])
        }
        #expect(block.finish() == expected)
      }
    }
  }
}
