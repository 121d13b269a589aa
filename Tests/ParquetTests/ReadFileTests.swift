import Columnar
import Foundation
import FuzzTargets
import TestSupport
import Testing

@testable import Parquet

/// Small files of the shared conformance suite; nil without the shared data.
private func conformanceFiles(byteCountMax: Int) -> [(name: String, bytes: [UInt8])]? {
  let root = ProcessInfo.processInfo.environment["LAKE_SHARED"] ?? "../shared"
  let folder = root + "/data/parquet-testing"
  var files: [(name: String, bytes: [UInt8])] = []
  for part in ["data", "bad_data"] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)")) ?? []
    for name in names.sorted() where name.hasSuffix(".parquet") {
      guard let data = FileManager.default.contents(atPath: "\(folder)/\(part)/\(name)"),
        data.count <= byteCountMax
      else { continue }
      files.append((name, [UInt8](data)))
    }
  }
  if files.isEmpty { print("SKIPPED: no shared data at \(folder)") }
  return files.isEmpty ? nil : files
}

/// The columns of one row group, with nulls in all but the first.
private func columns(_ fields: [Field], count: Int, salt: Int) -> [Column] {
  let validity = (0..<count).map { UInt8($0 % 7 == 3 ? 0 : 1) }
  func cleared<T: ExpressibleByIntegerLiteral>(_ values: [T]) -> [T] {
    values.enumerated().map { validity[$0] == 0 ? 0 : $1 }
  }
  let numbers = (0..<count).map { Int64($0 * 1000 + salt) }
  return fields.enumerated().map { index, field in
    let limit: Int64 = field.type == .boolean ? 2 : 977
    let storage: Column.Storage =
      switch field.type.storage {
      case .integers: .integers(index == 0 ? numbers : cleared(numbers.map { $0 % limit }))
      case .wide: .wide(cleared(numbers.map { Int128($0) << 40 }))
      case .doubles: .doubles(cleared(numbers.map { Double($0) / 8 }))
      case .bytes:
        .bytes(ByteColumn((0..<count).map { validity[$0] == 0 ? "" : "S\($0 % 5)" }))
      }
    return Column(type: field.type, storage: storage, validity: index == 0 ? nil : validity)
  }
}

private let fields = [
  Field("ts", .timestamp), Field("symbol", .string),
  Field("price", .decimal(precision: 18, scale: 9)), Field("size", .long), Field("flag", .boolean),
  Field("wide", .decimal(precision: 38, scale: 18)), Field("x", .double), Field("n", .int),
]

/// A file of two row groups, with several pages per column.
private func smallFile(rowCount: Int = 300, pageRowCount: Int = 64) throws -> [UInt8] {
  var options = WriterOptions()
  options.pageRowCountMax = pageRowCount
  let writerColumns = fields.map { WriterColumn($0) }
  let writer = try ParquetFileWriter(inMemory: writerColumns, options: options)
  for group in 0..<2 {
    var chunks: [EncodedColumnChunk] = []
    for (column, values) in zip(writerColumns, columns(fields, count: rowCount, salt: group)) {
      chunks.append(
        try ColumnChunkEncoder(column: column, options: options).encode(
          values, rows: 0..<rowCount))
    }
    try writer.append(rowGroup: chunks, rowCount: rowCount)
  }
  return try writer.finishInMemory().bytes
}

private func values(_ column: Column, _ rows: Range<Int>) -> [Value] {
  rows.map { column.isNull($0) ? .null : Value(column: column, row: $0, type: column.type) }
}

private func fresh() -> Column { Column(type: .long, storage: .integers([])) }

@Suite struct ReadFileTests {
  @Test func wholeColumnsReadBackAsWritten() throws {
    let reader = try ParquetReader(bytes: try smallFile(), name: "small")
    var column = fresh()
    for group in 0..<2 {
      for (leaf, expected) in columns(fields, count: 300, salt: group).enumerated() {
        try reader.readColumn(rowGroup: group, leaf: leaf, into: &column)
        #expect(column.count == 300)
        #expect(values(column, 0..<300) == values(expected, 0..<300), "\(fields[leaf].name)")
      }
    }
  }

  @Test func anyRangeOfRowsReadsAsThatPartOfTheColumn() throws {
    let reader = try ParquetReader(bytes: try smallFile(), name: "small")
    var column = fresh()
    let all = columns(fields, count: 300, salt: 1)
    for rows in [0..<0, 0..<1, 5..<6, 60..<70, 63..<65, 100..<300, 299..<300, 300..<300, 0..<300] {
      for leaf in fields.indices {
        try reader.readColumn(rowGroup: 1, leaf: leaf, rows: rows, into: &column)
        #expect(column.count == rows.count)
        #expect(values(column, 0..<rows.count) == values(all[leaf], rows), "\(rows) \(leaf)")
      }
    }
  }

