import Bytes
import Platform
import Synchronization

/// Writes the rows of a plan in an order of the user's, or the last ones of the usual order.
///
/// Threads sort rows in memory, and write sorted runs to spill files where they do not fit; at the end all runs are
/// merged. If only some rows are wanted, each thread keeps no others. Rows that are equal in all terms keep the usual order
/// of files and rows, whatever the number of threads.
struct OrderedScan: Sendable {
  let plan: QueryPlan
  let shape: ScanShape
  let merge: KeyedRowMerge
  let isInterrupted: @Sendable () -> Bool

  /// What is kept of the rows.
  enum Kept: Equatable, Sendable {
    case all
    case first(Int)
    case last(Int)
  }

  private var kept: Kept {
    if let tail = plan.tail { return .last(tail) }
    return plan.limit.map { .first($0) } ?? .all
  }

  /// Writes the rows.
  ///
  /// - Parameter width: Threads.
  /// - Returns: What was skipped.
  func run(width: Int, into output: OrderedOutput) throws -> SkipReport {
    let sorted = try sorted(width: width)
    if isInterrupted() { return sorted.report }
    var skipped = 0
    if case .last(let count) = kept { skipped = max(0, sorted.rowCount - count) }
    _ = try output.inTurn(0) { try merge.merge(sorted.cursors, skipping: skipped, &$0) }
    return sorted.report
  }

  /// Sorted runs of the wanted rows, and maybe of others beyond them.
  ///
  /// - Parameter width: Threads.
  func sorted(
    width: Int
  ) throws -> (cursors: [KeyedRowCursor], rowCount: Int, report: SkipReport) {
    let runs = Mutex(SortedRuns())
    var report = plan.report
    for files in groups {
      let source = UnitSource(plan, files: files, projection: plan.projection)
      try Parallel.forEach(width, width: width) { _ in
        do {
          try sort(source, width, into: runs)
        } catch {
          source.stop()
          throw error
        }
      }
      report.add(source.report)
      if case .last(let count) = kept, runs.withLock({ $0.rowCount }) >= count { break }
      if isInterrupted() { break }
    }
    return runs.withLock { runs in
      let share = max(64 << 10, merge.memory / (runs.count + 1))
      return (runs.cursors(bufferByteCount: share), runs.rowCount, report)
    }
  }

  /// Files that may hold wanted rows: of the usual order's last rows, one partition after another from the end.
  private var groups: [[TableFile]] {
    guard plan.order.isEmpty else { return [plan.files] }
    let groups = Dictionary(grouping: plan.files, by: \.group)
    return groups.keys.sorted(by: >).map { groups[$0] ?? [] }
  }

  /// One thread's work: sorts the rows of units as long as there are any.
  private func sort(
    _ source: UnitSource, _ width: Int, into runs: borrowing Mutex<SortedRuns>
  ) throws {
    let reader = KeyedRowReader(
      shape, merge.encoder, plan.order.isEmpty ? .groupsAndRows : .rows)
    let share = max(1 << 20, merge.memory / width)
    var rows = KeyedRows()
    var spill: KeyedRowSpill?
    while !isInterrupted(), let (_, item) = try source.next() {
      for unit in item.units {
        var start = unit.rows.lowerBound
        while start < unit.rows.upperBound {
          var piece = unit
          piece.rows = start..<min(start + 16_384, unit.rows.upperBound)
          start = piece.rows.upperBound
          try reader.append(piece, to: rows)
          guard rows.byteCount >= share else { continue }
          rows.keep(kept)
          if rows.byteCount < share / 2 { continue }
          let file = try spill ?? KeyedRowSpill(folder: merge.spillFolder)
          spill = file
          let (range, count) = (try file.append(rows), rows.count)
          runs.withLock { $0.add(file, range, rowCount: count) }
          rows = KeyedRows()
        }
      }
    }
    rows.keep(kept)
    let sorted = rows
    runs.withLock { $0.add(sorted) }
  }
}

/// Sorted rows in memory and in spill files.
private struct SortedRuns: ~Copyable {
  private var inMemory: [KeyedRows] = []
  private var spilled: [(file: KeyedRowSpill, range: Range<Int>)] = []
  private(set) var rowCount = 0

  var count: Int { inMemory.count + spilled.count }

  mutating func add(_ rows: sending KeyedRows) {
    rowCount += rows.count
    if rows.count > 0 { inMemory.append(rows) }
  }

  mutating func add(_ file: KeyedRowSpill, _ range: Range<Int>, rowCount: Int) {
    self.rowCount += rowCount
    spilled.append((file, range))
  }

  func cursors(bufferByteCount: Int) -> [KeyedRowCursor] {
    var cursors: [KeyedRowCursor] = inMemory.enumerated().map {
      MemoryCursor(ordinal: $0.offset, rows: $0.element)
    }
    for (file, range) in spilled {
      cursors.append(
        SpillCursor(
          ordinal: cursors.count, file: file, range: range,
          bufferByteCount: min(1 << 20, bufferByteCount)))
    }
    return cursors
  }
}
