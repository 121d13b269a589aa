import Bytes
import TestSupport
import Testing

@testable import DeltaLog

/// Writes sets of rows as Roaring bitmaps, container by container.
struct RoaringBytes {
  enum Form: CaseIterable {
    /// Lists, and bitmaps of more than 4,096 rows.
    case values
    case runs
  }

  var bytes: [UInt8] = []

  /// - Parameters:
  ///   - form: Of the containers, where their number of rows allows it.
  init(_ rows: [Int], form: Form, magic: UInt32 = RoaringReader.magic) {
    append(magic)
    let buckets = Dictionary(grouping: rows) { $0 >> 32 }
    append(UInt64(buckets.count))
    for (key, rows) in buckets.sorted(by: { $0.key < $1.key }) {
      append(UInt32(key))
      appendBucket(rows.map { $0 & 0xFFFF_FFFF }, form)
    }
  }

  private mutating func appendBucket(_ rows: [Int], _ form: Form) {
    let containers = Dictionary(grouping: rows) { $0 >> 16 }.sorted { $0.key < $1.key }
    if form == .runs {
      append(UInt32(12_347 | (containers.count - 1) << 16))
      for start in stride(from: 0, to: containers.count, by: 8) {
        bytes.append(UInt8((1 << min(8, containers.count - start)) - 1))
      }
    } else {
      append(UInt32(12_346))
      append(UInt32(containers.count))
    }
    for (key, rows) in containers {
      append(UInt16(key))
      append(UInt16(rows.count - 1))
    }
    if form != .runs || containers.count >= 4 {
      for _ in containers { append(UInt32(0)) }
    }
    for (_, rows) in containers {
      let low = rows.map { $0 & 0xFFFF }.sorted()
      switch form {
      case .runs:
        let starts = low.indices.filter { $0 == 0 || low[$0 - 1] + 1 != low[$0] }
        append(UInt16(starts.count))
        for (index, start) in starts.enumerated() {
          let end = index + 1 < starts.count ? starts[index + 1] : low.count
          append(UInt16(low[start]))
          append(UInt16(end - start - 1))
        }
      case .values where low.count <= 4096: for row in low { append(UInt16(row)) }
      default:
        var words = [UInt64](repeating: 0, count: 1024)
        for row in low { words[row / 64] |= 1 << UInt64(row % 64) }
        for word in words { append(word) }
      }
    }
  }

  private mutating func append<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }
}

@Suite struct DeletedRowsTests {
  /// Rows with lists, long runs, scattered ones, block ends and gaps of whole blocks.
  private static let patterns: [[Int]] = [
    [], [0], [65_535], [65_536], [0, 65_535, 65_536, 131_071],
    Array(0..<4096), Array(100..<70_000), Array(stride(from: 1, to: 140_000, by: 2)),
    Array(stride(from: 0, to: 200_000, by: 7)), Array(0..<65_536) + [200_000],
    Array(64..<128) + Array(192..<257), [3, 4, 7, 11, 18, 29],
  ]

  @Test(arguments: RoaringBytes.Form.allCases)
  func readsEveryForm(_ form: RoaringBytes.Form) throws {
    for pattern in Self.patterns {
      let rows = try RoaringReader.read(RoaringBytes(pattern, form: form).bytes[...])
      #expect(rows.count == pattern.count)
      #expect(rows.last == pattern.last)
      try check(rows, pattern)
    }
  }

  /// Every query against a naive one, at ranges around the edges of words, blocks and runs.
  private func check(_ rows: DeletedRows, _ pattern: [Int]) throws {
    let end = (pattern.last ?? 0) + 70
    var live = [UInt8](repeating: 1, count: end + 1)
    for row in pattern { live[row] = 0 }
    var edges: Set<Int> = [0, 1, 64, 65, 65_535, 65_536, end]
    if let row = pattern.dropFirst(pattern.count / 2).first { edges.formUnion([row, row + 1]) }
    let ordered = edges.filter { $0 <= end }.sorted()
    for (index, low) in ordered.enumerated() {
      for high in ordered[index...] {
        let naive = live[low..<high]
        let count = naive.count { $0 == 0 }
        #expect(rows.count(in: low..<high) == count)
        #expect(rows.isEmpty(in: low..<high) == (count == 0))
        // One byte more than there are rows: it must be left alone.
        var mask = [UInt8](repeating: 1, count: high - low + 1)
        mask.withUnsafeMutableBufferPointer {
          if let base = $0.baseAddress { rows.clear(base, rows: low..<high) }
        }
        #expect(mask[...] == naive + [1])
        var left = [UInt8](repeating: 0, count: high - low)
        for run in rows.liveRuns(in: low..<high) {
          #expect(!run.isEmpty)
          for row in run { left[row - low] += 1 }
        }
        #expect(left[...] == naive)
      }
    }
  }

