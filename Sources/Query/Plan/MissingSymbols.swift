import Bytes
import Columnar

/// Finds requested symbols that have no row in the query's range, whatever its other conditions.
///
/// Checks bounds first; symbols of a row group are read only if they leave the question open.
struct MissingSymbols {
  private let plan: QueryPlan
  private let column: Int
  private var missing: Set<String>

  /// - Returns: nil if fewer than two symbols are requested: then the answer's rows, or `EmptyAnswer`, tell.
  init?(_ request: QueryRequest, _ table: QueryTable) throws {
    missing = Set(request.symbols)
    guard missing.count > 1, let column = table.symbolColumn else { return nil }
    self.column = column
    var probe = request
    probe.filter = nil
    probe.columns = []
    probe.limit = nil
    plan = try QueryPlan(probe, table)
  }

  /// - Parameter isInterrupted: Polled per file; if true, no symbols are returned.
  mutating func find(isInterrupted: () -> Bool) throws -> [String] {
    let reader = UnitReader(columns: plan.table.columns)
    let mask = FilterMask(columns: plan.table.columns)
    let selected = ByteBuffer()
    for (ordinal, file) in plan.files.enumerated() {
      if missing.isEmpty || isInterrupted() { return [] }
      var planner = planner()
      let open = try OpenFile(file, ordinal: ordinal)
      var report = SkipReport()
      for rowGroup in open.segment.rowGroupRowCounts.indices where !missing.isEmpty {
        for unit in try planner.units(of: open, rowGroup: rowGroup, report: &report) {
          try reader.begin(unit)
          let count = try mask.select(
            unit.filter, rowCount: unit.rows.count, without: unit.deletions, into: selected,
            read: reader.read)
          if count == 0 { continue }
          let before = missing.count
          note(try reader.read(column).main, selected, count)
          // Pages that hold only symbols found by now need not be read any more.
          if missing.count < before { planner = self.planner() }
          if missing.isEmpty { break }
        }
      }
      reader.end()
    }
    return missing.sorted()
  }

  private func planner() -> UnitPlanner {
    let leaf = Filter.Leaf(
      column: column, test: .bytes(BytesTest(values: missing.map { Array($0.utf8) })),
      text: "symbol")
    return UnitPlanner(
      columns: plan.table.columns, projection: [column],
      filter: .conjunction([.leaf(leaf), plan.filter]))
  }

  private mutating func note(_ vector: ColumnVector, _ selected: ByteBuffer, _ count: Int) {
    guard vector.form == .codes || vector.form == .bytes else { return }
    let rows = UnsafeRawPointer(selected.base).assumingMemoryBound(to: Int32.self)
    var last = -1
    for index in 0..<count {
      var entry = vector.isConstant ? 0 : Int(rows[index])
      if vector.form == .codes {
        guard let codes = vector.values?.assumingMemoryBound(to: Int32.self) else { return }
        entry = Int(codes[entry])
        if entry == last { continue }
        last = entry
      }
      missing.remove(String(decoding: vector.entry(entry), as: UTF8.self))
      if missing.isEmpty { return }
    }
  }
}
