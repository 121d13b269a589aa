import Columnar
import DeltaLog
import Market
import Platform

/// What a query will read: files, columns, and the filter. A plain value: only the log was read so far.
struct QueryPlan: Sendable {
  var table: QueryTable
  var projection: [Int]
  var filter: Filter
  var range: TimeRange
  /// Zone in which bare dates and times were read.
  var zoneName: String
  var limit: Int?
  /// The user's order; empty for the usual one.
  var order: [OrderTerm] = []
  /// Rows from the end of the order; nil for all.
  var tail: Int?
  /// Files that neither partition values nor the log's statistics exclude.
  var files: [TableFile] = []
  var report = SkipReport()

  init(
    _ request: QueryRequest, _ table: QueryTable,
    named: @escaping (String) throws -> [NamedStretch] = { _ in [] }
  ) throws {
    self.table = table
    if let digits = request.timeDigits {
      for index in table.columns.indices { self.table.columns[index].widenTimes(to: digits) }
    }
    zoneName = request.timezone ?? table.zoneName
    limit = request.limit
    let zone = try TimeZoneRules.named(zoneName)
    range = try TimeRange.parse(start: request.start, end: request.end, zone: zone)
    projection = try Self.projection(request.columns, table)
    order = try OrderTerm.terms(request.order, of: table)
    tail = request.tail
    let asked = try Self.filter(request, table, range, zone, named)
    filter = .conjunction([Self.dates(asked, table), asked])
    let near = Self.dates(asked, table, slack: Self.dateSlack)
    var isCutOtherwise = false
    for file in table.files {
      if keep(file) { continue }
      guard Self.isCutOtherwise(file, near, asked, table) else { continue }
      isCutOtherwise = true
      report.files.keep(byteCount: file.byteCount)
      files.append(file)
    }
    // Then a partition's date does not tell the times of its rows.
    if isCutOtherwise { filter = asked }
  }

  func shape(layout: RowLayoutKind) -> ScanShape {
    var columns = table.columns
    if layout == .binary {
      for index in columns.indices { columns[index].nested?.isBinary = true }
    }
    return ScanShape(columns: columns, projection: projection, layout: layout)
  }

  // MARK: - Columns

  private static func projection(_ names: [String], _ table: QueryTable) throws -> [Int] {
    if names.isEmpty { return table.defaultColumns }
    return try names.flatMap { Self.names($0, table) }.map { try table.requireColumn(named: $0) }
  }

  /// The names in a list; or the text itself, commas included, if a column has that name.
  private static func names(_ text: String, _ table: QueryTable) -> [String] {
    let listed = ColumnList.names(in: text) ?? [text]
    if listed.allSatisfy({ table.column(named: $0) != nil }) { return listed }
    return table.column(named: text) == nil ? listed : [text]
  }

  // MARK: - Filter

  private static func filter(
    _ request: QueryRequest, _ table: QueryTable, _ range: TimeRange, _ zone: TimeZoneRules,
    _ named: @escaping (String) throws -> [NamedStretch]
  ) throws -> Filter {
    var parts: [Filter] = []
    if range != TimeRange() {
      guard let index = table.indexColumn else {
        throw QueryError(
          .badRange, "this table has no time column that --start and --end could mean",
          at: table.name, remedy: "name it in --where")
      }
      let column = table.columns[index]
      parts.append(
        .leaf(
          Filter.Leaf(
            column: index, test: .values(range.set(for: column)),
            text: "\(column.name) in \(range.text)")))
    }
    if !request.symbols.isEmpty {
      guard let symbol = table.symbolColumn else {
        throw QueryError(
          .unknownColumn, "this table has no symbol column", at: table.name,
          remedy: "leave out --symbol, or use --where")
      }
      let values = request.symbols.map { Array($0.utf8) }
      let listed = request.symbols.map { "'\($0)'" }.joined(separator: ", ")
      parts.append(
        .leaf(
          Filter.Leaf(
            column: symbol, test: .bytes(BytesTest(values: values)),
            text: "\(table.columns[symbol].name) in (\(listed))")))
    }
    if let clause = request.filter {
      let binder = Binder(
        clause: ClauseText(text: clause), columns: table.columns, aliases: table.aliases,
        instant: { zone.instant(local: $0) })
      let bound = try binder.bind(Parser.parse(clause))
      parts.append(try RequestedNames(table, named).widened(bound))
    }
    return .conjunction(parts)
  }

  /// Days by which a row's partition may differ from its date in the table's zone: zones differ by 26 hours at
  /// most.
  private static let dateSlack: Int128 = 2

