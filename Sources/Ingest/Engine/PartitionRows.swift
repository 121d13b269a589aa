import CKernels
import Tables

/// The rows of one symbol on one date that are still in memory.
package struct SymbolRows {
  /// Maintained by `lake_route_rows`; must come first, as it is found at the symbol's address.
  private(set) var head: lake_symbol_head
  private var chunks: [UnsafeMutableRawPointer] = []
  /// The least index timestamp.
  private(set) var earliest = Int64.max
  /// Whether rows arrived in order so far.
  private(set) var isOrdered = true
  /// Full row groups that were encoded before the date was complete.
  private(set) var earlyGroupCount = 0
  private(set) var lastEarly = SortKey.lowest
  /// Rows of this symbol in spill files.
  package var fragments: [SpillFragment] = []

  /// - Parameter code: Of the symbol, in the source's table of texts.
  package init(code: UInt32) {
    head = lake_symbol_head(
      next: nil, room: 0, row_count: 0, last_index: SortKey.lowest.index,
      last_sequence: SortKey.lowest.sequence, code: code, has_equal_index: 0)
  }

  var code: UInt32 { head.code }
  /// The greatest key so far.
  var last: SortKey { SortKey(index: head.last_index, sequence: head.last_sequence) }
  /// Whether two rows have the same index timestamp: only then can a key repeat.
  var hasEqualIndex: Bool { head.has_equal_index != 0 }
  /// The rows in memory.
  package var run: RowRun { RowRun(chunks: chunks, rowCount: head.row_count) }
  var rowCount: Int { head.row_count + fragments.reduce(0) { $0 + $1.rowCount } }
  /// Whether the rows in memory are a full row group.
  var isFull: Bool { head.row_count == RowGroupCuts.groupRowMax }

  /// Memory for a row with `key`.
  @inline(__always)
  package mutating func append(_ key: SortKey, from pool: RowPool) -> UnsafeMutableRawPointer {
    if key.index < earliest { earliest = key.index }
    if key.index > head.last_index {
      (head.last_index, head.last_sequence) = (key.index, key.sequence)
    } else {
      takeOutOfTurn(key)
    }
    if head.room == 0 { grow(pool) }
    head.room &-= 1
    head.row_count &+= 1
    guard let index = head.next else { preconditionFailure("a chunk was just taken") }
    head.next = index + pool.stride
    return UnsafeMutableRawPointer(index)
  }

  /// Adds a row that is not after all earlier ones.
  private mutating func takeOutOfTurn(_ key: SortKey) {
    if key < last { isOrdered = false }
    if key.index == head.last_index { head.has_equal_index = 1 }
    if last < key { (head.last_index, head.last_sequence) = (key.index, key.sequence) }
  }

  private mutating func grow(_ pool: RowPool) {
    let chunk = pool.take(chunkIndex: chunks.count)
    head.next = chunk.assumingMemoryBound(to: UInt8.self)
    head.room = RowPool.rowCount(chunkIndex: chunks.count)
    chunks.append(chunk)
  }

  /// Moves out the rows in memory; the figures about all rows stay.
  @discardableResult
  package mutating func takeRun() -> RowRun {
    let taken = run
    chunks = []
    (head.next, head.room, head.row_count) = (nil, 0, 0)
    return taken
  }

  /// Moves out a full row group, to be encoded before the date is complete.
  mutating func takeEarlyGroup() -> RowRun {
    earlyGroupCount += 1
    lastEarly = last
    return takeRun()
  }
}

/// The rows of one partition of one table, as they arrive from one source.
final class PartitionRows {
  /// First day of its period, days since 1970.
  let day: Int
  private(set) var symbols: UnsafeMutablePointer<SymbolRows>
  private(set) var symbolCount = 0
  private var capacity = 32
  private var slots: [UInt32: Int] = [:]
  var rowCount = 0
  /// Columns without a value so far; nil if the source's format determines its columns.
  var blanks: BlankColumns?

  init(day: Int) {
    self.day = day
    symbols = .allocate(capacity: capacity)
  }

  deinit {
    symbols.deinitialize(count: symbolCount)
    symbols.deallocate()
  }

  /// The index of a symbol in `symbols`, which is added if new.
  func slot(code: UInt32) -> Int {
    if let slot = slots[code] { return slot }
    if symbolCount == capacity {
      let grown = UnsafeMutablePointer<SymbolRows>.allocate(capacity: capacity * 2)
      grown.moveInitialize(from: symbols, count: symbolCount)
      symbols.deallocate()
      symbols = grown
      capacity *= 2
    }
    (symbols + symbolCount).initialize(to: SymbolRows(code: code))
    slots[code] = symbolCount
    symbolCount += 1
    return symbolCount - 1
  }
}
