import Synchronization

/// A thread's next piece of work.
enum WorkItem: Sendable {
  case unit(ScanUnit)
  case merge(MergeTask)

  var units: [ScanUnit] {
    switch self {
    case .unit(let unit): [unit]
    case .merge(let task): task.units
    }
  }
}

/// Hands out the work of a plan in output order, opening files when they are reached.
final class UnitSource: Sendable {
  private let files: [TableFile]
  private let planner: UnitPlanner
  /// nil where the order does not matter.
  private let order: OrderPlanner?
  private let state: Mutex<State>

  private struct State {
    var nextFile = 0
    var nextNumber = 0
    /// A sorted file that is the only one of its partition, read row group by row group.
    var alone: OpenFile?
    var nextRowGroup = 0
    /// In reverse order.
    var pending: [WorkItem] = []
    var isStopped = false
    var report: SkipReport
  }

  init(_ plan: QueryPlan, _ shape: ScanShape) {
    files = plan.files
    planner = UnitPlanner(
      columns: plan.table.columns, projection: plan.projection, filter: plan.filter)
    order = OrderPlanner(plan.table, shape: shape, planner: planner)
    state = Mutex(State(report: plan.report))
  }

  /// Hands out the units of some files in any order, one file open at a time; the report is of these files.
  init(_ plan: QueryPlan, files: [TableFile], projection: [Int]) {
    self.files = files
    planner = UnitPlanner(
      columns: plan.table.columns, projection: projection, filter: plan.filter)
    order = nil
    state = Mutex(State(report: SkipReport()))
  }

  /// What was skipped so far.
  var report: SkipReport { state.withLock { $0.report } }

  /// Stops handing out work.
  func stop() { state.withLock { $0.isStopped = true } }

  /// The next work and its number in the output; nil at the end.
  func next() throws -> (number: Int, item: WorkItem)? {
    try state.withLock { state in
      while !state.isStopped {
        if let item = state.pending.popLast() {
          defer { state.nextNumber += 1 }
          return (state.nextNumber, item)
        }
        if let open = state.alone, state.nextRowGroup < open.segment.rowGroupRowCounts.count {
          let units = try planner.units(
            of: open, rowGroup: state.nextRowGroup, report: &state.report)
          state.pending = units.reversed().map { .unit($0) }
          state.nextRowGroup += 1
          continue
        }
        state.alone = nil
        if state.nextFile == files.count { return nil }
        try openGroup(&state)
      }
      return nil
    }
  }

  /// Opens the files of the next partition.
  private func openGroup(_ state: inout State) throws {
    let group = files[state.nextFile].group
    var open: [OpenFile] = []
    while state.nextFile < files.count, files[state.nextFile].group == group,
      order != nil || open.isEmpty
    {
      open.append(try OpenFile(files[state.nextFile], ordinal: state.nextFile))
      state.nextFile += 1
    }
    guard let order, open.count > 1 || !order.isSorted(open[0]) else {
      state.alone = open[0]
      state.nextRowGroup = 0
      return
    }
    state.pending = try order.items(open, report: &state.report).reversed()
  }
}
