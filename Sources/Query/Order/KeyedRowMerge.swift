import Bytes
import Glibc

/// Files with interleaved rows, which are read together in bounded memory.
struct MergeTask: Sendable {
  /// Units of sorted files, one list per file.
  var sorted: [[ScanUnit]] = []
  /// Units of files that are not sorted as the output is.
  var unsorted: [ScanUnit] = []

  var units: [ScanUnit] { sorted.flatMap { $0 } + unsorted }
}

/// Merges the rows of a task into the output.
package struct KeyedRowMerge {
  /// Files read at once; beyond that, files are sorted through the spill file, since each open file holds a
  /// decoded page of every column.
  static let fileCountMax = 24
  /// Rows that all cursors together hold.
  static let rowCountMax = 131_072
  static let outputByteCount = 1 << 20

  let shape: ScanShape
  let encoder: KeyEncoder
  /// Bytes of rows that are sorted in memory.
  let memory: Int
  let spillFolder: String

  func run(_ task: MergeTask, _ turn: inout OrderedOutput.Turn) throws {
    var task = task
    if task.sorted.count > Self.fileCountMax {
      task.unsorted += task.sorted.flatMap { $0 }
      task.sorted = []
    }
    var cursors: [KeyedRowCursor] = []
    let blockRowCount = Swift.max(
      1_024, Self.rowCountMax / Swift.max(task.sorted.count, 1))
    for units in task.sorted {
      cursors.append(
        UnitCursor(
          ordinal: cursors.count, units: units, blockRowCount: blockRowCount,
          source: KeyedRowReader(shape, encoder)))
    }
    try sort(task.unsorted, into: &cursors)
    try merge(cursors, &turn)
  }

  private func sort(_ units: [ScanUnit], into cursors: inout [KeyedRowCursor]) throws {
    if units.isEmpty { return }
    let source = KeyedRowReader(shape, encoder)
    let rows = KeyedRows()
    var spill: KeyedRowSpill?
    var runs: [Range<Int>] = []
    for unit in units {
      var start = unit.rows.lowerBound
      while start < unit.rows.upperBound {
        var piece = unit
        piece.rows = start..<Swift.min(start + 16_384, unit.rows.upperBound)
        start = piece.rows.upperBound
        try source.append(piece, to: rows)
        if rows.byteCount >= memory {
          let file = try spill ?? KeyedRowSpill(folder: spillFolder)
          spill = file
          runs.append(try file.append(rows))
          rows.removeAll()
        }
      }
    }
    if let spill {
      let share = Swift.min(1 << 20, Swift.max(64 << 10, memory / (runs.count + 1)))
      for range in runs {
        cursors.append(
          SpillCursor(
            ordinal: cursors.count, file: spill, range: range, bufferByteCount: share))
      }
    }
    if rows.count > 0 { cursors.append(MemoryCursor(ordinal: cursors.count, rows: rows)) }
  }

  /// - Parameter skipping: Rows from the first that are not written.
  func merge(
    _ cursors: [KeyedRowCursor], skipping: Int = 0, _ turn: inout OrderedOutput.Turn
  ) throws {
    var heap = try CursorHeap(cursors)
    for _ in 0..<skipping where heap.first != nil { try heap.advanceFirst() }
    // Two, since the output copies one block while the next is filled.
    var blocks = (ByteBuffer(capacity: 2 * Self.outputByteCount), ByteBuffer())
    var rowCount = 0
    var room = turn.room(for: .max)
    while let cursor = heap.first {
      if rowCount == room { break }
      blocks.0.append(cursor.text)
      rowCount += 1
      try heap.advanceFirst()
      if blocks.0.count >= Self.outputByteCount {
        try turn.append(blocks.0.bytes, rowCount: rowCount)
        swap(&blocks.0, &blocks.1)
        blocks.0.removeAll()
        rowCount = 0
        room = turn.room(for: .max)
        if turn.isOver { return }
      }
    }
    try turn.append(blocks.0.bytes, rowCount: rowCount)
    try turn.settle()
  }
}

/// A heap of cursors; the one with the first row is on top.
struct CursorHeap {
  private var cursors: [KeyedRowCursor] = []

  init(_ cursors: [KeyedRowCursor]) throws {
    for cursor in cursors where try cursor.advance() { self.cursors.append(cursor) }
    var index = self.cursors.count / 2
    while index > 0 {
      index -= 1
      sink(index)
    }
  }

  var first: KeyedRowCursor? { cursors.first }

  mutating func advanceFirst() throws {
    if try !cursors[0].advance() {
      cursors[0] = cursors[cursors.count - 1]
      cursors.removeLast()
    }
    sink(0)
  }

  private mutating func sink(_ start: Int) {
    var index = start
    while true {
      var least = index
      for child in (2 * index + 1)...(2 * index + 2) where child < cursors.count {
        if cursors[child].isBefore(cursors[least]) { least = child }
      }
      if least == index { return }
      cursors.swapAt(index, least)
      index = least
    }
  }
}
