import Bytes

// Eight digits at a time. Every load is of 8 bytes: the caller ensures that they are readable.

/// Reads digits at an address: how many of the next eight bytes are digits, and their value.
@inline(__always)
func scanDigits(_ at: UnsafeRawPointer) -> (value: UInt64, count: Int) {
  let word = at.loadLE(0, as: UInt64.self)
  let digits = word ^ 0x3030_3030_3030_3030
  // A byte above 9 gets its highest bit.
  let others = (digits &+ 0x7676_7676_7676_7676 | digits) & 0x8080_8080_8080_8080
  // The carry of a byte above 0x89 only affects bytes after the first non-digit.
  let count = others.trailingZeroBitCount &>> 3
  if count == 0 { return (0, 0) }
  // The digits are moved to the end, zeros before them.
  let moved = digits &<< UInt64(truncatingIfNeeded: 64 &- count &* 8)
  let pairs = (moved &* 10 &+ moved &>> 8) & 0x00FF_00FF_00FF_00FF
  let fours = (pairs &* 100 &+ pairs &>> 16) & 0x0000_FFFF_0000_FFFF
  return ((fours &* 10_000 &+ fours &>> 32) & 0xFFFF_FFFF, count)
}

/// The digits of a JSON number: at most 16 before the point and 16 after it.
struct ScannedNumber {
  var whole: UInt64
  var wholeCount: Int
  var fraction: UInt64
  var fractionCount: Int
  /// The address after the last digit; nil if the number is longer, or has an exponent.
  var end: UnsafeRawPointer
  var isPlain: Bool
}

/// Scans a number without sign and exponent. 40 bytes from `start` on must be readable.
@inline(__always)
func scanNumber(_ start: UnsafeRawPointer) -> ScannedNumber {
  var (whole, wholeCount) = scanDigits(start)
  var at = start + wholeCount
  if wholeCount == 8 {
    let more = scanDigits(at)
    whole = whole &* tensTable(more.count) &+ more.value
    wholeCount = wholeCount &+ more.count
    at += more.count
  }
  var fraction: UInt64 = 0
  var fractionCount = 0
  let isPoint = at.loadLE(0, as: UInt8.self) == 0x2E
  if isPoint {
    at += 1
    (fraction, fractionCount) = scanDigits(at)
    at += fractionCount
    if fractionCount == 8 {
      let more = scanDigits(at)
      fraction = fraction &* tensTable(more.count) &+ more.value
      fractionCount = 8 &+ more.count
      at += more.count
    }
  }
  let hasLeadingZero = wholeCount > 1 && start.loadLE(0, as: UInt8.self) == 0x30
  let isPlain =
    wholeCount > 0 && wholeCount < 16 && fractionCount < 16 && !(isPoint && fractionCount == 0)
    && !hasLeadingZero
  return ScannedNumber(
    whole: whole, wholeCount: wholeCount, fraction: fraction, fractionCount: fractionCount, end: at,
    isPlain: isPlain)
}

/// 10 to the power of 0…18.
@inline(__always)
func tensTable(_ power: Int) -> UInt64 {
  switch power {
  case 0: 1
  case 1: 10
  case 2: 100
  case 3: 1_000
  case 4: 10_000
  case 5: 100_000
  case 6: 1_000_000
  case 7: 10_000_000
  case 8: 100_000_000
  case 9: 1_000_000_000
  case 10: 10_000_000_000
  case 11: 100_000_000_000
  case 12: 1_000_000_000_000
  case 13: 10_000_000_000_000
  case 14: 100_000_000_000_000
  case 15: 1_000_000_000_000_000
  case 16: 10_000_000_000_000_000
  case 17: 100_000_000_000_000_000
  default: 1_000_000_000_000_000_000
  }
}
