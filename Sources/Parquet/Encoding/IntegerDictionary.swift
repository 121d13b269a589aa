import Bytes

/// Gives equal integers equal indices, in the order of their first appearance.
///
/// Integers of a small range are looked up in a table, others by hash.
final class IntegerDictionary {
  /// The widest range that is looked up in a table.
  static let directRangeMax: UInt64 = 1 << 16

  private let hashed = ValueDictionary<Int64>()
  private var table: [UInt32] = []
  private var direct: [Int64] = []
  private var least: Int64 = 0
  private var isDirect = false

  var count: Int { isDirect ? direct.count : hashed.count }

  /// Begins a dictionary for values between `min` and `max`, by signed order.
  func begin(min: Int64, max: Int64) {
    let range = UInt64(bitPattern: max &- min)
    isDirect = min <= max && range < Self.directRangeMax
    if isDirect {
      least = min
      direct.removeAll(keepingCapacity: true)
      let needed = Int(range) + 1
      if table.count < needed { table = [UInt32](repeating: 0, count: needed) }
      table.withUnsafeMutableBufferPointer { table in
        for index in 0..<needed { table[index] = 0 }
      }
    } else {
      hashed.removeAll()
    }
  }

  /// Writes the index of each value, adding new ones.
  ///
  /// - Returns: false when there are more than `entryCountMax` entries; the indices are then of no
  ///   use.
  func index(
    _ values: UnsafePointer<Int64>, _ valueCount: Int, into indices: UnsafeMutablePointer<UInt32>,
    entryCountMax: Int
  ) -> Bool {
    if !isDirect {
      return hashed.index(values, valueCount, into: indices, entryCountMax: entryCountMax)
    }
    let least = least
    table.withUnsafeMutableBufferPointer { table in
      guard let table = table.baseAddress else { return }
      for position in 0..<valueCount {
        let slot = Int(values[position] &- least)
        if table[slot] == 0 {
          direct.append(values[position])
          table[slot] = UInt32(truncatingIfNeeded: direct.count)
        }
        indices[position] = table[slot] &- 1
      }
    }
    return direct.count <= entryCountMax
  }

  /// Calls `body` with the entries, in the order of their indices.
  func withEntries(_ body: (UnsafePointer<Int64>) -> Void) {
    if !isDirect { return body(hashed.entries) }
    direct.withUnsafeBufferPointer { buffer in
      if let base = buffer.baseAddress { body(base) }
    }
  }
}
