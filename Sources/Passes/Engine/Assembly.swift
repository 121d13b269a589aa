import Bytes
import Columnar

/// A complete date on its way into a segment: its symbols in order, and which of their rows stay.
struct Assembly {
  let partition: PartitionRows
  let texts: ByteColumn
  let plan: RowPlan
  let rowPool: RowPool
  /// Slots in the order of their symbols' bytes.
  let order: [Int]
  /// Rows of each symbol that will be stored, early groups included, by place in `order`.
  private(set) var counts: [Int]
  private(set) var repeatCount = 0
  private(set) var conflicts: [KeyConflict] = []
  /// Rows that stay, by place, where some do not.
  private var kept: [Int: [UnsafeRawPointer]] = [:]
  /// Copies of spilled rows that `kept` points into.
  private var copies: [ByteBuffer] = []

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

  /// Drops rows whose key is there already.
  mutating func filterKeys(keyColumns: [String], stored lookup: StoredLookup) throws {
    let stored = try storedContent(lookup)
    let digest = RowDigest(columns: plan.columns, keyColumns: keyColumns, texts: texts)
    for place in order.indices {
      let symbol = partition.symbols[order[place]]
      let mayRepeat =
        symbol.hasEqualIndex || !symbol.isOrdered || !symbol.fragments.isEmpty || !stored.isEmpty
      if !mayRepeat { continue }
      var filter = KeyFilter(digest: digest, stored: stored)
      let rows = filter.kept(try pointers(place), order: plan.order)
      repeatCount += filter.repeatCount
      for row in filter.conflicts {
        conflicts.append(
          KeyConflict(
            row: Array(UnsafeRawBufferPointer(start: row, count: plan.layout.stride)),
            timestamp: plan.order.index(row), symbol: texts[Int(symbol.code)]))
      }
      if rows.count != counts[place] {
        kept[place] = rows
        counts[place] = rows.count
      }
    }
  }

  private func storedContent(_ lookup: StoredLookup) throws -> [Fingerprint: Fingerprint] {
    guard let low = order.first, let high = order.last else { return [:] }
    var earliest = Int64.max
    var latest = Int64.min
    for slot in order {
      let symbol = partition.symbols[slot]
      earliest = min(earliest, symbol.earliest)
      latest = max(latest, symbol.last.index)
    }
    if earliest > latest { return [:] }
    return try lookup.contentByKey(
      day: partition.day,
      symbols: texts[Int(partition.symbols[low].code)]...texts[Int(partition.symbols[high].code)],
      times: earliest...latest)
  }

  /// Pointers to all rows of a symbol, in order. Keyed tables have few rows a symbol and date.
  private mutating func pointers(_ place: Int) throws -> [UnsafeRawPointer] {
    let slot = order[place]
    let stride = plan.layout.stride
    if partition.symbols[slot].fragments.isEmpty {
      let rows = partition.symbols[slot].run.pointers(stride: stride)
      return partition.symbols[slot].isOrdered ? rows : plan.order.sorted(rows)
    }
    let copy = ByteBuffer(capacity: partition.symbols[slot].rowCount * stride)
    try RowMerge.forEachSpan(partition.symbols[slot], order: plan.order, stride: stride) {
      copy.append($0, $1 * stride)
    }
    copies.append(copy)
    return (0..<copy.count / stride).map { UnsafeRawPointer(copy.base) + $0 * stride }
  }

  /// The rows of a symbol that stay, in order, without its early groups.
  func forEachSpan(_ place: Int, _ body: (UnsafeRawPointer, Int) throws -> Void) throws {
    if let rows = kept[place] {
      for row in rows { try body(row, 1) }
      return
    }
    try RowMerge.forEachSpan(
      partition.symbols[order[place]], order: plan.order, stride: plan.layout.stride, body)
  }

  /// Whether all rows that stay lie in memory in their order, so that several threads may read them.
  var isStoredInOrder: Bool {
    kept.isEmpty
      && order.allSatisfy { slot in
        partition.symbols[slot].isOrdered && partition.symbols[slot].fragments.isEmpty
      }
  }

  /// The rows of a symbol as they lie in memory, without its early groups; only where
  /// `isStoredInOrder`.
  func forEachStoredSpan(_ place: Int, _ body: (UnsafeRawPointer, Int) -> Void) {
    partition.symbols[order[place]].run.forEachSpan(body)
  }

  /// Whether the spans of a symbol's rows last only as long as the call that hands them over.
  func isTransient(_ place: Int) -> Bool {
    kept[place] == nil && !partition.symbols[order[place]].fragments.isEmpty
  }

  /// Gives a symbol's memory back.
  func release(_ place: Int) {
    let symbol = partition.symbols + order[place]
    rowPool.give(symbol.pointee.takeRun().chunks)
  }
}
