import Bytes
import Columnar
import Databento
import Foundation
import Parquet
import TestSupport
import Testing

@testable import Ingest
@testable import Tables

/// Packed rows of two fields: a time at offset 0 and a sequence at offset 8.
struct ToyRows {
  static let stride = 16
  static let order = RowOrder(indexOffset: 0, sequence: RowField("sequence", .uint32, offset: 8))
  let pool = RowPool(stride: stride)
  var symbol = SymbolRows(code: 1)

  mutating func append(time: Int64, sequence: UInt32, tag: UInt32) {
    let row = symbol.append(SortKey(index: time, sequence: UInt64(sequence)), from: pool)
    row.storeLE(time, 0)
    row.storeLE(sequence, 8)
    row.storeLE(tag, 12)
  }

  /// (time, sequence, tag) of all rows, merged.
  func merged() throws -> [[Int64]] {
    var rows: [[Int64]] = []
    try RowMerge.forEachSpan(symbol, order: Self.order, stride: Self.stride) { base, count in
      for row in 0..<count {
        let at = base + row * Self.stride
        rows.append([
          at.loadLE(0, as: Int64.self), Int64(at.loadLE(8, as: UInt32.self)),
          Int64(at.loadLE(12, as: UInt32.self)),
        ])
      }
    }
    return rows
  }
}

@Suite struct RowMergeTests {
  @Test(arguments: [0, 1, 3, 7]) func equalsAStableSort(fragmentCount: Int) throws {
    let folder = TemporaryFolder()
    var random = SeededGenerator(seed: UInt64(fragmentCount) + 5)
    for size in [0, 1, 15, 16, 17, 255, 256, 257, 3000] {
      var toy = ToyRows()
      var expected: [[Int64]] = []
      let file = try SpillFile(directory: folder.path, stride: ToyRows.stride)
      for part in 0...fragmentCount {
        for _ in 0..<size {
          let time = Int64.random(in: 0..<50, using: &random)
          let sequence = UInt32.random(in: 0..<3, using: &random)
          toy.append(time: time, sequence: sequence, tag: UInt32(expected.count))
          expected.append([time, Int64(sequence), Int64(expected.count)])
        }
        if part < fragmentCount && size > 0 {
          let rows = ToyRows.order.sorted(toy.symbol.run.pointers(stride: ToyRows.stride))
          toy.symbol.fragments.append(try file.write(rows, order: ToyRows.order))
          toy.pool.give(toy.symbol.takeRun().chunks)
        }
      }
      expected.sort { ($0[0], $0[1], $0[2]) < ($1[0], $1[1], $1[2]) }
      #expect(try toy.merged() == expected)
      #expect(toy.symbol.rowCount == expected.count)
    }
  }

  @Test func orderedFragmentsAreOnlyJoined() throws {
    let folder = TemporaryFolder()
    var toy = ToyRows()
    let file = try SpillFile(directory: folder.path, stride: ToyRows.stride)
    for part in 0..<3 {
      for row in 0..<1500 {
        toy.append(time: Int64(part * 1500 + row), sequence: 0, tag: 0)
      }
      let rows = toy.symbol.run.pointers(stride: ToyRows.stride)
      toy.symbol.fragments.append(try file.write(rows, order: ToyRows.order))
      toy.pool.give(toy.symbol.takeRun().chunks)
    }
    #expect(toy.symbol.isOrdered)
    #expect(try toy.merged().map { $0[0] } == (0..<4500).map(Int64.init))
  }
}

@Suite struct RowPoolTests {
  @Test func memoryComesBack() {
    var toy = ToyRows()
    for row in 0..<5000 { toy.append(time: Int64(row), sequence: 0, tag: 0) }
    #expect(toy.pool.usedByteCount >= 5000 * ToyRows.stride)
    toy.pool.give(toy.symbol.run.chunks)
    #expect(toy.pool.usedByteCount == 0)
  }
}

@Suite struct TransposerTests {
  private static let layout = RowLayout(
    stride: 64,
    fields: [
      RowField("time", .timestamp, offset: 0, null: .sentinel(.max)),
      RowField("price", .int64, offset: 8, null: .sentinel(UInt64(Int64.max))),
      RowField("small", .uint16, offset: 16, null: .sentinel(0xFFFF)),
      RowField("side", .character, offset: 18),
      RowField("name", .fixedText(byteCount: 5), offset: 19),
      RowField("symbol", .text, offset: 24),
      RowField("wide", .int128, offset: 32, null: .bit(offset: 48, mask: 1)),
      RowField("value", .double, offset: 49, null: .bit(offset: 48, mask: 2)),
    ])

