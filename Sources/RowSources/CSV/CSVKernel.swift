import Bytes
import Columnar

/// The kernels of the row loop: one a frequent form. Each returns the position after what it read
/// (the caller checks that the field ends there), or −1 for anything that is not of its form; it has
/// then written nothing that matters.
enum CSVKernel {
  @inline(__always)
  private static func store(
    _ operation: UnsafeMutablePointer<CSVOperation>, _ value: Int64, _ out: UnsafeMutableRawPointer
  ) {
    let offset = operation.pointee.offset
    switch operation.pointee.width {
    case 8: out.storeLE(value, offset)
    case 4: out.storeLE(Int32(truncatingIfNeeded: value), offset)
    case 2: out.storeLE(Int16(truncatingIfNeeded: value), offset)
    default: out.storeLE(Int8(truncatingIfNeeded: value), offset)
    }
    markValid(operation, out)
  }

  @inline(__always)
  private static func markValid(
    _ operation: UnsafeMutablePointer<CSVOperation>, _ out: UnsafeMutableRawPointer
  ) {
    let at = operation.pointee.nullOffset
    let bits = UnsafeRawPointer(out).loadLE(at, as: UInt8.self) | operation.pointee.nullMask
    out.storeLE(bits, at)
  }

  /// `-12.50`, `100`, and nothing where null is allowed.
  @inline(__always)
  static func number(
    _ operation: UnsafeMutablePointer<CSVOperation>, _ base: UnsafeRawPointer, _ start: Int,
    _ out: UnsafeMutableRawPointer, _ powers: UnsafePointer<UInt64>
  ) -> Int {
    let isNegative = base.loadLE(start, as: UInt8.self) == 0x2D
    var position = isNegative ? start &+ 1 : start
    let whole = scanDigits(base + position, powers)
    if whole.count <= 0 { return -1 }
    position &+= whole.count
    var magnitude = whole.value
    let scale = operation.pointee.scale
    if base.loadLE(position, as: UInt8.self) == 0x2E {
      let fraction = scanDigits(base + position + 1, powers)
      if fraction.count < 0 || whole.count &+ fraction.count > 18 { return -1 }
      position &+= 1 &+ fraction.count
      if fraction.count > scale {
        if fraction.value != 0 || fraction.count > 18 { return -1 }
        if scale > 0 { return -1 }
      } else {
        magnitude = magnitude &* powers[fraction.count] &+ fraction.value
        // At most 18 digits, times a power that the range below has room for or is refused.
        let (scaled, overflow) = magnitude.multipliedReportingOverflow(
          by: powers[scale &- fraction.count])
        if overflow { return -1 }
        magnitude = scaled
      }
    } else {
      let (scaled, overflow) = magnitude.multipliedReportingOverflow(by: powers[scale])
      if overflow { return -1 }
      magnitude = scaled
    }
    if magnitude > UInt64(Int64.max) { return -1 }
    let value = isNegative ? 0 &- Int64(magnitude) : Int64(magnitude)
    if value < operation.pointee.low || value > operation.pointee.high { return -1 }
    store(operation, value, out)
    return position
  }

  /// `2024-01-02T14:30:00.123456789Z`, also with a blank for the T and `+00:00` for the Z, or without
  /// zone where the column has one.
  @inline(__always)
  static func isoTime(
    _ operation: UnsafeMutablePointer<CSVOperation>, _ base: UnsafeRawPointer, _ start: Int,
    _ out: UnsafeMutableRawPointer, _ powers: UnsafePointer<UInt64>
  ) -> Int {
    let pointer = base + start
    if pointer.loadLE(0, as: UInt64.self) != operation.pointee.dateWord
      || pointer.loadLE(8, as: UInt16.self) != operation.pointee.dateRest
    {
      if !cacheDate(operation, pointer) { return -1 }
    }
    let separator = pointer.loadLE(10, as: UInt8.self)
    if separator != 0x54 && separator != 0x20 { return -1 }
    let seconds = clockSeconds(pointer + 11)
    if seconds < 0 { return -1 }
    var nanoseconds = operation.pointee.dayStart &+ seconds &* 1_000_000_000
    var position = start &+ 19
    if base.loadLE(position, as: UInt8.self) == 0x2E {
      let fraction = scanDigits(base + position + 1, powers)
      if fraction.count < 1 || fraction.count > 9 { return -1 }
      nanoseconds &+= Int64(truncatingIfNeeded: fraction.value &* powers[9 &- fraction.count])
      position &+= 1 &+ fraction.count
    }
    let zone = base.loadLE(position, as: UInt8.self)
    if zone == 0x5A {
      position &+= 1
    } else if zone == 0x2B {
      // "+00:00"
      if base.loadLE(position + 1, as: UInt32.self) != 0x303A_3030
        || base.loadLE(position + 5, as: UInt8.self) != 0x30
      {
        return -1
      }
      position &+= 6
    } else {
      let local = nanoseconds / 1_000_000_000
      if local < operation.pointee.zoneLow || local >= operation.pointee.zoneHigh { return -1 }
      nanoseconds &-= operation.pointee.zoneOffset &* 1_000_000_000
    }
    if nanoseconds < operation.pointee.low || nanoseconds > operation.pointee.high { return -1 }
    if operation.pointee.step > 1 && nanoseconds % operation.pointee.step != 0 { return -1 }
    store(operation, nanoseconds, out)
    return position
  }

