import Columnar
import Platform

/// What two tables, versions or files have in common, and what not.
public struct ComparisonReport: Sendable {
  /// A row whose values are apart, for people.
  public struct Row: Sendable {
    /// Symbol and time, and what else tells rows apart.
    public var key: String
    /// The value of the first side; empty where there is none.
    public var left: String
    /// That of the second side.
    public var right: String
    /// The difference as a share of the larger value; nil where that says nothing.
    public var difference: Double?
  }

  /// A column that both sides have.
  public struct Column: Sendable {
    /// Rows that are kept of it.
    static let rowMax = 5

    /// As the first side calls it.
    public var name: String
    /// Values that are the same.
    public var equalCount = 0
    /// Values that differ by no more than the tolerance.
    public var withinCount = 0
    /// All other values.
    public var beyondCount = 0
    /// The largest difference, as a share of the larger value.
    public var largest = 0.0
    /// The rows that are farthest apart, the worst first.
    public var worst: [Row] = []

    mutating func add(_ row: @autoclosure () -> Row, _ difference: Double?) {
      let rank = difference ?? .infinity
      let isWorse =
        worst.count < Self.rowMax || rank > worst[worst.count - 1].difference ?? .infinity
      guard isWorse else { return }
      let at = worst.firstIndex { rank > $0.difference ?? .infinity } ?? worst.count
      worst.insert(row(), at: at)
      if worst.count > Self.rowMax { worst.removeLast() }
    }
  }

  /// Figures of one symbol or day.
  public struct Group: Sendable {
    /// The symbol and the day, as far as they were asked for.
    public var names: [String]
    /// Rows that both sides have.
    public var pairedCount = 0
    /// Rows that only the first side has.
    public var missingCount = 0
    /// Rows that only the second side has.
    public var extraCount = 0
    /// Rows of which some value is beyond the tolerance.
    public var beyondCount = 0
  }

  /// Columns that tell rows apart.
  public internal(set) var keyNames: [String] = []
  /// Columns that both sides have, in the order of the first.
  public internal(set) var columns: [Column] = []
  /// Columns that only one side has, or that are of other types there.
  public internal(set) var onlyLeft: [String] = []
  /// The same of the second.
  public internal(set) var onlyRight: [String] = []
  /// Rows of the first.
  public internal(set) var leftCount = 0
  /// Rows of the second.
  public internal(set) var rightCount = 0
  /// Rows of both sides.
  public internal(set) var pairedCount = 0
  /// Those of them whose values are all equal.
  public internal(set) var equalCount = 0
  /// Those of which some value is beyond the tolerance.
  public internal(set) var beyondCount = 0
  /// Rows of the first that the second lacks.
  public internal(set) var missingCount = 0
  /// Rows of the second that the first lacks.
  public internal(set) var extraCount = 0
  /// Keys of some rows that only the first has.
  public internal(set) var missing: [String] = []
  /// Keys of some rows that only the second has.
  public internal(set) var extra: [String] = []
  /// By symbol or day, in their order.
  public internal(set) var groups: [Group] = []
  /// Whether it was stopped; then the figures are of a part.
  public internal(set) var isInterrupted = false

  /// Whether no row is missing or extra, and no value beyond the tolerance.
  public var agrees: Bool { missingCount == 0 && extraCount == 0 && beyondCount == 0 }
}

/// What figures are told by.
public enum ComparisonGrouping: String, Sendable, CaseIterable {
  case symbol, day
}

/// Holds the rows of two tables against each other: pairs them by symbol, time, and publisher and sequence where both have
/// them. Rows that nothing tells apart are paired in their order.
///
/// Both sides are sorted by the key, in bounded memory; so that neither files nor partitions need be alike.
public struct TableComparison: Sendable {
  /// Groups of which figures are kept.
  private static let groupMax = 200_000
  private static let exampleMax = 5

  private let left: QueryPlan
  private let right: QueryPlan
  private let keyCount: Int
  private let hasSymbol: Bool
  private let pairs: [PairedColumn]
  private var report = ComparisonReport()
  /// The largest difference that is none, as a share of the larger value.
  public var tolerance = 0.0
  /// What figures are told by; empty for all together.
  public var grouping: [ComparisonGrouping] = []
  /// Bytes for rows that are sorted, both sides together.
  public var memory = 96 << 20
  /// Folder for sorted runs that don't fit into memory.
  public var spillFolder = "/tmp"

