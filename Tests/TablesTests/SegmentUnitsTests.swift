import Bytes
import Testing

@testable import Tables

@Suite("the dates of a segment, as a tag")
struct SegmentUnitsTests {
  private static let hash = Fingerprint(low: 1, high: 2)

  @Test("tags round-trip")
  func roundTrip() throws {
    var units = SegmentUnits("2024-01-03", .init(rowCount: 5, rowHash: Self.hash))
    units.add(
      SegmentUnits(
        "2024-01-02", .init(rowCount: 7, rowHash: Self.hash, inputs: "0123456789abcdef")))
    let text = units.text
    #expect(text.hasPrefix("2024-01-02:7:"))
    #expect(SegmentUnits(tag: text) == units)
    #expect(units.rowCount == 12)
    #expect(units.without(["2024-01-02"]).dates == ["2024-01-03"])
  }

  @Test(
    "a text that is no list of units tells nothing",
    arguments: [
      "", ";", "2024-01-02", "2024-01-02:1", "2024-01-02:-1:\(hash)", "2024-13-02:1:\(hash)",
      "2024-01-02:1:xyz", "2024-01-02:1:\(hash):", "2024-01-02:1:\(hash):short",
      "2024-01-02:1:\(hash);2024-01-02:1:\(hash)", "2024-01-02:99999999999999999999:\(hash)",
      "2024-01-02:1:\(hash):0123456789abcdef:more",
    ])
  func malformed(text: String) { #expect(SegmentUnits(tag: text) == nil) }

  @Test("a date in two segments has known inputs only if both agree")
  func sums() {
    let one = SegmentUnits.Unit(rowCount: 1, rowHash: Self.hash, inputs: "0123456789abcdef")
    var other = one
    var same = SegmentUnits("2024-01-02", one)
    same.add(SegmentUnits("2024-01-02", other))
    #expect(same.byDate["2024-01-02"]?.inputs == one.inputs)
    #expect(same.rowCount == 2 && same.rowHash == Fingerprint(low: 2, high: 4))
    other.inputs = "fedcba9876543210"
    var different = SegmentUnits("2024-01-02", one)
    different.add(SegmentUnits("2024-01-02", other))
    #expect(different.byDate["2024-01-02"]?.inputs == nil)
  }

  private static func choice(_ rowCounts: [Int64], byteCount: Int64 = 1000) -> [Int] {
    SmallSegments.choice(rowCounts.map { ($0, byteCount) })
  }

  @Test("the lowest full tier is merged, and those below it")
  func choice() {
    let tens = [Int64](repeating: 10, count: 8)
    #expect(Self.choice(tens).isEmpty, "no more than a partition may have")
    #expect(Self.choice(tens + [3]) == Array(0...8), "the tier below goes with it")
    #expect(Self.choice([1000] + tens) == Array(1...8), "a higher tier stays")
    #expect(Self.choice([1, 2, 3, 10, 11, 12, 100, 101, 102]).isEmpty, "no tier is full")
    #expect(Self.choice(tens + [3], byteCount: SmallSegments.byteCountMax).isEmpty)
  }

  @Test("however often rows are appended, each is rewritten once per tier")
  func amplification() {
    var rows: [Int64] = []
    var (written, most) = (Int64(0), 0)
    for _ in 0..<5000 {
      rows.append(3)
      most = max(most, rows.count)
      let chosen = Self.choice(rows)
      if chosen.isEmpty { continue }
      let merged = chosen.reduce(Int64(0)) { $0 + rows[$1] }
      written += merged
      let gone = Set(chosen)
      rows = rows.indices.filter { !gone.contains($0) }.map { rows[$0] } + [merged]
    }
    #expect(rows.reduce(0, +) == 15_000)
    #expect(most <= 8 * 6 && written <= 15_000 * 6, "\(most) segments, \(written) rows written")
  }
}