  private static let columns: [PhysicalColumn] = {
    func field(_ name: String) -> RowField? { layout.field(named: name) }
    return [
      PhysicalColumn(field: Field("symbol", .string), source: field("symbol")),
      PhysicalColumn(field: Field("time", .timestamp), source: field("time")),
      PhysicalColumn(
        field: Field("time_plus_ns", .short), source: field("time"), isRemainder: true),
      PhysicalColumn(
        field: Field("price", .decimal(precision: 18, scale: 9)), source: field("price")),
      PhysicalColumn(field: Field("small", .int), source: field("small")),
      PhysicalColumn(field: Field("side", .string), source: field("side")),
      PhysicalColumn(field: Field("name", .string), source: field("name")),
      PhysicalColumn(
        field: Field("wide", .decimal(precision: 38, scale: 9)), source: field("wide")),
      PhysicalColumn(field: Field("value", .double), source: field("value")),
      PhysicalColumn(field: Field("extra", .string), source: nil),
    ]
  }()

  private struct Row {
    var time: UInt64
    var price: Int64
    var small: UInt16
    var side: UInt8
    var name: [UInt8]
    var symbol: UInt32
    var wide: Int128?
    var value: Double?

    var packed: [UInt8] {
      var bytes = [UInt8](repeating: 0, count: 64)
      bytes.withUnsafeMutableBytes { raw in
        guard let base = raw.baseAddress else { return }
        base.storeLE(time, 0)
        base.storeLE(price, 8)
        base.storeLE(small, 16)
        base.storeLE(side, 18)
        for (index, byte) in name.enumerated() { base.storeLE(byte, 19 + index) }
        base.storeLE(symbol, 24)
        base.storeLE(UInt64(truncatingIfNeeded: wide ?? 0), 32)
        base.storeLE(Int64(truncatingIfNeeded: (wide ?? 0) >> 64), 40)
        base.storeLE(UInt8((wide == nil ? 0 : 1) | (value == nil ? 0 : 2)), 48)
        base.storeLE((value ?? 0).bitPattern, 49)
      }
      return bytes
    }
  }

  private static func randomRows(_ count: Int, _ random: inout SeededGenerator) -> [Row] {
    (0..<count).map { _ in
      Row(
        time: Bool.random(using: &random) ? .max : .random(in: 0..<(1 << 62), using: &random),
        price: Bool.random(using: &random) ? .max : .random(in: -99...99, using: &random),
        small: Bool.random(using: &random) ? 0xFFFF : .random(in: 0...9, using: &random),
        side: [0, 65, 66].randomElement(using: &random) ?? 0,
        name: Array("abcde".utf8.prefix(Int.random(in: 0...5, using: &random))),
        symbol: .random(in: 1...3, using: &random),
        wide: Bool.random(using: &random)
          ? nil : Int128(Int64.random(in: -9...9, using: &random)) << 70,
        value: Bool.random(using: &random) ? nil : Double.random(in: -1...1, using: &random))
    }
  }

  @Test(arguments: [true, false]) func cutsColumnsAndHashesRows(hasWideWords: Bool) {
    var random = SeededGenerator(seed: 17)
    let texts = StringTable()
    for name in ["AAPL", "IBM", "SPY"] { _ = texts.code(name) }
    for count in [1, 511, 512, 513, 2000] {
      let rows = Self.randomRows(count, &random)
      let transposer = Transposer(
        columns: Self.columns, capacity: 2000,
        words: hasWideWords ? RowWords(capacity: Transposer.blockRowCount) : nil)
      transposer.reset(texts: texts.values)
      let bytes = rows.flatMap(\.packed)
      bytes.withUnsafeBytes { raw in
        guard let base = raw.baseAddress else { return }
        // In runs of all lengths, as symbols' rows arrive.
        var first = 0
        while first < count {
          let piece = min(count - first, [1, 15, 16, 100, 300].randomElement(using: &random) ?? 1)
          transposer.append(base + first * 64, stride: 64, count: piece)
          first += piece
        }
      }
      let fingerprint = transposer.finish()
      #expect(fingerprint == Self.fingerprint(rows, texts))
      #expect(transposer.rowCount == count)
      for (index, row) in rows.enumerated() { expect(transposer, index, row, texts) }
    }
  }

  @Test func blocksWithoutNullsKeepTheirValuesBesideBlocksWithNulls() {
    var random = SeededGenerator(seed: 18)
    let texts = StringTable()
    for name in ["AAPL", "IBM", "SPY"] { _ = texts.code(name) }
    let transposer = Transposer(columns: Self.columns, capacity: 2000)
    // The first group leaves nulls everywhere in the memory that the second one reuses.
    for isFirst in [true, false] {
      var rows = Self.randomRows(2000, &random)
      for row in rows.indices where !isFirst && row != 700 {
        (rows[row].time, rows[row].price, rows[row].small) = (1000, 5, 7)
        (rows[row].side, rows[row].name) = (65, Array("a".utf8))
        (rows[row].wide, rows[row].value) = (1 << 70, 0.5)
        rows[row].symbol = 2
      }
      transposer.reset(texts: texts.values)
      let bytes = rows.flatMap(\.packed)
      bytes.withUnsafeBytes { raw in
        if let base = raw.baseAddress { transposer.append(base, stride: 64, count: rows.count) }
      }
      #expect(transposer.finish() == Self.fingerprint(rows, texts))
      for (index, row) in rows.enumerated() { expect(transposer, index, row, texts) }
    }
  }

