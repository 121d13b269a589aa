import CKernels
import Columnar
import Glibc

// Least and greatest values of pages, and their stored forms: parquet.thrift, "Statistics".

/// Whether this machine compares eight 64-bit numbers at a time.
let hasWideWords = lake_has_wide_words() != 0

/// Bytes of a string bound at most; longer ones are truncated.
private let boundByteCountMax = 64

/// The bounds of integers; as unsigned numbers where `isUnsigned`. `count` is at least 1.
func integerBounds(
  _ values: UnsafePointer<Int64>, _ count: Int, isUnsigned: Bool
) -> (min: Int64, max: Int64) {
  if isUnsigned { return unsignedBounds(values, count) }
  if hasWideWords && count >= 8 {
    return withUnsafeTemporaryAllocation(of: Int64.self, capacity: 2) { bounds in
      guard let base = bounds.baseAddress else { return (0, 0) }
      lake_bounds(values, count, base)
      return (base[0], base[1])
    }
  }
  // Two accumulators, so that a comparison need not wait for the previous one.
  var least = (values[0], values[0])
  var greatest = (values[0], values[0])
  let pairs = count & ~1
  var index = 0
  while index < pairs {
    let first = values[index]
    let second = values[index &+ 1]
    least.0 = first < least.0 ? first : least.0
    greatest.0 = first > greatest.0 ? first : greatest.0
    least.1 = second < least.1 ? second : least.1
    greatest.1 = second > greatest.1 ? second : greatest.1
    index &+= 2
  }
  if pairs < count {
    least.0 = Swift.min(least.0, values[pairs])
    greatest.0 = Swift.max(greatest.0, values[pairs])
  }
  return (Swift.min(least.0, least.1), Swift.max(greatest.0, greatest.1))
}

private func unsignedBounds(
  _ values: UnsafePointer<Int64>, _ count: Int
) -> (min: Int64, max: Int64) {
  var least = UInt64(bitPattern: values[0])
  var greatest = least
  for index in 1..<Swift.max(count, 1) {
    let value = UInt64(bitPattern: values[index])
    least = value < least ? value : least
    greatest = value > greatest ? value : greatest
  }
  return (Int64(bitPattern: least), Int64(bitPattern: greatest))
}

/// The bounds of decimals of 19 to 38 digits. `count` is at least 1.
func wideBounds(_ values: UnsafePointer<Int128>, _ count: Int) -> (min: Int128, max: Int128) {
  var least = values[0]
  var greatest = values[0]
  for index in 1..<Swift.max(count, 1) {
    let value = values[index]
    least = value < least ? value : least
    greatest = value > greatest ? value : greatest
  }
  return (least, greatest)
}

/// The bounds of doubles; nil if one of them is NaN. `count` is at least 1.
///
/// A zero bound is written as −0 below and +0 above, as the format demands: readers compare bits.
func doubleBounds(_ values: UnsafePointer<Double>, _ count: Int) -> (min: Double, max: Double)? {
  var least = Double.infinity
  var greatest = -Double.infinity
  var unordered = 0
  for index in 0..<count {
    let value = values[index]
    unordered &+= value == value ? 0 : 1
    least = value < least ? value : least
    greatest = value > greatest ? value : greatest
  }
  if unordered > 0 { return nil }
  return (least == 0 ? -0.0 : least, greatest == 0 ? 0.0 : greatest)
}

/// The indexes of the least and the greatest byte string, in unsigned byte order.
func bytesBounds(
  _ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>, _ count: Int
) -> (min: Int, max: Int) {
  var least = 0
  var greatest = 0
  for index in 1..<Swift.max(count, 1) {
    if isLess(offsets, bytes, index, least) { least = index }
    if isLess(offsets, bytes, greatest, index) { greatest = index }
  }
  return (least, greatest)
}

private func isLess(
  _ offsets: UnsafePointer<Int32>, _ bytes: UnsafePointer<UInt8>, _ left: Int, _ right: Int
) -> Bool {
  bytesPrecede(
    bytes + Int(offsets[left]), Int(offsets[left + 1] - offsets[left]),
    bytes + Int(offsets[right]), Int(offsets[right + 1] - offsets[right]))
}

/// Whether one byte string comes before another in unsigned byte order.
func bytesPrecede(
  _ left: UnsafePointer<UInt8>, _ leftCount: Int, _ right: UnsafePointer<UInt8>, _ rightCount: Int
) -> Bool {
  let order = memcmp(left, right, Swift.min(leftCount, rightCount))
  return order != 0 ? order < 0 : leftCount < rightCount
}

