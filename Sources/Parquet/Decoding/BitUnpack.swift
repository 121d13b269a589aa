// Bit-unpacking with the width known to the compiler: every shift and mask is a constant.
// Values lie end to end, least significant bit first.
//
// Every kernel here reads up to 8 bytes after the last byte it needs, and is called with buffers
// that have at least `ByteBuffer.slackByteCount` bytes after their end.

/// Kernels for values of `W` bits.
enum Packed<let W: Int> {
  @inline(__always) static var mask: UInt64 { W >= 64 ? .max : (1 &<< UInt64(W)) &- 1 }

  /// The value at index 0…7 of a group of eight, which takes `W` bytes.
  @inline(__always)
  static func value(_ group: UnsafeRawPointer, _ index: Int) -> UInt64 {
    if W == 0 { return 0 }
    let bit = index &* W
    let shift = UInt64(bit & 7)
    let low = group.loadUnaligned(fromByteOffset: bit &>> 3, as: UInt64.self) &>> shift
    if (bit & 7) &+ W <= 64 { return low & mask }
    let high = group.loadUnaligned(fromByteOffset: (bit &>> 3) &+ 8, as: UInt64.self)
    return (low | high &<< (64 &- shift)) & mask
  }

  static func unpack32(
    _ source: UnsafeRawPointer, groups: Int, into target: UnsafeMutablePointer<Int32>
  ) {
    var group = source
    var out = target
    for _ in 0..<groups {
      out[0] = Int32(truncatingIfNeeded: value(group, 0))
      out[1] = Int32(truncatingIfNeeded: value(group, 1))
      out[2] = Int32(truncatingIfNeeded: value(group, 2))
      out[3] = Int32(truncatingIfNeeded: value(group, 3))
      out[4] = Int32(truncatingIfNeeded: value(group, 4))
      out[5] = Int32(truncatingIfNeeded: value(group, 5))
      out[6] = Int32(truncatingIfNeeded: value(group, 6))
      out[7] = Int32(truncatingIfNeeded: value(group, 7))
      group += W
      out += 8
    }
  }

  /// Adds up deltas of `W` bits, each plus `least`, beginning after `last`.
  ///
  /// - Returns: The last sum.
  static func sumDeltas(
    _ source: UnsafeRawPointer, groups: Int, least: Int64, last: Int64,
    into target: UnsafeMutablePointer<Int64>
  ) -> Int64 {
    var group = source
    var out = target
    var sum = last
    for _ in 0..<groups {
      let d0 = Int64(bitPattern: value(group, 0)) &+ least
      let d1 = Int64(bitPattern: value(group, 1)) &+ least
      let d2 = Int64(bitPattern: value(group, 2)) &+ least
      let d3 = Int64(bitPattern: value(group, 3)) &+ least
      let d4 = Int64(bitPattern: value(group, 4)) &+ least
      let d5 = Int64(bitPattern: value(group, 5)) &+ least
      let d6 = Int64(bitPattern: value(group, 6)) &+ least
      let d7 = Int64(bitPattern: value(group, 7)) &+ least
      let p1 = d0 &+ d1
      let p3 = d2 &+ d3
      let p5 = d4 &+ d5
      let q3 = p1 &+ p3
      let base = sum
      let middle = base &+ q3
      out[0] = base &+ d0
      out[1] = base &+ p1
      out[2] = base &+ (p1 &+ d2)
      out[3] = middle
      out[4] = middle &+ d4
      out[5] = middle &+ p5
      out[6] = middle &+ (p5 &+ d6)
      sum = middle &+ (p5 &+ (d6 &+ d7))
      out[7] = sum
      group += W
      out += 8
    }
    return sum
  }
}

