/// Trades in memory, column by column, in the order of their source. The memory is reused.
///
/// Times are nanoseconds since 1970 UTC, prices unscaled at 10^-9, sizes in the source's unit.
package final class TradeBatch {
  /// What a trade may set of a bar: bits of its roles.
  package enum Role {
    /// It counts for the highest and the lowest price.
    package static let highLow: UInt8 = 1
    /// It may be the first or the last trade.
    package static let openClose: UInt8 = 2
    /// Its size is part of the volume.
    package static let volume: UInt8 = 4
    /// All of these, as nearly every trade does.
    package static let all: UInt8 = 7
  }

  private static let wideColumnCount = 6
  /// Bytes between the columns, so that equal row indexes of all columns do not map to the same cache set.
  private static let gapByteCount = 576

  private var memory = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
  private var stride = 0
  private var capacity = 0

  /// Rows that are valid in all columns.
  package var count = 0
  /// Whether `received` and `ordinal` are valid: trades of several files, whose order the two tell.
  package var hasTies = false
  /// Whether `roles` are valid: some trade does not set everything.
  package var hasRoles = false

  /// An empty batch.
  package init() {}

  deinit { memory.deallocate() }

  private func wide(_ index: Int) -> UnsafeMutablePointer<Int64> {
    (memory + index &* stride).assumingMemoryBound(to: Int64.self)
  }

  /// When it happened, by the clock that was asked for.
  package var time: UnsafeMutablePointer<Int64> { wide(0) }
  /// Orders trades of one time.
  package var sequence: UnsafeMutablePointer<Int64> { wide(1) }
  /// The price.
  package var price: UnsafeMutablePointer<Int64> { wide(2) }
  /// The quantity.
  package var size: UnsafeMutablePointer<Int64> { wide(3) }
  /// When it was received: orders trades of one time and sequence. Valid only with `hasTies`.
  package var received: UnsafeMutablePointer<Int64> { wide(4) }
  /// Orders trades that are equal in everything else. Valid only with `hasTies`.
  package var ordinal: UnsafeMutablePointer<Int64> { wide(5) }
  /// Whose bars it belongs to: an index from 0.
  package var series: UnsafeMutablePointer<Int32> {
    (memory + Self.wideColumnCount &* stride).assumingMemoryBound(to: Int32.self)
  }
  /// See `Role`. Valid only with `hasRoles`.
  package var roles: UnsafeMutablePointer<UInt8> {
    (memory + Self.wideColumnCount &* stride + capacity &* 4).assumingMemoryBound(to: UInt8.self)
  }

  /// Empties the batch and makes room for `rowCount` rows.
  package func removeAll(reserving rowCount: Int) {
    count = 0
    hasTies = false
    hasRoles = false
    if rowCount <= capacity { return }
    memory.deallocate()
    capacity = rowCount
    stride = rowCount * 8 + Self.gapByteCount
    memory = .allocate(byteCount: Self.wideColumnCount * stride + rowCount * 5, alignment: 16)
  }

  /// Copies a row to an earlier index.
  package func move(_ row: Int, to target: Int) {
    time[target] = time[row]
    sequence[target] = sequence[row]
    price[target] = price[row]
    size[target] = size[row]
    series[target] = series[row]
    if hasTies {
      received[target] = received[row]
      ordinal[target] = ordinal[row]
    }
    if hasRoles { roles[target] = roles[row] }
  }
}

/// Records of ticks, counted by what became of them.
package struct TradeTally: Hashable, Sendable {
  /// Records that were looked at.
  package var recordCount = 0
  /// Trades among them.
  package var tradeCount = 0
  /// Trades without a price or size, which are in no bar.
  package var undefinedCount = 0
  /// Trades whose time is undefined or on another date than that on which they were received: these count when they were
  /// received.
  package var undatedCount = 0
  /// Trades outside the sessions.
  package var outsideCount = 0
  /// Trades that the vendor's rules leave out of bars.
  package var excludedCount = 0

  /// Nothing counted yet.
  package init() {}

  /// Records that are no trades.
  package var quoteCount: Int { recordCount - tradeCount }

  /// Adds the figures of another part.
  package mutating func add(_ other: TradeTally) {
    recordCount += other.recordCount
    tradeCount += other.tradeCount
    undefinedCount += other.undefinedCount
    undatedCount += other.undatedCount
    outsideCount += other.outsideCount
    excludedCount += other.excludedCount
  }
}
