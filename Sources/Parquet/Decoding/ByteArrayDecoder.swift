// BYTE_ARRAY values: PLAIN, DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY.

import Bytes
import Columnar
import Platform

enum ByteArrayDecoder {
  /// Appends `count` PLAIN values: a 4-byte length before each.
  static func appendPlain(
    _ bytes: PageBytes, count: Int, to target: inout ByteColumn
  ) throws(ParquetError) {
    let before = target.count
    let textBefore = target.bytes.count
    // Every value takes at least 4 bytes, so a hostile count is found here.
    if count > bytes.count / 4 { throw truncated }
    // What remains after the lengths is text.
    let limit = try total(textBefore, bytes.count &- 4 &* count)
    grow(&target.offsets, to: before + 1 + count)
    grow(&target.bytes, to: limit)
    var end = Int32(truncatingIfNeeded: textBefore)
    var at = 0
    let isWhole = target.offsets.withUnsafeMutableBufferPointer { offsets in
      target.bytes.withUnsafeMutableBytes { text in
        guard let offsets = offsets.baseAddress, let text = text.baseAddress else {
          return count == 0
        }
        for index in 0..<count {
          if at &+ 4 > bytes.count { return false }
          let length = Int(bytes.base.loadLE(at, as: UInt32.self))
          at &+= 4
          if length > bytes.count &- at || Int(end) &+ length > limit { return false }
          copy(bytes.base + at, length, to: text + Int(end), room: limit &- Int(end))
          at &+= length
          end &+= Int32(truncatingIfNeeded: length)
          offsets[before &+ 1 &+ index] = end
        }
        return true
      }
    }
    if !isWhole { throw truncated }
    target.bytes.removeLast(target.bytes.count - Int(end))
  }

  /// Appends `count` DELTA_LENGTH_BYTE_ARRAY values: all lengths, then all text.
  static func appendDeltaLength(
    _ bytes: PageBytes, count: Int, scratch: DecodeScratch, to target: inout ByteColumn
  ) throws(ParquetError) {
    if count == 0 { return }
    var rest = bytes
    let lengths = scratch.integers(count)
    try DeltaDecoder.decode(&rest, count: count, exactly: true, into: lengths)
    try appendLengths(lengths, count, &rest, to: &target)
  }

  /// Appends `count` DELTA_BYTE_ARRAY values: prefix lengths, then suffixes.
  static func appendDelta(
    _ bytes: PageBytes, count: Int, scratch: DecodeScratch, to target: inout ByteColumn
  ) throws(ParquetError) {
    if count == 0 { return }
    var rest = bytes
    let prefixes = scratch.integers(count)
    try DeltaDecoder.decode(&rest, count: count, exactly: true, into: prefixes)
    let suffixes = scratch.moreIntegers(count)
    try DeltaDecoder.decode(&rest, count: count, exactly: true, into: suffixes)
    let text = try textByteCount(prefixes, suffixes, count, rest.count)
    let before = target.count
    let textBefore = target.bytes.count
    _ = try total(textBefore, text)
    grow(&target.offsets, to: before + 1 + count)
    grow(&target.bytes, to: textBefore + text)
    let source = rest.base
    target.offsets.withUnsafeMutableBufferPointer { offsets in
      target.bytes.withUnsafeMutableBytes { text in
        guard let offsets = offsets.baseAddress, let text = text.baseAddress else { return }
        var previous = textBefore
        var end = textBefore
        var at = 0
        for index in 0..<count {
          let prefix = Int(prefixes[index])
          let suffix = Int(suffixes[index])
          let start = end
          (text + start).copyMemory(from: text + previous, byteCount: prefix)
          (text + start + prefix).copyMemory(from: source + at, byteCount: suffix)
          previous = start
          at &+= suffix
          end &+= prefix &+ suffix
          offsets[before &+ 1 &+ index] = Int32(truncatingIfNeeded: end)
        }
      }
    }
  }