  /// Columns that seldom change are stored as runs; with more changes, or others in between, they are not.
  @Test(arguments: [true, false]) func runsAreOfTheRowsTheyStandFor(hasWideWords: Bool) {
    var random = SeededGenerator(seed: 19)
    let texts = StringTable()
    for name in ["AAPL", "IBM", "SPY"] { _ = texts.code(name) }
    for meanLength in [1, 40, 2000] {
      let transposer = Transposer(
        columns: Self.columns, capacity: 3000,
        words: hasWideWords ? RowWords(capacity: Transposer.blockRowCount) : nil)
      // The second group reuses the memory of the first one.
      for _ in 0..<2 {
        var rows = Self.randomRows(3000, &random)
        for row in rows.indices.dropFirst() {
          if Int.random(in: 0..<meanLength, using: &random) != 0 {
            rows[row].symbol = rows[row - 1].symbol
          }
          if Int.random(in: 0..<meanLength, using: &random) != 0 {
            rows[row].small = rows[row - 1].small
          }
          if Int.random(in: 0..<meanLength, using: &random) != 0 {
            rows[row].price = rows[row - 1].price
          }
        }
        transposer.reset(texts: texts.values)
        let bytes = rows.flatMap(\.packed)
        bytes.withUnsafeBytes { raw in
          guard let base = raw.baseAddress else { return }
          var first = 0
          while first < rows.count {
            let piece = min(
              rows.count - first, [3, 16, 256, 700].randomElement(using: &random) ?? 1)
            transposer.append(base + first * 64, stride: 64, count: piece)
            first += piece
          }
        }
        #expect(transposer.finish() == Self.fingerprint(rows, texts))
        if meanLength == 1 { #expect(!transposer.scratch[0].isInRuns) }
        for column in [0, 3, 4] {
          guard let runs = transposer.scratch[column].runs else { continue }
          let starts = runs.map(\.start)
          let expected = rows.indices.filter { row in
            if row == 0 { return true }
            return switch column {
            case 0: rows[row].symbol != rows[row - 1].symbol
            case 3: rows[row].price != rows[row - 1].price
            default: rows[row].small != rows[row - 1].small
            }
          }
          #expect(starts == expected, "no two runs that follow each other are alike")
        }
        for (index, row) in rows.enumerated() { expect(transposer, index, row, texts) }
      }
    }
  }

  private func expect(_ transposer: Transposer, _ row: Int, _ expected: Row, _ texts: StringTable) {
    let columns = transposer.scratch
    for column in columns { column.spreadRuns(count: transposer.rowCount) }
    func isNull(_ column: Int) -> Bool {
      columns[column].hasNulls && columns[column].validity[row] == 0
    }
    #expect(columns[0].text[Int(columns[0].codes[row])] == texts[expected.symbol])
    #expect(isNull(1) == (expected.time == .max))
    if expected.time != .max {
      #expect(columns[1].integers[row] == Int64(expected.time / 1000))
      #expect(columns[2].integers[row] == Int64(expected.time % 1000))
    }
    #expect(isNull(3) == (expected.price == .max))
    if expected.price != .max { #expect(columns[3].integers[row] == expected.price) }
    #expect(isNull(4) == (expected.small == 0xFFFF))
    if expected.small != 0xFFFF { #expect(columns[4].integers[row] == Int64(expected.small)) }
    #expect(isNull(5) == (expected.side == 0))
    if expected.side != 0 {
      let text = String(UnicodeScalar(expected.side))
      #expect(columns[5].text[Int(columns[5].codes[row])] == text)
    }
    #expect(isNull(6) == expected.name.isEmpty)
    #expect(Array(columns[6].text[row].utf8) == expected.name)
    #expect(isNull(7) == (expected.wide == nil))
    if let wide = expected.wide { #expect(columns[7].wide[row] == wide) }
    #expect(isNull(8) == (expected.value == nil))
    if let value = expected.value { #expect(columns[8].doubles[row] == value) }
  }

  /// The definition of the row hash, row by row.
  private static func fingerprint(_ rows: [Row], _ texts: StringTable) -> Fingerprint {
    func text(_ bytes: some Sequence<UInt8>) -> UInt64 {
      Array(bytes).withUnsafeBytes { RowHash.text($0) }
    }
    var total = Fingerprint()
    for row in rows {
      var (low, high): (UInt64, UInt64) = (0, 0)
      func add(_ name: String, _ type: String, _ word: UInt64?) {
        if let word { RowHash(name: name, type: type).add(word, low: &low, high: &high) }
      }
      add("symbol", "string", text(texts[row.symbol].utf8))
      add("time", "timestamp", row.time == .max ? nil : row.time)
      add("price", "decimal(9)", row.price == .max ? nil : UInt64(bitPattern: row.price))
      add("small", "integer", row.small == 0xFFFF ? nil : UInt64(row.small))
      add("side", "string", row.side == 0 ? nil : text([row.side]))
      add("name", "string", row.name.isEmpty ? nil : text(row.name))
      add("wide", "decimal(9)", row.wide.map(RowHash.wide))
      add("value", "double", row.value.map(RowHash.double))
      total &+= RowHash.finalised(low: low, high: high)
    }
    return total
  }
}
