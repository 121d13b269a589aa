import Bytes
import Columnar

/// The rows of one symbol on one date that are still in memory.
struct SymbolRows {
  let code: UInt32
  var run = RowRun()
  var last = SortKey.lowest
  /// Least index timestamp.
  var earliest = Int64.max
  /// Rows arrived in order so far.
  var isOrdered = true
  /// Two rows share an index timestamp: only then can a key repeat.
  var hasEqualIndex = false
  /// Full row groups that were encoded before the date was complete, and where they end.
  var earlyGroupCount = 0
  var lastEarly = SortKey.lowest
  /// Rows of this symbol in spill files.
  var fragments: [SpillFragment] = []
  /// Intervals of this symbol and date that the table holds already; empty nearly always.
  var covered: [Range<Int64>] = []

  init(code: UInt32) { self.code = code }

  var rowCount: Int { run.rowCount + fragments.reduce(0) { $0 + $1.rowCount } }

  /// Room for a row with `key`.
  @inline(__always)
  mutating func append(_ key: SortKey, from pool: RowPool) -> UnsafeMutableRawPointer {
    if key.index < earliest { earliest = key.index }
    if key.index > last.index {
      last = key
    } else {
      takeOutOfTurn(key)
    }
    return run.append(from: pool)
  }

  /// A row that is not later than all before it.
  private mutating func takeOutOfTurn(_ key: SortKey) {
    if key < last { isOrdered = false }
    if key.index == last.index { hasEqualIndex = true }
    if last < key { last = key }
  }
}

/// The rows of one partition date of one table, as they arrive from one source.
final class PartitionRows {
  let day: Int
  private(set) var symbols: UnsafeMutablePointer<SymbolRows>
  private(set) var symbolCount = 0
  private var capacity = 32
  private var slots: [UInt32: Int] = [:]
  var rowCount = 0

  init(day: Int) {
    self.day = day
    symbols = .allocate(capacity: capacity)
  }

  deinit {
    symbols.deinitialize(count: symbolCount)
    symbols.deallocate()
  }

  /// The place of a symbol in `symbols`, new or known.
  func slot(code: UInt32, covered: () throws -> [Range<Int64>]) rethrows -> Int {
    if let slot = slots[code] { return slot }
    var fresh = SymbolRows(code: code)
    fresh.covered = try covered()
    if symbolCount == capacity {
      let grown = UnsafeMutablePointer<SymbolRows>.allocate(capacity: capacity * 2)
      grown.moveInitialize(from: symbols, count: symbolCount)
      symbols.deallocate()
      symbols = grown
      capacity *= 2
    }
    (symbols + symbolCount).initialize(to: fresh)
    slots[code] = symbolCount
    symbolCount += 1
    return symbolCount - 1
  }
}