  /// Reads `yyyy-mm-dd` and remembers it. Only days whose every nanosecond is a time of a row.
  @inline(never)
  private static func cacheDate(
    _ operation: UnsafeMutablePointer<CSVOperation>, _ pointer: UnsafeRawPointer
  ) -> Bool {
    let text = UnsafeRawBufferPointer(start: pointer, count: 10)
    guard let parsed = TimeText.parseISO(text), RowTime.range.contains(parsed.nanoseconds) else {
      return false
    }
    operation.pointee.dateWord = pointer.loadLE(0, as: UInt64.self)
    operation.pointee.dateRest = pointer.loadLE(8, as: UInt16.self)
    operation.pointee.dayStart = parsed.nanoseconds
    return true
  }

  /// Digits alone, in the column's unit.
  @inline(__always)
  static func epochTime(
    _ operation: UnsafeMutablePointer<CSVOperation>, _ base: UnsafeRawPointer, _ start: Int,
    _ out: UnsafeMutableRawPointer, _ powers: UnsafePointer<UInt64>
  ) -> Int {
    // Nanoseconds of today have 19 digits: 18 and one more.
    var digits = scanDigits(base + start, powers)
    if digits.count < 0 {
      let head = scanEightDigits(base + start)
      let middle = scanEightDigits(base + start + 8)
      let tail = scanEightDigits(base + start + 16)
      if head.count < 8 || middle.count < 8 || tail.count != 3 { return -1 }
      digits = ((head.value &* 100_000_000 &+ middle.value) &* 1000 &+ tail.value, 19)
    }
    if digits.count == 0 || digits.value > UInt64(Int64.max) { return -1 }
    let (nanoseconds, overflow) = Int64(digits.value).multipliedReportingOverflow(
      by: operation.pointee.unit)
    if overflow || nanoseconds < operation.pointee.low || nanoseconds > operation.pointee.high {
      return -1
    }
    if operation.pointee.step > 1 && nanoseconds % operation.pointee.step != 0 { return -1 }
    store(operation, nanoseconds, out)
    return start &+ digits.count
  }

  /// Plain text of one to eight ASCII characters.
  @inline(__always)
  static func text(
    _ operation: UnsafeMutablePointer<CSVOperation>, _ base: UnsafeRawPointer, _ start: Int,
    _ out: UnsafeMutableRawPointer, _ delimiter: UInt8, _ strings: StringTable,
    _ known: UnsafeMutablePointer<CSVKnownText>
  ) -> Int {
    let word = base.loadLE(start, as: UInt64.self)
    let wide = repeated(delimiter)
    let length = fieldLength(word, wide)
    if length == 0 { return -1 }
    let key = length == 8 ? word : word & ((1 &<< UInt64(length &* 8)) &- 1)
    if key != operation.pointee.textWord || length != operation.pointee.textLength {
      if key & 0x8080_8080_8080_8080 != 0 { return -1 }
      if length == 8 {
        let after = base.loadLE(start + 8, as: UInt8.self)
        if after != delimiter && after != 0x0A { return -1 }
      }
      let slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) &>> CSVKnownText.shift)
      if known[slot].key != key {
        guard let code = plainCode(base + start, length, strings) else { return -1 }
        known[slot] = CSVKnownText(key: key, code: code)
      }
      operation.pointee.textCode = known[slot].code
      operation.pointee.textWord = key
      operation.pointee.textLength = length
    }
    out.storeLE(operation.pointee.textCode, operation.pointee.offset)
    markValid(operation, out)
    return start &+ length
  }

  /// Bytes before the first delimiter, quote, CR or LF of a word; 8 where it has none.
  @inline(__always)
  private static func fieldLength(_ word: UInt64, _ delimiter: UInt64) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let a = word ^ delimiter
    let b = word ^ (ones &* 0x0A)
    let c = word ^ (ones &* 0x0D)
    let d = word ^ (ones &* 0x22)
    let left = ((a &- ones) & ~a) | ((b &- ones) & ~b)
    let right = ((c &- ones) & ~c) | ((d &- ones) & ~d)
    return ((left | right) & (ones &* 0x80)).trailingZeroBitCount &>> 3
  }

  /// The code of a text; nil where blanks or control characters need the complete form.
  @inline(never)
  private static func plainCode(
    _ pointer: UnsafeRawPointer, _ length: Int, _ strings: StringTable
  ) -> UInt32? {
    let text = UnsafeRawBufferPointer(start: pointer, count: length)
    for byte in text where byte <= 0x20 || byte == 0x7F { return nil }
    return strings.code(text)
  }
}
