import Synchronization

/// What a thread does in one turn.
enum WorkItem: Sendable {
  case unit(ScanUnit)

  var units: [ScanUnit] {
    switch self {
    case .unit(let unit): [unit]
    }
  }
}

/// Hands out the work of a plan in output order, opening files when their turn comes.
final class UnitSource: Sendable {
  private let files: [TableFile]
  private let planner: UnitPlanner
  private let state: Mutex<State>

  private struct State {
    var nextFile = 0
    var nextNumber = 0
    var open: OpenFile?
    var nextRowGroup = 0
    var pending: [ScanUnit] = []
    var isStopped = false
    var report: SkipReport
  }

  init(_ plan: QueryPlan) {
    files = plan.files
    planner = UnitPlanner(
      columns: plan.table.columns, projection: plan.projection, filter: plan.filter)
    state = Mutex(State(report: plan.report))
  }

  /// What was skipped up to now.
  var report: SkipReport { state.withLock { $0.report } }

  /// Hands out nothing any more.
  func stop() { state.withLock { $0.isStopped = true } }

  /// The next work and its number in the output; nil at the end.
  func next() throws -> (number: Int, item: WorkItem)? {
    try state.withLock { state in
      while !state.isStopped {
        if let unit = state.pending.popLast() {
          defer { state.nextNumber += 1 }
          return (state.nextNumber, .unit(unit))
        }
        if let open = state.open, state.nextRowGroup < open.segment.rowGroupRowCounts.count {
          let units = try planner.units(
            of: open, rowGroup: state.nextRowGroup, report: &state.report)
          state.pending = units.reversed()
          state.nextRowGroup += 1
          continue
        }
        state.open = nil
        if state.nextFile == files.count { return nil }
        state.open = try OpenFile(files[state.nextFile], ordinal: state.nextFile)
        state.nextFile += 1
        state.nextRowGroup = 0
      }
      return nil
    }
  }
}
