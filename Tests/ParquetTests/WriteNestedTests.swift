import Columnar
import TestSupport
import Testing

@testable import Parquet

private let schema: [NestedField] = [
  NestedField("id", .long),
  NestedField(
    "add",
    .structure([
      NestedField("path", .string),
      NestedField("tags", .map(key: .string, value: .primitive(.string))),
      NestedField("size", .long),
    ])),
  NestedField(
    "deep",
    .list(
      .structure([
        NestedField("x", .int),
        NestedField("y", .list(.list(.primitive(.decimal(precision: 20, scale: 9))))),
      ]))),
]

/// A random value of a type; sometimes null, sometimes empty.
private func make(_ type: NestedType, _ random: inout SeededGenerator) -> Value {
  if Int.random(in: 0..<5, using: &random) == 0 { return .null }
  switch type {
  case .primitive(.string): return .string("s\(Int.random(in: 0..<30, using: &random))")
  case .primitive(.int): return .integer(Int64.random(in: -9...9, using: &random))
  case .primitive(.decimal(_, let scale)):
    return .decimal(unscaled: Int128.random(in: -(1 << 60)...1 << 60, using: &random), scale: scale)
  case .primitive: return .integer(Int64.random(in: Int64.min...Int64.max, using: &random))
  case .structure(let fields):
    return .structure(fields.map { Value.Member($0.name, make($0.type, &random)) })
  case .list(let element):
    return .list((0..<Int.random(in: 0...3, using: &random)).map { _ in make(element, &random) })
  case .map(_, let value):
    return .map(
      (0..<Int.random(in: 0...3, using: &random)).map {
        Value.MapEntry(key: .string("k\($0)"), value: make(value, &random))
      })
  }
}

@Suite struct WriteNestedTests {
  @Test func rowsOfOneFieldAreRowsWithNullsElsewhere() throws {
    var random = SeededGenerator(seed: 21)
    for rowCount in [0, 1, 2, 50, 700] {
      // Several row groups, so that nulls are pending at the end of one.
      var options = WriterOptions()
      options.rowGroupRowCountMax = 64
      let whole = try NestedParquetWriter(inMemory: schema, options: options)
      let short = try NestedParquetWriter(inMemory: schema, options: options)
      for _ in 0..<rowCount {
        let index = Int.random(in: 0..<schema.count, using: &random)
        let value = make(schema[index].type, &random)
        var row = [Value](repeating: .null, count: schema.count)
        row[index] = value
        try whole.append(row)
        if Int.random(in: 0..<4, using: &random) == 0 {
          try short.append(row)
        } else {
          try short.append(value, as: schema[index].name)
        }
      }
      #expect(try whole.finishInMemory().bytes == short.finishInMemory().bytes)
    }
  }

  @Test(arguments: [0, 1, 7, 100, 1_023, 4_096])
  func rowsOfAnyNestingRoundTrip(_ count: Int) throws {
    var random = SeededGenerator(seed: 21)
    let rows = (0..<count).map { _ in schema.map { make($0.type, &random) } }
    var options = WriterOptions()
    options.rowGroupRowCountMax = 1_000
    options.pageRowCountMax = 90
    let writer = try NestedParquetWriter(inMemory: schema, options: options)
    for row in rows { try writer.append(row) }
    let (bytes, summary) = try writer.finishInMemory()
    #expect(summary.rowCount == count)
    let reader = try ParquetReader(bytes: bytes, name: "memory")
    var back: [[Value]] = []
    for group in 0..<reader.rowGroupCount {
      let cursor = try reader.rows(rowGroup: group)
      while let row = try cursor.next() { back.append(row) }
    }
    #expect(back == rows)
  }

  @Test func membersAreFoundByNameAndMissingOnesAreNull() throws {
    let writer = try NestedParquetWriter(inMemory: schema)
    try writer.append(
      .structure([Value.Member("size", .integer(5)), Value.Member("path", .string("p"))]),
      as: "add")
    let reader = try ParquetReader(bytes: try writer.finishInMemory().bytes, name: "memory")
    let cursor = try reader.rows(rowGroup: 0)
    let row = try #require(try cursor.next())
    #expect(row[0] == .null && row[2] == .null)
    #expect(row[1]["path"] == .string("p"))
    #expect(row[1]["tags"] == .null)
    #expect(row[1]["size"] == .integer(5))
  }

  @Test func valuesOfAnotherShapeAreRefused() throws {
    let writer = try NestedParquetWriter(inMemory: schema)
    let error = #expect(throws: ParquetError.self) {
      try writer.append([.integer(1), .string("no structure"), .null])
    }
    #expect(error?.place.column == "add.path")
    let null = #expect(throws: ParquetError.self) {
      try writer.append(
        .structure([Value.Member("tags", .map([Value.MapEntry(key: .null, value: .null)]))]),
        as: "add")
    }
    #expect(null?.message == "a map's key is null")
  }

  /// Copying all previous values each time would take hours.
  @Test(.timeLimit(.minutes(1)))
  func appendingTakesTimeInProportionToTheValues() throws {
    let layout = NestedLayout([NestedField("text", .string), NestedField("number", .long)])
    let (text, number) = (LeafBuffer(layout.leaves[0]), LeafBuffer(layout.leaves[1]))
    let value = Value.string(String(repeating: "x", count: 400))
    for row in 0..<300_000 {
      try text.append(value, repetition: 0)
      try number.append(.integer(Int64(row)), repetition: 0)
    }
    #expect(text.byteCount == 300_000 * 416 && number.byteCount == 300_000 * 16)
  }
}
