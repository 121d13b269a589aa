// Writes digits into a buffer. Every function may store up to 8 bytes beyond what it returns: buffers need
// slack.
//
// Eight digits at a time are split in one register (SWAR) and stored with one instruction.

import Columnar

/// The eight decimal digits of `value` < 10⁸, one per byte, first digit lowest, without the ASCII bits.
@inline(__always)
func eightDigits(_ value: UInt64) -> UInt64 {
  let high = value / 10_000
  let low = value &- high &* 10_000
  let pairs = high | (low &<< 32)
  let top = ((pairs &* 10_486) &>> 20) & 0x7F_0000_007F
  let bottom = pairs &- 100 &* top
  let hundreds = (bottom &<< 16) &+ top
  let tens = ((hundreds &* 103) &>> 10) & 0x000F_000F_000F_000F
  return tens &+ ((hundreds &- 10 &* tens) &<< 8)
}

private let asciiZeros: UInt64 = 0x3030_3030_3030_3030

/// Writes `value` in decimal; returns the bytes written.
@inline(__always)
func putUnsigned(_ value: UInt64, _ target: UnsafeMutableRawPointer) -> Int {
  if value < 100_000_000 { return putShort(value, target) }
  return putLong(value, target)
}

@inline(__always)
private func putShort(_ value: UInt64, _ target: UnsafeMutableRawPointer) -> Int {
  let digits = eightDigits(value)
  // The lowest byte is the first digit: its zeros are leading ones. The last digit always stays.
  let leading = min(digits.trailingZeroBitCount &>> 3, 7)
  target.storeBytes(of: (digits | asciiZeros) &>> (UInt64(leading) &* 8), as: UInt64.self)
  return 8 &- leading
}

private func putLong(_ value: UInt64, _ target: UnsafeMutableRawPointer) -> Int {
  let high = value / 100_000_000
  let low = value &- high &* 100_000_000
  let count = high < 100_000_000 ? putShort(high, target) : putLong(high, target)
  (target + count).storeBytes(of: eightDigits(low) | asciiZeros, as: UInt64.self)
  return count &+ 8
}

/// Writes `value` in decimal with its sign; returns the bytes written.
@inline(__always)
func putSigned(_ value: Int64, _ target: UnsafeMutableRawPointer) -> Int {
  if value >= 0 { return putUnsigned(UInt64(bitPattern: value), target) }
  target.storeBytes(of: 0x2D, as: UInt8.self)
  return 1 &+ putUnsigned(value.magnitude, target + 1)
}

/// Writes nine digits, with leading zeros; `value` < 10⁹.
@inline(__always)
func putNine(_ value: UInt64, _ target: UnsafeMutableRawPointer) {
  let first = value / 100_000_000
  target.storeBytes(of: UInt8(truncatingIfNeeded: first) | 0x30, as: UInt8.self)
  let rest = eightDigits(value &- first &* 100_000_000) | asciiZeros
  (target + 1).storeBytes(of: rest, as: UInt64.self)
}

/// Writes a price of 1e-9 units with all nine decimals; returns the bytes written.
@inline(__always)
func putPrice(_ price: Int64, _ target: UnsafeMutableRawPointer) -> Int {
  var at = 0
  if price < 0 {
    target.storeBytes(of: 0x2D, as: UInt8.self)
    at = 1
  }
  let magnitude = price.magnitude
  let whole = magnitude / 1_000_000_000
  at &+= putUnsigned(whole, target + at)
  (target + at).storeBytes(of: 0x2E, as: UInt8.self)
  putNine(magnitude &- whole &* 1_000_000_000, target + at + 1)
  return at &+ 10
}

/// Writes `2024-01-02T14:30:00.123456789Z`, caching the text of the last second.
struct TimestampText {
  static let byteCount = 30
  private var second: UInt64 = .max
  /// `2024-01-02T14:30:00.` and four bytes of slack.
  private var head: (UInt64, UInt64, UInt64) = (0, 0, 0)

  @inline(__always)
  mutating func put(_ nanoseconds: UInt64, _ target: UnsafeMutableRawPointer) {
    let now = nanoseconds / 1_000_000_000
    if now != second { advance(to: now) }
    target.storeBytes(of: head.0, as: UInt64.self)
    target.storeBytes(of: head.1, toByteOffset: 8, as: UInt64.self)
    target.storeBytes(of: head.2, toByteOffset: 16, as: UInt64.self)
    putNine(nanoseconds &- now &* 1_000_000_000, target + 20)
    target.storeBytes(of: 0x5A, toByteOffset: 29, as: UInt8.self)
  }

  private mutating func advance(to now: UInt64) {
    second = now
    let date = CivilDate(daysSinceEpoch: Int(now / 86_400)).components
    let clock = now % 86_400
    withUnsafeMutableBytes(of: &head) { bytes in
      guard let target = bytes.baseAddress else { return }
      func two(_ value: UInt64, _ offset: Int, _ after: UInt8) {
        bytes[offset] = UInt8(truncatingIfNeeded: value / 10) | 0x30
        bytes[offset + 1] = UInt8(truncatingIfNeeded: value % 10) | 0x30
        bytes[offset + 2] = after
      }
      let year = eightDigits(UInt64(date.year)) | asciiZeros
      target.storeBytes(of: UInt32(truncatingIfNeeded: year &>> 32), as: UInt32.self)
      bytes[4] = 0x2D
      two(UInt64(date.month), 5, 0x2D)
      two(UInt64(date.day), 8, 0x54)
      two(clock / 3600, 11, 0x3A)
      two(clock / 60 % 60, 14, 0x3A)
      two(clock % 60, 17, 0x2E)
    }
  }
}
