import Bytes

/// The shortest text that reads back as `value`; `NaN`, `Infinity`, `-Infinity` for the special values.
///
/// Market data is made of decimals: a value that is a multiple of 10^−9 with at most 15 digits is
/// printed from that integer, which is its shortest text because 15 digits always survive a
/// double. The rest goes through the standard library.
@inline(__always)
func putDouble(_ value: Double, _ out: TextPointer) -> TextPointer {
  let scaled = (value.magnitude * 1e9).rounded()
  if scaled < 1e15, scaled / 1e9 == value.magnitude, value != 0 || value.sign == .plus {
    let unscaled = Int64(scaled)
    return putDecimal9(value < 0 ? -unscaled : unscaled, out)
  }
  return putRareDouble(value, isSingle: false, out)
}

/// The shortest text that reads back as the same single-precision number.
@inline(never)
func putFloat(_ value: Double, _ out: TextPointer) -> TextPointer {
  putRareDouble(value, isSingle: true, out)
}

@inline(never)
private func putRareDouble(_ value: Double, isSingle: Bool, _ out: TextPointer) -> TextPointer {
  var text: String
  if value.isNaN {
    text = "NaN"
  } else if value.isInfinite {
    text = value < 0 ? "-Infinity" : "Infinity"
  } else {
    text = isSingle ? Float(value).description : value.description
    if text.hasSuffix(".0") { text.removeLast(2) }
  }
  var count = 0
  for byte in text.utf8 {
    out.storeLE(byte, count)
    count += 1
  }
  return out + count
}
