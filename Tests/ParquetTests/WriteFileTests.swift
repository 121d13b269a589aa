import Columnar
import TestSupport
import Testing

@testable import Parquet

/// A value that can be compared whatever the column's storage.
private enum Cell: Hashable {
  case integer(Int64)
  case wide(Int128)
  case double(UInt64)
  case bytes([UInt8])
}

private func cells(_ column: Column) -> [Cell?] {
  (0..<column.count).map { row in
    if column.isNull(row) { return nil }
    return switch column.storage {
    case .integers(let values): .integer(values[row])
    case .wide(let values): .wide(values[row])
    case .doubles(let values): .double(values[row].bitPattern)
    case .bytes(let values): .bytes(Array(values.bytes[values.byteRange(row)]))
    case .codes(let codes, let dictionary):
      .bytes(Array(dictionary.bytes[dictionary.byteRange(Int(codes[row]))]))
    }
  }
}

/// Distributions of nulls in a column.
private enum Nulls: CaseIterable, Sendable {
  case none, all, some, firstPage, runs

  func validity(_ count: Int, _ random: inout SeededGenerator) -> [UInt8]? {
    switch self {
    case .none: nil
    case .all: [UInt8](repeating: 0, count: count)
    case .some: (0..<count).map { _ in UInt8.random(in: 0...1, using: &random) }
    case .firstPage: (0..<count).map { $0 < 500 ? 0 : 1 }
    case .runs: (0..<count).map { $0 / 100 % 2 == 0 ? 1 : 0 }
    }
  }
}

private let types: [ColumnType] = [
  .boolean, .byte, .short, .int, .long, .integer(bitWidth: 8, isSigned: false),
  .integer(bitWidth: 16, isSigned: false), .integer(bitWidth: 32, isSigned: false),
  .integer(bitWidth: 64, isSigned: false), .float, .double, .decimal(precision: 9, scale: 2),
  .decimal(precision: 18, scale: 9), .decimal(precision: 20, scale: 9),
  .decimal(precision: 38, scale: 18), .string, .json, .binary, .binary(fixed: 7), .uuid, .date,
  .time(.milliseconds, isUTC: true), .time(.nanoseconds, isUTC: false), .timestamp,
  .timestamp(.nanoseconds, isUTC: false), .float16,
]

/// Random values in stretches: extremes, a few repeated values, and noise.
private func stretches<T>(
  _ count: Int, _ extremes: [T], _ random: inout SeededGenerator,
  _ noise: (inout SeededGenerator) -> T
) -> [T] {
  var values: [T] = []
  while values.count < count {
    let length = Swift.min(Int.random(in: 1...200, using: &random), count - values.count)
    let few = [noise(&random), noise(&random), noise(&random)]
    let form = Int.random(in: 0..<4, using: &random)
    for _ in 0..<length {
      switch form {
      case 0: values.append(extremes[Int.random(in: 0..<extremes.count, using: &random)])
      case 1: values.append(few[0])
      case 2: values.append(few[Int.random(in: 0..<3, using: &random)])
      default: values.append(noise(&random))
      }
    }
  }
  return values
}

private func makeColumn(
  _ type: ColumnType, _ count: Int, _ nulls: Nulls, _ random: inout SeededGenerator
) -> Column {
  let validity = nulls.validity(count, &random)
  let storage: Column.Storage =
    switch type.storage {
    case .integers: makeIntegers(type, count, &random)
    case .wide: makeWide(type, count, &random)
    case .doubles: makeDoubles(type, count, &random)
    case .bytes: makeBytes(type, count, &random)
    }
  return Column(type: type, storage: storage, validity: validity)
}

private func makeIntegers(
  _ type: ColumnType, _ count: Int, _ random: inout SeededGenerator
) -> Column.Storage {
  let range: ClosedRange<Int64> =
    switch type {
    case .boolean: 0...1
    case .integer(64, _), .timestamp, .time(.nanoseconds, _): Int64.min...Int64.max
    case .integer(let width, true): -(1 << (width - 1))...(1 << (width - 1)) - 1
    case .integer(let width, false): 0...(1 << width) - 1
    case .decimal(let precision, _):
      -Int64(WriterColumn.decimalMax(precision))...Int64(WriterColumn.decimalMax(precision))
    default: Int64(Int32.min)...Int64(Int32.max)
    }
  return .integers(
    stretches(count, [range.lowerBound, range.upperBound, 0, 1], &random) {
      Int64.random(in: range, using: &$0)
    })
}

