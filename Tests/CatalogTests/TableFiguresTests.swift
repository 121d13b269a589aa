import Columnar
import DeltaLog
import Foundation
import Testing

@testable import Catalog

@Suite struct TableFiguresTests {
  private let fields = [
    Field("symbol", .string), Field("ts", .timestamp),
    Field("price", .decimal(precision: 18, scale: 9)), Field("open", .double),
  ]

  private func file(_ date: String, _ statistics: String?, size: Int64 = 10) -> AddFile {
    AddFile(
      path: "date=\(date)/x.parquet", partitionValues: ["date": date], size: size,
      modificationTime: 0, dataChange: true, stats: statistics, tags: [:])
  }

  private let first = """
    {"numRecords":3,"minValues":{"symbol":"A","ts":"2024-01-02T00:00:00.000001Z","price":-1.5,"open":0.5},\
    "maxValues":{"symbol":"C","ts":"2024-01-02T10:00:00.000000Z","price":2,"open":1.5},\
    "nullCount":{"symbol":0,"price":2}}
    """
  private let second = """
    {"numRecords":4,"minValues":{"symbol":"B","ts":"2024-01-03T00:00:00.000000Z","price":1},\
    "maxValues":{"symbol":"D","ts":"2024-01-03T10:00:00.000000Z","price":100.25},\
    "nullCount":{"symbol":1,"price":0}}
    """

  @Test func mergesTheFiguresOfAllFiles() {
    let figures = TableFigures(
      of: [file("2024-01-03", second), file("2024-01-02", first, size: 5)], fields: fields)
    #expect(figures.fileCount == 2 && figures.byteCount == 15 && figures.rowCount == 7)
    #expect(figures.firstDate == "2024-01-02" && figures.lastDate == "2024-01-03")
    func text(_ name: String) -> [String?] {
      let type = fields.first { $0.name == name }?.type ?? .string
      let bounds = figures.bounds[name]
      return [bounds?.minimum, bounds?.maximum].map { $0.map { TableFigures.text($0, type) } }
    }
    #expect(text("symbol") == ["A", "D"])
    #expect(text("ts") == ["2024-01-02T00:00:00.000001Z", "2024-01-03T10:00:00Z"])
    #expect(text("price") == ["-1.5", "100.25"])
    #expect(text("open") == [nil, nil], "one file does not say")
    #expect(figures.bounds["symbol"]?.nullCount == 1)
    #expect(figures.bounds["open"]?.nullCount == nil)
  }

  @Test func whatOneFileDoesNotSayIsNotKnown() {
    let figures = TableFigures(
      of: [file("2024-01-02", first), file("2024-01-02", nil)], fields: fields)
    #expect(figures.rowCount == nil && figures.fileCount == 2)
    #expect(figures.bounds["symbol"]?.minimum == nil)
    let none = TableFigures(of: [AddFile](), fields: fields)
    #expect(none.rowCount == 0 && none.firstDate == nil && none.bounds.isEmpty)
  }

  @Test(arguments: [
    ("9223372036854775807", nil), ("1e30", nil), ("1000000000000000000000000000000", nil),
    ("-5", nil),
    ("5", Int64(8)),
  ])
  func sumsThatCannotBeAreNotKnown(number: String, rows: Int64?) {
    let stats = "{\"numRecords\":\(number),\"nullCount\":{\"price\":\(number)}}"
    let figures = TableFigures(
      of: [file("2024-01-02", first), file("2024-01-03", stats)], fields: fields)
    #expect(figures.rowCount == rows && figures.byteCount == 20)
    #expect(figures.bounds["price"]?.nullCount == rows.map { $0 - 1 })
    let large = TableFigures(
      of: [file("2024-01-02", first, size: .max), file("2024-01-03", stats)], fields: fields)
    #expect(large.byteCount == nil)
  }

  @Test func writesBoundsAsPeopleDo() {
    #expect(TableFigures.text(.integer(1), .boolean) == "true")
    #expect(TableFigures.text(.integer(19_724), .date) == "2024-01-02")
    #expect(TableFigures.text(.integer(-5), .long) == "-5")
    #expect(TableFigures.text(.integer(.max), .timestamp) == String(Int64.max))
    #expect(TableFigures.text(.double(0.25), .double) == "0.25")
  }

  @Test func aPathInsideALakeIsThatTable() throws {
    let scratch = try ScratchFolder()
    defer { scratch.remove() }
    try LakeInit(directory: "l", workingDirectory: scratch.path).apply()
    try scratch.write("l/raw/x/_delta_log/placeholder", "")
    try scratch.write("other/_delta_log/placeholder", "")
    func find(_ path: String) throws -> (table: LakeTable, lake: Lake?)? {
      try LakeTable.atPath(path, workingDirectory: scratch.path, environment: [:])
    }
    let inside = try #require(try find("l/raw/../raw/x/"))
    #expect(inside.table.displayName == "raw.x" && inside.lake?.root == scratch.path + "/l")
    let outside = try #require(try find(scratch.path + "/other"))
    #expect(outside.table.name == nil && outside.table.displayName == scratch.path + "/other")
    #expect(outside.lake == nil)
    #expect(try find("l/raw") == nil)
    #expect(try find("nowhere") == nil)
  }
}