/// Kernels chosen by a width known at run time, once per run.
enum BitUnpack {
  /// Unpacks groups of eight values of up to 32 bits. A wider width is the caller's mistake.
  static func unpack32(
    _ source: UnsafeRawPointer, width: Int, groups: Int, into target: UnsafeMutablePointer<Int32>
  ) {
    switch width {
    case 0: Packed<0>.unpack32(source, groups: groups, into: target)
    case 1: Packed<1>.unpack32(source, groups: groups, into: target)
    case 2: Packed<2>.unpack32(source, groups: groups, into: target)
    case 3: Packed<3>.unpack32(source, groups: groups, into: target)
    case 4: Packed<4>.unpack32(source, groups: groups, into: target)
    case 5: Packed<5>.unpack32(source, groups: groups, into: target)
    case 6: Packed<6>.unpack32(source, groups: groups, into: target)
    case 7: Packed<7>.unpack32(source, groups: groups, into: target)
    case 8: Packed<8>.unpack32(source, groups: groups, into: target)
    case 9: Packed<9>.unpack32(source, groups: groups, into: target)
    case 10: Packed<10>.unpack32(source, groups: groups, into: target)
    case 11: Packed<11>.unpack32(source, groups: groups, into: target)
    case 12: Packed<12>.unpack32(source, groups: groups, into: target)
    case 13: Packed<13>.unpack32(source, groups: groups, into: target)
    case 14: Packed<14>.unpack32(source, groups: groups, into: target)
    case 15: Packed<15>.unpack32(source, groups: groups, into: target)
    case 16: Packed<16>.unpack32(source, groups: groups, into: target)
    case 17: Packed<17>.unpack32(source, groups: groups, into: target)
    case 18: Packed<18>.unpack32(source, groups: groups, into: target)
    case 19: Packed<19>.unpack32(source, groups: groups, into: target)
    case 20: Packed<20>.unpack32(source, groups: groups, into: target)
    case 21: Packed<21>.unpack32(source, groups: groups, into: target)
    case 22: Packed<22>.unpack32(source, groups: groups, into: target)
    case 23: Packed<23>.unpack32(source, groups: groups, into: target)
    case 24: Packed<24>.unpack32(source, groups: groups, into: target)
    case 25: Packed<25>.unpack32(source, groups: groups, into: target)
    case 26: Packed<26>.unpack32(source, groups: groups, into: target)
    case 27: Packed<27>.unpack32(source, groups: groups, into: target)
    case 28: Packed<28>.unpack32(source, groups: groups, into: target)
    case 29: Packed<29>.unpack32(source, groups: groups, into: target)
    case 30: Packed<30>.unpack32(source, groups: groups, into: target)
    case 31: Packed<31>.unpack32(source, groups: groups, into: target)
    case 32: Packed<32>.unpack32(source, groups: groups, into: target)
    default: preconditionFailure("widths above 32 are refused before")
    }
  }

  /// Adds up groups of eight deltas: see `Packed.sumDeltas`. Widths are 0…64.
  static func sumDeltas(
    _ s: UnsafeRawPointer, width: Int, groups n: Int, least m: Int64, last l: Int64,
    into t: UnsafeMutablePointer<Int64>
  ) -> Int64 {
    switch width {
    case 0: Packed<0>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 1: Packed<1>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 2: Packed<2>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 3: Packed<3>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 4: Packed<4>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 5: Packed<5>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 6: Packed<6>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 7: Packed<7>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 8: Packed<8>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 9: Packed<9>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 10: Packed<10>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 11: Packed<11>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 12: Packed<12>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 13: Packed<13>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 14: Packed<14>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 15: Packed<15>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 16: Packed<16>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 17: Packed<17>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 18: Packed<18>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 19: Packed<19>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 20: Packed<20>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 21: Packed<21>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 22: Packed<22>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 23: Packed<23>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 24: Packed<24>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 25: Packed<25>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 26: Packed<26>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 27: Packed<27>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 28: Packed<28>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 29: Packed<29>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 30: Packed<30>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 31: Packed<31>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 32: Packed<32>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    default: sumWideDeltas(s, width: width, groups: n, least: m, last: l, into: t)
    }
  }

  private static func sumWideDeltas(
    _ s: UnsafeRawPointer, width: Int, groups n: Int, least m: Int64, last l: Int64,
    into t: UnsafeMutablePointer<Int64>
  ) -> Int64 {
    switch width {
    case 33: Packed<33>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 34: Packed<34>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 35: Packed<35>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 36: Packed<36>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 37: Packed<37>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 38: Packed<38>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 39: Packed<39>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 40: Packed<40>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 41: Packed<41>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 42: Packed<42>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 43: Packed<43>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 44: Packed<44>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 45: Packed<45>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 46: Packed<46>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 47: Packed<47>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 48: Packed<48>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 49: Packed<49>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 50: Packed<50>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 51: Packed<51>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 52: Packed<52>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 53: Packed<53>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 54: Packed<54>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 55: Packed<55>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 56: Packed<56>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 57: Packed<57>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 58: Packed<58>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 59: Packed<59>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 60: Packed<60>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 61: Packed<61>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 62: Packed<62>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 63: Packed<63>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    case 64: Packed<64>.sumDeltas(s, groups: n, least: m, last: l, into: t)
    default: preconditionFailure("widths above 64 are refused before")
    }
  }

}