private func makeWide(
  _ type: ColumnType, _ count: Int, _ random: inout SeededGenerator
) -> Column.Storage {
  guard case .decimal(let precision, _) = type else { return .wide([]) }
  let max = WriterColumn.decimalMax(precision)
  return .wide(
    stretches(count, [-max, max, 0, -1], &random) { Int128.random(in: -max...max, using: &$0) })
}

private func makeDoubles(
  _ type: ColumnType, _ count: Int, _ random: inout SeededGenerator
) -> Column.Storage {
  // Quarters are exact in every width.
  let extremes: [Double] =
    type == .double
    ? [0, -0.0, -.infinity, .greatestFiniteMagnitude] : [0, -0.0, .infinity, 1.5]
  return .doubles(
    stretches(count, extremes, &random) {
      type == .double
        ? Double.random(in: -1e300...1e300, using: &$0)
        : Double(Int.random(in: -99...99, using: &$0)) / 4
    })
}

private func makeBytes(
  _ type: ColumnType, _ count: Int, _ random: inout SeededGenerator
) -> Column.Storage {
  var column = ByteColumn()
  let length = WriterColumn(Field("x", type)).typeLength
  let extremes: [[UInt8]] =
    if let length {
      [[UInt8](repeating: 255, count: length), [UInt8](repeating: 0, count: length)]
    } else {
      [[], Array("ESZ5".utf8), Array(String(repeating: "\u{10FFFF}", count: 40).utf8)]
    }
  let values = stretches(count, extremes, &random) { random in
    if let length { return (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) } }
    let text = String(repeating: "é€𝄞x", count: Int.random(in: 0...30, using: &random))
    return Array("\(text)\(Int.random(in: 0...9999, using: &random))".utf8)
  }
  for value in values { value.withUnsafeBytes { column.append($0) } }
  return .bytes(column)
}

private func write(
  _ columns: [Column], rowGroupSize: Int = 131_072, options: WriterOptions = WriterOptions()
) throws -> [UInt8] {
  let fields = columns.enumerated().map { WriterColumn(Field("c\($0.offset)", $0.element.type)) }
  let writer = try ParquetFileWriter(inMemory: fields, options: options)
  let encoders = fields.map { ColumnChunkEncoder(column: $0, options: options) }
  let count = columns[0].count
  for start in stride(from: 0, to: count, by: rowGroupSize) {
    let rows = start..<Swift.min(start + rowGroupSize, count)
    let chunks = try zip(encoders, columns).map { try $0.encode($1, rows: rows) }
    try writer.append(rowGroup: chunks, rowCount: rows.count)
  }
  return try writer.finishInMemory().bytes
}

private func small() -> WriterOptions {
  var options = WriterOptions()
  options.pageRowCountMax = 500
  return options
}

@Suite struct WriteFileTests {
  @Test(arguments: types)
  func everyTypeRoundTripsAtEveryBoundary(_ type: ColumnType) throws {
    var random = SeededGenerator(seed: 7)
    for nulls in Nulls.allCases {
      for size in boundarySizes where size <= 257 || nulls == .some {
        let column = makeColumn(type, size, nulls, &random)
        let reader = try ParquetReader(bytes: write([column], options: small()), name: "memory")
        var back: [Cell?] = []
        for group in 0..<reader.rowGroupCount {
          var read = Column(type: type, storage: .integers([]))
          try reader.readColumn(rowGroup: group, leaf: 0, into: &read)
          back += cells(read)
        }
        #expect(reader.leaves[0].type == type)
        #expect(back == cells(column), "\(type.name), \(nulls), \(size) rows")
      }
    }
  }

  @Test(arguments: types)
  func statisticsAreTheLeastAndTheGreatest(_ type: ColumnType) throws {
    var random = SeededGenerator(seed: 8)
    for nulls in Nulls.allCases {
      let column = makeColumn(type, 2_000, nulls, &random)
      let encoder = ColumnChunkEncoder(column: WriterColumn(Field("x", type)), options: small())
      for rows in [0..<1_000, 1_000..<2_000] {
        let chunk = try encoder.encode(column, rows: rows)
        let present = rows.filter { !column.isNull($0) }
        #expect(chunk.nullCount == 1_000 - present.count)
        check(chunk.bounds, of: cells(column)[rows], type)
        for page in chunk.pages {
          let first = rows.lowerBound + page.firstRow
          check(page.bounds, of: cells(column)[first..<first + 500], type)
        }
      }
    }
  }

