import Bytes
import Platform

/// Reads, filters, orders and formats the rows of a plan on several threads.
struct TextScan: Sendable {
  let shape: ScanShape
  let source: UnitSource
  let output: OrderedOutput
  let merge: KeyedRowMerge
  /// Polled between units: true if the scan should stop.
  let isInterrupted: @Sendable () -> Bool

  func run(width: Int) throws {
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
    let worker = UnitWorker(shape)
    while output.wantsMore, !isInterrupted(), let (number, item) = try source.next() {
      let outcome: OrderedOutput.Outcome
      switch item {
      case .unit(let unit): outcome = try worker.write(unit, number, to: output)
      case .merge(let task):
        outcome = try output.inTurn(number) { try merge.run(task, &$0) }
      }
      if case .stop = outcome { break }
    }
    if !output.wantsMore || isInterrupted() { source.stop() }
  }
}

/// Formats units, one after the other, on one thread.
private final class UnitWorker {
  private let shape: ScanShape
  private let reader: UnitReader
  private let mask: FilterMask
  private let text: RowText
  private let selected = ByteBuffer()

  init(_ shape: ScanShape) {
    self.shape = shape
    reader = UnitReader(columns: shape.columns)
    mask = FilterMask(columns: shape.columns)
    text = RowText(columns: shape.projection.map { shape.columns[$0] }, layout: shape.layout)
  }

  func write(
    _ unit: ScanUnit, _ number: Int, to output: OrderedOutput
  ) throws -> OrderedOutput.Outcome {
    try reader.begin(unit)
    let pick = try shape.pick(unit, reader, mask, selected)
    var readings: [ColumnReading] = []
    if pick.count > 0 { readings = try shape.projection.map { try reader.read($0) } }
    if pick.count == 0 {
      text.out.count = 0
      return try output.write(number, rowCount: 0, text.out) { _ in }
    }
    try text.begin(readings, pick)
    if !text.isOnePortion { return try writePortions(pick, number, to: output) }
    try text.reserve(text.bound)
    text.format(pick)
    return try output.write(number, rowCount: pick.count, text.out) { rows in
      var fewer = pick
      fewer.count = rows
      text.format(fewer)
    }
  }

  /// Writes rows with long texts, one portion after the other.
  private func writePortions(
    _ pick: RowPick, _ number: Int, to output: OrderedOutput
  ) throws -> OrderedOutput.Outcome {
    try output.inTurn(number) { turn in
      try text.formatPortions(pick) { portion in
        var portion = portion
        portion.count = turn.room(for: portion.count)
        text.format(portion)
        try turn.append(text.out.bytes, rowCount: portion.count)
        try turn.settle()
        return !turn.isOver
      }
    }
  }
}
