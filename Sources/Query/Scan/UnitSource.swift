import Synchronization

/// Hands out the units of a plan in output order, opening files when their turn comes.
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

  init(files: [TableFile], planner: UnitPlanner, report: SkipReport) {
    self.files = files
    self.planner = planner
    state = Mutex(State(report: report))
  }

  var report: SkipReport { state.withLock { $0.report } }

  /// Hands out nothing any more.
  func stop() { state.withLock { $0.isStopped = true } }

  /// The next unit and its number in the output; nil at the end.
  func next() throws -> (number: Int, unit: ScanUnit)? {
    try state.withLock { state in
      while !state.isStopped {
        if let unit = state.pending.popLast() {
          defer { state.nextNumber += 1 }
          return (state.nextNumber, unit)
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
