/// What a few windows of a chunk's integers say about how to encode them.
struct IntegerSample {
  private static let windowCount = 16
  private static let windowValueCount = 129

  /// Mean bits of a packed difference.
  private(set) var deltaBitWidth = 0.0
  /// Whether all differences are multiples of a number greater than one (a tick, a second): then
  /// packed differences waste bits that only compression wins back.
  private(set) var hasGrid = false
  /// Whether enough values occur again within the sample for a dictionary to be tried.
  private(set) var mayRepeat = false

  init(_ values: UnsafePointer<Int64>, _ count: Int, _ physicalBitWidth: Int) {
    var divisor: UInt64 = 0
    var bits = 0
    var packed = 0
    var sampled = Set<Int64>()
    var sampledCount = 0
    let length = Swift.min(Self.windowValueCount, count)
    let windows = count <= length ? 1 : Self.windowCount
    for window in 0..<windows {
      let start = windows == 1 ? 0 : (count - length) * window / (windows - 1)
      for index in stride(from: start, to: start + length, by: 2) {
        sampled.insert(values[index])
        sampledCount += 1
      }
      let (used, windowDivisor) = Self.measure(values + start, length, physicalBitWidth)
      divisor = Self.greatestCommonDivisor(divisor, windowDivisor)
      bits += used
      packed += length - 1
    }
    deltaBitWidth = packed == 0 ? 0 : Double(bits) / Double(packed)
    hasGrid = divisor > 1
    mayRepeat = sampled.count * 4 <= sampledCount * 3
  }

  /// Whether a dictionary of `entryCount` entries is smaller than packed differences.
  func prefersDictionary(bitWidth: Int, entryCount: Int, of count: Int) -> Bool {
    let entryBits = Double(entryCount) * 40 / Double(count)
    if hasGrid { return bitWidth <= 16 }
    return Double(bitWidth) + entryBits <= deltaBitWidth
  }

  /// Bits of the packed differences of a window, and their greatest common divisor.
  private static func measure(
    _ values: UnsafePointer<Int64>, _ count: Int, _ physicalBitWidth: Int
  ) -> (bits: Int, divisor: UInt64) {
    if count < 2 { return (0, 0) }
    func delta(_ index: Int) -> Int64 {
      let difference = values[index &+ 1] &- values[index]
      return physicalBitWidth == 64
        ? difference : Int64(Int32(truncatingIfNeeded: difference))
    }
    var least = Int64.max
    var divisor: UInt64 = 0
    for index in 0..<count - 1 {
      least = Swift.min(least, delta(index))
      divisor = greatestCommonDivisor(divisor, delta(index).magnitude)
    }
    var bits = 0
    let mask = physicalBitWidth == 64 ? UInt64.max : UInt64(UInt32.max)
    for start in stride(from: 0, to: count - 1, by: 32) {
      let end = Swift.min(start + 32, count - 1)
      var used: UInt64 = 0
      for index in start..<end { used |= UInt64(bitPattern: delta(index) &- least) & mask }
      bits += (64 - used.leadingZeroBitCount) * (end - start)
    }
    return (bits, divisor)
  }

  private static func greatestCommonDivisor(_ left: UInt64, _ right: UInt64) -> UInt64 {
    var (a, b) = (left, right)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
