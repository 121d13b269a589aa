import Bytes

/// Loops over plain integers.
enum IntegerKernels {
  /// 32-bit values to 64 bits.
  static func widen(
    _ source: UnsafeRawPointer, _ count: Int, isUnsigned: Bool,
    into target: UnsafeMutablePointer<Int64>
  ) {
    if isUnsigned {
      for index in 0..<count {
        target[index] = Int64(source.loadLE(index &* 4, as: UInt32.self))
      }
    } else {
      for index in 0..<count {
        target[index] = Int64(source.loadLE(index &* 4, as: Int32.self))
      }
    }
  }

  /// Sums of 32-bit deltas wrap at 32 bits.
  static func wrap32(_ target: UnsafeMutablePointer<Int64>, _ count: Int, isUnsigned: Bool) {
    if isUnsigned {
      for index in 0..<count { target[index] = target[index] & 0xFFFF_FFFF }
    } else {
      for index in 0..<count { target[index] = Int64(Int32(truncatingIfNeeded: target[index])) }
    }
  }

  /// Whether every code is an index below `limit`.
  static func areBelow(_ codes: UnsafePointer<Int32>, _ count: Int, limit: Int32) -> Bool {
    let last = limit &- 1
    var signs: Int32 = 0
    // A code above the last, or below zero, leaves a sign bit.
    for index in 0..<count { signs |= codes[index] | (last &- codes[index]) }
    return signs >= 0
  }
}
