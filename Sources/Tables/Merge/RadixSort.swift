/// Sorts rows by a key of one word, digit by digit from the last one on: equal keys keep their order.
enum RadixSort {
  private static let digitBits = 11

  /// The rows of keys in ascending order. Cost: two more arrays of the keys' length, and a pass over them for every 11
  /// bits in which keys differ.
  static func rows(_ keys: [UInt64]) -> [Int] {
    var rows = Array(0..<keys.count)
    var other = rows
    var differing: UInt64 = 0
    for key in keys { differing |= key ^ keys[0] }
    var counts = [Int](repeating: 0, count: 1 << digitBits)
    var shift = 0
    while shift < 64 {
      let mask = UInt64(counts.count - 1)
      if differing >> UInt64(shift) & mask != 0 {
        for index in counts.indices { counts[index] = 0 }
        for key in keys { counts[Int(key >> UInt64(shift) & mask)] += 1 }
        var first = 0
        for index in counts.indices { (counts[index], first) = (first, first + counts[index]) }
        for row in rows {
          let digit = Int(keys[row] >> UInt64(shift) & mask)
          other[counts[digit]] = row
          counts[digit] += 1
        }
        swap(&rows, &other)
      }
      shift += digitBits
    }
    return rows
  }
}
