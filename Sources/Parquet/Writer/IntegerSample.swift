import Glibc

/// What a few windows of a chunk's integers tell about how to encode them.
///
/// Windows are at fixed positions: the same values always give the same result.
struct IntegerSample {
  private static let windowCount = 16
  /// Differences per window: as in a miniblock.
  private static let windowDeltaCount = 32
  /// A smaller common divisor costs too few bits to matter.
  private static let gridDivisorMin: UInt64 = 8
  private static let smallRangeMax: UInt64 = 4096

  /// Mean bit width of a packed difference.
  private(set) var deltaBitWidth = 0.0
  /// Whether all differences are multiples of a number (a tick, a second): then packed differences waste bits
  /// that compression would save.
  private(set) var hasGrid = false
  /// Bits per value that entropy coding of dictionary indices would reach.
  private(set) var valueEntropy = 0.0
  /// Whether values are close to the previous ones, so that indices repeat in patterns.
  private(set) var isSmooth = false
  /// Estimated number of distinct values in the whole chunk.
  private(set) var distinctEstimate = 0.0

  init(_ values: UnsafePointer<Int64>, _ count: Int, physicalBitWidth: Int) {
    let length = Swift.min(Self.windowDeltaCount, count - 1)
    if length < 1 { return }
    let windows = count <= 4 * length ? 1 : Self.windowCount
    var deltas: [Int64] = []
    var sampled: [Int64] = []
    deltas.reserveCapacity(windows * length)
    sampled.reserveCapacity(windows * length)
    var bits = 0
    for window in 0..<windows {
      let start = windows == 1 ? 0 : (count - 1 - length) * window / (windows - 1)
      var least = Int64.max
      for index in start..<start + length {
        let difference = values[index &+ 1] &- values[index]
        let delta =
          physicalBitWidth == 64 ? difference : Int64(Int32(truncatingIfNeeded: difference))
        deltas.append(delta)
        sampled.append(values[index])
        least = Swift.min(least, delta)
      }
      var used: UInt64 = 0
      for delta in deltas.suffix(length) { used |= UInt64(bitPattern: delta &- least) }
      bits += Swift.min(64 - used.leadingZeroBitCount, physicalBitWidth) * length
    }
    deltaBitWidth = Double(bits) / Double(deltas.count)
    hasGrid = Self.commonDivisor(deltas) >= Self.gridDivisorMin
    sampled.sort()
    deltas.sort()
    let ofValues = Tally(sorted: sampled)
    valueEntropy = ofValues.entropy
    distinctEstimate = ofValues.distinctEstimate
    isSmooth = Tally(sorted: deltas).entropy < valueEntropy - 1
  }

  /// Whether a dictionary is smaller than packed differences by enough to pay for building it.
  ///
  /// - Parameter range: Greatest minus least value. A small range needs no hashing, so that packed indices pay
  ///   off even if only a little narrower, and they need no compression.
  func prefersDictionary(of count: Int, range: UInt64) -> Bool {
    if hasGrid { return distinctEstimate < Double(Swift.min(count / 4 + 16, 1 << 16)) }
    // Half of an entry's bits remain after compression.
    let entryBits = distinctEstimate * 32 / Double(count)
    // Indices wider than a byte are packed bits, which zstd cannot shorten.
    if distinctEstimate <= 256 && valueEntropy + entryBits < deltaBitWidth * 0.85 { return true }
    if range >= Self.smallRangeMax { return false }
    let indexBitWidth = Double(UInt64.bitWidth - range.leadingZeroBitCount)
    return indexBitWidth + entryBits < deltaBitWidth * 0.96
  }

  /// The greatest common divisor of the differences; 0 if all are 0.
  private static func commonDivisor(_ deltas: [Int64]) -> UInt64 {
    var divisor: UInt64 = 0
    for delta in deltas {
      var (a, b) = (divisor, delta.magnitude)
      if b == 0 { continue }
      // Usually it divides already, and nothing is to do.
      while a != 0 { (a, b) = (b % a, a) }
      divisor = b
      if divisor < gridDivisorMin { break }
    }
    return divisor
  }
}

/// Counts how often values occur in a sample.
private struct Tally {
  /// Bits per value, as far as the sample is large enough to tell.
  private(set) var entropy = 0.0
  /// Chao's lower bound of the number of distinct values, from those seen once and twice.
  private(set) var distinctEstimate = 0.0

  init(sorted values: [Int64]) {
    var distinct = 0.0
    var (once, twice) = (0.0, 0.0)
    let total = Double(values.count)
    var start = 0
    while start < values.count {
      var end = start + 1
      while end < values.count && values[end] == values[start] { end += 1 }
      let length = Double(end - start)
      distinct += 1
      if length == 1 { once += 1 }
      if length == 2 { twice += 1 }
      entropy -= length / total * log2(length / total)
      start = end
    }
    distinctEstimate =
      distinct + (twice > 0 ? once * once / (2 * twice) : once * Swift.max(once - 1, 0) / 2)
    // If most values occur once, the sample tells only that there are many.
    if distinct * 2 > total { entropy = Swift.max(entropy, log2(distinctEstimate)) }
  }
}
