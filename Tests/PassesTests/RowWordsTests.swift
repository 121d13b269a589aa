import Columnar
import TestSupport
import Testing

@testable import Passes

@Suite struct RowWordsTests {
  /// Integers of every width and place, out of rows of every size, with sentinels among them.
  @Test(arguments: [8, 40, 64, 72, 128]) func wordsGiveWhatBytesGive(stride: Int) throws {
    guard let words = RowWords(capacity: 256) else { return }
    defer { words.deallocate() }
    var random = SeededGenerator(seed: UInt64(stride))
    let forms: [RowFieldForm] = [
      .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .timestamp,
    ]
    let nulls: [RowNull] = [.never, .sentinel(.max), .sentinel(0xFF)]
    for count in [1, 7, 8, 9, 255, 256] {
      let bytes = (0..<count * stride).map { _ in
        Bool.random(using: &random) ? UInt8.max : UInt8.random(in: 0...255, using: &random)
      }
      for form in forms {
        let offset = Int.random(in: 0..<stride / form.byteCount, using: &random) * form.byteCount
        let null = nulls.randomElement(using: &random) ?? .never
        let field = RowField("f", form, offset: offset, null: null)
        let plain = cut(bytes, stride, count, field, words: nil)
        let turned = cut(bytes, stride, count, field, words: words)
        #expect(plain == turned, "\(form) at \(offset) of \(stride), \(count) rows")
      }
    }
  }

  private struct Column: Equatable {
    var values: [Int64]
    var validity: [UInt8]
  }

  private func cut(
    _ bytes: [UInt8], _ stride: Int, _ count: Int, _ field: RowField, words: RowWords?
  ) -> Column {
    var values = [Int64](repeating: 7, count: 256)
    var validity = [UInt8](repeating: 1, count: 256)
    var isAnyNull = false
    bytes.withUnsafeBytes { raw in
      guard let base = raw.baseAddress else { return }
      var pointers = (0..<count).map { base + $0 * stride }
      pointers.withUnsafeMutableBufferPointer { pointers in
        guard let first = pointers.baseAddress else { return }
        var rows = RowPointers(pointers: first, base: base, stride: stride)
        if let words {
          #expect(words.turn(base, stride: stride, count: count))
          rows.words = words
        }
        loadIntegers(field, count, rows, &values, &validity, &isAnyNull)
      }
    }
    if !isAnyNull { validity = [UInt8](repeating: 1, count: 256) }
    return Column(values: Array(values[..<count]), validity: Array(validity[..<count]))
  }

  @Test func timesSplitAtTheWholeMicrosecondBelow() {
    var random = SeededGenerator(seed: 4)
    for isNegativeToo in [false, true] {
      for count in [1, 8, 13, 256] {
        var times = (0..<count).map { _ in Int64.random(in: 0 ... .max, using: &random) }
        times[0] = [0, 999, 1000, .max].randomElement(using: &random) ?? 0
        if isNegativeToo { times[count / 2] = .random(in: .min ... -1, using: &random) }
        var micros = [Int64](repeating: 0, count: 256)
        var remainders = [Int64](repeating: 0, count: 256)
        splitNanoseconds(times, count, &micros, &remainders)
        for row in 0..<count {
          #expect((0..<1000).contains(remainders[row]))
          #expect(Int128(micros[row]) * 1000 + Int128(remainders[row]) == Int128(times[row]))
        }
      }
    }
  }
}
