/// Sorts rows by a key of one word, digit by digit from the last one on: equal keys keep their order.
enum RadixSort {
  private static let digitBits = 11
  private static let digitCount = 1 << digitBits

  /// The rows of keys in ascending order, and the keys in that order. Cost: the keys and their rows are copied once for every 11 bits in which keys
  /// differ.
  static func rows(_ keys: [UInt64]) -> (rows: [Int], keys: [UInt64]) {
    guard UInt32(exactly: keys.count) != nil else {
      let rows = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
      return (rows, rows.map { keys[$0] })
    }
    var differing: UInt64 = 0
    for key in keys { differing |= key ^ keys[0] }
    let shifts = stride(from: 0, to: 64, by: digitBits).filter {
      differing >> UInt64($0) & UInt64(digitCount - 1) != 0
    }
    // Keys move with their rows: each pass reads both in order.
    var from = keys.enumerated().map { Entry(key: $0.element, row: UInt32($0.offset)) }
    var to = from
    for shift in shifts {
      from.withUnsafeBufferPointer { source in
        to.withUnsafeMutableBufferPointer { target in move(source, target, shift: UInt64(shift)) }
      }
      swap(&from, &to)
    }
    return (from.map { Int($0.row) }, from.map(\.key))
  }

  private struct Entry {
    var key: UInt64
    var row: UInt32
  }

  private static func move(
    _ source: UnsafeBufferPointer<Entry>, _ target: UnsafeMutableBufferPointer<Entry>, shift: UInt64
  ) {
    let mask = UInt64(digitCount - 1)
    withUnsafeTemporaryAllocation(of: Int.self, capacity: digitCount) { firsts in
      firsts.initialize(repeating: 0)
      for entry in source { firsts[Int(truncatingIfNeeded: entry.key &>> shift & mask)] &+= 1 }
      var first = 0
      for digit in 0..<digitCount { (firsts[digit], first) = (first, first &+ firsts[digit]) }
      for entry in source {
        let digit = Int(truncatingIfNeeded: entry.key &>> shift & mask)
        target[firsts[digit]] = entry
        firsts[digit] &+= 1
      }
    }
  }
}
