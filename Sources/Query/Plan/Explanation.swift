/// The plan of a query in words, and its figures.
public struct Explanation {
  /// Reasons listed per level at most.
  static let reasonCountMax = 5

  let plan: QueryPlan
  /// What every level of the plan would skip.
  public let report: SkipReport
  /// Pieces of work that threads would take: each some pages of a row group.
  public let unitCount: Int
  /// Rows that would be decoded; the filter may leave fewer.
  public let rowCountMax: Int
  /// Sets of files whose rows must be merged or sorted.
  public let mergeCount: Int

  /// Plans everything that a run would plan, decoding nothing.
  init(_ plan: QueryPlan) throws {
    self.plan = plan
    let source = UnitSource(plan, plan.shape(layout: .csv))
    var units = 0
    var merges = 0
    var rows = 0
    while let (_, item) = try source.next() {
      units += item.units.count
      if case .merge = item { merges += 1 }
      rows += item.units.reduce(0) { $0 + $1.rows.count - ($1.deletions?.count ?? 0) }
    }
    report = source.report
    unitCount = units
    rowCountMax = rows
    mergeCount = merges
  }

  /// Columns that are printed.
  public var columns: [String] { plan.projection.map { plan.table.columns[$0].name } }

  /// The filter as text.
  public var filterText: String { plan.filter.text }

  /// The text of `lake query --explain`, line by line.
  public var lines: [String] {
    let table = plan.table
    let printed = columns
    let tested = plan.filter.columns.filter { !plan.projection.contains($0) }
      .map { table.columns[$0].name }.sorted()
    var lines = [
      "table      \(table.name): \(table.source)",
      "order      \(orderText)",
      "columns    \(printed.joined(separator: ", "))"
        + (tested.isEmpty ? "" : "; tested only: " + tested.joined(separator: ", ")),
      "rows where \(filterText)",
    ]
    if plan.range != TimeRange() {
      lines.append(
        "range      \(plan.range.text), half-open; bare dates and times read in \(plan.zoneName)")
    }
    if let tail = plan.tail { lines.append("tail       \(grouped(tail))") }
    if let limit = plan.limit { lines.append("limit      \(grouped(limit))") }
    for level in report.levels where level.count > 0 { lines += Self.lines(level) }
    lines.append(
      "to read    \(grouped(rowCountMax)) rows at most, in \(grouped(unitCount)) units of work"
        + (mergeCount == 0
          ? "" : "; rows of several files, or out of order, merged \(grouped(mergeCount)) times"))
    return lines
  }

  private var orderText: String {
    let table = plan.table
    if !plan.order.isEmpty {
      let terms = plan.order.map {
        table.columns[$0.column].name + ($0.isDescending ? " descending" : "")
      }
      return terms.joined(separator: ", ") + ", then as usual"
    }
    var names = table.partitionColumns.map { table.columns[$0].name }
    if table.dateColumn == nil, table.indexColumn != nil, !names.contains("date") {
      names.append("date (UTC)")
    }
    names += table.orderColumns.map { table.columns[$0].name }
    return names.isEmpty ? "as stored" : names.joined(separator: ", ")
  }

  private static func lines(_ level: SkipLevel) -> [String] {
    let kept = level.count - level.skippedCount
    var lines = [
      "\(level.name): \(grouped(kept)) of \(grouped(level.count)) kept, "
        + "\(bytes(level.byteCount - level.skippedByteCount)) of \(bytes(level.byteCount))"
    ]
    let reasons = level.reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    for (reason, count) in reasons.prefix(reasonCountMax) {
      lines.append("  \(grouped(count)) skipped: not \(reason)")
    }
    if reasons.count > reasonCountMax {
      lines.append("  and for \(grouped(reasons.count - reasonCountMax)) more reasons")
    }
    return lines
  }
}

/// A count with a comma every three digits.
func grouped(_ count: Int) -> String {
  var digits = Array(String(count.magnitude))
  var index = digits.count - 3
  while index > 0 {
    digits.insert(",", at: index)
    index -= 3
  }
  return (count < 0 ? "-" : "") + String(digits)
}

/// A size with its unit.
func bytes(_ count: Int) -> String {
  var value = Double(count)
  for unit in ["B", "KB", "MB", "GB"] {
    if value < 1_000 || unit == "GB" {
      if unit == "B" { return "\(count) B" }
      let tenths = Int((value * 10).rounded())
      return "\(grouped(tenths / 10)).\(tenths % 10) \(unit)"
    }
    value /= 1_000
  }
  return "\(count) B"
}