  /// - Parameter columns: Names of columns that are compared; empty for all that both sides have.
  /// - Throws: Where the two have no rows that could be paired, or no column in common.
  public init(_ left: Query, _ right: Query, columns: [String] = []) throws {
    var (one, other) = (left.plan, right.plan)
    guard let leftTime = one.table.indexColumn, let rightTime = other.table.indexColumn else {
      let name = one.table.indexColumn == nil ? one.table.name : other.table.name
      throw QueryError(
        .badTable, "'\(name)' has no column of times, by which rows are paired", at: name,
        remedy: "lake ingest FILE --map 'theirs=ts_event' tells which it is")
    }
    hasSymbol = one.table.symbolColumn != nil && other.table.symbolColumn != nil
    var keys: [(Int, Int)] = []
    if let a = one.table.symbolColumn, let b = other.table.symbolColumn { keys.append((a, b)) }
    keys.append((leftTime, rightTime))
    for name in ["publisher_id", "sequence"] {
      if let a = one.table.column(named: name), let b = other.table.column(named: name) {
        keys.append((a, b))
      }
    }
    keyCount = keys.count
    report.keyNames = keys.map { one.table.columns[$0.0].name }
    let paired = try Self.pairs(one.table, other.table, columns, besides: keys, &report)
    pairs = paired.map(\.comparison)
    report.columns = paired.map { ComparisonReport.Column(name: one.table.columns[$0.left].name) }
    one.projection = keys.map(\.0) + paired.map(\.left)
    other.projection = keys.map(\.1) + paired.map(\.right)
    (self.left, self.right) = (one, other)
  }

  private static func pairs(
    _ one: QueryTable, _ other: QueryTable, _ wanted: [String], besides keys: [(Int, Int)],
    _ report: inout ComparisonReport
  ) throws -> [(left: Int, right: Int, comparison: PairedColumn)] {
    let isShown: (QueryColumn) -> Bool = { column in
      if case .partition = column.origin { return false }
      return !["requested_symbol", "source_ordinal", "extra"].contains(column.name)
    }
    let names = wanted.isEmpty ? one.columns.filter(isShown).map(\.name) : wanted
    var pairs: [(Int, Int, PairedColumn)] = []
    let plus = Set((one.columns + other.columns).compactMap(\.plusName))
    for name in names where !plus.contains(name) {
      let left = wanted.isEmpty ? one.column(named: name) : try one.requireColumn(named: name)
      let right = wanted.isEmpty ? other.column(named: name) : try other.requireColumn(named: name)
      guard let left, !keys.contains(where: { $0.0 == left }) else { continue }
      guard let right, let comparison = PairedColumn(one.columns[left], other.columns[right]),
        one.columns[left].nested == nil, other.columns[right].nested == nil
      else {
        if !wanted.isEmpty {
          throw QueryError(
            .typeMismatch, "'\(name)' is of other types in the two: they cannot be compared",
            at: one.name, remedy: "name other columns: --columns A,B")
        }
        report.onlyLeft.append(name)
        continue
      }
      pairs.append((left, right, comparison))
    }
    if wanted.isEmpty {
      report.onlyRight = other.columns.indices.filter { index in
        isShown(other.columns[index]) && !plus.contains(other.columns[index].name)
          && !keys.contains { $0.1 == index } && !pairs.contains { $0.1 == index }
      }.map { other.columns[$0].name }
    }
    guard !pairs.isEmpty else {
      throw QueryError(
        .badTable, "the two have no column in common but those that tell rows apart",
        at: one.name + ", " + other.name, remedy: "lake describe shows the columns of a table")
    }
    return pairs
  }