  /// Checks all lengths of a DELTA_BYTE_ARRAY page and returns the sum of its values' lengths.
  private static func textByteCount(
    _ prefixes: UnsafePointer<Int64>, _ suffixes: UnsafePointer<Int64>, _ count: Int,
    _ available: Int
  ) throws(ParquetError) -> Int {
    var previous: Int64 = 0
    var stored: Int64 = 0
    var sum: Int64 = 0
    for index in 0..<count {
      let prefix = prefixes[index]
      let suffix = suffixes[index]
      if prefix < 0 || prefix > previous {
        throw ParquetError(
          .corrupt, "a value shares \(prefix) bytes with one of \(previous) bytes")
      }
      if suffix < 0 || suffix > Int64(available) &- stored { throw truncated }
      stored &+= suffix
      previous = prefix &+ suffix
      sum &+= previous
      if sum > Int64(Limits.pageTextByteCountMax) {
        throw ParquetError(
          .unsupported, "a page of more than \(Limits.pageTextByteCountMax) bytes of text")
      }
    }
    return Int(sum)
  }

  private static func appendLengths(
    _ lengths: UnsafePointer<Int64>, _ count: Int, _ rest: inout PageBytes,
    to target: inout ByteColumn
  ) throws(ParquetError) {
    let before = target.count
    let textBefore = target.bytes.count
    var sum: Int64 = 0
    for index in 0..<count {
      let length = lengths[index]
      if length < 0 || length > Int64(rest.count) &- sum { throw truncated }
      sum &+= length
    }
    let end = try total(textBefore, Int(sum))
    grow(&target.offsets, to: before + 1 + count)
    target.bytes.append(contentsOf: UnsafeRawBufferPointer(start: rest.base, count: Int(sum)))
    precondition(target.bytes.count == end, "text appended whole")
    target.offsets.withUnsafeMutableBufferPointer { offsets in
      guard let offsets = offsets.baseAddress else { return }
      var at = Int32(truncatingIfNeeded: textBefore)
      for index in 0..<count {
        at &+= Int32(truncatingIfNeeded: lengths[index])
        offsets[before &+ 1 &+ index] = at
      }
    }
  }

  /// Appends fixed-length values.
  static func appendFixed(
    _ source: FixedValues, to target: inout ByteColumn
  ) throws(ParquetError) {
    let before = target.count
    let textBefore = target.bytes.count
    _ = try total(textBefore, source.count * source.length)
    target.bytes.append(
      contentsOf: UnsafeRawBufferPointer(
        start: source.base, count: source.count * source.length))
    grow(&target.offsets, to: before + 1 + source.count)
    for index in 0..<source.count {
      target.offsets[before + 1 + index] = Int32(textBefore + (index + 1) * source.length)
    }
  }

  /// The sum, if it fits into 32-bit offsets (or a stricter limit).
  static func total(
    _ before: Int, _ more: Int, limit: Int = Int(Int32.max)
  ) throws(ParquetError) -> Int {
    let (sum, overflow) = before.addingReportingOverflow(more)
    if overflow || sum > limit {
      throw ParquetError(
        .unsupported, "more than \(limit) bytes of text in one read",
        remedy: "read fewer rows at a time")
    }
    // A growing array exists twice for a moment.
    if sum > MemoryRoom.unquestionedByteCount && !MemoryRoom.has(2 * sum) {
      throw ParquetError(
        .unsupported, "\(sum) bytes of text in one read, and there is not memory for them",
        remedy: "allow more memory")
    }
    return sum
  }

  private static func grow<T: ExpressibleByIntegerLiteral>(_ array: inout [T], to count: Int) {
    if array.count < count {
      array.append(contentsOf: repeatElement(0, count: count - array.count))
    }
  }

  /// Copies short text by one wide store if there is room for it.
  @inline(__always)
  private static func copy(
    _ source: UnsafeRawPointer, _ length: Int, to target: UnsafeMutableRawPointer, room: Int
  ) {
    if length <= 16 && room >= 16 {
      target.storeBytes(
        of: source.loadUnaligned(as: SIMD16<UInt8>.self), as: SIMD16<UInt8>.self)
    } else {
      target.copyMemory(from: source, byteCount: length)
    }
  }

  static let truncated = ParquetError(.truncated, "a page ends within its text values")
}
