import Columnar
import Testing

@testable import Query

let testColumns: [QueryColumn] = [
  QueryColumn(name: "symbol", type: .string, origin: .file("symbol")),
  QueryColumn(
    name: "ts_event", type: .timestamp, origin: .file("ts_event"),
    plusName: "ts_event_plus_ns", digits: .nanoseconds),
  QueryColumn(name: "close", type: .decimal(precision: 18, scale: 9), origin: .file("close")),
  QueryColumn(name: "volume", type: .long, origin: .file("volume")),
  QueryColumn(name: "vwap", type: .double, origin: .file("vwap")),
  QueryColumn(name: "order_id", type: .long, origin: .file("order_id"), isUnsigned: true),
  QueryColumn(name: "date", type: .date, origin: .partition("date")),
  QueryColumn(name: "is_open", type: .boolean, origin: .file("is_open")),
  QueryColumn(name: "ts_ms", type: .timestamp(.milliseconds, isUTC: true), origin: .file("ts_ms")),
]

func bind(_ text: String, zoneOffset: Int64 = 0) throws -> Filter {
  try Binder(
    clause: ClauseText(text: text), columns: testColumns, instant: { $0 - zoneOffset }
  ).bind(Parser.parse(text))
}

private func set(_ text: String) throws -> IntervalSet? {
  guard case .leaf(let leaf) = try bind(text), case .values(let set) = leaf.test else {
    return nil
  }
  return set
}