/// Bounds of byte strings, truncated to a limited length; text between characters.
func stringBounds(min: UnsafeBufferPointer<UInt8>, max: UnsafeBufferPointer<UInt8>, isText: Bool)
  -> ValueBounds?
{
  let least = Array(min.prefix(cutLength(min, isText: isText)))
  if max.count <= boundByteCountMax {
    return ValueBounds(
      min: .bytes(least), max: .bytes(Array(max)), isMinExact: least.count == min.count)
  }
  let prefix = Array(max.prefix(cutLength(max, isText: isText)))
  guard let greatest = isText ? nextText(after: prefix) : nextBytes(after: prefix) else {
    return nil
  }
  return ValueBounds(
    min: .bytes(least), max: .bytes(greatest), isMinExact: least.count == min.count,
    isMaxExact: false)
}

/// Length of a string's longest prefix within the limit that ends between characters.
private func cutLength(_ bytes: UnsafeBufferPointer<UInt8>, isText: Bool) -> Int {
  if bytes.count <= boundByteCountMax { return bytes.count }
  var length = boundByteCountMax
  // 0b10xx_xxxx continues a character. Malformed text may consist of nothing else: then it is cut anywhere.
  if isText { while length > 0 && bytes[length] & 0xC0 == 0x80 { length -= 1 } }
  return length == 0 ? boundByteCountMax : length
}

/// The least byte string that sorts after everything with this prefix; nil if there is none.
func nextBytes(after prefix: [UInt8]) -> [UInt8]? {
  var bytes = prefix
  while let last = bytes.popLast() {
    if last < 0xFF { return bytes + [last + 1] }
  }
  return nil
}

/// A text that sorts after everything with this prefix: its last incrementable character is incremented.
func nextText(after prefix: [UInt8]) -> [UInt8]? {
  guard let text = String(validating: prefix, as: UTF8.self) else {
    return nextBytes(after: prefix)
  }
  var scalars = Array(text.unicodeScalars)
  while let last = scalars.popLast() {
    // Surrogates are not characters.
    let next = last.value == 0xD7FF ? 0xE000 : last.value + 1
    if let raised = Unicode.Scalar(next) {
      scalars.append(raised)
      var result = String.UnicodeScalarView()
      result.append(contentsOf: scalars)
      return Array(String(result).utf8)
    }
  }
  return nil
}

extension ValueBounds {
  /// The stored form of both bounds: PLAIN, without length prefixes.
  func encoded(for column: WriterColumn) -> (min: [UInt8], max: [UInt8]) {
    (min.encoded(for: column), max.encoded(for: column))
  }

  /// The union of both bounds.
  func union(_ other: ValueBounds, isUnsigned: Bool) -> ValueBounds {
    var union = self
    if other.min.precedes(min, isUnsigned: isUnsigned) {
      (union.min, union.isMinExact) = (other.min, other.isMinExact)
    }
    if max.precedes(other.max, isUnsigned: isUnsigned) {
      (union.max, union.isMaxExact) = (other.max, other.isMaxExact)
    }
    return union
  }
}

extension StatisticsValue {
  /// Whether this value sorts before another of the same type.
  func precedes(_ other: StatisticsValue, isUnsigned: Bool) -> Bool {
    switch (self, other) {
    case (.integer(let left), .integer(let right)):
      isUnsigned ? UInt64(bitPattern: left) < UInt64(bitPattern: right) : left < right
    case (.wide(let left), .wide(let right)): left < right
    case (.double(let left), .double(let right)): left < right
    case (.bytes(let left), .bytes(let right)): left.lexicographicallyPrecedes(right)
    default: false
    }
  }

  fileprivate func encoded(for column: WriterColumn) -> [UInt8] {
    switch self {
    case .integer(let value):
      switch column.physicalType {
      case .boolean: [value == 0 ? 0 : 1]
      case .int32: littleEndianBytes(UInt32(truncatingIfNeeded: value))
      default: littleEndianBytes(UInt64(bitPattern: value))
      }
    case .wide(let value):
      (0..<(column.typeLength ?? 16)).reversed().map {
        UInt8(truncatingIfNeeded: value >> Int128(8 * $0))
      }
    case .double(let value):
      column.physicalType == .float
        ? littleEndianBytes(Float(value).bitPattern) : littleEndianBytes(value.bitPattern)
    case .bytes(let bytes): bytes
    }
  }
}

private func littleEndianBytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
