import Bytes
import Columnar

/// The order of packed rows of one symbol: by index timestamp, then by a second number if the schema has one (a
/// sequence, a publisher), then by arrival.
package struct RowOrder: Sendable {
  /// Offset of the index timestamp: nanoseconds, below 2^63 once a row has been checked.
  let indexOffset: Int
  /// An unsigned number of 16, 32 or 64 bits.
  let sequence: RowField?

  /// - Parameters:
  ///   - indexOffset: Bytes from the beginning of a packed row to its index timestamp.
  ///   - sequence: The second number of the sort order; nil where the schema has none.
  package init(indexOffset: Int, sequence: RowField?) {
    self.indexOffset = indexOffset
    self.sequence = sequence
  }

  /// Bytes of the second number; 0 where there is none.
  var sequenceByteCount: Int {
    switch sequence?.form {
    case nil: 0
    case .uint16: 2
    case .uint32: 4
    default: 8
    }
  }

  @inline(__always)
  func index(_ row: UnsafeRawPointer) -> Int64 { row.loadLE(indexOffset, as: Int64.self) }

  @inline(__always)
  func sequenceNumber(_ row: UnsafeRawPointer) -> UInt64 {
    guard let sequence else { return 0 }
    switch sequence.form {
    case .uint16: return UInt64(row.loadLE(sequence.offset, as: UInt16.self))
    case .uint32: return UInt64(row.loadLE(sequence.offset, as: UInt32.self))
    default: return row.loadLE(sequence.offset, as: UInt64.self)
    }
  }

  @inline(__always)
  func key(_ row: UnsafeRawPointer) -> SortKey {
    SortKey(index: index(row), sequence: sequenceNumber(row))
  }

  /// The rows in order; equal rows keep the order in which they are given.
  package func sorted(_ rows: [UnsafeRawPointer]) -> [UnsafeRawPointer] {
    let keys = rows.map(key)
    // Swift's sort is stable in practice but not by contract: the position decides.
    let indexes = Array(rows.indices).sorted { left, right in
      keys[left] == keys[right] ? left < right : keys[left] < keys[right]
    }
    return indexes.map { rows[$0] }
  }
}

/// The sort key of a row among those of its symbol.
package struct SortKey: Comparable, Sendable {
  /// Index timestamp in ns since 1970 UTC.
  package var index: Int64
  /// The second number of the sort order; 0 where there is none.
  package var sequence: UInt64

  /// The key of one row.
  package init(index: Int64, sequence: UInt64) {
    self.index = index
    self.sequence = sequence
  }

  static let lowest = SortKey(index: .min, sequence: 0)

  /// By index timestamp, then by sequence.
  @inline(__always)
  package static func < (left: SortKey, right: SortKey) -> Bool {
    left.index == right.index ? left.sequence < right.sequence : left.index < right.index
  }
}