@Suite struct PredicateTests {
  @Test func literalsAreExactInTheColumnsOwnUnits() throws {
    #expect(try set("close > 100") == IntervalSet(low: 100_000_000_001, high: .max))
    #expect(try set("close >= 100.0000000001") == IntervalSet(low: 100_000_000_001, high: .max))
    #expect(try set("close < 0.0000000001") == IntervalSet(low: .min, high: 0))
    #expect(try set("close = 1e-10") == .empty)
    #expect(try set("close != 1e-10") == .everything)
    #expect(try set("close <= -0.0000000001") == IntervalSet(low: .min, high: -1))
    #expect(try set("volume = 1e3") == IntervalSet(low: 1000, high: 1000))
    #expect(try set("10 <= volume") == IntervalSet(low: 10, high: .max))
    #expect(
      try set("volume between 5 and 7.5 or volume = 8") == nil, "an or is no single set")
    #expect(try set("volume in (3, 1, 2)") == IntervalSet(low: 1, high: 3))
    #expect(try set("volume not in (0)") == IntervalSet(low: 0, high: 0).complement)
    #expect(try set("volume > 1e300") == .empty)
    #expect(try set("volume < 1e300") == .everything)
  }

  @Test func aTimePairIsOneNumberOfNanoseconds() throws {
    let nanoseconds: Int128 = 1_704_205_800_123_456_789
    for literal in [
      "'2024-01-02T14:30:00.123456789Z'", "2024-01-02T14:30:00.123456789Z",
      "timestamp '2024-01-02 14:30:00.123456789'", "'2024-01-02T09:30:00.123456789-05:00'",
    ] {
      #expect(
        try set("ts_event = " + literal) == IntervalSet(low: nanoseconds, high: nanoseconds))
    }
    // A column of milliseconds holds no such value, but smaller ones.
    #expect(try set("ts_ms = '2024-01-02T14:30:00.1235Z'") == .empty)
    #expect(
      try set("ts_ms < '2024-01-02T14:30:00.1235Z'")
        == IntervalSet(low: .min, high: 1_704_205_800_123))
  }

  @Test func bareTimesAreReadInTheZoneAndOthersAreNot() throws {
    func low(_ text: String) throws -> Int128? {
      guard case .leaf(let leaf) = try bind(text, zoneOffset: -18_000_000_000_000),
        case .values(let set) = leaf.test
      else { return nil }
      return set.intervals.first?.low
    }
    #expect(try low("ts_event >= 2024-01-02") == 1_704_171_600_000_000_000)
    #expect(try low("ts_event >= '2024-01-02T00:00:00Z'") == 1_704_153_600_000_000_000)
    #expect(try low("date >= 2024-01-02") == 19_724)
  }

  @Test func notIsPushedDownToTheTests() throws {
    #expect(try bind("not (close > 1 and volume < 5)").text == "close <= 1 or volume >= 5")
    #expect(try bind("not not volume = 5").text == "volume = 5")
    #expect(try bind("not volume is null").text == "volume is not null")
    #expect(try bind("not symbol like 'ES%'").text == "symbol not like 'ES%'")
    #expect(try bind("not volume in (1,2)").text == "volume not in (1, 2)")
    #expect(
      try bind("not volume between 1 and 2").text == "volume < 1 or volume > 2")
    #expect(try bind("not is_open").text == "is_open = false")
  }

  @Test(arguments: [
    (
      "requested_symbol = 'ES.v.0'",
      "requested_symbol = 'ES.v.0' or (symbol = 'ESH4' and ts_event in [1970-01-01T00:00:01Z, 1970-01-01T00:00:02Z))"
    ),
    (
      "not requested_symbol = 'ES.v.0' and volume = 1",
      "requested_symbol != 'ES.v.0' and (symbol != 'ESH4' or ts_event not in [1970-01-01T00:00:01Z, "
        + "1970-01-01T00:00:02Z)) and volume = 1"
    ),
    (
      "requested_symbol in ('ES.c.0', 'ES.v.0')",
      "requested_symbol in ('ES.c.0', 'ES.v.0') or (symbol = 'ESH4' and ts_event in [1970-01-01T00:00:01Z, "
        + "1970-01-01T00:00:02Z))"
    ),
    ("requested_symbol = 'ES.c.0'", "requested_symbol = 'ES.c.0'"),
    ("requested_symbol like 'ES%'", "requested_symbol like 'ES%'"),
    ("symbol = 'ES.v.0'", "symbol = 'ES.v.0'"),
  ])
  func aNameMeansTheSymbolsThatItWas(text: String, expected: String) throws {
    let columns =
      testColumns + [
        QueryColumn(
          name: "requested_symbol", type: .string, origin: .file("requested_symbol"))
      ]
    var table = QueryTable(
      name: "t", columns: columns, defaultColumns: [], files: [], source: "a test")
    table.symbolColumn = 0
    table.indexColumn = 1
    let bound = try Binder(
      clause: ClauseText(text: text), columns: columns, instant: { $0 }
    ).bind(Parser.parse(text))
    let names = RequestedNames(table) { name in
      name == "ES.v.0"
        ? [NamedStretch(symbol: "ESH4", interval: 1_000_000_000..<2_000_000_000)] : []
    }
    #expect(try names.widened(bound).text == expected)
  }

  @Test(arguments: [
    ("ES.v.0", true), ("ES.c.0,ES.v.0", true), ("ES.v.0,ES.c.0", true), ("A,ES.v.0,B", true),
    ("ES.v.01", false), ("ES.v", false), ("", false), ("ES.c.0,ES.v.0x", false), (",", false),
  ])
  func aListHoldsItsNamesAndNoParts(of: String, isThere: Bool) {
    let test = BytesTest(.listed([Array("ES.v.0".utf8), Array("NQ.v.0".utf8)]))
    Array(of.utf8).withUnsafeBytes { text in
      #expect(test.matches(text) == isThere && test.negated.matches(text) != isThere)
    }
    let own = Array(of.utf8)
    #expect(test.verdict(low: own, high: own) == (isThere ? .all : .none))
    #expect(test.verdict(low: Array("A".utf8), high: Array("B".utf8)) == .some)
  }

  @Test func andBindsCloserThanOr() throws {
    #expect(
      try bind("volume = 1 or volume = 2 and close = 3").text
        == "volume = 1 or (volume = 2 and close = 3)")
    #expect(
      try bind("(volume = 1 or volume = 2) and close = 3").text
        == "(volume = 1 or volume = 2) and close = 3")
  }

  @Test func doubleQuotesMayMeanText() throws {
    #expect(try bind("symbol = \"ESZ5\"").text == "symbol = 'ESZ5'")
    #expect(try bind("\"symbol\" = 'it''s'").text == "symbol = 'it''s'")
  }

  @Test(arguments: [
    ("close >", "expected a value, found the end", 8),
    ("close > and volume = 1", "expected a value, found 'and'", 9),
    ("(close > 1", "expected ')', found the end", 11),
    ("close > 1 volume = 2", "expected 'and', 'or' or the end, found 'volume'", 11),
    ("clsoe > 1", "no column is called 'clsoe'", 1),
    ("close > 'abc'", "column 'close' is decimal(18,9): expected a number, found 'abc'", 9),
    ("symbol = 5", "column 'symbol' is text, 5 is not", 10),
    ("symbol = 'ES", "the quote opened here is not closed", 10),
    ("volume = 1.2.3", "'1.2.3' is not a number", 10),
    ("volume = 12x", "'12x' is not a number", 10),
    ("volume # 1", "unexpected character '#'", 8),
    ("volume = null", "nothing is equal to null", 10),
    ("volume is 5", "expected 'null', found '5'", 11),
    ("1 = 2", "neither side of the comparison is a column", 1),
    ("close", "column 'close' is not a boolean: compare it with a value", 1),
    ("volume not 5", "expected 'in', 'between' or 'like', found '5'", 12),
    ("close like 'x%'", "'like' needs a text column, 'close' is decimal(18,9)", 1),
    ("symbol > close", "'symbol' (string) cannot be compared with 'close' (decimal(18,9))", 10),
    ("volume in ()", "expected a value, found ')'", 12),
    ("", "expected a column name, found the end", 1),
  ]) func badClausesPointAtTheCharacter(text: String, message: String, character: Int) throws {
    let error = #expect(throws: QueryError.self) { try bind(text) }
    #expect(error?.message == message)
    let index = try #require(error?.placeText)
    let lines = index.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0] == "--where, character \(character)")
    #expect(lines[2].count == 6 + character)
  }

  @Test func remediesNameTheNearestColumn() {
    let error = #expect(throws: QueryError.self) { try bind("clsoe > 1") }
    #expect(error?.remedy == "did you mean 'close'?")
    let quoted = #expect(throws: QueryError.self) { try bind("close > '100'") }
    #expect(quoted?.remedy == "write the number without quotes: 100")
  }

  @Test func deepNestingIsRefusedNotCrashed() {
    let deep = String(repeating: "(", count: 100_000) + "volume = 1"
    #expect(throws: QueryError.self) { try bind(deep) }
    let nots = String(repeating: "not ", count: 100_000) + "volume = 1"
    #expect(throws: Never.self) { try bind(nots) }
  }

  @Test(arguments: [
    ("ES%", "ESZ5", true), ("ES%", "NQZ5", false), ("%Z5", "ESZ5", true), ("E_Z5", "ESZ5", true),
    ("E_Z5", "EZ5", false), ("%", "", true), ("", "", true), ("", "a", false),
    ("%a%b%", "xxaxxbxx", true), ("%a%b%", "xxbxxaxx", false), ("_", "é", true),
    ("100\\%", "100%", true), ("100\\%", "100x", false), ("a%a", "a", false),
  ]) func likeFollowsSQL(pattern: String, value: String, expected: Bool) {
    let matches = Array(value.utf8).withUnsafeBytes { LikePattern(pattern).matches($0) }
    #expect(matches == expected)
  }

  @Test func boundsDecideWithoutReading() throws {
    func verdict(_ text: String, _ low: Int128?, _ high: Int128?, nulls: Int? = 0) throws -> Verdict
    {
      let bounds = FilterBounds(
        low: low.map { .number($0) }, high: high.map { .number($0) }, nullCount: nulls,
        rowCount: 10)
      return try bind(text).verdict { _ in bounds }
    }
    #expect(try verdict("volume > 5", 6, 9) == .all)
    #expect(try verdict("volume > 5", 6, 9, nulls: 1) == .some)
    #expect(try verdict("volume > 5", 6, 9, nulls: nil) == .some)
    #expect(try verdict("volume > 5", 1, 5) == .none)
    #expect(try verdict("volume > 5", 1, 6) == .some)
    #expect(try verdict("volume > 5", nil, nil) == .some)
    #expect(try verdict("volume > 5", nil, nil, nulls: 10) == .none)
    #expect(try verdict("volume is null", 1, 6) == .none)
    #expect(try verdict("volume is null", nil, nil, nulls: 10) == .all)
    #expect(try verdict("volume is not null", 1, 6, nulls: 2) == .some)
    #expect(try verdict("volume != 5", 5, 5) == .none)
    #expect(try verdict("not volume = 5", 6, 6) == .all)
    #expect(try verdict("volume in (1, 9)", 2, 8) == .none)
    #expect(try verdict("volume = 1 or volume = 9", 2, 8) == .none)
    #expect(try verdict("volume > 1 and volume < 9", 2, 8) == .all)
  }

  @Test func textBoundsDecideWithoutReading() throws {
    func verdict(_ text: String, _ low: String, _ high: String) throws -> Verdict {
      let bounds = FilterBounds(
        low: .bytes(Array(low.utf8)), high: .bytes(Array(high.utf8)), nullCount: 0, rowCount: 9)
      return try bind(text).verdict { _ in bounds }
    }
    #expect(try verdict("symbol = 'M'", "A", "L") == .none)
    #expect(try verdict("symbol = 'M'", "A", "Z") == .some)
    #expect(try verdict("symbol = 'M'", "M", "M") == .all)
    #expect(try verdict("symbol != 'M'", "M", "M") == .none)
    #expect(try verdict("symbol in ('A', 'Z')", "B", "Y") == .none)
    #expect(try verdict("symbol like 'ES%'", "ESH5", "ESZ5") == .some)
    #expect(try verdict("symbol like 'ES%'", "NQ", "ZN") == .none)
    #expect(try verdict("symbol like 'ES%'", "A", "ER") == .none)
    #expect(try verdict("symbol >= 'B'", "B", "Z") == .all)
    #expect(try verdict("symbol > 'B'", "A", "B") == .none)
    #expect(try verdict("symbol not like 'ES%'", "NQ", "ZN") == .all)
  }

  @Test func intervalsBehaveLikeSets() {
    let set = IntervalSet(low: 1, high: 3).union(IntervalSet(low: 4, high: 6))
    #expect(set == IntervalSet(low: 1, high: 6))
    #expect(set.complement.complement == set)
    #expect(IntervalSet.everything.complement == .empty)
    #expect(set.intersection(IntervalSet(low: 5, high: 9)) == IntervalSet(low: 5, high: 6))
    #expect(IntervalSet(low: 2, high: 1) == .empty)
    #expect(set.contains(4) && !set.contains(7))
  }
}
