import Bytes

/// Reads, filters and formats the units of a plan on several threads.
struct TextScan: Sendable {
  let columns: [QueryColumn]
  let projection: [Int]
  let layout: RowLayoutKind
  let source: UnitSource
  let output: OrderedOutput
  /// Polled between units: true when the person wants it to stop.
  let isInterrupted: @Sendable () -> Bool

  func run(width: Int) throws {
    try output.writeHeader(RowText.header(projection.map { columns[$0] }, layout: layout))
    try Parallel.forEach(width, width: width) { _ in
      do {
        try work()
      } catch {
        source.stop()
        output.close()
        throw error
      }
    }
  }

  private func work() throws {
    let reader = UnitReader(columns: columns)
    let mask = FilterMask(columns: columns)
    let text = RowText(columns: projection.map { columns[$0] }, layout: layout)
    let selected = ByteBuffer()
    while output.wantsMore, !isInterrupted(), let (number, item) = try source.next() {
      guard case .unit(let unit) = item else { continue }
      try reader.begin(unit)
      let pick = try pick(unit, reader, mask, selected)
      var readings: [ColumnReading] = []
      if pick.count > 0 { readings = try projection.map { try reader.read($0) } }
      text.format(readings, pick)
      let outcome = try output.write(number, rowCount: pick.count, text.out) { rows in
        var fewer = pick
        fewer.count = rows
        text.format(readings, fewer)
      }
      if case .stop = outcome { break }
    }
    if !output.wantsMore || isInterrupted() { source.stop() }
    reader.end()
  }

  private func pick(
    _ unit: ScanUnit, _ reader: UnitReader, _ mask: FilterMask, _ selected: ByteBuffer
  ) throws -> RowPick {
    if unit.filter == .everything { return RowPick(first: 0, count: unit.rows.count) }
    let count = try mask.select(
      unit.filter, rowCount: unit.rows.count, into: selected, read: { try reader.read($0) })
    let rows = UnsafePointer(selected.base.assumingMemoryBound(to: Int32.self))
    // Rows without a gap, as those of one symbol are, need no list.
    if count > 0, Int(rows[count - 1] - rows[0]) == count - 1 {
      return RowPick(first: Int(rows[0]), count: count)
    }
    return RowPick(rows: rows, count: count)
  }
}
