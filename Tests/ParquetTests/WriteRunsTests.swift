import Columnar
import TestSupport
import Testing

@testable import Parquet

@Suite struct WriteRunsTests {
  /// Known runs give the same bytes, and only the first value of each run is read.
  @Test func knownRunsGiveTheSameBytes() throws {
    var random = SeededGenerator(seed: 11)
    let count = 50_000
    let options = WriterOptions()
    for (type, distinctCount) in [(ColumnType.int, 3), (.long, 500), (.string, 4), (.date, 1)] {
      var starts = [0]
      while starts.count < ValueRuns.countMax(count), let last = starts.last {
        let next = last + Int.random(in: 1...(2 * count / 400), using: &random)
        if next >= count || distinctCount == 1 { break }
        starts.append(next)
      }
      let texts = ByteColumn((0..<distinctCount).map { "symbol \($0)" })
      var run = 0
      var item = 0
      let items = (0..<count).map { row in
        if run < starts.count && starts[run] == row {
          run += 1
          item =
            row == 0
            ? 0 : (item + Int.random(in: 1..<max(distinctCount, 2), using: &random)) % distinctCount
        }
        return item
      }
      let column = WriterColumn(Field("x", type))
      func encode(_ items: [Int], _ starts: [Int]?) throws -> EncodedColumnChunk {
        let encoder = ColumnChunkEncoder(column: column, options: options)
        let codes = items.map { Int32($0) }
        let values = items.map { Int64($0) * 1_000 }
        return try codes.withUnsafeBufferPointer { codes in
          try values.withUnsafeBufferPointer { values in
            let (codes, values) = (
              try #require(codes.baseAddress), try #require(values.baseAddress)
            )
            return try encoder.encode(
              ColumnSource(
                type == .string ? .codes(codes, dictionary: texts) : .integers(values),
                runStarts: starts),
              rowCount: count)
          }
        }
      }
      let plain = try encode(items, nil)
      let isStart = Set(starts)
      let known = try encode(items.indices.map { isStart.contains($0) ? items[$0] : 77 }, starts)
      #expect(known.bytes == plain.bytes, "\(type.name)")
      #expect(known.bounds == plain.bounds && known.nullCount == plain.nullCount)
    }
  }
}
