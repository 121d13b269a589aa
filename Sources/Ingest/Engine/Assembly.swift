import Columnar
import Tables

/// A complete date that is being assembled into a segment: its symbols in order, and which rows are stored.
struct Assembly {
  let partition: PartitionRows
  let texts: ByteColumn
  let plan: RowPlan
  let rowPool: RowPool
  /// Slots in the order of their symbols' bytes.
  let order: [Int]
  /// Rows of each symbol that will be stored, including early groups, by index in `order`.
  private(set) var counts: [Int]
  /// Rows that are left out, by index in `order`: bits of the symbol's rows, without its early groups.
  private var dropped: [Int: Bitmap] = [:]

  init(partition: PartitionRows, texts: ByteColumn, plan: RowPlan, rowPool: RowPool) {
    self.partition = partition
    self.texts = texts
    self.plan = plan
    self.rowPool = rowPool
    let names = (0..<partition.symbolCount).map { slot in
      Array(texts.bytes[texts.byteRange(Int(partition.symbols[slot].code))])
    }
    order = (0..<partition.symbolCount).sorted { names[$0].lexicographicallyPrecedes(names[$1]) }
    counts = order.map { slot in
      let symbol = partition.symbols[slot]
      return symbol.rowCount + symbol.earlyGroupCount * RowGroupCuts.groupRowMax
    }
  }

  var rowCount: Int { counts.reduce(0, +) }

  /// Leaves out rows that the table has already.
  mutating func leaveOut(_ merge: StoredMerge) throws {
    guard let low = order.first, let high = order.last else { return }
    var earliest = Int64.max
    var latest = Int64.min
    for slot in order {
      earliest = min(earliest, partition.symbols[slot].earliest)
      latest = max(latest, partition.symbols[slot].last.index)
    }
    if earliest > latest { return }
    // Rows under a fallback symbol may match those under any other.
    let isAny = order.contains { FallbackSymbol.isOne(name($0)) } || name(high) < name(low)
    try merge.open(times: earliest...latest, symbols: isAny ? nil : name(low)...name(high))
    if try merge.holdsInput() {
      for index in order.indices {
        let rowCount = partition.symbols[order[index]].rowCount
        dropped[index] = Bitmap(allOf: rowCount)
        counts[index] -= rowCount
        merge.leaveOut(rowCount: rowCount)
      }
      return
    }
    for index in order.indices {
      let slot = order[index]
      guard let rows = try merge.merge(partition.symbols[slot], name: name(slot)) else { continue }
      dropped[index] = rows
      counts[index] -= rows.setCount
    }
  }

  private func name(_ slot: Int) -> String { texts[Int(partition.symbols[slot].code)] }

  /// The rows of a symbol that are stored, in order, without its early groups.
  func forEachSpan(_ index: Int, _ body: (UnsafeRawPointer, Int) throws -> Void) throws {
    let stride = plan.layout.stride
    guard let dropped = dropped[index] else {
      try RowMerge.forEachSpan(
        partition.symbols[order[index]], order: plan.order, stride: stride, body)
      return
    }
    var row = 0
    try RowMerge.forEachSpan(
      partition.symbols[order[index]], order: plan.order, stride: stride
    ) { base, count in
      var first = 0
      for at in 0..<count where dropped[row + at] {
        if at > first { try body(base + first * stride, at - first) }
        first = at + 1
      }
      if count > first { try body(base + first * stride, count - first) }
      row += count
    }
  }

  /// Whether all stored rows are in memory and in order, so that several threads may read them.
  var isStoredInOrder: Bool {
    dropped.isEmpty
      && order.allSatisfy { slot in
        partition.symbols[slot].isOrdered && partition.symbols[slot].fragments.isEmpty
      }
  }

  /// The rows of a symbol in memory, without its early groups; only if `isStoredInOrder`.
  func forEachStoredSpan(_ index: Int, _ body: (UnsafeRawPointer, Int) -> Void) {
    partition.symbols[order[index]].run.forEachSpan(body)
  }

  /// Whether the spans of a symbol's rows are valid only during the call that passes them.
  func isTransient(_ index: Int) -> Bool { !partition.symbols[order[index]].fragments.isEmpty }

  /// Frees a symbol's memory.
  func release(_ index: Int) {
    let symbol = partition.symbols + order[index]
    rowPool.give(symbol.pointee.takeRun().chunks)
  }
}
