import Bytes

/// What a thread needs to turn units into rows.
struct ScanShape: Sendable {
  let columns: [QueryColumn]
  /// Columns of the answer, in order.
  let projection: [Int]
  let layout: RowLayoutKind

  /// The rows of a unit that its filter selects, as indexes from the unit's first row.
  func pick(
    _ unit: ScanUnit, _ reader: UnitReader, _ mask: FilterMask, _ selected: ByteBuffer
  ) throws -> RowPick {
    let deletions = unit.deletions
    if unit.filter == .everything, deletions == nil {
      return RowPick(first: 0, count: unit.rows.count)
    }
    let count = try mask.select(
      unit.filter, rowCount: unit.rows.count, without: deletions, into: selected,
      read: { try reader.read($0) })
    let rows = UnsafePointer(selected.base.assumingMemoryBound(to: Int32.self))
    // Rows without a gap, like those of one symbol, need no list.
    if count > 0, Int(rows[count - 1] - rows[0]) == count - 1 {
      return RowPick(first: Int(rows[0]), count: count)
    }
    return RowPick(rows: rows, count: count)
  }
}

extension RowPick {
  /// The row number at a position.
  @inline(__always)
  func row(_ index: Int) -> Int { rows.map { Int($0[index]) } ?? first &+ index }
}
