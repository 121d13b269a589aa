/// Bars in memory, column by column, in the order of their source. The memory is reused.
///
/// Times are nanoseconds since 1970 UTC. Prices are unscaled: 64 bits wide at 10^-9, or 128 bits at 10^-18 where a source's
/// prices need them. A volume keeps the unit of its source; where that is a decimal of 128 bits, the batch is wide.
package final class BarBatch {
  /// Values that a row may lack: bits of its `flags`.
  package enum Flag {
    /// A publisher.
    package static let publisher: UInt8 = 1
    /// All four prices.
    package static let price: UInt8 = 2
    /// A volume.
    package static let volume: UInt8 = 4
    /// All of these.
    package static let all: UInt8 = 7
  }

  /// Prices and volumes at one of the two widths.
  package struct Values<Value: FixedWidthInteger> {
    /// The first price.
    package let open: UnsafeMutablePointer<Value>
    /// The highest price.
    package let high: UnsafeMutablePointer<Value>
    /// The lowest price.
    package let low: UnsafeMutablePointer<Value>
    /// The last price.
    package let close: UnsafeMutablePointer<Value>
    /// The quantity traded.
    package let volume: UnsafeMutablePointer<Value>

    fileprivate init(_ memory: UnsafeMutableRawPointer, _ stride: Int) {
      func column(_ index: Int) -> UnsafeMutablePointer<Value> {
        (memory + index * stride).assumingMemoryBound(to: Value.self)
      }
      open = column(0)
      high = column(1)
      low = column(2)
      close = column(3)
      volume = column(4)
    }
  }

  /// Bytes between the columns, so that equal row indexes of all columns do not map to the same cache set.
  private static let gapByteCount = 576
  private static let valueColumnCount = 5

  private var memory = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
  private var wideMemory = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
  private var capacity = 0
  private var wideCapacity = 0
  private var stride = 0
  private var wideStride = 0

  /// Rows that are valid in all columns.
  package var count = 0
  /// Whether `wide` holds prices and volumes, and not `narrow`.
  package var isWide = false
  /// Whether some row lacks a value; only then are `flags` valid.
  package private(set) var hasMissing = false
  /// The number of the first row in its source, from 1, where rows follow each other without a gap.
  package var firstRow = 1
  /// Numbers of the rows in their source, from 1, where some in between are left out.
  package var rowNumbers: [Int]?

  /// An empty batch.
  package init() {}

  deinit {
    memory.deallocate()
    wideMemory.deallocate()
  }

  private func column(_ index: Int) -> UnsafeMutablePointer<Int64> {
    (memory + index &* stride).assumingMemoryBound(to: Int64.self)
  }

  /// Start of the bar.
  package var time: UnsafeMutablePointer<Int64> { column(Self.valueColumnCount) }
  /// The publisher; 0 where there is none.
  package var publisher: UnsafeMutablePointer<Int64> { column(Self.valueColumnCount + 1) }
  /// The symbol, as a code of the source.
  package var symbol: UnsafeMutablePointer<Int32> {
    (memory + (Self.valueColumnCount + 2) &* stride).assumingMemoryBound(to: Int32.self)
  }
  /// See `Flag`. Valid only with `hasMissing`.
  package var flags: UnsafeMutablePointer<UInt8> {
    (memory + (Self.valueColumnCount + 2) &* stride + capacity &* 4)
      .assumingMemoryBound(to: UInt8.self)
  }
  /// Valid unless `isWide`.
  package var narrow: Values<Int64> { Values(memory, stride) }
  /// Valid only with `isWide`.
  package var wide: Values<Int128> { Values(wideMemory, wideStride) }

  /// Empties the batch and makes room for `rowCount` rows.
  package func removeAll(reserving rowCount: Int, isWide: Bool) {
    count = 0
    hasMissing = false
    rowNumbers = nil
    self.isWide = isWide
    if rowCount > capacity {
      memory.deallocate()
      capacity = rowCount
      stride = rowCount * 8 + Self.gapByteCount
      memory = .allocate(
        byteCount: (Self.valueColumnCount + 2) * stride + rowCount * 5, alignment: 16)
    }
    if isWide, rowCount > wideCapacity {
      wideMemory.deallocate()
      wideCapacity = rowCount
      wideStride = rowCount * 16 + Self.gapByteCount
      wideMemory = .allocate(byteCount: Self.valueColumnCount * wideStride, alignment: 16)
    }
  }

  /// Gives `rowCount` rows flags, before the first one that lacks a value.
  package func beginMissing(_ rowCount: Int) {
    if hasMissing { return }
    flags.update(repeating: Flag.all, count: rowCount)
    hasMissing = true
  }

  /// The flags of a row.
  package func flag(_ row: Int) -> UInt8 { hasMissing ? flags[row] : Flag.all }

  /// The number of a row in its source, from 1.
  package func rowNumber(_ row: Int) -> Int { rowNumbers?[row] ?? firstRow + row }
}

/// Bars of one file, or of the files of a partition, one batch after the other.
package protocol BarSource: AnyObject {
  /// As messages name it: a path, or the partition of a table.
  var name: String { get }
  /// Reads the next bars, replacing those in `batch`; false at the end.
  func next(into batch: BarBatch) throws -> Bool
  /// The symbol of a code.
  func symbolName(_ code: Int32) -> String
  /// Decimals of its volumes.
  var volumeScale: Int { get }
}