  /// Whether a file's partition date may be in another zone than the table's, for rows that are asked for.
  ///
  /// The zone is a property that any program may change, and existing partitions stay as they are. The log's
  /// statistics of the file's times reveal it.
  private static func isCutOtherwise(
    _ file: TableFile, _ near: Filter, _ asked: Filter, _ table: QueryTable
  ) -> Bool {
    let fromPartition: (Int) -> FilterBounds? = { file.partitionBounds($0) }
    guard near != .everything, near.verdict(fromPartition) != .none,
      asked.verdict(fromPartition) != .none, let statistics = file.log?.statistics
    else { return false }
    let known: (Int) -> FilterBounds? = { column in
      file.partitionBounds(column) ?? file.logBounds(table.columns[column], statistics)
    }
    let saysTimes =
      table.indexColumn.flatMap(known).map { $0.low != nil && $0.high != nil } ?? false
    return saysTimes && asked.verdict(known) != .none
  }

  /// What tests of the index time, and of the stored date, imply for the partition date.
  ///
  /// - Parameter slack: Days by which dates may differ.
  private static func dates(
    _ filter: Filter, _ table: QueryTable, slack: Int128 = 0
  ) -> Filter {
    guard let date = table.dateColumn, let index = table.indexColumn,
      // With an unknown zone no date is pruned.
      let zone = try? TimeZoneRules.named(table.zoneName)
    else { return .everything }
    var parts: [Filter] = []
    let scale = ValueDomain.scale(of: table.columns[index]) ?? 9
    var unit: Int128 = 1
    for _ in scale..<9 { unit *= 10 }
    for case .leaf(let leaf) in filter.conjuncts
    where leaf.column == index || leaf.column == table.storedDateColumn {
      guard case .values(let set) = leaf.test, let first = set.intervals.first,
        let last = set.intervals.last
      else { continue }
      let isDate = leaf.column != index
      func day(_ value: Int128) -> Int128? {
        if isDate { return Int32(exactly: value).map { Int128($0) } }
        // Times outside 64 bits of nanoseconds are outside of every date.
        let (product, overflow) = value.multipliedReportingOverflow(by: unit)
        guard !overflow, let nanoseconds = Int64(exactly: product) else { return nil }
        return Int128(zone.localDay(nanoseconds: nanoseconds))
      }
      func start(_ day: Int128) -> Int128 {
        Int(exactly: day).map { Int128(table.period.start(ofDay: $0)) } ?? day
      }
      let dates = IntervalSet(
        low: day(first.low).map { start($0 - slack) } ?? .min,
        high: day(last.high).map { start($0 + slack) } ?? .max)
      if dates == .everything { continue }
      parts.append(
        .leaf(Filter.Leaf(column: date, test: .values(dates), text: dateText(dates, table))))
    }
    return .conjunction(parts)
  }

  private static func dateText(_ dates: IntervalSet, _ table: QueryTable) -> String {
    guard let interval = dates.intervals.first else { return "no date" }
    func text(_ day: Int128) -> String { CivilDate(daysSinceEpoch: Int(clamping: day)).iso }
    let column = table.columns[table.dateColumn ?? 0].name
    if interval.low == interval.high { return "\(column) = \(text(interval.low))" }
    if interval.low == .min { return "\(column) <= \(text(interval.high))" }
    if interval.high == .max { return "\(column) >= \(text(interval.low))" }
    return "\(column) in \(text(interval.low)) … \(text(interval.high))"
  }

  // MARK: - Files

  /// - Returns: false if its partition excludes it.
  private mutating func keep(_ file: TableFile) -> Bool {
    let fromPartition: (Int) -> FilterBounds? = { file.partitionBounds($0) }
    if filter.verdict(fromPartition) == .none {
      report.partitions.skip(
        byteCount: file.byteCount, because: filter.reason(fromPartition))
      return false
    }
    report.partitions.keep(byteCount: file.byteCount)
    // Statistics are parsed only for files that may still match.
    let columns = table.columns
    if let log = file.log, filter.residual(fromPartition) != .everything,
      let statistics = log.statistics
    {
      let known: (Int) -> FilterBounds? = { column in
        file.partitionBounds(column) ?? file.logBounds(columns[column], statistics)
      }
      if filter.verdict(known) == .none {
        report.files.skip(byteCount: file.byteCount, because: filter.reason(known))
        return true
      }
    }
    report.files.keep(byteCount: file.byteCount)
    files.append(file)
    return true
  }
}
