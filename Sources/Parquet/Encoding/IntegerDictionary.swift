/// Gives equal integers equal indices, in the order of their first appearance.
///
/// Integers of a small range are looked up in a table, others by hash, with a cache for prices.
final class IntegerDictionary {
  /// The widest range that is looked up in a table.
  static let directRangeMax: UInt64 = 1 << 16

  /// If the values of a page jump more often than this, they are not prices of a few symbols.
  private static let moveCountMax = 8

  private let hashed = ValueDictionary<Int64>()
  private var table: [UInt32] = []
  private var direct: [Int64] = []
  private var least: Int64 = 0
  private var isDirect = false
  private var cache = GridCache()

  deinit { cache.deallocate() }

  var count: Int { isDirect ? direct.count : hashed.count }

  /// Starts a dictionary for values between `min` and `max`, in signed order.
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
  /// - Returns: false if there are more than `entryCountMax` entries; the indices are then useless.
  func index(
    _ values: UnsafePointer<Int64>, _ valueCount: Int, into indices: UnsafeMutablePointer<UInt32>,
    entryCountMax: Int
  ) -> Bool {
    if !isDirect {
      return indexByGrid(values, valueCount, into: indices, entryCountMax: entryCountMax)
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

  private func indexByGrid(
    _ values: UnsafePointer<Int64>, _ valueCount: Int, into indices: UnsafeMutablePointer<UInt32>,
    entryCountMax: Int
  ) -> Bool {
    if valueCount == 0 { return true }
    cache.move(to: values, valueCount)
    var cache = cache
    defer { self.cache = cache }
    var missCount = 0
    var movesLeft = Self.moveCountMax
    for position in 0..<valueCount {
      let value = values[position]
      let slot = cache.slot(of: value)
      let isInside = slot < GridCache.slotCount
      if isInside {
        let known = cache[slot]
        if known != 0 {
          indices[position] = known &- 1
          continue
        }
      }
      if hashed.count >= entryCountMax { return false }
      let index = hashed.index(of: value)
      indices[position] = index
      if isInside {
        cache[slot] = index &+ 1
        continue
      }
      missCount &+= 1
      if missCount < GridCache.missCountMax { continue }
      if movesLeft == 0 {
        return hashed.index(
          values + (position + 1), valueCount - position - 1, into: indices + (position + 1),
          entryCountMax: entryCountMax)
      }
      (missCount, movesLeft) = (0, movesLeft - 1)
      cache.move(to: values + position, valueCount - position)
    }
    return true
  }

  /// Calls `body` with the entries, in the order of their indices.
  func withEntries(_ body: (UnsafePointer<Int64>) -> Void) {
    if !isDirect { return body(hashed.entries) }
    direct.withUnsafeBufferPointer { buffer in
      if let base = buffer.baseAddress { body(base) }
    }
  }
}