  /// Reads both sides.
  public func run(
    width: Int = Parallel.width, isInterrupted: @escaping @Sendable () -> Bool = { false }
  ) throws -> ComparisonReport {
    var report = report
    func open(_ plan: QueryPlan) throws -> KeyedAnswer {
      try KeyedAnswer(
        plan, keyCount: keyCount, hasSymbol: hasSymbol, memory: memory / 2,
        spillFolder: spillFolder,
        width: width, isInterrupted: isInterrupted)
    }
    let (one, other) = (try open(left), try open(right))
    var groups: [[String]: ComparisonReport.Group] = [:]
    var steps = 0
    while !one.isAtEnd || !other.isAtEnd {
      steps += 1
      if steps & 0xFFF == 0, isInterrupted() {
        report.isInterrupted = true
        break
      }
      let order =
        one.isAtEnd ? 1 : other.isAtEnd ? -1 : KeyedAnswer.Key.order(one.key, other.key)
      if order < 0 {
        report.missingCount += 1
        if report.missing.count < Self.exampleMax { report.missing.append(text(one)) }
        try count(one, &groups) { $0.missingCount += 1 }
        try one.advance()
      } else if order > 0 {
        report.extraCount += 1
        if report.extra.count < Self.exampleMax { report.extra.append(text(other)) }
        try count(other, &groups) { $0.extraCount += 1 }
        try other.advance()
      } else {
        let isBeyond = compare(one, other, &report)
        try count(one, &groups) {
          $0.pairedCount += 1
          $0.beyondCount += isBeyond ? 1 : 0
        }
        try one.advance()
        try other.advance()
      }
    }
    report.leftCount = report.pairedCount + report.missingCount
    report.rightCount = report.pairedCount + report.extraCount
    report.groups = groups.values.sorted { $0.names.lexicographicallyPrecedes($1.names) }
    return report
  }

  private func compare(
    _ one: KeyedAnswer, _ other: KeyedAnswer, _ report: inout ComparisonReport
  ) -> Bool {
    var (isEqual, isBeyond) = (true, false)
    for index in pairs.indices {
      let (a, b) = (one.values[keyCount + index], other.values[keyCount + index])
      switch pairs[index].distance(a, b) {
      case .equal: report.columns[index].equalCount += 1
      case .relative(let difference) where difference <= tolerance:
        isEqual = false
        report.columns[index].withinCount += 1
        report.columns[index].largest = max(report.columns[index].largest, difference)
      case .relative(let difference):
        (isEqual, isBeyond) = (false, true)
        report.columns[index].beyondCount += 1
        report.columns[index].largest = max(report.columns[index].largest, difference)
        report.columns[index].add(row(one, index, a, b, difference), difference)
      case .other:
        (isEqual, isBeyond) = (false, true)
        report.columns[index].beyondCount += 1
        report.columns[index].add(row(one, index, a, b, nil), nil)
      }
    }
    report.pairedCount += 1
    report.equalCount += isEqual ? 1 : 0
    report.beyondCount += isBeyond ? 1 : 0
    return isBeyond
  }

  private func row(
    _ answer: KeyedAnswer, _ index: Int, _ a: ComparedValue, _ b: ComparedValue,
    _ difference: Double?
  ) -> ComparisonReport.Row {
    ComparisonReport.Row(
      key: text(answer), left: pairs[index].left.text(a), right: pairs[index].right.text(b),
      difference: difference)
  }

  private func text(_ answer: KeyedAnswer) -> String {
    (0..<keyCount).map { answer.columns[$0].text(answer.values[$0]) }.filter { !$0.isEmpty }
      .joined(separator: " ")
  }

  private func count(
    _ answer: KeyedAnswer, _ groups: inout [[String]: ComparisonReport.Group],
    _ change: (inout ComparisonReport.Group) -> Void
  ) throws {
    if grouping.isEmpty { return }
    let names = grouping.map { part in
      switch part {
      case .symbol: hasSymbol ? answer.columns[0].text(answer.values[0]) : ""
      case .day:
        String(answer.columns[hasSymbol ? 1 : 0].text(answer.values[hasSymbol ? 1 : 0]).prefix(10))
      }
    }
    if groups[names] == nil {
      guard groups.count < Self.groupMax else {
        throw QueryError(
          .badTable, "there are more than \(Self.groupMax) groups",
          remedy: "leave out --by, or a part of it")
      }
      groups[names] = ComparisonReport.Group(names: names)
    }
    groups[names].map { group in
      var group = group
      change(&group)
      groups[names] = group
    }
  }
}
