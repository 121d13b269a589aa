import Columnar
import Testing

@testable import DeltaLog

@Suite struct StatisticsTests {
  private func bounds(_ json: String, _ type: ColumnType) throws -> ColumnBounds {
    try FileStatistics(
      parsing: "{\"numRecords\":3,\"minValues\":{\"c\":\(json)},\"maxValues\":{\"c\":\(json)},"
        + "\"nullCount\":{\"c\":1}}"
    ).bounds(of: "c", type: type)
  }

  @Test(arguments: [
    ("\"2024-01-02T00:00:00.123Z\"", 1_704_153_600_123_000, 1_704_153_600_123_999),
    ("\"2024-01-02T00:00:00Z\"", 1_704_153_600_000_000, 1_704_153_600_000_999),
    ("\"2024-01-02T00:00:00.123456Z\"", 1_704_153_600_123_456, 1_704_153_600_123_456),
    ("\"2024-01-02T00:00:00.123456789Z\"", 1_704_153_600_123_456, 1_704_153_600_123_457),
    ("\"2024-01-02T02:00:00.5+02:00\"", 1_704_153_600_500_000, 1_704_153_600_500_999),
    ("\"2024-01-02 00:00:00.123\"", 1_704_153_600_123_000, 1_704_153_600_123_999),
    ("\"1969-12-31T23:59:59.9999999Z\"", -1, 0),
  ])
  func allowsForTimesThatWereCutToMilliseconds(json: String, low: Int64, high: Int64) throws {
    let found = try bounds(json, .timestamp)
    #expect(found.minimum == .integer(low))
    #expect(found.maximum == .integer(high))
    #expect(found.nullCount == 1)
  }

  @Test(arguments: [
    ("12.50", ColumnType.decimal(precision: 18, scale: 9), StatValue.decimal(12_500_000_000)),
    ("1.0e+2", .decimal(precision: 10, scale: 2), .decimal(10_000)),
    ("\"7.25\"", .decimal(precision: 10, scale: 2), .decimal(725)),
    ("\"2024-02-29\"", .date, .integer(19_782)), ("-5", .long, .integer(-5)),
    ("true", .boolean, .integer(1)), ("1.5", .double, .double(1.5)), ("3", .double, .double(3)),
    ("\"SPY\"", .string, .string("SPY")),
  ])
  func readsBoundsByTheColumnsType(json: String, type: ColumnType, expected: StatValue) throws {
    let found = try bounds(json, type)
    #expect(found.minimum == expected)
    #expect(found.maximum == expected)
    #expect(found.maximumIsPrefix == (type == .string))
  }

  @Test(arguments: [
    ("\"NaN\"", ColumnType.double), ("\"x\"", .long), ("1.5", .long), ("\"2024-13-01\"", .date),
    ("\"+10000-01-01T00:00:00Z\"", .timestamp), ("{}", .string), ("null", .string),
    ("1e999", .double),
    ("12.505", .decimal(precision: 10, scale: 2)), ("\"a\"", .binary),
  ])
  func provesNothingByBoundsItCannotRead(json: String, type: ColumnType) throws {
    let found = try bounds(json, type)
    #expect(found.minimum == nil)
    #expect(found.maximum == nil)
  }

  @Test func otherWritersDecimalBoundsMayHaveBeenRoundedToDoubles() throws {
    let type = ColumnType.decimal(precision: 38, scale: 0)
    let json =
      #"{"numRecords":1,"minValues":{"a":-9223372036854775808,"b":12345678901234567000,"c":5},"#
      + #""maxValues":{"a":9223372036854775807,"b":12345678901234567000,"c":5}}"#
    var statistics = try FileStatistics(parsing: json)
    #expect(statistics.bounds(of: "a", type: type).minimum == nil)
    #expect(statistics.bounds(of: "a", type: type).maximum == nil)
    let value: Int128 = 12_345_678_901_234_567_000
    let wide = statistics.bounds(of: "b", type: type)
    #expect(wide.minimum == .decimal(value - (value >> 52)))
    #expect(wide.maximum == .decimal(value + (value >> 52)))
    #expect(statistics.bounds(of: "c", type: type).maximum == .decimal(5))
    statistics.isOwn = true
    #expect(statistics.bounds(of: "b", type: type).maximum == .decimal(value))
    #expect(statistics.bounds(of: "a", type: type).maximum == .decimal(Int128(Int64.max)))
  }

  @Test func printsWhatItReads() throws {
    let columns: [(String, ColumnType, StatValue)] = [
      ("t", .timestamp, .integer(1_704_153_600_123_456)), ("d", .date, .integer(19_724)),
      ("p", .decimal(precision: 18, scale: 9), .decimal(-1_500_000_000)),
      ("w", .decimal(precision: 38, scale: 18), .decimal(170_141_183_460_469_231_731)),
      ("n", .long, .integer(.min)), ("f", .double, .double(0.1)), ("s", .string, .string("a\"b")),
      ("b", .boolean, .integer(0)),
    ]
    var statistics = FileStatistics(rowCount: 7)
    for (name, type, value) in columns {
      statistics.set(name, type: type, ColumnBounds(minimum: value, maximum: value, nullCount: 2))
    }
    var again = try FileStatistics(parsing: statistics.json)
    #expect(again == statistics)
    again.isOwn = true
    for (name, type, value) in columns {
      let found = again.bounds(of: name, type: type)
      #expect(found.minimum == value && found.maximum == value && found.nullCount == 2, "\(name)")
    }
    #expect(statistics.json.contains("\"2024-01-02T00:00:00.123456Z\""))
    #expect(statistics.json.contains("\"p\":-1.500000000"))
  }

  @Test func cutsLongStringsSoThatBoundsHold() {
    let text = String(repeating: "é", count: 40)
    var statistics = FileStatistics()
    statistics.set(
      "s", type: .string, ColumnBounds(minimum: .string(text), maximum: .string(text)))
    let found = statistics.bounds(of: "s", type: .string)
    #expect(found.minimum == .string(String(repeating: "é", count: 32)))
    #expect(found.maximum == .string(String(repeating: "é", count: 31) + "ê"))
    let top = String(repeating: "\u{10FFFF}", count: 33)
    statistics.set("s", type: .string, ColumnBounds(minimum: .string(top), maximum: .string(top)))
    #expect(statistics.bounds(of: "s", type: .string).maximum == nil)
  }

  @Test func onlyForeignStringBoundsMayBePrefixes() {
    var file = makeFile("a")
    var statistics = FileStatistics()
    statistics.set("s", type: .string, ColumnBounds(maximum: .string("SPY")))
    file.stats = statistics.json
    #expect(file.statistics?.bounds(of: "s", type: .string).maximumIsPrefix == false)
    file.tags = [:]
    #expect(file.statistics?.bounds(of: "s", type: .string).maximumIsPrefix == true)
  }

  @Test(arguments: ["", "[]", "{", "null", "{\"numRecords\":}"])
  func refusesStatisticsThatAreNoObject(text: String) {
    #expect(throws: DeltaError.self) { try FileStatistics(parsing: text) }
    var file = makeFile("a")
    file.stats = text
    #expect(file.statistics == nil)
    #expect(file.rowCount == 10, "the tag says it")
  }
}
