import Columnar
import TestSupport
import Testing

@testable import Ingest

@Suite struct RowWordsTests {
  /// Integers of every width and offset, from rows of every size, with sentinels among them.
  @Test(arguments: [8, 40, 64, 72, 128]) func wordsGiveWhatBytesGive(stride: Int) throws {
    guard let unused = RowWords(capacity: 256) else { return }
    unused.deallocate()
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
        let index = RowField("f", form, offset: offset, null: null).location
        let plain = cut(bytes, stride, count, index, isTurned: false)
        let turned = cut(bytes, stride, count, index, isTurned: true)
        #expect(plain == turned, "\(form) at \(offset) of \(stride), \(count) rows")
      }
    }
  }

  private struct Column: Equatable {
    var values: [Int64]
    var validity: [UInt8]
  }

  private func cut(
    _ bytes: [UInt8], _ stride: Int, _ count: Int, _ field: FieldLocation, isTurned: Bool
  ) -> Column {
    var values = [Int64](repeating: 7, count: 256)
    var validity = [UInt8](repeating: 1, count: 256)
    var isAnyNull = false
    bytes.withUnsafeBytes { raw in
      guard let base = raw.baseAddress else { return }
      var pointers = (0..<count).map { base + $0 * stride }
      pointers.withUnsafeMutableBufferPointer { pointers in
        guard let first = pointers.baseAddress else { return }
        var rows = RowPointers(pointers: first, count: count, base: base, stride: stride)
        var words = isTurned ? RowWords(capacity: 256) : nil
        defer { words?.deallocate() }
        if words != nil {
          let isTurned = words?.transpose(base, stride: stride, count: count)
          #expect(isTurned == true)
          rows.words = words
        }
        loadIntegers(field, count, rows, &values, &validity, &isAnyNull)
      }
    }
    if !isAnyNull { validity = [UInt8](repeating: 1, count: 256) }
    return Column(values: Array(values[..<count]), validity: Array(validity[..<count]))
  }

  /// Whole words are written directly to their target, and their sentinels and constant bits are recognised.
  @Test(arguments: [16, 64, 128]) func watchedWordsAreWrittenInPlace(stride: Int) throws {
    var random = SeededGenerator(seed: UInt64(stride) + 1)
    for count in [1, 8, 13, 256] {
      for isMissing in [false, true] {
        guard var words = RowWords(capacity: 256) else { return }
        defer { words.deallocate() }
        // The last word varies, the one before it only in its upper half.
        var bytes = (0..<count * stride).map { UInt8($0 % stride) }
        let (last, upper) = (stride - 8, stride - 16)
        for row in 0..<count {
          bytes[row * stride + last] = UInt8.random(in: 0...9, using: &random)
          bytes[row * stride + upper + 7] = UInt8(row % 3)
        }
        let missing = Int.random(in: 0..<count, using: &random)
        if isMissing { for byte in 0..<8 { bytes[missing * stride + last + byte] = 0xFF } }
        let field = FieldLocation(form: .int64, offset: last, null: .sentinel(.max))
        let half = words.watch(FieldLocation(form: .int32, offset: 0, null: .never))
        let whole = words.watch(field)
        let again = words.watch(field)
        #expect(half == nil)
        #expect(again == nil, "a word has one place to go to")
        let word = try #require(whole)
        let out = UnsafeMutablePointer<Int64>.allocate(capacity: 256)
        defer { out.deallocate() }
        words.direct(word, to: out)
        bytes.withUnsafeBytes { raw in
          guard let base = raw.baseAddress else { return }
          let isTurned = words.transpose(base, stride: stride, count: count)
          #expect(isTurned)
          #expect((words.values(word) == nil) == isMissing)
          for row in 0..<count {
            #expect(
              out[row] == raw.loadUnaligned(fromByteOffset: row * stride + last, as: Int64.self))
          }
        }
        func isUniform(_ form: RowFieldForm, _ offset: Int) -> Bool {
          words.isUniform(FieldLocation(form: form, offset: offset, null: .never))
        }
        #expect(isUniform(.uint32, upper) && isUniform(.uint8, upper + 6))
        #expect(isUniform(.uint16, upper + 6) == (count == 1))
        #expect(!isUniform(.uint32, upper + 6), "it lies in two words")
        let flagged = FieldLocation(
          form: .uint32, offset: upper, null: .bit(offset: upper + 7, mask: 1))
        #expect(words.isUniform(flagged) == (count == 1))
      }
    }
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
