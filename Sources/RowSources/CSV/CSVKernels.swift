import Bytes

// Eight bytes at a time (SWAR). Every kernel may load 8 bytes past the byte it stops at: the window
// keeps that slack. A kernel stops at the first byte that is not its own, and a record's newline is
// never its own, so none runs past the record.

private let ones: UInt64 = 0x0101_0101_0101_0101
private let highs: UInt64 = 0x8080_8080_8080_8080

/// 10^0…10^19.
let powersOfTen64: [UInt64] = {
  var powers: [UInt64] = [1]
  for _ in 0..<19 { powers.append(powers[powers.count - 1] * 10) }
  return powers
}()

/// Up to 18 digits: their value and how many there are; −1 where there are more.
@inline(__always)
func scanDigits(
  _ pointer: UnsafeRawPointer, _ powers: UnsafePointer<UInt64>
) -> (value: UInt64, count: Int) {
  let first = scanEightDigits(pointer)
  if first.count < 8 { return first }
  let second = scanEightDigits(pointer + 8)
  let value = first.value &* powers[second.count] &+ second.value
  if second.count < 8 { return (value, 8 &+ second.count) }
  let third = scanEightDigits(pointer + 16)
  if third.count > 2 { return (0, -1) }
  return (value &* powers[third.count] &+ third.value, 16 &+ third.count)
}

/// The leading digits of the 8 bytes at `pointer`.
@inline(__always)
func scanEightDigits(_ pointer: UnsafeRawPointer) -> (value: UInt64, count: Int) {
  let digits = pointer.loadLE(0, as: UInt64.self) ^ 0x3030_3030_3030_3030
  let others = ((digits &+ 0x7676_7676_7676_7676) | digits) & highs
  // A carry only reaches bytes after the first that is no digit: the count of the first is exact.
  if others == 0 { return (eightDigitValue(digits), 8) }
  let count = others.trailingZeroBitCount &>> 3
  if count == 0 { return (0, 0) }
  return (eightDigitValue(digits &<< UInt64(64 &- count &* 8)), count)
}

/// The value of eight digits 0…9, the first in the lowest byte.
@inline(__always)
func eightDigitValue(_ digits: UInt64) -> UInt64 {
  let pairs = (digits &* 10) &+ (digits &>> 8)
  let mask: UInt64 = 0x0000_00FF_0000_00FF
  let left = (pairs & mask) &* 0x000F_4240_0000_0064
  let right = ((pairs &>> 16) & mask) &* 0x0000_2710_0000_0001
  return (left &+ right) &>> 32
}

/// Position of the first delimiter, quote or newline at or after `position`; `end` where there is
/// none before it.
@inline(__always)
func scanField(
  _ base: UnsafeRawPointer, _ position: Int, _ end: Int, _ delimiter: UInt64
) -> Int {
  var at = position
  while at < end {
    let word = base.loadLE(at, as: UInt64.self)
    let a = word ^ delimiter
    let b = word ^ (ones &* 0x0A)
    let c = word ^ (ones &* 0x22)
    let hits = (((a &- ones) & ~a) | ((b &- ones) & ~b) | ((c &- ones) & ~c)) & highs
    if hits != 0 {
      let found = at &+ hits.trailingZeroBitCount &>> 3
      return found < end ? found : end
    }
    at &+= 8
  }
  return end
}

/// A byte in every byte of a word.
@inline(__always)
func repeated(_ byte: UInt8) -> UInt64 { ones &* UInt64(byte) }

/// Seconds since midnight of `HH:MM:SS`; −1 for anything else.
@inline(__always)
func clockSeconds(_ pointer: UnsafeRawPointer) -> Int64 {
  let word = pointer.loadLE(0, as: UInt64.self)
  let digits = word ^ 0x3030_3A30_303A_3030
  if ((digits &+ 0x7676_7676_7676_7676) | digits) & highs != 0 { return -1 }
  // The colons became 0 only if they were colons; any other byte that passes as a digit did not.
  if digits & 0x0000_FF00_00FF_0000 != 0 { return -1 }
  let pairs = (digits &* 10) &+ (digits &>> 8)
  let hour = Int64(truncatingIfNeeded: pairs & 0xFF)
  let minute = Int64(truncatingIfNeeded: (pairs &>> 24) & 0xFF)
  let second = Int64(truncatingIfNeeded: (pairs &>> 48) & 0xFF)
  if hour > 23 || minute > 59 || second > 59 { return -1 }
  return hour &* 3600 &+ minute &* 60 &+ second
}
