import Bytes
import Platform
import Synchronization

/// Counts the rows of a plan, and decodes only columns that the filter tests.
struct RowCount: Sendable {
  private let plan: QueryPlan
  private let isInterrupted: @Sendable () -> Bool

  init(_ plan: QueryPlan, isInterrupted: @escaping @Sendable () -> Bool) {
    self.plan = plan
    self.isInterrupted = isInterrupted
  }

  /// - Returns: nil if it was stopped.
  func run(width: Int) throws -> Int? {
    let source = UnitSource(plan, files: plan.files, projection: [])
    let shape = ScanShape(columns: plan.table.columns, projection: [], layout: .csv)
    let total = Mutex(0)
    try Parallel.forEach(width, width: width) { _ in
      let reader = UnitReader(columns: shape.columns)
      let mask = FilterMask(columns: shape.columns)
      let selected = ByteBuffer()
      var count = 0
      while !isInterrupted(), let (_, item) = try source.next() {
        for unit in item.units {
          if unit.filter == .everything {
            count += unit.rows.count - (unit.deletions?.count ?? 0)
          } else {
            try reader.begin(unit)
            count += try shape.pick(unit, reader, mask, selected).count
          }
        }
      }
      total.withLock { $0 += count }
    }
    return isInterrupted() ? nil : total.withLock { $0 }
  }
}
