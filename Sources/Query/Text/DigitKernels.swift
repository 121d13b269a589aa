import Bytes

// Digits of integers and decimals, eight at a time inside one 64-bit word (SWAR). Every kernel
// writes at `out` and returns the end of what it wrote; it may over-store up to 16 bytes after
// that, so the caller keeps `textSlackByteCount` bytes of slack at the end of its buffer.

/// Bytes that a kernel may touch after the text it wrote.
let textSlackByteCount = 64

@usableFromInline typealias TextPointer = UnsafeMutableRawPointer

private let asciiZeros: UInt64 = 0x3030_3030_3030_3030

/// The eight decimal digits of `value` < 10^8, one a byte, the first digit in the lowest byte.
@inline(__always)
func eightDigits(_ value: UInt64) -> UInt64 {
  let high = value / 10_000
  let low = value &- high &* 10_000
  let merged = high | (low &<< 32)
  let top = ((merged &* 10_486) &>> 20) & 0x0000_007F_0000_007F
  let bottom = merged &- 100 &* top
  let hundreds = (bottom &<< 16) &+ top
  let tens = ((hundreds &* 103) &>> 10) & 0x000F_000F_000F_000F
  return tens &+ ((hundreds &- 10 &* tens) &<< 8)
}

/// The text of `value`, without leading zeros.
@inline(__always)
func putUnsigned(_ value: UInt64, _ out: TextPointer) -> TextPointer {
  if value < 100_000_000 {
    let digits = eightDigits(value)
    // A zero value has no set bit: keep its last digit.
    let skip = Swift.min(digits.trailingZeroBitCount & ~7, 56)
    out.storeLE((digits | asciiZeros) &>> UInt64(skip), 0)
    return out + (8 &- skip &>> 3)
  }
  return putLargeUnsigned(value, out)
}

@inline(never)
private func putLargeUnsigned(_ value: UInt64, _ out: TextPointer) -> TextPointer {
  let high = value / 100_000_000
  let end = putUnsigned(high, out)
  end.storeLE(eightDigits(value &- high &* 100_000_000) | asciiZeros, 0)
  return end + 8
}

/// The text of `value`; `Int64.min` included.
@inline(__always)
func putSigned(_ value: Int64, _ out: TextPointer) -> TextPointer {
  out.storeLE(0x2D as UInt8, 0)
  return putUnsigned(value.magnitude, out + (value < 0 ? 1 : 0))
}

/// `value` × 10^−9, trailing zeros (and a bare point) trimmed.
@inline(__always)
func putDecimal9(_ value: Int64, _ out: TextPointer) -> TextPointer {
  out.storeLE(0x2D as UInt8, 0)
  let magnitude = value.magnitude
  let whole = magnitude / 1_000_000_000
  let end = putUnsigned(whole, out + (value < 0 ? 1 : 0))
  return putFraction9(magnitude &- whole &* 1_000_000_000, end)
}

/// `.` and up to nine digits of `fraction` < 10^9, trailing zeros trimmed; nothing for 0.
@inline(__always)
private func putFraction9(_ fraction: UInt64, _ out: TextPointer) -> TextPointer {
  if fraction == 0 { return out }
  let head = fraction / 10
  let last = fraction &- head &* 10
  let digits = eightDigits(head)
  out.storeLE(0x2E as UInt8, 0)
  out.storeLE(digits | asciiZeros, 1)
  out.storeLE(UInt8(truncatingIfNeeded: last) | 0x30, 9)
  if last != 0 { return out + 10 }
  return out + (9 &- digits.leadingZeroBitCount &>> 3)
}

/// `value` × 10^−scale for 0 ≤ scale ≤ 9, trimmed. `power` is 10^scale, `lift` is 10^(9 − scale).
@inline(__always)
func putDecimal(_ value: Int64, power: UInt64, lift: UInt64, _ out: TextPointer) -> TextPointer {
  out.storeLE(0x2D as UInt8, 0)
  let magnitude = value.magnitude
  let whole = magnitude / power
  let end = putUnsigned(whole, out + (value < 0 ? 1 : 0))
  return putFraction9((magnitude &- whole &* power) &* lift, end)
}

/// `value` × 10^−scale for any scale up to 38, trimmed.
func putWideDecimal(_ value: Int128, scale: Int, _ out: TextPointer) -> TextPointer {
  var out = out
  if value < 0 {
    out.storeLE(0x2D as UInt8, 0)
    out += 1
  }
  // Two digits more than the longest 128-bit number.
  let digits = InlineArray<41, UInt8> { _ in 0 }
  var reversed = digits
  var count = 0
  var rest = value.magnitude
  while rest > 0 || count <= scale {
    let next = rest / 10
    reversed[count] = UInt8(truncatingIfNeeded: rest &- next &* 10)
    count += 1
    rest = next
  }
  var lowest = 0
  while lowest < scale, reversed[lowest] == 0 { lowest += 1 }
  var index = count - 1
  while index >= lowest {
    if index == scale - 1 {
      out.storeLE(0x2E as UInt8, 0)
      out += 1
    }
    out.storeLE(reversed[index] | 0x30, 0)
    out += 1
    index -= 1
  }
  return out
}

/// Exactly nine digits of `value` < 10^9, with leading zeros.
@inline(__always)
func putNineDigits(_ value: UInt64, _ out: TextPointer) -> TextPointer {
  let head = value / 10
  out.storeLE(eightDigits(head) | asciiZeros, 0)
  out.storeLE(UInt8(truncatingIfNeeded: value &- head &* 10) | 0x30, 8)
  return out + 9
}

/// Exactly `count` ≤ 8 digits of `value`, with leading zeros.
@inline(__always)
func putPadded(_ value: UInt64, count: Int, _ out: TextPointer) -> TextPointer {
  let shift = UInt64(truncatingIfNeeded: (8 &- count) &<< 3)
  out.storeLE((eightDigits(value) | asciiZeros) &>> shift, 0)
  return out + count
}
