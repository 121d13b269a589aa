import Bytes

/// The rows of one symbol on one date, in order, from memory and from spill files.
///
/// Spilled rows arrived before those in memory, and fragments are listed in order of arrival, so ties go to the
/// earlier fragment, and memory comes last.
package enum RowMerge {
  /// Rows of a span of spilled rows at most.
  static let spanRowMax = 256

  /// Calls `body` with spans of rows `stride` bytes apart, in order. Spans of a symbol with spilled rows are
  /// valid only during the call.
  package static func forEachSpan(
    _ symbol: borrowing SymbolRows, order: RowOrder, stride: Int,
    _ body: (UnsafeRawPointer, Int) throws -> Void
  ) throws {
    if symbol.fragments.isEmpty {
      if symbol.isOrdered {
        try symbol.run.forEachSpan(body)
      } else {
        for row in order.sorted(symbol.run.pointers(stride: stride)) { try body(row, 1) }
      }
      return
    }
    var memory = symbol.run.pointers(stride: stride)
    if !symbol.isOrdered { memory = order.sorted(memory) }
    // Rows of several blocks interleave, so they are copied into spans.
    let span = ByteBuffer(capacity: spanRowMax * stride)
    try merge(symbol.fragments, memory, order) { row in
      span.append(row, stride)
      if span.count == spanRowMax * stride {
        try body(UnsafeRawPointer(span.base), spanRowMax)
        span.removeAll()
      }
    }
    if span.count > 0 { try body(UnsafeRawPointer(span.base), span.count / stride) }
  }

  private static func merge(
    _ fragments: [SpillFragment], _ memory: [UnsafeRawPointer], _ order: RowOrder,
    _ body: (UnsafeRawPointer) throws -> Void
  ) throws {
    if isConcatenation(fragments, memory, order) {
      for fragment in fragments {
        var cursor = try FragmentCursor(fragment)
        while let row = cursor.row {
          try body(row)
          try cursor.advance()
        }
      }
      for row in memory { try body(row) }
      return
    }
    var cursors = try fragments.map { try FragmentCursor($0) }
    var memoryAt = 0
    // A heap of (key, source); the source breaks ties in order of arrival.
    var heap = SourceHeap()
    for (source, cursor) in cursors.enumerated() {
      if let row = cursor.row { heap.push(order.key(row), source) }
    }
    if let row = memory.first { heap.push(order.key(row), cursors.count) }
    while let source = heap.top {
      if source == cursors.count {
        try body(memory[memoryAt])
        memoryAt += 1
        heap.replaceTop(memoryAt < memory.count ? order.key(memory[memoryAt]) : nil)
      } else {
        if let row = cursors[source].row { try body(row) }
        try cursors[source].advance()
        heap.replaceTop(cursors[source].row.map(order.key))
      }
    }
  }

  /// Whether every part ends before the next one begins.
  private static func isConcatenation(
    _ fragments: [SpillFragment], _ memory: [UnsafeRawPointer], _ order: RowOrder
  ) -> Bool {
    for (left, right) in zip(fragments, fragments.dropFirst()) where right.first < left.last {
      return false
    }
    guard let last = fragments.last?.last, let row = memory.first else { return true }
    return !(order.key(row) < last)
  }
}

/// A binary heap of sources by the key of their next row.
private struct SourceHeap {
  private var entries: [(key: SortKey, source: Int)] = []

  var top: Int? { entries.first?.source }

  mutating func push(_ key: SortKey, _ source: Int) {
    entries.append((key, source))
    var at = entries.count - 1
    while at > 0, precedes(at, (at - 1) / 2) {
      entries.swapAt(at, (at - 1) / 2)
      at = (at - 1) / 2
    }
  }

  /// Sets the next key of the top source, or removes the source.
  mutating func replaceTop(_ key: SortKey?) {
    if let key {
      entries[0].key = key
    } else {
      let last = entries.removeLast()
      if entries.isEmpty { return }
      entries[0] = last
    }
    var at = 0
    while true {
      let left = 2 * at + 1
      if left >= entries.count { return }
      let right = left + 1
      let least = right < entries.count && precedes(right, left) ? right : left
      if !precedes(least, at) { return }
      entries.swapAt(least, at)
      at = least
    }
  }

  private func precedes(_ left: Int, _ right: Int) -> Bool {
    let (a, b) = (entries[left], entries[right])
    return a.key == b.key ? a.source < b.source : a.key < b.key
  }
}
