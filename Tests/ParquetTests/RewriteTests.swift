import Columnar
import Foundation
import TestSupport
import Testing

@testable import Parquet

/// Rewritten files keep schemas of all kinds.
@Suite struct RewriteTests {
  /// Rewrites `bytes` and opens the result.
  private func rewritten(_ bytes: [UInt8]) throws -> ParquetReader {
    let path = NSTemporaryDirectory() + "lake-rewrite-\(UUID().uuidString).parquet"
    // It may not exist.
    defer { try? FileManager.default.removeItem(atPath: path) }
    let reader = try ParquetReader(bytes: bytes, name: "old")
    try ParquetRewriter(reader: reader).write(toPath: path)
    let new = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    return try ParquetReader(bytes: new, name: "new")
  }

  private func rows(_ reader: ParquetReader) throws -> [[Value]] {
    var rows: [[Value]] = []
    for rowGroup in 0..<reader.rowGroupCount {
      let cursor = try reader.rows(rowGroup: rowGroup)
      while let row = try cursor.next() { rows.append(row) }
    }
    return rows
  }

  /// A nested file, with changes to its schema's elements by `change`.
  private func file(
    _ fields: [NestedField], _ rows: [[Value]], _ change: (inout [SchemaElement]) -> Void
  ) throws -> [UInt8] {
    var options = WriterOptions()
    options.rowGroupRowCountMax = 40
    options.pageRowCountMax = 7
    options.allowsNaN = true
    let writer = try NestedParquetWriter(inMemory: fields, options: options)
    for row in rows { try writer.append(row) }
    let bytes = try writer.finishInMemory().bytes
    let reader = try ParquetReader(bytes: bytes, name: "sound")
    var metadata = reader.metadata
    change(&metadata.schema)
    let footer = metadata.thriftBytes
    let length = withUnsafeBytes(of: UInt32(footer.count).littleEndian) { Array($0) }
    return Array(bytes[..<reader.footerOffset]) + footer + length + Array("PAR1".utf8)
  }

  private func nestedRow(_ row: Int) -> [Value] {
    let tags: [Value] = (0..<(row % 4)).map { .string("tag \(row * $0)") }
    let x: Value = row % 3 == 0 ? .null : .double(.nan)
    let spot = Value.structure([.init("x", x), .init("shape", .binary([1]))])
    let prices: [Value.MapEntry] = (0..<(row % 3)).map { count in
      let values: [Value] = (0..<count).map { .integer(Int64($0)) }
      return Value.MapEntry(key: .string("k\(count)"), value: .list(values))
    }
    return [row % 5 == 0 ? .null : .list(tags), row % 7 == 0 ? .null : spot, .map(prices)]
  }

  @Test func nestedRowsAndTheirSchemaStay() throws {
    let fields = [
      NestedField("tags", .list(.primitive(.string))),
      NestedField(
        "spot", .structure([NestedField("x", .double), NestedField("shape", .binary)])),
      NestedField("prices", .map(key: .string, value: .list(.primitive(.long)))),
    ]
    let all = (0..<100).map { nestedRow($0) }
    let old = try file(fields, all) { elements in
      for index in elements.indices { elements[index].fieldID = Int32(100 + index) }
      if let shape = elements.firstIndex(where: { $0.name == "shape" }) {
        elements[shape].logicalType = .geography(crs: "OGC:CRS84", algorithm: 2)
      }
      if let spot = elements.firstIndex(where: { $0.name == "spot" }) {
        elements[spot].logicalType = .variant(version: 1)
      }
      // A two-level list: the repeated group is the element.
      if let list = elements.firstIndex(where: { $0.name == "list" }) {
        elements[list].name = "array"
      }
    }
    let reader = try ParquetReader(bytes: old, name: "old")
    let new = try rewritten(old)
    #expect(new.metadata.schema == reader.metadata.schema)
    #expect("\(try rows(new))" == "\(try rows(reader))")
    #expect(new.metadata.rowGroups.map(\.rowCount) == reader.metadata.rowGroups.map(\.rowCount))
    let shape = try #require(new.leafIndex(named: "spot.shape"))
    // Geometries have no order, and NaN is not a valid bound.
    #expect(new.statistics(rowGroup: 0, leaf: shape)?.minimum == nil)
    let x = try #require(new.leafIndex(named: "spot.x"))
    #expect(new.statistics(rowGroup: 0, leaf: x)?.maximum == nil)
  }

  @Test func requiredColumnsStayRequired() throws {
    var column = WriterColumn(Field("id", .long))
    column.isRequired = true
    let options = WriterOptions()
    let writer = try ParquetFileWriter(inMemory: [column], options: options)
    let values = Column(type: .long, storage: .integers(Array(1...50)))
    let chunk = try ColumnChunkEncoder(column: column, options: options).encode(
      values, rows: 0..<50)
    try writer.append(rowGroup: [chunk], rowCount: 50)
    let old = try writer.finishInMemory().bytes
    let new = try rewritten(old)
    #expect(new.metadata.schema[1].repetition == .required)
    #expect(try rows(new) == (1...50).map { [.integer($0)] })
  }

  @Test func meaningsNewerThanTheProgramAreReported() throws {
    let old = try file([NestedField("s", .structure([NestedField("x", .binary)]))], [[.null]]) {
      $0[2].logicalType = .other(id: 77)
    }
    let rewriter = ParquetRewriter(reader: try ParquetReader(bytes: old, name: "old"))
    #expect(rewriter.columnsWithoutMeaning == ["s.x"])
    #expect(try rewritten(old).metadata.schema[2].logicalType == nil)
  }
}
