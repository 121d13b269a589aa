import Columnar
import TestSupport
import Testing

@testable import Parquet

private let rowCount = 60
private let fields = [
  Field("ts", .timestamp), Field("symbol", .string),
  Field("price", .decimal(precision: 18, scale: 9)), Field("size", .long), Field("flag", .boolean),
  Field("wide", .decimal(precision: 38, scale: 18)), Field("x", .double), Field("text", .string),
  Field("none", .int),
]

/// Columns in every encoding that the writer uses, some with nulls.
private let columns: [Column] = fields.map { field in
  let rows = 0..<rowCount
  switch field.name {
  case "ts":
    return Column(type: field.type, storage: .integers(rows.map { Int64($0) * 1_000_003 }))
  case "symbol":
    return Column(
      type: field.type, storage: .bytes(ByteColumn(rows.map { "S\($0 * $0 % 7)" })))
  case "price":
    return Column(
      type: field.type, storage: .integers(rows.map { $0 % 5 == 2 ? 0 : Int64($0 * 7919 % 101) }),
      validity: rows.map { $0 % 5 == 2 ? 0 : 1 })
  case "size":
    var random = SeededGenerator(seed: 8)
    return Column(
      type: field.type,
      storage: .integers(rows.map { _ in Int64.random(in: .min ... .max, using: &random) }))
  case "flag": return Column(type: field.type, storage: .integers(rows.map { Int64($0 / 3 % 2) }))
  case "wide":
    return Column(type: field.type, storage: .wide(rows.map { Int128($0 * $0) << 70 }))
  case "x": return Column(type: field.type, storage: .doubles(rows.map { Double($0) / 7 }))
  case "text":
    return Column(
      type: field.type, storage: .bytes(ByteColumn(rows.map { "text \($0 * 31) of row \($0)" })))
  default:
    return Column(
      type: field.type, storage: .integers(rows.map { _ in 0 }), validity: rows.map { _ in 0 })
  }
}

private func flatFile() throws -> [UInt8] {
  var options = WriterOptions()
  options.pageRowCountMax = 20
  let writerColumns = fields.map { WriterColumn($0) }
  let writer = try ParquetFileWriter(inMemory: writerColumns, options: options)
  let chunks = try zip(writerColumns, columns).map { column, values in
    try ColumnChunkEncoder(column: column, options: options).encode(values, rows: 0..<rowCount)
  }
  try writer.append(rowGroup: chunks, rowCount: rowCount)
  return try writer.finishInMemory().bytes
}

/// Byte ranges of the page headers of a chunk, and of its pages.
private func offsets(
  _ bytes: [UInt8], leaf: Int
) throws -> (headers: [Range<Int>], pages: [Range<Int>]) {
  var pages = try ParquetReader(bytes: bytes, name: "sound").chunkPages(rowGroup: 0, leaf: leaf)
  var headers: [Range<Int>] = []
  var bodies: [Range<Int>] = []
  while let page = try pages.next() {
    headers.append(page.offset..<page.dataOffset)
    bodies.append(page.dataOffset..<(page.dataOffset + page.dataByteCount))
  }
  return (headers, bodies)
}

private func values(_ column: Column) -> [Value] {
  (0..<column.count).map {
    column.isNull($0) ? .null : Value(column: column, row: $0, type: column.type)
  }
}

/// The result of each way to read a column; nil for an error.
private func readings(_ bytes: [UInt8], leaf: Int) -> [(way: String, values: [Value]?)] {
  guard let reader = try? ParquetReader(bytes: bytes, name: "damaged") else { return [] }
  var column = Column(type: .long, storage: .integers([]))
  func read(_ rows: Range<Int>?) -> [Value]? {
    let result: ()? = try? reader.readColumn(rowGroup: 0, leaf: leaf, rows: rows, into: &column)
    return result.map { values(column) }
  }
  func firstPage() -> [Value]? {
    guard let scanner = try? reader.makeColumnScanner(rowGroup: 0, leaf: leaf),
      (try? scanner.next(into: &column)) != nil
    else { return nil }
    return values(column)
  }
  func rows(_ count: Int) -> [Value]? {
    guard let cursor = try? reader.rows(rowGroup: 0, columns: [reader.leaves[leaf].path[0]]) else {
      return nil
    }
    var found: [Value] = []
    for _ in 0..<count {
      guard let row = try? cursor.next() else { return nil }
      found.append(row[0])
    }
    return found
  }
  return [
    ("whole", read(nil)), ("first rows", read(0..<5)), ("middle rows", read(25..<45)),
    ("last rows", read(50..<60)), ("first page", firstPage()), ("two rows", rows(2)),
    ("rows", rows(rowCount)),
  ]
}