  @Test func pagesInAnyPortionsGiveTheSameRows() throws {
    let reader = try ParquetReader(bytes: try smallFile(), name: "small")
    let all = columns(fields, count: 300, salt: 0)
    var random = SeededGenerator(seed: 21)
    for leaf in fields.indices {
      let scanner = try reader.makeColumnScanner(rowGroup: 0, leaf: leaf)
      var column = fresh()
      var row = 0
      while row < 300 {
        #expect(scanner.rowIndex == row)
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
          let count = try scanner.next(into: &column)
          #expect(values(column, 0..<count) == values(all[leaf], row..<(row + count)))
          row += count
        case 1:
          let count = Int.random(in: 0...Swift.min(90, 300 - row), using: &random)
          try scanner.read(rows: count, into: &column)
          #expect(values(column, 0..<count) == values(all[leaf], row..<(row + count)))
          row += count
        default:
          let count = Int.random(in: 0...Swift.min(90, 300 - row), using: &random)
          try scanner.skip(rows: count)
          row += count
        }
      }
      #expect(try scanner.next(into: &column) == 0)
    }
  }

  @Test func rowsAgreeWithColumns() throws {
    let reader = try ParquetReader(bytes: try smallFile(), name: "small")
    let all = columns(fields, count: 300, salt: 0)
    let cursor = try reader.rows(rowGroup: 0)
    var count = 0
    while let row = try cursor.next() {
      #expect(row == all.map { values($0, count..<(count + 1))[0] })
      count += 1
    }
    #expect(count == 300)
  }

  @Test func repeatedTextIsReturnedAsCodes() throws {
    let reader = try ParquetReader(bytes: try smallFile(), name: "small")
    var column = fresh()
    try reader.readColumn(rowGroup: 0, leaf: 1, into: &column)
    guard case .codes(_, let dictionary) = column.storage else {
      Issue.record("expected codes")
      return
    }
    #expect(dictionary.count <= 6)
  }

  @Test func askingForWhatIsNotThereIsAnError() throws {
    let reader = try ParquetReader(bytes: try smallFile(), name: "small")
    var column = fresh()
    for (group, leaf, rows) in [(2, 0, 0..<1), (-1, 0, 0..<1), (0, 99, 0..<1), (0, 0, 299..<301)] {
      let error = #expect(throws: ParquetError.self) {
        try reader.readColumn(rowGroup: group, leaf: leaf, rows: rows, into: &column)
      }
      #expect(error?.code == .request)
    }
    #expect(throws: ParquetError.self) { try reader.rows(rowGroup: 0, columns: ["nope"]) }
  }

  @Test func everyPrefixOfAFileIsAnError() throws {
    let bytes = try smallFile(rowCount: 40, pageRowCount: 16)
    for length in 0..<bytes.count {
      let prefix = Array(bytes.prefix(length))
      #expect(throws: ParquetError.self, "\(length) bytes") {
        try ParquetReader(bytes: prefix, name: "cut")
      }
    }
  }

  @Test func aFlippedBitInAPageIsFound() throws {
    let bytes = try smallFile()
    let sound = try ParquetReader(bytes: bytes, name: "sound")
    #expect(sound.verify { _ in true }.findings == 0)
    let counts = sound.verify { _ in true }
    #expect(counts.pages == counts.checkedPages && counts.pages > 16)
    let chunk = try sound.chunkMetadata(rowGroup: 0, leaf: 2)
    var damaged = bytes
    damaged[Int(chunk.dataPageOffset) + Int(chunk.totalCompressedByteCount) - 3] ^= 4
    var found: [ParquetError] = []
    let reader = try ParquetReader(bytes: damaged, name: "damaged")
    _ = reader.verify {
      found.append($0)
      return true
    }
    #expect(found.count == 1)
    #expect(found.first?.code == .checksum)
    #expect(
      found.first?.placeText?.hasPrefix("damaged, row group 0, column 'price', byte ") == true)
  }

  @Test func randomDamageNeverCrashes() throws {
    var files = [("small", try smallFile(rowCount: 90, pageRowCount: 30))]
    files += (conformanceFiles(byteCountMax: 4500) ?? []).map { ($0.name, $0.bytes) }
    var random = SeededGenerator(seed: 77)
    var cases = 0
    // A page of 1 GiB of text that is validly compressed to 4 KB is tested in tools/judges.
    for (name, bytes) in files where !name.hasPrefix("large_string_map") {
      for round in 0..<20 {
        var damaged = bytes
        for _ in 0..<(round % 4 + 1) {
          // Half of the damage is in the footer, where it matters most.
          let low = Bool.random(using: &random) ? 0 : bytes.count * 2 / 3
          damaged[Int.random(in: low..<bytes.count, using: &random)] ^=
            1 << UInt8.random(in: 0..<8, using: &random)
        }
        ParquetFuzz.run(damaged)
        cases += 1
      }
    }
    print("\(cases) damaged files of \(files.count) read, seed 77")
  }

  @Test func aNameThatIsNoFileIsAClearError() {
    let missing = #expect(throws: ParquetError.self) { try ParquetReader(path: "/nowhere/x") }
    #expect(missing?.message == "cannot open '/nowhere/x': No such file or directory")
    let folder = #expect(throws: ParquetError.self) { try ParquetReader(path: "/") }
    #expect(folder?.message == "'/' is a folder, expected a Parquet file")
    let text = #expect(throws: ParquetError.self) {
      try ParquetReader(bytes: Array("hello, this is text".utf8), name: "a.txt")
    }
    #expect(text?.message == "no Parquet file: it does not begin with 'PAR1'")
    #expect(text?.placeText == "a.txt, byte 0")
  }
}