  private func check(_ bounds: ValueBounds?, of cells: ArraySlice<Cell?>, _ type: ColumnType) {
    let ordered = cells.compactMap { $0 }.sorted { precedes($0, $1, type) }
    guard let least = ordered.first, let greatest = ordered.last, type != .float16 else {
      return #expect(bounds == nil)
    }
    guard let bounds else {
      // Only text that begins with 16 times the last character has no upper bound.
      return #expect(greatest == .bytes(Array(String(repeating: "\u{10FFFF}", count: 40).utf8)))
    }
    // Text of more than 64 bytes is truncated; everything else is exact.
    if type.storage != .bytes { #expect(bounds.isMinExact && bounds.isMaxExact) }
    if bounds.isMinExact { #expect(same(bounds.min, least)) }
    if bounds.isMaxExact { #expect(same(bounds.max, greatest)) }
    #expect(cell(bounds.min).map { !precedes(least, $0, type) } ?? false)
    #expect(cell(bounds.max).map { !precedes($0, greatest, type) } ?? false)
  }

  /// Zeros of either sign are equal bounds.
  private func same(_ bound: StatisticsValue, _ value: Cell) -> Bool {
    if case .double(let bits) = value, case .double(let bound) = bound {
      return Double(bitPattern: bits) == bound
    }
    return cell(bound) == value
  }

  private func cell(_ value: StatisticsValue?) -> Cell? {
    switch value {
    case .integer(let value): .integer(value)
    case .wide(let value): .wide(value)
    case .double(let value): .double(value.bitPattern)
    case .bytes(let value): .bytes(value)
    case nil: nil
    }
  }

  private func precedes(_ left: Cell, _ right: Cell, _ type: ColumnType) -> Bool {
    switch (left, right) {
    case (.integer(let left), .integer(let right)):
      if case .integer(_, isSigned: false) = type {
        return UInt64(bitPattern: left) < UInt64(bitPattern: right)
      }
      return left < right
    case (.wide(let left), .wide(let right)): return left < right
    case (.double(let left), .double(let right)):
      let (left, right) = (Double(bitPattern: left), Double(bitPattern: right))
      // −0 precedes +0: bounds of zero are written in that order.
      return left < right || (left == right && left.sign == .minus && right.sign == .plus)
    case (.bytes(let left), .bytes(let right)): return left.lexicographicallyPrecedes(right)
    default: return false
    }
  }

  @Test func onlyEncodingsThatEveryEngineReadsAreWritten() throws {
    var random = SeededGenerator(seed: 9)
    let columns = types.map { makeColumn($0, 5_000, .some, &random) }
    let reader = try ParquetReader(bytes: write(columns), name: "memory")
    let allowed: Set<Encoding> = [.plain, .rleDictionary, .deltaBinaryPacked, .rle]
    for chunk in reader.metadata.rowGroups.flatMap(\.columns) {
      let metadata = try #require(chunk.metadata)
      #expect(Set(metadata.encodings).isSubset(of: allowed))
      #expect([.zstd, .uncompressed].contains(metadata.codec))
      if metadata.encodings.contains(.deltaBinaryPacked) {
        #expect([.int32, .int64].contains(metadata.type))
      }
    }
  }

  @Test func theSameRowsGiveTheSameBytesWhateverCameBefore() throws {
    var random = SeededGenerator(seed: 10)
    for type in types {
      let column = WriterColumn(Field("x", type))
      let fresh = ColumnChunkEncoder(column: column, options: WriterOptions())
      let used = ColumnChunkEncoder(column: column, options: WriterOptions())
      for (count, nulls) in [(40_000, Nulls.some), (3, .none), (1_000, .all)] {
        _ = try used.encode(makeColumn(type, count, nulls, &random), rows: 0..<count)
      }
      let rows = makeColumn(type, 9_000, .runs, &random)
      let first = try fresh.encode(rows, rows: 0..<9_000)
      #expect(try used.encode(rows, rows: 0..<9_000).bytes == first.bytes, "\(type.name)")
    }
  }

  @Test func allColumnsAreCutIntoPagesAtTheSameRows() throws {
    var random = SeededGenerator(seed: 12)
    let columns = [ColumnType.long, .string, .double].map {
      makeColumn($0, 131_072, .some, &random)
    }
    let reader = try ParquetReader(bytes: write(columns), name: "memory")
    let cuts = try (0..<3).map { leaf in
      try #require(try reader.offsetIndex(rowGroup: 0, leaf: leaf)).pageLocations.map(
        \.firstRowIndex)
    }
    #expect(cuts[0] == cuts[1] && cuts[1] == cuts[2])
    let lengths = zip(cuts[0], cuts[0].dropFirst() + [131_072]).map { $1 - $0 }
    #expect(lengths.allSatisfy { (16_000...20_000).contains($0) })
  }

  @Test func aColumnOfLongTextIsCutMoreOften() throws {
    var options = WriterOptions()
    options.pageByteCountMax = 10_000
    var random = SeededGenerator(seed: 13)
    let text = makeColumn(.string, 1_000, .some, &random)
    let reader = try ParquetReader(bytes: write([text], options: options), name: "memory")
    let pages = try #require(try reader.offsetIndex(rowGroup: 0, leaf: 0)).pageLocations
    #expect(pages.count > 3)
    var back = Column(type: .string, storage: .bytes(ByteColumn()))
    try reader.readColumn(rowGroup: 0, leaf: 0, into: &back)
    #expect(cells(back) == cells(text))
  }

  @Test func sortedPagesAreDeclaredToReaders() throws {
    let ascending = Column(type: .long, storage: .integers((0..<4_000).map { $0 * 3 }))
    let descending = Column(type: .long, storage: .integers((0..<4_000).map { -$0 }))
    let mixed = Column(
      type: .long, storage: .integers((0..<4_000).map { $0 / 500 % 2 * 900 + $0 % 7 }))
    var options = small()
    options.sortingColumns = [SortingColumn(columnIndex: 0, isDescending: false, nullsFirst: true)]
    let bytes = try write([ascending, descending, mixed], options: options)
    let reader = try ParquetReader(bytes: bytes, name: "memory")
    let orders = try (0..<3).map {
      try #require(try reader.columnIndex(rowGroup: 0, leaf: $0)).boundaryOrder
    }
    #expect(orders == [.ascending, .descending, .unordered])
    #expect(reader.metadata.rowGroups[0].sortingColumns == options.sortingColumns)
  }

  @Test func valuesThatTheTypeCannotHoldAreRefused() throws {
    func message(_ type: ColumnType, _ storage: Column.Storage) -> String? {
      let column = Column(type: type, storage: storage)
      let encoder = ColumnChunkEncoder(
        column: WriterColumn(Field("x", type)), options: WriterOptions())
      let error = #expect(throws: ParquetError.self) {
        try encoder.encode(column, rows: 0..<column.count)
      }
      #expect(error?.code == .value && error?.place.column == "x")
      return error?.message
    }
    #expect(
      message(.byte, .integers([1, 128])) == "the value 128 does not fit in a column of type byte")
    #expect(
      message(.decimal(precision: 18, scale: 9), .integers([1_000_000_000_000_000_000]))
        == "the unscaled value 1000000000000000000 does not fit in a column of type decimal(18,9)")
    #expect(
      message(.double, .doubles([1, .nan])) == "a value is NaN, which has no place in an order")
    #expect(
      message(.uuid, .bytes(ByteColumn(["short"])))
        == "a value of 5 bytes in a column of type uuid, which has 16")
    #expect(
      message(.string, .codes([0, 2], dictionary: ByteColumn(["a", "b"])))
        == "a code is not in the dictionary of 2 entries")
    _ = message(.boolean, .integers([2]))
    _ = message(.integer(bitWidth: 32, isSigned: false), .integers([-1]))
    _ = message(.decimal(precision: 20, scale: 9), .wide([Int128(1) << 80]))
  }

  @Test func boundsOfCutTextFollowAllTextsWithThePrefix() {
    #expect(nextText(after: Array("abc".utf8)) == Array("abd".utf8))
    #expect(nextText(after: Array("a\u{D7FF}".utf8)) == Array("a\u{E000}".utf8))
    #expect(nextText(after: Array("z\u{10FFFF}\u{10FFFF}".utf8)) == Array("{".utf8))
    #expect(nextText(after: Array("\u{10FFFF}".utf8)) == nil)
    #expect(nextBytes(after: [1, 255, 255]) == [2])
    #expect(nextBytes(after: [255]) == nil)
  }

  @Test func indexWidthsAreThoseThatReadersTake() {
    for count in [0, 1, 2, 3, 16, 17, 256, 257, 65_536, 65_537, 1 << 20] {
      for isSmooth in [false, true] {
        let width = ValueShaper.bitWidth(forEntries: count, isSmooth: isSmooth)
        #expect((1...32).contains(width) && count <= 1 << width)
      }
    }
  }

  @Test func sortedSymbolsCostNothing() throws {
    let codes = (0..<131_072).map { Int32($0 / 50_000) }
    let column = Column(
      type: .string, storage: .codes(codes, dictionary: ByteColumn(["6EZ5", "AAPL", "ESZ5", "x"])))
    let encoder = ColumnChunkEncoder(
      column: WriterColumn(Field("symbol", .string)), options: WriterOptions())
    let chunk = try encoder.encode(column, rows: 0..<131_072)
    #expect(chunk.bytes.count < 400)
    #expect(chunk.distinctCount == 3)
  }
}