  @Test func onlyLongRunsAreCutOut() throws {
    let pattern = Array(10..<15) + Array(100..<200) + Array(65_530..<65_640)
    let rows = try RoaringReader.read(RoaringBytes(pattern, form: .values).bytes[...])
    #expect(
      rows.remainder(of: 0..<70_000, cutting: 100) == [0..<100, 200..<65_530, 65_640..<70_000])
    #expect(rows.remainder(of: 120..<180, cutting: 50) == [])
    #expect(rows.remainder(of: 120..<180, cutting: 100) == [120..<180])
    #expect(rows.remainder(of: 65_600..<66_000, cutting: 40) == [65_640..<66_000])
  }

  @Test func rowsBeyond32BitsHaveABucketOfTheirOwn() throws {
    let pattern = [5, 1 << 32, 1 << 32 + 7]
    let rows = try RoaringReader.read(RoaringBytes(pattern, form: .runs).bytes[...])
    #expect(rows.last == 1 << 32 + 7)
    #expect(rows.count(in: 1 << 32..<1 << 33) == 2)
  }

  @Test func everyTruncationIsAnError() throws {
    for form in RoaringBytes.Form.allCases {
      let whole = RoaringBytes([1, 2, 3, 70_000, 70_001, 1 << 32], form: form).bytes
      for count in whole.indices {
        let error = #expect(throws: DeltaError.self) { try RoaringReader.read(whole[..<count]) }
        #expect(error?.code == .corrupt)
      }
      #expect(throws: DeltaError.self) { try RoaringReader.read((whole + [0])[...]) }
    }
  }

  @Test func randomDamageIsNeverMoreThanAnError() {
    var random = SeededGenerator(seed: 11)
    for form in RoaringBytes.Form.allCases {
      let whole = RoaringBytes(Array(stride(from: 0, to: 9_000, by: 3)), form: form).bytes
      for _ in 0..<2_000 {
        var damaged = whole
        for _ in 0...2 {
          damaged[Int.random(in: 0..<damaged.count, using: &random)] = .random(
            in: 0...255, using: &random)
        }
        // An error, or other rows: they are counted, and in order.
        guard let rows = try? RoaringReader.read(damaged[...]), let last = rows.last else {
          continue
        }
        #expect(rows.count(in: 0..<last + 1) == rows.count)
      }
    }
  }

  @Test func saysWhatIsWrong() throws {
    let list = RoaringBytes([1, 2, 3], form: .values).bytes
    func message(_ bytes: [UInt8]) -> String {
      let error = #expect(throws: DeltaError.self) { try RoaringReader.read(bytes[...]) }
      return error?.message ?? ""
    }
    #expect(message(RoaringBytes([1], form: .values, magic: 7).bytes).contains("of the format 7"))
    var unordered = list
    unordered[unordered.count - 1] = 0
    unordered[unordered.count - 2] = 1
    #expect(message(unordered).contains("not in ascending order"))
    var cookie = list
    cookie[16] = 9
    #expect(message(cookie).contains("no Roaring bitmap"))
    var many = list
    many.replaceSubrange(20..<24, with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(message(many).contains("containers in a bucket"))
    var key = list
    key[15] = 0x80
    #expect(message(key).contains("beyond 63 bits"))
    // A bitmap that has fewer bits than its head says.
    var bitmap = RoaringBytes(Array(0..<5000), form: .values).bytes
    bitmap[bitmap.count - 8192] = 0
    #expect(message(bitmap).contains("a container of 4992 rows"))
    // Runs that overlap.
    var runs = RoaringBytes([1, 2, 9], form: .runs).bytes
    runs[runs.count - 4] = 2
    #expect(message(runs).contains("overlap"))
    // Buckets without end: none of them is there.
    var buckets = RoaringBytes([], form: .values).bytes
    buckets.replaceSubrange(4..<12, with: [UInt8](repeating: 0xFF, count: 8))
    #expect(message(buckets).contains("ends after 12 bytes"))
  }
}