@Suite struct ReadPageHeaderTests {
  @Test(arguments: fields.indices)
  func noFlippedBitOfAPageHeaderOrAPageChangesAValueSilently(_ leaf: Int) throws {
    let bytes = try flatFile()
    let (headers, pages) = try offsets(bytes, leaf: leaf)
    #expect(headers.count >= 3, "a chunk of several pages")
    let sound = readings(bytes, leaf: leaf)
    #expect(sound.allSatisfy { $0.values != nil })
    let offsets = headers.flatMap { Array($0) } + pages.flatMap { Array($0) }.filter { $0 % 5 == 0 }
    var refused = 0
    for offset in offsets {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[offset] ^= 1 << UInt8(bit)
        for (found, expected) in zip(readings(damaged, leaf: leaf), sound) {
          if found.values == nil { refused += 1 }
          let isSilent = found.values != nil && found.values != expected.values
          #expect(!isSilent, "\(fields[leaf].name), byte \(offset), bit \(bit), \(found.way)")
        }
      }
    }
    #expect(refused > offsets.count, "damage is told")
  }

  @Test func noFlippedBitOfANestedPageHeaderChangesAValueSilently() throws {
    let schema = [NestedField("tags", .list(.primitive(.string)))]
    var options = WriterOptions()
    options.pageRowCountMax = 20
    let writer = try NestedParquetWriter(inMemory: schema, options: options)
    for row in 0..<rowCount {
      try writer.append([.list((0..<(row % 4)).map { .string("tag \(row * $0 % 9)") })])
    }
    let bytes = try writer.finishInMemory().bytes
    func read(_ bytes: [UInt8], _ count: Int) -> [[Value]]? {
      guard let reader = try? ParquetReader(bytes: bytes, name: "damaged"),
        let cursor = try? reader.rows(rowGroup: 0)
      else { return nil }
      var rows: [[Value]] = []
      for _ in 0..<count {
        guard let row = try? cursor.next() else { return nil }
        rows.append(row)
      }
      return rows
    }
    let (all, few) = (try #require(read(bytes, rowCount)), try #require(read(bytes, 5)))
    for offset in try offsets(bytes, leaf: 0).headers.flatMap({ Array($0) }) {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[offset] ^= 1 << UInt8(bit)
        for (found, expected) in [(read(damaged, rowCount), all), (read(damaged, 5), few)] {
          #expect(found == nil || found == expected, "byte \(offset), bit \(bit)")
        }
      }
    }
  }

  @Test func aPageOfAnUnknownTypeIsRefusedByName() throws {
    var bytes = try flatFile()
    let header = try #require(try offsets(bytes, leaf: 0).headers.first)
    // The first field is the type, in zigzag encoding.
    bytes[header.lowerBound + 1] = 14
    let reader = try ParquetReader(bytes: bytes, name: "new")
    var column = Column(type: .long, storage: .integers([]))
    let error = #expect(throws: ParquetError.self) {
      try reader.readColumn(rowGroup: 0, leaf: 0, into: &column)
    }
    #expect(error?.code == .unsupported && error?.message == "a page of the unknown type 7")
  }

  @Test(
    arguments: [
      ("parquet-mr version 1.2.8", true), ("parquet-mr", true),
      ("parquet-mr (build 32c4664)", true),
      ("parquet-mr version 1.2.9 (build x)", false), ("parquet-mr version 1.10.0", false),
      ("Parquet-MR version 1.2", true), ("impala version 1.2.0", false), ("", false), (nil, false),
      ("lake version 0.1.0", false), ("parquet-mr version 99999999999999999999.1", true),
    ] as [(String?, Bool)])
  func onlyTheWritersThatForgetADictionaryHeaderAreForgiven(_ name: String?, _ forgets: Bool) {
    #expect(WriterVersion(createdBy: name).forgetsDictionaryHeader == forgets)
  }

  @Test func aChunkWhosePagesDoNotFillItIsRefusedButOfTheWriterThatForgets() throws {
    let bytes = try flatFile()
    let reader = try ParquetReader(bytes: bytes, name: "sound")
    var metadata = try reader.chunkMetadata(rowGroup: 0, leaf: 1)
    let header = try #require(try offsets(bytes, leaf: 1).headers.first)
    metadata.totalCompressedByteCount -= Int64(header.count)
    func check(_ writer: String) throws {
      let pages = try ChunkPages(
        file: FileBytes(bytes: bytes), footerOffset: bytes.count, leaf: reader.leaves[1],
        metadata: metadata, verifiesChecksums: true,
        writer: WriterVersion(createdBy: writer))
      try pages.checkSums(values: rowCount)
    }
    #expect(throws: ParquetError.self) { try check("lake version 0.1.0") }
    try check("parquet-mr version 1.2.8")
    metadata.totalCompressedByteCount += Int64(header.count) + 40
    #expect(throws: ParquetError.self) { try check("lake version 0.1.0") }
    try check("impala version 4.0.0")
  }
}
