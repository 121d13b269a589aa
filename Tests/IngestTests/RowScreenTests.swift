import Bytes
import Columnar
import TestSupport
import Testing

@testable import Ingest

@Suite struct RowScreenTests {
  private let stride = 120

  /// Checks as for bars and quotes, and some beyond the first 64 bytes.
  private var checks: [RowCheck] {
    func field(_ offset: Int, _ form: RowFieldForm = .int64) -> RowField {
      RowField("f\(offset)", form, offset: offset, null: .sentinel(UInt64(Int64.max)))
    }
    var required = RowCheck(field(16), .decimal18, rule: "decimal_range")
    required.isRequired = true
    return [
      required,
      RowCheck(field(8, .timestamp), .wholeMicroseconds, rule: "time_range"),
      RowCheck(field(24), .decimal18, rule: "decimal_range"),
      RowCheck(field(32), .decimal18, rule: "decimal_range"),
      RowCheck(field(40, .uint64), .signed64, rule: "integer_range"),
      RowCheck(field(104), .decimal18, rule: "decimal_range"),
      RowCheck(field(112), .compareConstant(.greaterOrEqual, 0), rule: "not_negative"),
      RowCheck(field(16), .compare(.greaterOrEqual, field(24)), rule: "high"),
      RowCheck(field(24), .compare(.lessOrEqual, field(32)), rule: "low"),
      RowCheck(field(32), .compare(.less, field(104)), rule: "strict"),
      RowCheck(field(104), .compare(.greaterOrEqual, field(24)), rule: "far"),
    ]
  }

  /// Rows that violate no check.
  private func soundRows(_ count: Int, _ random: inout SeededGenerator) -> [Int64] {
    (0..<count).flatMap { _ in
      let low = Int64.random(in: -4_000_000_000...400_000_000_000, using: &random)
      var row = (0..<stride / 8).map { _ in Int64.random(in: .min ... .max, using: &random) }
      row[1] = Int64.random(in: 0...2_000_000_000_000_000, using: &random) * 1000
      row[2] = low + Int64.random(in: 0...1_000_000_000, using: &random)
      row[3] = low
      row[4] = low + Int64.random(in: 0...1_000_000_000, using: &random)
      row[5] = Int64.random(in: 0...Int64.max - 1, using: &random)
      row[13] = row[4] + 1
      row[14] = Int64.random(in: 0...Int64.max - 1, using: &random)
      return row
    }
  }

  private func isSuspect(_ rows: [Int64], hasWideWords: Bool) -> Bool {
    let screen = RowScreen(checks, rowByteCount: stride, hasWideWords: hasWideWords)
    return rows.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return false }
      let count = bytes.count / stride
      return screen.isSuspect(base, stride: stride, count: count)
    }
  }

  @Test(arguments: [true, false]) func soundRowsAreNotSuspect(hasWideWords: Bool) {
    var random = SeededGenerator(seed: 5)
    for count in [1, 2, 7, 255, 256] {
      #expect(!isSuspect(soundRows(count, &random), hasWideWords: hasWideWords))
    }
  }

  /// Whichever value a field of a row gets, a row that violates a check is always found.
  @Test(arguments: [true, false]) func noBrokenRowIsPassedOver(hasWideWords: Bool) {
    var random = SeededGenerator(seed: 6)
    let edges: [Int64] = [
      .max, .min, -1, 0, 1, 999, 1000, 1001, 999_999_999_999_999_999, 1_000_000_000_000_000_000,
      -999_999_999_999_999_999, -1_000_000_000_000_000_000, 1 << 59, -(1 << 59) - 1,
    ]
    var brokenCount = 0
    for _ in 0..<3000 {
      var rows = soundRows(Int.random(in: 1...20, using: &random), &random)
      let index = Int.random(in: 0..<rows.count, using: &random)
      rows[index] =
        Bool.random(using: &random)
        ? edges[Int.random(in: 0..<edges.count, using: &random)]
        : Int64.random(in: .min ... .max, using: &random)
      let isBroken = rows.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return false }
        return checks.contains {
          $0.isBroken(base, stride: stride, count: bytes.count / stride)
        }
      }
      guard isBroken else { continue }
      brokenCount += 1
      #expect(isSuspect(rows, hasWideWords: hasWideWords))
    }
    #expect(brokenCount > 500)
  }
}
