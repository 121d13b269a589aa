import Columnar
import JSON
import Platform

/// The time range of a dataset that the key may access.
public struct DatasetRange: Hashable, Sendable {
  /// Nanoseconds since 1970; half-open.
  public var whole: Range<Int64>
  /// The range of each schema.
  public var bySchema: [RecordKind: Range<Int64>]

  /// Ranges are half-open, in ns since 1970 UTC.
  public init(whole: Range<Int64>, bySchema: [RecordKind: Range<Int64>]) {
    self.whole = whole
    self.bySchema = bySchema
  }

  /// The range of a schema.
  public func range(of schema: RecordKind) -> Range<Int64> { bySchema[schema] ?? whole }
}

/// The condition of a dataset's data on a day.
public struct DatasetCondition: Hashable, Sendable {
  /// The day, UTC.
  public var date: CivilDate
  /// `available`, `degraded`, `pending`, `missing` or `intraday`.
  public var condition: String
  /// When the vendor last changed the day's data.
  public var lastModified: CivilDate?

  /// The condition of a day's data.
  public init(date: CivilDate, condition: String, lastModified: CivilDate?) {
    self.date = date
    self.condition = condition
    self.lastModified = lastModified
  }

  /// Whether data of the day are missing or wrong.
  public var isDegraded: Bool { condition == "degraded" }
}

extension DatabentoClient {
  /// Names of all datasets that the key may access.
  public func listDatasets() throws -> [String] {
    try names(get("metadata.list_datasets"), "metadata.list_datasets")
  }

  /// Names of a dataset's schemas, including unknown ones.
  public func listSchemas(dataset: String) throws -> [String] {
    try names(
      get("metadata.list_schemas", [("dataset", dataset)]), "metadata.list_schemas")
  }

  /// Checks the names of a dataset and a schema; the error suggests similar names. Free.
  public func require(dataset: String, schema: RecordKind) throws {
    let datasets = try listDatasets()
    guard datasets.contains(dataset) else {
      throw DatabentoError(
        .unknownName, "the vendor offers no dataset '\(dataset)'",
        remedy: NearestNames.question(dataset, among: datasets) ?? "lake vendors check")
    }
    let schemas = try listSchemas(dataset: dataset)
    guard schemas.contains(schema.rawValue) else {
      throw DatabentoError(
        .unknownName, "dataset '\(dataset)' has no schema '\(schema.rawValue)'",
        remedy: NearestNames.question(schema.rawValue, among: schemas)
          ?? "it has " + schemas.joined(separator: ", "))
    }
  }

  /// The time range of a dataset and of each of its schemas.
  public func datasetRange(dataset: String) throws -> DatasetRange {
    let method = "metadata.get_dataset_range"
    let answer = try get(method, [("dataset", dataset)])
    guard let whole = Self.range(answer) else {
      throw badAnswer(method, "'start' and 'end' should be times")
    }
    var bySchema: [RecordKind: Range<Int64>] = [:]
    for member in answer["schema"]?.object?.members ?? [] {
      guard let kind = RecordKind(rawValue: member.key), let range = Self.range(member.value) else {
        continue
      }
      bySchema[kind] = range
    }
    return DatasetRange(whole: whole, bySchema: bySchema)
  }

  /// The condition of a dataset's data, day by day.
  ///
  /// - Parameter dates: First and last date, UTC, inclusive.
  public func datasetCondition(dataset: String, dates: ClosedRange<CivilDate>) throws
    -> [DatasetCondition]
  {
    let method = "metadata.get_dataset_condition"
    let answer = try get(
      method,
      [
        ("dataset", dataset), ("start_date", dates.lowerBound.iso),
        ("end_date", dates.upperBound.iso),
      ])
    guard let items = answer.array else { throw badAnswer(method, "a list was expected") }
    return try items.map { item in
      guard let text = item["date"]?.string, let date = CivilDate(iso: text),
        let condition = item["condition"]?.string
      else { throw badAnswer(method, "each item should have 'date' and 'condition'") }
      let modified = item["last_modified_date"]?.string.flatMap { CivilDate(iso: $0) }
      return DatasetCondition(date: date, condition: condition, lastModified: modified)
    }
  }

