/// Arranges the work on the files of one partition in output order.
struct OrderPlanner: Sendable {
  let shape: ScanShape
  let planner: UnitPlanner
  let encoder: KeyEncoder
  /// Names of the columns by which a file must be sorted.
  private let sortNames: [String]

  init(_ table: QueryTable, shape: ScanShape, planner: UnitPlanner) {
    self.shape = shape
    self.planner = planner
    encoder = KeyEncoder(table)
    // The writers of a lake's files sort by the whole order; `sorting_columns` names at least these. In a table
    // by month or year they do so within the period.
    let order = [table.storedDateColumn, table.symbolColumn, table.indexColumn]
    sortNames = order.compactMap { index in
      guard let index, case .file(let name) = table.columns[index].origin else { return nil }
      return name
    }
  }

  /// Whether rows of the file can be written in stored order.
  func isSorted(_ file: OpenFile) -> Bool {
    encoder.order.isEmpty || file.segment.isSorted(by: sortNames)
  }

  /// The work on all files of one partition.
  func items(_ files: [OpenFile], report: inout SkipReport) throws -> [WorkItem] {
    var sorted: [[ScanUnit]] = []
    var unsorted: [ScanUnit] = []
    for file in files {
      var units: [ScanUnit] = []
      for rowGroup in file.segment.rowGroupRowCounts.indices {
        units += try planner.units(of: file, rowGroup: rowGroup, report: &report)
      }
      if units.isEmpty { continue }
      if try isSorted(file) || KeyedRowReader(shape, encoder).areSorted(units) {
        sorted.append(units)
      } else {
        unsorted += units
      }
    }
    if encoder.order.isEmpty { return sorted.flatMap { $0 }.map { .unit($0) } }
    if !unsorted.isEmpty { return [.merge(MergeTask(sorted: sorted, unsorted: unsorted))] }
    if sorted.count == 1 { return sorted[0].map { .unit($0) } }
    return try clusters(sorted)
  }

  /// Splits the units of sorted files into clusters that do not overlap; the units of a cluster with one file
  /// need no merging.
  private func clusters(_ files: [[ScanUnit]]) throws -> [WorkItem] {
    struct Span {
      var file: Int
      var unit: ScanUnit
      var low: [UInt8]
      var high: [UInt8]
    }
    var spans: [Span] = []
    for (index, units) in files.enumerated() {
      for unit in units {
        let tables = try PageTables(unit, encoder, planner)
        // Nothing is known: it may overlap everything.
        let bounds = encoder.bounds(of: { tables.bounds($0) }) ?? (low: [], high: [0xFF])
        spans.append(Span(file: index, unit: unit, low: bounds.low, high: bounds.high))
      }
    }
    let order = spans.indices.sorted { left, right in
      if spans[left].low == spans[right].low { return left < right }
      return spans[left].low.lexicographicallyPrecedes(spans[right].low)
    }
    var items: [WorkItem] = []
    var run: [Int] = []
    var high: [UInt8] = []
    func close() {
      if run.isEmpty { return }
      var byFile: [Int: [ScanUnit]] = [:]
      for index in run.sorted() { byFile[spans[index].file, default: []].append(spans[index].unit) }
      if byFile.count == 1 {
        items += run.sorted().map { .unit(spans[$0].unit) }
      } else {
        let lists = byFile.sorted { $0.key < $1.key }.map(\.value)
        items.append(.merge(MergeTask(sorted: lists)))
      }
      run = []
    }
    for index in order {
      if !run.isEmpty, high.lexicographicallyPrecedes(spans[index].low) {
        close()
        high = []
      }
      run.append(index)
      if high.lexicographicallyPrecedes(spans[index].high) { high = spans[index].high }
    }
    close()
    return items
  }
}

/// Bounds of the rows of one unit.
private struct PageTables {
  private let unit: ScanUnit
  private let rowCount: Int
  private var tables: [Int: PageTable] = [:]
  private let planner: UnitPlanner

  init(_ unit: ScanUnit, _ encoder: KeyEncoder, _ planner: UnitPlanner) throws {
    self.unit = unit
    self.planner = planner
    rowCount = unit.file.segment.rowGroupRowCounts[unit.rowGroup]
    for index in encoder.order {
      tables[index] = try unit.file.segment.pages(
        rowGroup: unit.rowGroup, column: encoder.columns[index])
    }
  }

  func bounds(_ column: Int) -> FilterBounds? {
    tables[column]?.bounds(over: unit.rows, rowCount: rowCount)
      ?? planner.bounds(of: column, in: unit.file, rowGroup: unit.rowGroup, rowCount: rowCount)
  }
}