  /// The number of records for a query.
  public func recordCount(_ query: DatabentoQuery) throws -> Int {
    try count("metadata.get_record_count", query)
  }

  /// Bounds of the number of records in an answer. Equal if the vendor counts exactly; else the count of the
  /// part counted exactly, and that of everything touched. Free.
  ///
  /// - Spec: "API reference - Historical", metadata.get_record_count: exact for multiples of 10 minutes, of 24
  ///   hours for definitions; else an upper bound.
  public func announcedCount(_ query: DatabentoQuery) throws -> ClosedRange<Int> {
    let high = try recordCount(query)
    let minute: Int64 = 60_000_000_000
    let step = query.schema == .definition ? 24 * 60 * minute : 10 * minute
    if query.start % step == 0 && query.end % step == 0 || high == 0 { return high...high }
    var inner = query
    inner.start = (query.start + step - 1) / step * step
    inner.end = query.end / step * step
    guard inner.start < inner.end else { return 0...high }
    do {
      return min(try recordCount(inner), high)...high
    } catch let error as DatabentoError where error.code == .unlisted {
      return 0...high
    }
  }

  /// Billed size of a query: uncompressed.
  public func billableSize(_ query: DatabentoQuery) throws -> Int {
    try count("metadata.get_billable_size", query)
  }

  /// The price of a query in nano-dollars, from the digits of the vendor's answer, rounded up.
  public func cost(_ query: DatabentoQuery) throws -> Int64 {
    let method = "metadata.get_cost"
    let answer = try askedOf(method, query)
    guard let digits = answer.number, let cost = Self.nanoDollars(digits) else {
      throw badAnswer(method, "a number of dollars was expected")
    }
    return cost
  }

  // MARK: - Reading answers

  /// nil for a number below 0 or above nine billion dollars.
  static func nanoDollars(_ digits: String) -> Int64? {
    if let exact = DecimalText.parse(digits, scale: 9) {
      return exact < 0 ? nil : Int64(exactly: exact)
    }
    // More than nine decimals: truncated, and rounded up.
    let (text, isCut) = shortened(digits)
    guard let fine = DecimalText.parse(text, scale: 30), fine >= 0 else { return nil }
    let unit = DecimalText.powersOfTen[21]
    return Int64(exactly: (fine + (isCut ? 1 : 0) + unit - 1) / unit)
  }

  /// The text of a number with at most 17 decimals, exponent kept, and whether nonzero digits were cut.
  private static func shortened(_ digits: String) -> (text: String, isCut: Bool) {
    let parts = digits.split(separator: ".", maxSplits: 1)
    guard parts.count == 2 else { return (digits, false) }
    let fraction = parts[1].prefix { $0.isNumber }
    let text = parts[0] + "." + fraction.prefix(17) + parts[1][fraction.endIndex...]
    return (String(text), fraction.dropFirst(17).contains { $0 != "0" })
  }

  private func names(_ answer: JSONValue, _ method: String) throws(DatabentoError) -> [String] {
    guard let items = answer.array else { throw badAnswer(method, "a list was expected") }
    return items.compactMap(\.string)
  }

  private func askedOf(_ method: String, _ query: DatabentoQuery) throws -> JSONValue {
    try query.check()
    return try explaining(query) { try post(method, query.fields) }
  }

  private func count(_ method: String, _ query: DatabentoQuery) throws -> Int {
    guard let count = try askedOf(method, query).int64, count >= 0 else {
      throw badAnswer(method, "a whole number was expected")
    }
    return Int(count)
  }

  private static func range(_ value: JSONValue) -> Range<Int64>? {
    guard let start = value["start"]?.string.flatMap(instant),
      let end = value["end"]?.string.flatMap(instant), start <= end
    else { return nil }
    return start..<end
  }

  private static func instant(_ text: String) -> Int64? { TimeText.parseISO(text)?.nanoseconds }
}
